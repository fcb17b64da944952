"""The values of a tensor, summed up block by block, against numpy on the whole of it."""

from __future__ import annotations

import math
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.known_answers import FOLDER, needs_shared_models
from tests.savedmodel.proto_models import add_node, new_model, set_shape, write_model
from tests.savedmodel.tables import entry, index_of, write_checkpoint
from tfexport.dtypes import dtype_number, dtype_of_numpy, numpy_dtype
from tfexport.errors import SavedModelError, TfexportError, UsageError
from tfexport.savedmodel.reader import read_description
from tfexport.savedmodel.value_summary import NumberSummary, ValueSummary
from tfexport.savedmodel.values import summarize_values


def summarize(directory: Path, name: str) -> ValueSummary:
    return summarize_values(read_description(directory), name)


def model_of(directory: Path, array: Any, dtype: str | None = None, stored: int = -1) -> Path:
    """A model with one variable ``w``, whose data file holds ``array`` (``stored`` bytes of it)."""
    dtype = dtype or dtype_of_numpy(array.dtype)
    saved_model, metagraph = new_model()
    node = add_node(metagraph, "w", "VarHandleOp", dtype=dtype_number(dtype))
    set_shape(node.attr["shape"].shape, *array.shape)
    write_model(saved_model, directory)
    content = array.tobytes()
    index = index_of({"w": entry(dtype_number(dtype), array.shape, 0, len(content))})
    write_checkpoint(directory, index, content if stored < 0 else content[:stored])
    return directory


def numbers_of(directory: Path, array: Any, dtype: str | None = None) -> NumberSummary:
    numbers = summarize(model_of(directory, array, dtype), "w").numbers
    assert numbers is not None
    return numbers


def assert_is_like(numbers: NumberSummary, array: Any) -> None:
    finite = array[np.isfinite(array)].astype(np.float64)
    assert numbers.minimum == finite.min()
    assert numbers.maximum == finite.max()
    assert numbers.mean == pytest.approx(finite.mean(), rel=1e-5, abs=1e-7 * finite.std())
    assert numbers.std == pytest.approx(finite.std(), rel=1e-5)
    assert numbers.zeros == np.count_nonzero(array == 0)
    assert numbers.nan == np.count_nonzero(np.isnan(array))
    assert numbers.infinite == np.count_nonzero(np.isinf(array))


RANDOM = np.random.default_rng(0)
LARGE = RANDOM.standard_normal(3_000_000).astype(np.float32)


@pytest.mark.parametrize(
    "array",
    [
        LARGE,
        LARGE.astype(np.float64),
        LARGE[:100_000].astype(np.float16),
        LARGE + np.float32(1e6),  # the mean drowns the deviation
        LARGE * np.float32(1e30),  # squares overflow float32
        LARGE * np.float32(1e-30),  # and vanish
        np.where(LARGE > 1, np.float32(0), LARGE),
        np.where(LARGE > 1, np.float32(-0.0), LARGE),
        np.where(LARGE > 2, np.float32("nan"), np.where(LARGE < -2, np.float32("inf"), LARGE)),
        RANDOM.integers(-1000, 1000, 500_000, np.int32),
        RANDOM.integers(0, 255, 500_000, np.uint8),
        np.array([2**62, -(2**62), 5], np.int64),
        np.array([2**64 - 1, 0], np.uint64),
        np.array([3.0], np.float32),
    ],
    ids=lambda array: f"{array.dtype.name}-{array.size}",
)
def test_figures_are_those_of_the_whole_array(tmp_path: Path, array: Any) -> None:
    assert_is_like(numbers_of(tmp_path, array), array)


@pytest.mark.parametrize("name", ["bfloat16", "float8_e5m2", "float8_e4m3fn", "int4"])
def test_numbers_that_numpy_does_not_have_are_summed_up(tmp_path: Path, name: str) -> None:
    array = np.linspace(-7, 7, 1000).astype(numpy_dtype(name))
    numbers = numbers_of(tmp_path, array, name)
    assert_is_like(numbers, array.astype(np.float32))


def test_truth_values_count_as_zero_and_one(tmp_path: Path) -> None:
    numbers = numbers_of(tmp_path, np.array([True, False, True, True]))
    assert (numbers.minimum, numbers.maximum, numbers.mean, numbers.zeros) == (0, 1, 0.75, 1)
    assert numbers.histogram is not None
    assert numbers.histogram.counts == (1, 3)


def test_complex_numbers_are_summed_up_by_magnitude(tmp_path: Path) -> None:
    numbers = numbers_of(tmp_path, np.array([3 + 4j, 0, complex("nan")], np.complex64))
    assert (numbers.measure, numbers.minimum, numbers.maximum) == ("magnitude", 0.0, 5.0)
    assert (numbers.zeros, numbers.nan) == (1, 1)


def test_integers_stay_exact(tmp_path: Path) -> None:
    numbers = numbers_of(tmp_path, np.array([2**62 + 1, -(2**62) - 1], np.int64))
    assert (numbers.minimum, numbers.maximum) == (-(2**62) - 1, 2**62 + 1)


def test_nothing_finite_has_no_figures(tmp_path: Path) -> None:
    numbers = numbers_of(tmp_path, np.full(5, np.nan, np.float32))
    assert (numbers.minimum, numbers.mean, numbers.std, numbers.histogram) == (None,) * 4
    assert (numbers.nan, numbers.zeros) == (5, 0)


def test_no_elements_have_no_figures(tmp_path: Path) -> None:
    numbers = numbers_of(tmp_path, np.zeros((0, 3), np.float32))
    assert (numbers.minimum, numbers.mean, numbers.zeros) == (None, None, 0)


def test_a_histogram_counts_every_value_of_a_small_tensor(tmp_path: Path) -> None:
    array = RANDOM.standard_normal(10_000).astype(np.float32)
    histogram = numbers_of(tmp_path, array).histogram
    assert histogram is not None
    expected, _ = np.histogram(array.astype(np.float64), len(histogram.counts))
    assert histogram.counts == tuple(expected)
    assert (histogram.counted, histogram.stride) == (10_000, 1)


def test_a_histogram_of_a_large_tensor_is_drawn_from_some_of_it(tmp_path: Path) -> None:
    histogram = numbers_of(tmp_path, LARGE).histogram
    assert histogram is not None
    assert histogram.stride == 3
    assert histogram.counted == math.ceil(LARGE.size / 3)
    expected, _ = np.histogram(LARGE[::3].astype(np.float64), 48, (LARGE.min(), LARGE.max()))
    assert histogram.counts == tuple(expected)


def test_a_range_beyond_float_has_no_histogram(tmp_path: Path) -> None:
    numbers = numbers_of(tmp_path, np.array([-1.7e308, 1.7e308]))
    assert numbers.histogram is None
    assert numbers.maximum == 1.7e308


def test_memory_stays_the_same_however_large_the_tensor_is(tmp_path: Path) -> None:
    peaks = []
    for size in (4_000_000, 40_000_000):
        directory = model_of(tmp_path / str(size), np.zeros(size, np.float32))
        summarize(directory, "w")
        tracemalloc.start()
        summarize(directory, "w")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0] + (8 << 20)


def test_slices_of_several_data_files_are_one_tensor(zoo_model: Callable[[str], Path]) -> None:
    for number in (2, 4):
        summary = summarize(zoo_model("sharded"), f"layers.{number}")
        assert summary.numbers is not None
        assert (summary.elements, summary.bytes) == (1024, 4096)
        assert (summary.numbers.minimum, summary.numbers.maximum) == (number, number)
        assert summary.numbers.std == 0


def test_a_partitioned_variable_of_tensorflow_1_is_one_tensor(
    zoo_model: Callable[[str], Path],
) -> None:
    model = read_description(zoo_model("metagraphs"), ["serve", "gpu"])
    summary = summarize_values(model, "embedding")
    assert (summary.elements, summary.shape) == (24, (6, 4))


def test_strings_are_measured(zoo_model: Callable[[str], Path]) -> None:
    text = summarize(zoo_model("sharded"), "words").text
    assert text is not None
    assert (text.shortest, text.longest, text.empty) == (0, 5, 1)
    assert text.mean_length == pytest.approx(7 / 3)
    assert text.first == ("ab", "", "über")


def test_a_tensor_may_be_named_by_its_key(zoo_model: Callable[[str], Path]) -> None:
    text = summarize(zoo_model("table"), "table/.ATTRIBUTES/table-keys").text
    assert text is not None
    assert sorted(text.first) == ["a", "b"]


@needs_shared_models
def test_a_variable_may_be_named_by_its_own_name() -> None:
    numbers = summarize(FOLDER / "half_plus_two_v1", "a").numbers
    assert numbers is not None
    assert numbers.mean == 0.5


def refusal(directory: Path, name: str, kind: type[TfexportError]) -> str:
    with pytest.raises(kind) as caught:
        summarize(directory, name)
    return str(caught.value)


def test_an_unknown_name_is_answered_with_the_known_ones(zoo_model: Callable[[str], Path]) -> None:
    directory = zoo_model("keras")
    assert refusal(directory, "variables.9", UsageError) == (
        f"No variable 'variables.9' in {directory}. Did you mean 'variables.3'? It has: "
        "variables.0, variables.2, variables.1, variables.3, _all_variables.0 and 3 more."
    )


def test_a_name_of_several_variables_is_refused(zoo_model: Callable[[str], Path]) -> None:
    assert refusal(zoo_model("sharded"), "kernel", UsageError) == (
        "'kernel' is the name of several variables: "
        "layers.0, layers.1, layers.2, layers.3, layers.4."
    )


def test_a_model_without_a_checkpoint_has_no_values(tmp_path: Path) -> None:
    directory = write_model(new_model()[0], tmp_path)
    expected = f"{directory} has no checkpoint: no values to show."
    assert refusal(directory, "w", SavedModelError) == expected


def test_a_data_file_that_is_cut_off_is_measured(tmp_path: Path) -> None:
    model_of(tmp_path, np.ones(10, np.float32), stored=12)
    assert refusal(tmp_path, "w", SavedModelError) == (
        "Cannot read the values of 'w': "
        "variables/variables.data-00000-of-00001 is cut off: it has 12 of 40 bytes."
    )


def test_a_data_file_that_is_missing_is_named(tmp_path: Path) -> None:
    model_of(tmp_path, np.ones(10, np.float32))
    (tmp_path / "variables" / "variables.data-00000-of-00001").unlink()
    assert refusal(tmp_path, "w", SavedModelError) == (
        "Cannot read the values of 'w': "
        "variables/variables.data-00000-of-00001 cannot be read: No such file or directory."
    )


def test_fewer_bytes_than_the_shape_needs_are_refused(tmp_path: Path) -> None:
    model_of(tmp_path, np.ones(10, np.float32))
    index = index_of({"w": entry(1, [11], 0, 40)})
    (tmp_path / "variables" / "variables.index").write_bytes(index)
    assert refusal(tmp_path, "w", SavedModelError) == (
        "Cannot read the values of 'w': it has 40 bytes where its shape needs 44."
    )


def test_lengths_of_strings_that_do_not_add_up_are_refused(tmp_path: Path) -> None:
    model_of(tmp_path, np.frombuffer(b"\xff" * 9, np.uint8))
    index = index_of({"w": entry(7, [2], 0, 9)})
    (tmp_path / "variables" / "variables.index").write_bytes(index)
    assert refusal(tmp_path, "w", SavedModelError) == (
        "Cannot read the values of 'w': the lengths of its strings do not add up."
    )


def test_a_dtype_that_holds_no_values_is_refused(tmp_path: Path) -> None:
    model_of(tmp_path, np.ones(1, np.float32))
    index = index_of({"w": entry(20, [1], 0, 4)})
    (tmp_path / "variables" / "variables.index").write_bytes(index)
    expected = "A tensor of dtype resource holds no values to sum up."
    assert refusal(tmp_path, "w", UsageError) == expected
