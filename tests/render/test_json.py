"""``--json``: what docs/json.md promises, key by key."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tfexport.records import dataclass
from tfexport.render.json import render_json, render_json_list
from tfexport.savedmodel import description, value_summary, warnings
from tfexport.savedmodel.description import (
    Asset,
    Default,
    ModelDescription,
    Signature,
    SignatureTensor,
)
from tfexport.savedmodel.reader import read_description

DOCS = (ROOT / "docs" / "json.md").read_text()
SECTIONS = dict(re.findall(r"^### (\w+)\n(.*?)(?=^##|\Z)", DOCS, re.MULTILINE | re.DOTALL))
RECORDS = [
    record
    for module in (description, value_summary)
    for record in vars(module).values()
    if isinstance(record, type) and record.__module__ == module.__name__
]


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.__name__)
def test_every_key_is_documented_in_its_order(record: Any) -> None:
    documented = re.findall(r"^\| `(\w+)` \|", SECTIONS[record.__name__], re.MULTILINE)
    assert documented == [field.name for field in dataclasses.fields(record)]


def test_nothing_is_documented_that_is_not_there() -> None:
    assert set(SECTIONS) == {record.__name__ for record in RECORDS}


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.__name__)
def test_the_documented_types_are_those_of_the_fields(record: Any) -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| ([^|]*) \|", SECTIONS[record.__name__], re.MULTILINE))
    for field in dataclasses.fields(record):
        optional = "None" in str(field.type) and "Shape" not in str(field.type)
        assert rows[field.name].endswith(" or null") == optional, field.name
        assert ("array" in rows[field.name]) == ("tuple[" in str(field.type)), field.name


def test_every_code_of_a_warning_is_documented() -> None:
    sources = [Path(module.__file__ or "").read_text() for module in (warnings,)]
    sources.append((ROOT / "tfexport" / "savedmodel" / "reader.py").read_text())
    used = {
        code
        for source in sources
        for code in re.findall(r'(?:ModelWarning|catch)\(\s*"([a-z-]+)"', source)
    }
    text = DOCS[DOCS.index("The codes:") : DOCS.index("## `tfexport inspect DIR --values")]
    assert set(re.findall(r"`([a-z-]+)`", text)) == used


def test_a_description_is_written_field_by_field() -> None:
    signature = Signature(
        "serving_default",
        "tensorflow/serving/predict",
        (SignatureTensor("x", "float32", (None, 5), default=Default("float32", (), "0.5")),),
        (),
    )
    assert json.loads(render_json("tfexport.test/1", signature)) == {
        "schema": "tfexport.test/1",
        "name": "serving_default",
        "method_name": "tensorflow/serving/predict",
        "inputs": [
            {
                "name": "x",
                "dtype": "float32",
                "shape": [None, 5],
                "encoding": "dense",
                "tensor_name": None,
                "type_spec": None,
                "components": [],
                "graph_dtype": None,
                "graph_shape": None,
                "default": {"dtype": "float32", "shape": [], "value": "0.5"},
            }
        ],
        "outputs": [],
    }


def test_the_text_is_indented_and_ends_in_a_newline() -> None:
    assert render_json("s/1", Asset("a", None)) == (
        '{\n  "schema": "s/1",\n  "filename": "a",\n  "size": null,\n  "tensor_names": []\n}\n'
    )


@dataclass(frozen=True)
class Everything:
    """One of each kind of value."""

    floats: tuple[float, ...]
    mapping: dict[str, int]
    path: Path
    truth: bool


def test_values_that_json_does_not_have_are_strings() -> None:
    infinity = float("inf")
    value = Everything((1.5, float("nan"), infinity, -infinity), {"a": 1}, Path("a/b"), True)
    assert json.loads(render_json("s/1", value)) == {
        "schema": "s/1",
        "floats": [1.5, "NaN", "Infinity", "-Infinity"],
        "mapping": {"a": 1},
        "path": "a/b",
        "truth": True,
    }


def test_several_results_are_an_array() -> None:
    text = render_json_list("s/1", "assets", [Asset("a", 1), Asset("b", 2)])
    assert [asset["filename"] for asset in json.loads(text)["assets"]] == ["a", "b"]


def test_names_reach_a_terminal_escaped() -> None:
    text = render_json("s/1", Asset("\x1b[31m\u202e\x9b路\udc80", 1))
    assert text.isascii()
    assert "\x1b" not in text
    assert json.loads(text)["filename"] == "\x1b[31m\u202e\x9b路\udc80"


def rebuild(record: Any, document: Any) -> Any:
    """What json.loads gave, as the record it was written from."""
    hints = vars(description)
    values = {}
    for field in dataclasses.fields(record):
        value = document[field.name]
        inner = re.search(r"tuple\[([A-Z]\w+)|^([A-Z]\w+)", str(field.type))
        kind = hints.get((inner.group(1) or inner.group(2)) if inner else "")
        if isinstance(kind, type) and dataclasses.is_dataclass(kind) and value is not None:
            value = (
                tuple(rebuild(kind, item) for item in value)
                if isinstance(value, list)
                else rebuild(kind, value)
            )
        values[field.name] = freeze(value)
    return record(**values)


def freeze(value: Any) -> Any:
    return tuple(map(freeze, value)) if isinstance(value, list) else value


@pytest.mark.parametrize("name", ["functions", "sharded", "table", "hostile"])
def test_the_document_holds_all_of_the_description(
    zoo_model: Callable[[str], Path], name: str
) -> None:
    model = read_description(zoo_model(name))
    document = json.loads(render_json("tfexport.inspect/1", model))
    assert document.pop("schema") == "tfexport.inspect/1"
    assert rebuild(ModelDescription, document) == model
