"""Recipes: the options of exports in a TOML file, to be reviewed and repeated.

::

    [[export]]
    target = "models.custom_dense:CustomDense"
    spec = ["None,5"]
    output = "serving/dense"
    next-version = true

Keys are the names of the command line's options. One that repeats is a list, a flag is ``true``.
Paths are relative to the current directory, as on the command line.
"""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tfexport.errors import UsageError
from tfexport.suggestions import did_you_mean

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

LISTS = ("arg", "signature", "spec", "const", "output-name", "sample", "extra")
TEXTS = ("target", "output", "checkpoint", "weights")
NUMBERS = ("seed", "tolerance")
FLAGS = ("partial", "next-version", "warmup", "force", "no-verify", "no-samples")
_KEYS = ("target", "output", *LISTS, "checkpoint", "weights", *NUMBERS, *FLAGS)

Recipe = Mapping[str, Any]
"""One export: a value by each option's name that is given."""


def read_recipes(path: Path) -> list[Recipe]:
    """The exports of a recipe file. Raises UsageError for what is no recipe."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"Cannot read the recipe {path}: {error.strerror or error}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"The recipe {path} is no TOML: {error}.") from None
    exports = content.pop("export", None)
    if content or not isinstance(exports, list) or not exports:
        raise UsageError(f"The recipe {path} has {_found(content)}. Expected [[export]] tables.")
    for number, recipe in enumerate(exports, 1):
        _check(recipe, f"The recipe {path}, export {number}")
    return exports


def print_recipe(recipe: Recipe) -> str:
    """One export as TOML; what is empty or false is left out.

    >>> print(print_recipe({"target": "m:Model", "spec": ["None,5"], "force": False}), end="")
    [[export]]
    target = "m:Model"
    spec = ["None,5"]
    """
    lines = [f"{key} = {_as_toml(recipe[key])}" for key in _KEYS if _is_given(recipe.get(key))]
    return "\n".join(["[[export]]", *lines]) + "\n"


def print_command(recipe: Recipe) -> str:
    """One export as a command line for a shell; what is empty or false is left out.

    >>> print_command({"target": "m:Model", "spec": ["None,5"], "force": True})
    'tfexport save m:Model --spec None,5 --force'
    """
    given = [key for key in (*LISTS, *TEXTS, *NUMBERS, *FLAGS) if _is_given(recipe.get(key))]
    options = (word for key in given if key != "target" for word in _as_words(key, recipe[key]))
    return " ".join(map(shlex.quote, ["tfexport", "save", recipe["target"], *options]))


def _as_words(key: str, value: Any) -> Iterator[str]:
    for item in value if isinstance(value, list) else [value]:
        yield f"--{key}"
        if item is not True:
            yield str(item)


def _is_given(value: Any) -> bool:
    return value is not None and value is not False and value != []


def _as_toml(value: Any) -> str:
    # TOML's basic strings have the escapes of JSON, and must escape DEL besides.
    # The dates that TOML has and JSON has not are only shown, as no option takes one.
    return json.dumps(value, ensure_ascii=False, default=str).replace("\x7f", "\\u007f")


def _found(content: Mapping[str, Any]) -> str:
    return f"'{next(iter(content))}' outside of them" if content else "no exports"


def _check(recipe: Any, where: str) -> None:
    if not isinstance(recipe, dict) or "target" not in recipe:
        raise UsageError(f"{where} has no target.")
    for key, value in recipe.items():
        if key not in _KEYS:
            raise UsageError(f"{where}: there is no option '{key}'.{did_you_mean(key, _KEYS)}")
        expected = _expected(key, value)
        if expected is not None:
            raise UsageError(f"{where}: {key} is {_as_toml(value)}, expected {expected}.")


def _expected(key: str, value: Any) -> str | None:
    """What the value should have been; None where it is that."""
    if key in LISTS:
        fits = isinstance(value, list) and all(isinstance(item, str) for item in value)
        return None if fits else "a list of texts"
    if key in TEXTS:
        return None if isinstance(value, str) else "a text"
    if key in FLAGS:
        return None if isinstance(value, bool) else "true or false"
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if key == "seed":
        return None if is_number and isinstance(value, int) else "a whole number"
    return None if is_number else "a number"
