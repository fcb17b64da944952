from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from tests.data.feeds import feed, refusal, strings, write
from tfexport.errors import DestinationError
from tfexport.spec import parse_spec


def test_an_instance_a_line_feeds_the_inputs_that_it_names(tmp_path: Path) -> None:
    path = tmp_path / "d.jsonl"
    path.write_text('{"a": [1, 2], "b": "x", "id": 1}\n\n{"b": "y", "a": [3, 4]}\n')
    streamed = feed(path, "a=None,2:int32", "b=None:string")
    assert streamed.rows is None
    arrays = streamed.read()
    assert arrays["a"].tolist() == [[1, 2], [3, 4]]
    assert arrays["b"].tolist() == [b"x", b"y"]
    assert [batch["b"].tolist() for batch in streamed.batches(1)] == [[b"x"], [b"y"]]


def test_values_alone_feed_an_only_input_or_the_named_one(tmp_path: Path) -> None:
    path = tmp_path / "d.ndjson"
    path.write_text("[1, 2]\n[3, 4]")
    assert feed(path, "x=None,2").read()["x"].tolist() == [[1, 2], [3, 4]]
    assert feed([f"x={path}", "y=1"], "x=None,2", "y=scalar").read()["x"].shape == (2, 2)


def test_integers_in_one_block_and_floats_in_the_next_stay_exact(tmp_path: Path) -> None:
    path = tmp_path / "d.jsonl"
    path.write_text(f"{2**53 + 1}\n1.0\n")
    assert feed(path, "x=None:int64").read()["x"].tolist() == [2**53 + 1, 1]
    batches = [batch["x"].tolist() for batch in feed(path, "x=None:int64").batches(1)]
    assert batches == [[2**53 + 1], [1]]


def test_a_value_a_row_fits_an_input_of_one_column(tmp_path: Path) -> None:
    (tmp_path / "d.jsonl").write_text('"a"\n{"b64": "AP8="}\n')
    assert feed(tmp_path / "d.jsonl", "x=None,1:string").read()["x"].tolist() == [
        [b"a"],
        [b"\0\xff"],
    ]


def test_one_row_feeds_inputs_without_a_batch(tmp_path: Path) -> None:
    (tmp_path / "d.jsonl").write_text('{"a": 1, "b": [2, 3]}\n')
    arrays = feed(tmp_path / "d.jsonl", "a=scalar", "b=2").read()
    assert (arrays["a"].tolist(), arrays["b"].tolist()) == (1.0, [2.0, 3.0])


def test_many_rows_do_not_feed_an_input_without_a_batch(tmp_path: Path) -> None:
    (tmp_path / "d.jsonl").write_text('{"x": 1, "rate": 1}\n{"x": 1, "rate": 2}\n')
    expected = (
        "Input 'rate' takes one float32 [] for all rows, and 'd.jsonl' has one for each. "
        "Give it by itself: --input rate=VALUE"
    )
    assert refusal(tmp_path / "d.jsonl", "x=None", "rate=scalar") == expected


def test_gzip_is_unpacked_and_damage_in_it_is_one_line(tmp_path: Path) -> None:
    packed = gzip.compress(b"1\n" * 100_000)
    (tmp_path / "d.jsonl.gz").write_bytes(packed)
    assert len(feed(tmp_path / "d.jsonl.gz", "x=None").read()["x"]) == 100_000
    (tmp_path / "d.jsonl.gz").write_bytes(packed[: len(packed) // 2])
    assert refusal(tmp_path / "d.jsonl.gz", "x=None").startswith("'d.jsonl.gz' is damaged: ")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "'d.jsonl' has no rows."),
        ("nonsense\n", "'d.jsonl' line 1 is no JSON: Expecting value: line 1 column 1 (char 0)."),
        (
            "[1, 2]\n[3, 4\n",
            "'d.jsonl' line 2 is no JSON: Expecting ',' delimiter: line 2 column 1 (char 6).",
        ),
        ('{"x": 1}\n{"y": 1}\n', "'d.jsonl' line 2 has no 'x', and others have."),
        ('{"x": 1}\n5\n', "'d.jsonl' line 2 is no object, and others are."),
        ("[1, 2]\n[3]\n", "'d.jsonl': x in line 2 has 1 element, and x in line 1 has 2 elements."),
        ('{"z": 1}\n', "'d.jsonl' has none of the inputs x. It has: z."),
        (
            "[1, 2]\n[3, 1e39]\n",
            "Input 'x' (d.jsonl) takes float32: 1e+39 at [1, 1] would become inf. "
            "Let values change with --cast (cast=True in Python).",
        ),
        (
            "[1]\n",
            "Input 'x' (d.jsonl) expects float32 [?, 2], got float32 [1, 1]. "
            "Dimension 1 must be 2.",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "d.jsonl").write_text(content)
    assert refusal(tmp_path / "d.jsonl", "x=None,2") == message


def test_the_row_of_a_bad_value_counts_from_the_start_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "d.jsonl").write_text("1\n" * 10 + "256\n")
    batches = feed(tmp_path / "d.jsonl", "x=None:uint8").batches(4)
    with pytest.raises(Exception, match=r"256 at \[10\]"):
        list(batches)


def test_outputs_are_an_object_a_line(tmp_path: Path) -> None:
    specs = [parse_spec("y=None,2"), parse_spec("label=None:string")]
    batches = [
        {"y": np.array([[0.1, 2]], np.float32), "label": strings(b"a")},
        {"y": np.array([[3, np.nan]], np.float32), "label": strings(b"\xff")},
    ]
    write(tmp_path / "o.jsonl", specs, *batches)
    assert (tmp_path / "o.jsonl").read_text() == (
        '{"y": [0.1, 2.0], "label": "a"}\n{"y": [3.0, NaN], "label": {"b64": "/w=="}}\n'
    )


def test_batches_may_differ_in_shape(tmp_path: Path) -> None:
    batches = [{"y": np.zeros((1, size), np.float32)} for size in (1, 3)]
    write(tmp_path / "o.jsonl", [parse_spec("y=None,None")], *batches)
    lines = (tmp_path / "o.jsonl").read_text().splitlines()
    assert [len(json.loads(line)["y"]) for line in lines] == [1, 3]


def test_scalars_alone_are_one_row(tmp_path: Path) -> None:
    write(tmp_path / "o.jsonl", [parse_spec("loss=scalar")], {"loss": np.array(0.5, np.float32)})
    assert (tmp_path / "o.jsonl").read_text() == '{"loss": 0.5}\n'


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        (
            np.array(1.0),
            "Output 'loss' [] has no row for each row of the input, which a .jsonl needs. "
            "Write an .npz, or choose other outputs with --select.",
        ),
        (
            np.zeros(5),
            "A .jsonl has the same rows for every output, and these differ: 'y' 2, 'loss' 5. "
            "Write an .npz, or choose with --select.",
        ),
    ],
)
def test_outputs_without_the_same_rows_are_refused(
    tmp_path: Path, loss: np.ndarray, message: str
) -> None:
    specs = [parse_spec("y=None"), parse_spec("loss=unknown:float64")]
    with pytest.raises(DestinationError) as caught:
        write(tmp_path / "o.jsonl", specs, {"y": np.zeros(2, np.float32), "loss": loss})
    assert str(caught.value) == message
    assert list(tmp_path.iterdir()) == []
