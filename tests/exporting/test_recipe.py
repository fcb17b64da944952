"""Recipes: what the command line says, in a file, and back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfexport.errors import UsageError
from tfexport.exporting.recipe import (
    FLAGS,
    LISTS,
    NUMBERS,
    TEXTS,
    print_recipe,
    read_recipes,
)

FULL: dict[str, Any] = {
    "target": 'pkg.mod:make "it"',
    "output": "serving/mödel\\x",
    "arg": ["units=3", "a\tb\x7f"],
    "spec": ["None,5"],
    "seed": 7,
    "tolerance": 0.25,
    "warmup": True,
}


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_a_recipe_is_read_as_it_was_printed(tmp_path: Path) -> None:
    assert read_recipes(write(tmp_path / "r.toml", print_recipe(FULL))) == [FULL]


options = st.fixed_dictionaries(
    {"target": st.text()},
    optional={
        **{name: st.lists(st.text(), min_size=1) for name in LISTS},
        **{name: st.text() for name in TEXTS if name != "target"},
        **{name: st.just(True) for name in FLAGS},
        "seed": st.integers(-(2**63), 2**63 - 1),
        "tolerance": st.floats(allow_nan=False, allow_infinity=False),
    },
)


@given(options)
def test_whatever_the_texts_are_a_recipe_is_read_as_it_was_printed(recipe: Any) -> None:
    from tfexport.exporting.recipe import tomllib

    encodable = {k: v for k, v in recipe.items() if _is_unicode(v)}
    encodable.setdefault("target", "x")
    assert tomllib.loads(print_recipe(encodable))["export"] == [encodable]


def _is_unicode(value: Any) -> bool:
    texts = value if isinstance(value, list) else [value]
    return not any(isinstance(t, str) and any("\ud800" <= c <= "\udfff" for c in t) for t in texts)


def test_several_exports_are_several_tables(tmp_path: Path) -> None:
    other = {"target": "b:B"}
    text = print_recipe(FULL) + "\n# the second\n" + print_recipe(other)
    assert read_recipes(write(tmp_path / "r.toml", text)) == [FULL, other]


def test_every_option_has_its_kind() -> None:
    assert len({*LISTS, *TEXTS, *NUMBERS, *FLAGS}) == len(LISTS + TEXTS + NUMBERS + FLAGS)


RECIPE_ERRORS = {
    "no TOML": ("target =", "The recipe {path} is no TOML: "),
    "nothing": ("", "The recipe {path} has no exports. Expected [[export]] tables."),
    "no table": (
        'target = "a:B"',
        "The recipe {path} has 'target' outside of them. Expected [[export]] tables.",
    ),
    "no target": ('[[export]]\noutput = "x"', "The recipe {path}, export 1 has no target."),
    "unknown option": (
        '[[export]]\ntarget = "a:B"\n[[export]]\ntarget = "a:B"\nspecs = ["3"]',
        "The recipe {path}, export 2: there is no option 'specs'. Did you mean 'spec'?",
    ),
    "no list": (
        '[[export]]\ntarget = "a:B"\nspec = "3"',
        'The recipe {path}, export 1: spec is "3", expected a list of texts.',
    ),
    "a date": (
        '[[export]]\ntarget = "a:B"\nspec = [1979-05-27]',
        'The recipe {path}, export 1: spec is ["1979-05-27"], expected a list of texts.',
    ),
    "no number": (
        '[[export]]\ntarget = "a:B"\nseed = 1.5',
        "The recipe {path}, export 1: seed is 1.5, expected a whole number.",
    ),
    "no flag": (
        '[[export]]\ntarget = "a:B"\nwarmup = 1',
        "The recipe {path}, export 1: warmup is 1, expected true or false.",
    ),
}


@pytest.mark.parametrize(("text", "message"), RECIPE_ERRORS.values(), ids=RECIPE_ERRORS)
def test_what_is_no_recipe_is_an_error(text: str, message: str, tmp_path: Path) -> None:
    path = write(tmp_path / "r.toml", text)
    with pytest.raises(UsageError) as caught:
        read_recipes(path)
    assert str(caught.value).startswith(message.format(path=path))


def test_a_recipe_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        read_recipes(tmp_path / "r.toml")
    expected = f"Cannot read the recipe {tmp_path / 'r.toml'}: No such file or directory."
    assert str(caught.value) == expected
