"""The values of two checkpoints are compared block by block, and give what numpy gives at once."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from tests.bundles import Stored, write_bundle
from tests.checking.test_checksums import strings, strings_checksum
from tfexport.comparing import values
from tfexport.comparing.values import (
    ValueChange,
    ValuePair,
    compare_checksums,
    compare_values,
)
from tfexport.savedmodel.checkpoint import CheckpointIndex, read_checkpoint_index


def stored(array: Any, dtype: str | None = None) -> Stored:
    return Stored(dtype or array.dtype.name, array.shape, array.tobytes())


def open_both(
    directory: Path, first: dict[str, Stored], second: dict[str, Stored], **options: Any
) -> tuple[CheckpointIndex, CheckpointIndex, list[ValuePair]]:
    indices = tuple(
        read_checkpoint_index(write_bundle(directory / name, tensors, **options))
        for name, tensors in (("a", first), ("b", second))
    )
    pairs = [ValuePair(key, indices[0].entries[key], indices[1].entries[key]) for key in first]
    return indices[0], indices[1], pairs


def compare(directory: Path, old: Any, new: Any, dtype: str | None = None) -> ValueChange | None:
    both = open_both(directory, {"v": stored(old, dtype)}, {"v": stored(new, dtype)})
    found = compare_values(*both, lambda done: None)
    return found[0] if found else None


def test_equal_values_are_no_change(tmp_path: Path) -> None:
    assert compare(tmp_path, np.arange(10.0), np.arange(10.0)) is None


@pytest.mark.parametrize("size", [1, 1000, (1 << 16) - 1, 1 << 16, (1 << 16) * 3 + 17])
@pytest.mark.parametrize(
    "dtype", [np.float32, np.float64, np.float16, ml_dtypes.bfloat16, np.int8, np.int32, np.int64]
)
def test_the_figures_are_those_of_numpy(tmp_path: Path, size: int, dtype: Any) -> None:
    generator = np.random.default_rng(size)
    old = (generator.standard_normal(size) * 50).astype(dtype)
    new = old.copy()
    new[:: max(size // 100, 1)] = new[:: max(size // 100, 1)] + np.array(3).astype(dtype)
    found = compare(tmp_path, old, new)
    assert found is not None
    before, after = old.astype(np.float64), new.astype(np.float64)
    change = np.abs(after - before)
    assert (found.elements, found.differing) == (size, np.count_nonzero(old != new))
    assert found.absolute == pytest.approx(change.max(), rel=1e-6)
    nonzero = before != 0
    largest = (change[nonzero] / np.abs(before[nonzero])).max(initial=0.0)
    assert found.relative == pytest.approx(largest, rel=1e-6)
    assert found.norm == pytest.approx(np.linalg.norm(change), rel=1e-5)
    assert found.norm_before == pytest.approx(np.linalg.norm(before), rel=1e-5)
    assert found.change == pytest.approx(np.linalg.norm(change) / np.linalg.norm(before), rel=1e-5)


def test_a_change_from_zero_has_no_relative_size(tmp_path: Path) -> None:
    found = compare(tmp_path, np.float32([0, 2]), np.float32([5, 3]))
    assert found is not None
    assert (found.differing, found.absolute, found.relative) == (2, 5.0, 0.5)


def test_from_all_zeros_the_change_is_infinite(tmp_path: Path) -> None:
    found = compare(tmp_path, np.float32([0, 0]), np.float32([5, 0]))
    assert found is not None
    assert (found.differing, found.relative, found.change) == (1, 0.0, math.inf)


def test_zeros_of_another_sign_are_equal(tmp_path: Path) -> None:
    assert compare(tmp_path, np.float32([0.0, 1]), np.float32([-0.0, 1])) is None


def test_nan_and_infinity(tmp_path: Path) -> None:
    nan, inf = math.nan, math.inf
    assert compare(tmp_path / "1", np.float32([nan, inf]), np.float32([nan, inf])) is None
    found = compare(tmp_path / "2", np.float32([nan, 1, 2]), np.float32([nan, inf, 2]))
    assert found is not None
    assert (found.differing, found.absolute, found.norm) == (1, inf, inf)
    found = compare(tmp_path / "3", np.float32([nan, 1]), np.float32([1, 1]))
    assert found is not None
    assert (found.differing, found.absolute) == (1, inf)


def test_values_whose_squares_overflow(tmp_path: Path) -> None:
    found = compare(tmp_path, np.float32([1e30, 1]), np.float32([2e30, 1]))
    assert found is not None
    assert found.norm == pytest.approx(1e30)
    assert found.relative == pytest.approx(1.0)


def test_integers_that_no_float_tells_apart(tmp_path: Path) -> None:
    found = compare(tmp_path, np.int64([2**60, 1]), np.int64([2**60 + 1, 1]))
    assert found is not None
    assert found.differing == 1


def test_complex_and_bool(tmp_path: Path) -> None:
    found = compare(tmp_path / "1", np.complex64([1 + 1j]), np.complex64([4 + 5j]))
    assert found is not None
    assert (found.absolute, found.norm) == (5.0, 5.0)
    found = compare(tmp_path / "2", np.array([True, False]), np.array([True, True]))
    assert found is not None
    assert found.differing == 1


def test_another_dtype_is_compared_by_value(tmp_path: Path) -> None:
    old, new = np.float32([1, 2]), np.array([1, 2], ml_dtypes.bfloat16)
    both = open_both(tmp_path, {"v": stored(old)}, {"v": stored(new)})
    assert compare_values(*both, lambda done: None) == []


def test_big_endian_values(tmp_path: Path) -> None:
    old, new = np.array([1, 2, 3], ">f4"), np.array([1, 2, 5], ">f4")
    both = open_both(
        tmp_path, {"v": stored(old, "float32")}, {"v": stored(new, "float32")}, big_endian=True
    )
    (found,) = compare_values(*both, lambda done: None)
    assert (found.differing, found.absolute) == (1, 2.0)


def texts(*words: bytes) -> Stored:
    content = strings(list(words))
    return Stored("string", (len(words),), content, checksum=strings_checksum(list(words)))


def test_strings_are_counted(tmp_path: Path) -> None:
    both = open_both(
        tmp_path,
        {"v": texts(b"a", b"bc", b"d"), "w": texts(b"a")},
        {"v": texts(b"a", b"bcd", b"e"), "w": texts(b"a")},
    )
    (found,) = compare_values(*both, lambda done: None)
    assert (found.name, found.differing, found.elements, found.norm) == ("v", 2, 3, None)


def test_the_most_changed_come_first(tmp_path: Path) -> None:
    first = {name: stored(np.float32([1, 1])) for name in ("a", "b", "c", "d")}
    second = {
        "a": stored(np.float32([1, 1.1])),
        "b": stored(np.float32([1, 3])),
        "c": stored(np.float32([1, 1])),
        "d": stored(np.float32([1, 1.2])),
    }
    found = compare_values(*open_both(tmp_path, first, second), lambda done: None)
    assert [change.name for change in found] == ["b", "d", "a"]


def test_slices_are_compared_piece_by_piece(tmp_path: Path) -> None:
    indices = []
    for number in (1, 2):
        parts = {
            ((0, 1), (0, None)): stored(np.float32([[1, 2]])),
            ((1, 1), (0, None)): stored(np.float32([[3, 4 * number]])),
        }
        directory = write_bundle(tmp_path / str(number), {}, slices={"v": ((2, 2), parts)})
        indices.append(read_checkpoint_index(directory))
    pair = ValuePair("v", indices[0].entries["v"], indices[1].entries["v"])
    assert pair.bytes == 32
    (found,) = compare_values(indices[0], indices[1], [pair], lambda done: None)
    assert (found.elements, found.differing, found.absolute) == (4, 1, 4.0)
    (quick,) = compare_checksums(indices[0], indices[1], [pair])
    assert quick.problem == "another checksum"
    assert compare_checksums(indices[0], indices[0], [ValuePair("v", pair.first, pair.first)]) == []


def test_other_slices_are_not_compared(tmp_path: Path) -> None:
    whole = write_bundle(tmp_path / "a", {"v": stored(np.float32([[1, 2]]))})
    parts = {((0, 1), (0, None)): stored(np.float32([[1, 2]]))}
    sliced = write_bundle(tmp_path / "b", {}, slices={"v": ((1, 2), parts)})
    first, second = read_checkpoint_index(whole), read_checkpoint_index(sliced)
    pair = ValuePair("v", first.entries["v"], second.entries["v"])
    (found,) = compare_values(first, second, [pair], lambda done: None)
    assert found.problem == "the two are stored in other slices"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"\0" * 6, "it has 6 bytes, and its shape needs 8"),
        (None, "variables/variables.data-00000-of-00001 is cut off: it has 0 of 8 bytes"),
    ],
)
def test_a_damaged_checkpoint_is_told(tmp_path: Path, content: bytes | None, problem: str) -> None:
    value = stored(np.float32([1, 2]))
    other = value if content is None else Stored("float32", (2,), content)
    both = open_both(tmp_path, {"v": value}, {"v": other})
    if content is None:
        both[1].data_file(0).write_bytes(b"")
    (found,) = compare_values(*both, lambda done: None)
    assert (found.problem, found.change) == (problem, math.inf)


def test_progress_is_told_of_every_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(values, "_PART", 100)
    first = {"v": stored(np.zeros(250, np.float32)), "w": texts(b"ab")}
    second = {"v": stored(np.ones(250, np.float32)), "w": texts(b"ab")}
    both = open_both(tmp_path, first, second)
    done: list[int] = []
    (found,) = compare_values(*both, done.append)
    assert found.differing == 250
    assert sum(done) == sum(pair.bytes for pair in both[2])


def test_checksums_tell_without_reading(tmp_path: Path) -> None:
    first = {"a": stored(np.float32([1])), "b": stored(np.float32([2]))}
    second = {"a": stored(np.float32([1])), "b": stored(np.float32([3]))}
    both = open_both(tmp_path, first, second)
    for index in both[:2]:
        index.data_file(0).unlink()
    assert [change.name for change in compare_checksums(*both)] == ["b"]
