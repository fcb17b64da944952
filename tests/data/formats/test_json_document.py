from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.data.feeds import feed, refusal, strings, write
from tfexport.data.feeding import open_feed
from tfexport.data.reading import open_sources
from tfexport.spec import TensorSpec, parse_spec


@pytest.mark.parametrize(
    "document",
    [
        {"a": [[1, 2]], "b": [3]},
        {"a": [[1, 2]], "b": [3], "other": None},
        {"inputs": {"a": [[1, 2]], "b": [3]}},
        {"signature_name": "serving_default", "inputs": {"a": [[1, 2]], "b": [3]}},
        {"instances": [{"a": [1, 2], "b": 3}]},
        {"instances": [{"a": [1, 2], "b": 3, "id": 7}]},
    ],
)
def test_every_form_of_a_request_is_read(tmp_path: Path, document: Any) -> None:
    (tmp_path / "d.json").write_text(json.dumps(document))
    arrays = feed(tmp_path / "d.json", "a=None,2:int32", "b=None:float32").read()
    assert {name: array.tolist() for name, array in arrays.items()} == {"a": [[1, 2]], "b": [3.0]}


@pytest.mark.parametrize(
    "text",
    [
        "[[1, 2]]",
        '{"x": [[1, 2]]}',
        '{"inputs": [[1, 2]]}',
        '{"inputs": {"x": [[1, 2]]}}',
        '{"instances": [[1, 2]]}',
        '{"instances": [{"x": [1, 2]}]}',
        " [[1,2]]\n",
    ],
)
def test_an_only_input_needs_no_name_in_a_file_or_inline(tmp_path: Path, text: str) -> None:
    (tmp_path / "d.json").write_text(text)
    for where in (str(tmp_path / "d.json"), text, f"x={text}"):
        assert feed(where, "x=None,2:int32").read()["x"].tolist() == [[1, 2]]


def test_an_input_may_itself_be_called_inputs(tmp_path: Path) -> None:
    for text in ('{"inputs": ["a"]}', '{"inputs": {"inputs": ["a"]}}', '["a"]'):
        assert feed(text, "inputs=None:string").read()["inputs"].tolist() == [b"a"]


@pytest.mark.parametrize(
    ("text", "dtype", "value"),
    [
        ("1.5", "float32", 1.5),
        ("-3", "int32", -3),
        ("1e3", "float32", 1000.0),
        ("true", "bool", True),
        ('"text=1"', "string", b"text=1"),
        ('{"b64": "AP8="}', "string", b"\0\xff"),
        ("-Infinity", "float32", float("-inf")),
    ],
)
def test_a_scalar_is_written_inline(text: str, dtype: str, value: object) -> None:
    assert feed(text, f"x=scalar:{dtype}").read()["x"].tolist() == value


def test_several_inputs_are_given_by_name_inline() -> None:
    arrays = feed(["a=1", "b=2.5"], "a=scalar:int32", "b=scalar").read()
    assert (arrays["a"].tolist(), arrays["b"].tolist()) == (1, 2.5)
    assert feed('{"a": 1, "b": 2}', "a=scalar", "b=scalar").read()["b"].tolist() == 2.0


def test_rows_and_an_input_for_all_of_them_are_streamed_together() -> None:
    batches = list(
        feed('{"x": [[1], [2], [3]], "rate": 0.5}', "x=None,1", "rate=scalar").batches(2)
    )
    assert [batch["x"].tolist() for batch in batches] == [[[1.0], [2.0]], [[3.0]]]
    assert [batch["rate"].tolist() for batch in batches] == [0.5, 0.5]


def test_several_documents_are_row_after_row(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"{number}.json").write_text(json.dumps({"x": [[number, number]]}))
    assert feed(tmp_path / "*.json", "x=None,2").read()["x"].tolist() == [[0, 0], [1, 1], [2, 2]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "[[1, 2], [3]]",
            "'[[1, 2], [3]]': x[1] has 1 element, and x[0] has 2 elements.",
        ),
        (
            "[1, 2]",
            "Input 'x' ([1, 2]) expects float32 [?, 2], got float64 [2]. "
            "Add a leading dimension: [1, 2] fits.",
        ),
        ('{"y": [[1, 2]]}', "'{\"y\": [[1, 2]]}' has none of the inputs x. It has: y."),
        ('x={"y": 1}', "'{\"y\": 1}' has no 'x'. It has: y."),
        ("[1, 2", "'[1, 2' is no JSON: Expecting ',' delimiter: line 1 column 6 (char 5)."),
        ('{"instances": 5}', "'{\"instances\": 5}' has instances that are no list."),
        (
            '{"instances": [{"x": 1}, {"y": 1}]}',
            '\'{"instances": [{"x": 1}, {"y": 1}]}\': instance 1 has no \'x\', and others have.',
        ),
        (
            '{"instances": [{"x": 1}, 2]}',
            '\'{"instances": [{"x": 1}, 2]}\': instance 1 is no object, and others are.',
        ),
        (
            "[[1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5, 8.5, 9.5]]",
            "Input 'x' ([[1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5, 8.5…) expects float32 [?, 2], "
            "got float64 [1, 9]. Dimension 1 must be 2.",
        ),
    ],
)
def test_what_does_not_fit_is_told_in_the_users_words(text: str, message: str) -> None:
    assert refusal(text, "x=None,2") == message


def test_values_without_names_for_several_inputs_are_refused() -> None:
    assert refusal("[1]", "a=None", "b=None") == (
        "'[1]' names no inputs, and the signature has 2: a, b. "
        "Say which one it is for: --input a=[1]"
    )
    assert refusal("[1]") == "'[1]' feeds nothing: the signature takes no inputs."


def test_outputs_are_an_object_of_arrays_with_a_line_a_row(tmp_path: Path) -> None:
    specs = [parse_spec("y=None,2"), parse_spec("label=None:string"), parse_spec("loss=scalar")]
    write(
        tmp_path / "o.json",
        specs,
        {
            "y": np.array([[0.1, 2], [3, 4]], np.float32),
            "label": strings(b"a", b"\xff"),
            "loss": np.array(0.5, np.float32),
        },
    )
    assert (tmp_path / "o.json").read_text() == (
        '{\n"y": [[0.1, 2.0],\n[3.0, 4.0]],\n"label": ["a",\n{"b64": "/w=="}],\n"loss": 0.5\n}\n'
    )
    arrays = open_feed(open_sources([str(tmp_path / "o.json")], specs), specs).read()
    assert arrays["label"].tolist() == [b"a", b"\xff"]
    assert arrays["loss"].shape == ()


def test_an_empty_output_is_an_empty_list(tmp_path: Path) -> None:
    write(
        tmp_path / "o.json", [TensorSpec("y", "float32", (None,))], {"y": np.zeros(0, np.float32)}
    )
    assert json.loads((tmp_path / "o.json").read_text()) == {"y": []}


def test_empty_batches_leave_no_stray_commas(tmp_path: Path) -> None:
    empty, full = np.zeros(0, np.float32), np.ones(1, np.float32)
    batches = [{"y": array} for array in (empty, full, empty, full)]
    write(tmp_path / "o.json", [TensorSpec("y", "float32", (None,))], *batches)
    assert json.loads((tmp_path / "o.json").read_text()) == {"y": [1.0, 1.0]}
