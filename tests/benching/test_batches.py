"""Rows for every batch size, from feeds that have more or fewer of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tfexport.benching.batches import choose_sizes, count_bytes, make_batches
from tfexport.data.feeding import Feed, open_feed
from tfexport.data.reading import open_sources
from tfexport.errors import InputDataError, UsageError
from tfexport.spec import parse_spec


def feed_of(path: Path, array: object, *specs: str) -> Feed:
    np.save(path / "x.npy", np.asarray(array))
    inputs = [parse_spec(spec) for spec in specs]
    return open_feed(open_sources([f"x={path / 'x.npy'}"], inputs), inputs)


def test_a_batch_holds_the_first_rows(tmp_path: Path) -> None:
    rows = np.arange(20, dtype=np.float32).reshape(10, 2)
    batches = make_batches(feed_of(tmp_path, rows, "x=None,2:float32"), {}, (1, 4))
    np.testing.assert_array_equal(batches[1]["x"], rows[:1])
    np.testing.assert_array_equal(batches[4]["x"], rows[:4])


def test_too_few_rows_are_repeated(tmp_path: Path) -> None:
    rows = np.arange(6, dtype=np.float32).reshape(3, 2)
    batches = make_batches(feed_of(tmp_path, rows, "x=None,2:float32"), {}, (8,))
    np.testing.assert_array_equal(batches[8]["x"], np.concatenate([rows] * 3)[:8])


def test_the_memory_is_aligned_for_tensorflow(tmp_path: Path) -> None:
    rows = np.zeros((3, 5), np.float32)
    batches = make_batches(feed_of(tmp_path, rows, "x=None,5:float32"), {}, (1, 7))
    assert [batch["x"].ctypes.data % 64 for batch in batches.values()] == [0, 0]


def test_defaults_are_in_every_batch(tmp_path: Path) -> None:
    feed = feed_of(tmp_path, np.zeros((2, 5), np.float32), "x=None,5:float32")
    batches = make_batches(feed, {"scale": np.float32(2)}, (1, 2))
    assert all(batch["scale"] == 2 for batch in batches.values())


def test_a_scalar_for_an_input_of_unknown_rank_is_in_every_batch(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.zeros((2, 5), np.float32))
    inputs = [parse_spec("x=None,5:float32"), parse_spec("scale=unknown:float32")]
    sources = open_sources([f"x={tmp_path / 'x.npy'}", "scale=3"], inputs)
    batches = make_batches(open_feed(sources, inputs), {}, (1, 4))
    assert [(b["x"].shape, b["scale"].tolist()) for b in batches.values()] == [
        ((1, 5), 3.0),
        ((4, 5), 3.0),
    ]


def test_no_rows_cannot_be_measured_with(tmp_path: Path) -> None:
    feed = feed_of(tmp_path, np.zeros((0, 5), np.float32), "x=None,5:float32")
    with pytest.raises(InputDataError, match=r"^Input 'x' has no rows to measure with\.$"):
        make_batches(feed, {}, (1,))


def test_a_fixed_batch_is_the_only_size(tmp_path: Path) -> None:
    specs = [parse_spec("x=4,5:float32")]
    assert choose_sizes(specs, ()) == (4,)
    feed = feed_of(tmp_path, np.zeros((4, 5), np.float32), "x=4,5:float32")
    with pytest.raises(
        UsageError,
        match=r"^--batch-size 8: the signature's batch is fixed\. Use --batch-size 4\.$",
    ):
        make_batches(feed, {}, (4, 8))


def test_the_usual_sizes_unless_others_are_asked_for() -> None:
    specs = [parse_spec("x=None,5:float32")]
    assert choose_sizes(specs, ()) == (1, 8, 32)
    assert choose_sizes(specs, (3,)) == (3,)


def test_a_signature_without_rows_is_called_as_it_is() -> None:
    assert choose_sizes([parse_spec("x=scalar:float32")], ()) == (None,)


def test_bytes_of_texts_are_their_letters() -> None:
    texts = np.array([b"ab", b"cde"], object)
    assert count_bytes({"x": np.zeros((2, 3), np.float32), "t": texts}) == 24 + 5
