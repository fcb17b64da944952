from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.data.feeds import feed, refusal
from tfexport.data.feeding import open_feed
from tfexport.data.reading import open_sources
from tfexport.errors import InputDataError, UsageError
from tfexport.spec import parse_spec


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    np.save("a.npy", np.arange(6.0).reshape(3, 2))
    np.save("b.npy", np.arange(3))
    np.save("short.npy", np.arange(2))
    Path("b.csv").write_text("b\n0\n1\n2\n")
    Path("short.csv").write_text("b\n0\n1\n")
    Path("long.csv").write_text("b\n0\n1\n2\n3\n")
    return tmp_path


@pytest.mark.usefixtures("files")
def test_sources_of_several_kinds_go_in_step() -> None:
    streamed = feed(["a=a.npy", "b.csv", "rate=0.5"], "a=None,2", "b=None:int32", "rate=scalar")
    assert streamed.names == {"a", "b", "rate"}
    assert streamed.rows is None
    batches = list(streamed.batches(2))
    assert [batch["a"].tolist() for batch in batches] == [[[0, 1], [2, 3]], [[4, 5]]]
    assert [batch["b"].tolist() for batch in batches] == [[0, 1], [2]]
    assert [batch["rate"].tolist() for batch in batches] == [0.5, 0.5]
    assert streamed.read()["b"].tolist() == [0, 1, 2]


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize(
    ("second", "message"),
    [
        (
            "b=short.npy",
            "The inputs differ in rows: 'a' (a.npy) has 3 rows, 'b' (short.npy) has 2 rows.",
        ),
        ("b=short.csv", "'short.csv' ends after 2 rows, and 'a.npy' has more."),
        ("b=long.csv", "'a.npy' ends after 3 rows, and 'long.csv' has more."),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_sources_that_differ_in_rows_are_told(second: str, message: str, size: int) -> None:
    with pytest.raises(InputDataError) as caught:
        list(feed(["a=a.npy", second], "a=None,2", "b=None").batches(size))
    assert str(caught.value) == message


@pytest.mark.usefixtures("files")
def test_without_batches_inputs_may_differ_in_rows() -> None:
    arrays = feed(["a=a.npy", "b=short.npy"], "a=None,2", "b=None").read()
    assert (len(arrays["a"]), len(arrays["b"])) == (3, 2)


@pytest.mark.usefixtures("files")
def test_a_fixed_batch_is_streamed_in_batches_of_that_size() -> None:
    streamed = feed("a.npy", "a=2,2")
    assert [batch["a"].shape for batch in streamed.batches(2)] == [(2, 2), (1, 2)]
    with pytest.raises(UsageError, match="Use --batch-size 2"):
        streamed.batches(3)
    assert refusal("a.npy", "a=2,2") == (
        "Input 'a' (a.npy) expects float32 [2, 2], got float64 [3, 2]. "
        "Its batch is fixed: run it with --batch-size 2."
    )


@pytest.mark.usefixtures("files")
def test_a_scalar_for_an_input_of_unknown_rank_is_whole_in_every_batch() -> None:
    streamed = feed(["a=a.npy", "b=3"], "a=None,2", "b=unknown")
    assert streamed.with_rows == {"a"}
    assert [batch["b"].tolist() for batch in streamed.batches(2)] == [3, 3]
    rows = feed(["a=a.npy", "b=b.npy"], "a=None,2", "b=unknown")
    assert rows.with_rows == {"a", "b"}
    assert [batch["b"].tolist() for batch in rows.batches(2)] == [[0, 1], [2]]


@pytest.mark.usefixtures("files")
def test_shapes_of_files_are_checked_before_the_first_batch() -> None:
    with pytest.raises(InputDataError, match="Dimension 1 must be 5"):
        feed("a.npy", "a=None,5").batches(2)


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize(
    ("where", "specs", "message"),
    [
        (
            ["a=a.npy"],
            ["a=None,2", "b=None", "c=scalar"],
            "There is no value for input 'b' (nor for c). It takes float32 [?]: --input b=FILE",
        ),
        (
            ["a=a.npy", "a=[[1, 2]]"],
            ["a=None,2"],
            "Input 'a' is given twice, by 'a.npy' and by '[[1, 2]]'.",
        ),
        (
            ["a.npy"],
            ["a=None,2", "b=None"],
            "'a.npy' names no inputs, and the signature has 2: a, b. "
            "Say which one it is for: --input a=a.npy",
        ),
        (["a.npy"], [], "'a.npy' feeds nothing: the signature takes no inputs."),
    ],
)
def test_what_is_missing_or_unclear_is_told(
    where: list[str], specs: list[str], message: str
) -> None:
    assert refusal(where, *specs) == message


def test_defaults_need_no_value_and_no_inputs_no_source() -> None:
    inputs = [parse_spec("x=1")]
    assert open_feed([], inputs, optional={"x"}).read() == {}
    assert open_feed([], []).read() == {}
    with pytest.raises(InputDataError) as caught:
        open_feed([], inputs, optional={"x"}).batches(1)
    assert str(caught.value) == (
        "No input with a batch dimension is given, so there are no batches."
    )


@pytest.mark.usefixtures("files")
def test_values_change_only_with_cast() -> None:
    inputs = [parse_spec("x=None:uint8")]
    Path("x.csv").write_text("x\n256\n1.5\n")
    sources = open_sources(["x.csv"], inputs)
    assert open_feed(sources, inputs, cast=True).read()["x"].tolist() == [0, 1]
    with pytest.raises(InputDataError) as caught:
        open_feed(sources, inputs).read()
    assert str(caught.value) == (
        "Input 'x' (x.csv) takes uint8: 256.0 at [0] would become 0. "
        "Let values change with --cast (cast=True in Python)."
    )


def test_rows_of_several_shapes_are_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tfexport.data.feeding._BLOCK_ROWS", 1)
    (tmp_path / "x.jsonl").write_text("[1, 2]\n[1]\n")
    assert refusal(tmp_path / "x.jsonl", "x=None,None") == (
        "Input 'x' (x.jsonl): rows of shape [1] follow rows of shape [2]."
    )
