"""What goes through in blocks comes out as it went in, batch by batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from tfexport.data.feeding import open_feed
from tfexport.data.reading import open_sources
from tfexport.runtime.blocks import (
    batches_in_block,
    group_outputs,
    join_outputs,
    split_block,
)
from tfexport.runtime.running import Run
from tfexport.savedmodel.reader import read_description
from tfexport.spec import parse_spec


@pytest.mark.parametrize(
    ("specs", "size", "expected"),
    [
        (["x=None,64:float32"], 2048, 16),  # 512 kB a batch
        (["x=None,64:float32"], 1 << 20, 1),
        (["x=None,2:float32"], 1, 64),
        (["x=None,64:float32", "y=None,64:float32"], 2048, 8),
        (["x=None,None:float32"], 256, 1),
        (["x=?:string"], 256, 1),
        ([], 256, 64),
    ],
)
def test_a_block_is_8_megabytes_or_64_batches(specs: list[str], size: int, expected: int) -> None:
    assert batches_in_block([parse_spec(spec) for spec in specs], size) == expected


def test_a_block_is_split_into_its_batches() -> None:
    x = np.arange(10)
    batches = list(split_block({"x": x, "scale": np.float32(2)}, {"x"}, 4))
    assert [batch["x"].tolist() for batch in batches] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert all(batch["x"].base is x and batch["scale"] == 2 for batch in batches)


def test_a_block_without_rows_is_one_batch() -> None:
    (batch,) = split_block({"x": np.empty((0, 3))}, {"x"}, 4)
    assert batch["x"].shape == (0, 3)


def test_small_outputs_are_joined_in_order() -> None:
    batches = [{"y": np.full((2, 3), number)} for number in range(100)]
    joined = [join_outputs(group) for group in group_outputs(batches, {"y"})]
    assert [len(block["y"]) for block in joined] == [128, 72]
    np.testing.assert_array_equal(
        np.concatenate([block["y"] for block in joined])[:, 0], np.repeat(np.arange(100), 2)
    )


def test_large_outputs_are_not_held_back() -> None:
    batches = ({"y": np.zeros((1 << 20, 1), np.float32)} for _ in range(3))
    assert [len(group) for group in group_outputs(batches, {"y"})] == [1] * 3


def test_outputs_without_rows_stay_one_a_batch() -> None:
    batches = [{"y": np.zeros((2, 3)), "total": np.float32(n)} for n in range(3)]
    joined = [join_outputs(group) for group in group_outputs(batches, {"y"})]
    assert [block["total"] for block in joined] == [0, 1, 2]


def test_outputs_of_another_shape_are_not_joined() -> None:
    batches = [{"y": np.zeros((2, width))} for width in (3, 3, 4)]
    joined = [join_outputs(group) for group in group_outputs(batches, {"y"})]
    assert [block["y"].shape for block in joined] == [(4, 3), (2, 4)]


@pytest.mark.parametrize("rows", [0, 1, 8, 1001])
def test_every_call_gets_a_batch_and_every_row_comes_out(
    saved_model: Callable[[str], Path], tmp_path: Path, rows: int
) -> None:
    signature = read_description(saved_model("mlp")).signatures[0]
    specs = [tensor.graph_spec for tensor in signature.inputs]
    values = np.random.default_rng(0).normal(size=(rows, 4)).astype(np.float32)
    np.save(tmp_path / "x.npy", values)
    feed = open_feed(open_sources([str(tmp_path / "x.npy")], specs), specs)
    sizes, written, done = [], [], []

    class TwoColumns:
        def __call__(self, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
            sizes.append(len(arrays["features"]))
            return {"output_0": arrays["features"][:, :2]}

        def call_each(
            self, batches: Sequence[Mapping[str, np.ndarray]]
        ) -> Iterator[dict[str, np.ndarray]]:
            return map(self, batches)

    run = Run(signature, TwoColumns(), feed, {})
    run.run_batches(8, lambda outputs: written.append(outputs["output_0"]), done.append)
    assert sizes == [8] * (rows // 8) + ([rows % 8] if rows % 8 or not rows else [])
    np.testing.assert_array_equal(np.concatenate(written), values[:, :2])
    assert sum(done) == rows
