"""What is shown of an output, however its batches come: whole, or its first and last rows."""

from __future__ import annotations

import numpy as np
import pytest

from tfexport.data.preview import OutputPreview, Preview


def preview_of(*batches: np.ndarray) -> OutputPreview:
    preview = Preview({"y": "int64"}, {"y"})
    for batch in batches:
        preview.write({"y": batch})
    (output,) = preview.results()
    return output


def first_column(array: np.ndarray | None) -> list[int] | None:
    return None if array is None else array[:, 0].tolist()


def rows(first: int, last: int, width: int) -> np.ndarray:
    """Rows that hold their own numbers."""
    return np.repeat(np.arange(first, last + 1)[:, np.newaxis], width, axis=1)


@pytest.mark.parametrize(
    ("batches", "shape", "head", "hidden", "tail"),
    [
        ([(1, 9, 500)], (9, 500), [1, 2, 3], 3, [7, 8, 9]),
        ([(1, 2, 600), (3, 9, 600)], (9, 600), [1, 2], 4, [7, 8, 9]),
        ([(1, 4, 600)], (4, 600), [1, 2, 3], 0, [4]),
        ([(1, 1, 2000), (2, 2, 2000)], (2, 2000), [1], 0, [2]),
        ([(1, 1, 2000)], (1, 2000), [1], 0, None),
        ([(1, 9, 500), (10, 19, 400)], (19, None), [1, 2, 3], 13, [17, 18, 19]),
        ([(1, 4, 500), (5, 5, 400)], (5, None), [1, 2, 3], 1, [5]),
        ([(1, 2, 400), (3, 3, 500)], (3, None), [1, 2], 0, [3]),
        ([(1, 9, 500), (10, 10, 1), (11, 12, 500)], (12, None), [1, 2, 3], 7, [11, 12]),
    ],
)
def test_the_ends_of_a_large_output_do_not_overlap(
    batches: list[tuple[int, int, int]],
    shape: tuple[int | None, ...],
    head: list[int],
    hidden: int,
    tail: list[int] | None,
) -> None:
    output = preview_of(*(rows(*batch) for batch in batches))
    assert (output.values, output.shape, output.hidden) == (None, shape, hidden)
    assert (first_column(output.head), first_column(output.tail)) == (head, tail)


def test_small_batches_of_several_shapes_are_shown_one_by_one() -> None:
    output = preview_of(rows(1, 2, 3), rows(3, 3, 1))
    assert output.shape == (3, None)
    assert [array.shape for array in output.values or ()] == [(2, 3), (1, 1)]
    assert preview_of(rows(1, 2, 3), np.array([3])).shape is None
    assert preview_of(np.array(1), np.array([2, 3])).shape == (2,)
