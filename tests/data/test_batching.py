from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfexport.data.batching import (
    count_rows,
    fixed_batch,
    names_with_rows,
    outputs_with_rows,
    pad_rows,
    regroup_rows,
    require_streamable,
    trim_rows,
)
from tfexport.errors import UsageError
from tfexport.spec import TensorSpec, parse_spec


def specs(*texts: str) -> list[TensorSpec]:
    return [parse_spec(text) for text in texts]


@pytest.mark.parametrize(
    ("inputs", "with_rows", "fixed"),
    [
        (["x=None,5", "rate=scalar"], {"x"}, None),
        (["x=None,5", "weights=5"], {"x"}, None),
        (["x=unknown", "y=3"], {"x"}, None),
        (["x=4,5", "y=4", "rate=scalar"], {"x", "y"}, 4),
        (["x=4,5", "y=3"], set(), None),
        (["x=scalar"], set(), None),
        ([], set(), None),
    ],
)
def test_which_inputs_have_rows(inputs: list[str], with_rows: set[str], fixed: int | None) -> None:
    assert names_with_rows(specs(*inputs)) == with_rows
    assert fixed_batch(specs(*inputs)) == fixed


def test_which_outputs_have_rows() -> None:
    outputs = specs("y=None,3", "loss=scalar", "classes=10", "any=unknown", "z=4,3")
    assert outputs_with_rows(outputs, None) == {"y", "any"}
    assert outputs_with_rows(outputs, 4) == {"y", "any", "z"}


def test_batches_need_a_batch_dimension_of_that_size() -> None:
    require_streamable(specs("x=None,5"), 3)
    require_streamable(specs("x=4,5"), 4)
    with pytest.raises(UsageError) as caught:
        require_streamable(specs("x=4,5"), 3)
    assert str(caught.value) == (
        "--batch-size 3: the signature's batch is fixed. Use --batch-size 4."
    )
    with pytest.raises(UsageError) as caught:
        require_streamable(specs("x=scalar"), 3)
    assert str(caught.value) == (
        "--batch-size 3: no input has a batch dimension. Leave --batch-size away."
    )


def test_padding_repeats_the_last_row_and_trimming_takes_it_away() -> None:
    batch = {"x": np.array([[1, 2], [3, 4]]), "rate": np.array(0.5)}
    padded = pad_rows(batch, {"x"}, 4)
    assert padded["x"].tolist() == [[1, 2], [3, 4], [3, 4], [3, 4]]
    assert padded["rate"] is batch["rate"]
    assert trim_rows(padded, {"x"}, 2)["x"].tolist() == batch["x"].tolist()
    assert trim_rows(padded, {"x"}, 2)["rate"] is batch["rate"]


def test_a_full_batch_is_not_copied() -> None:
    batch = {"x": np.zeros((4, 2))}
    assert pad_rows(batch, {"x"}, 4)["x"] is batch["x"]


@given(st.lists(st.integers(0, 9), max_size=12), st.integers(1, 12))
def test_regrouping_keeps_every_row_in_order(blocks: list[int], size: int) -> None:
    total = sum(blocks)

    def read() -> Iterator[dict[str, np.ndarray]]:
        start = 0
        for rows in blocks:
            yield {"x": np.arange(start, start + rows), "y": np.arange(start, start + rows) * 2}
            start += rows

    batches = list(regroup_rows(read(), size))
    counts = [count_rows(batch) for batch in batches]
    assert counts == [size] * (total // size) + ([total % size] if total % size else [])
    for name, factor in (("x", 1), ("y", 2)):
        joined = np.concatenate([np.zeros(0, int), *(batch[name] for batch in batches)])
        assert joined.tolist() == [factor * row for row in range(total)]
