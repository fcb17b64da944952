"""Modules that the benchmarks save: as large as they are asked to be."""

from __future__ import annotations

import tensorflow as tf


class Chain(tf.Module):  # type: ignore[misc]
    """``count`` variables, added to the input one after the other: as many nodes again."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.steps = [tf.Variable([float(i)] * 4, name=f"step_{i}") for i in range(count)]

    @tf.function(input_signature=[tf.TensorSpec([None, 4], tf.float32, name="x")])  # type: ignore[untyped-decorator]
    def __call__(self, x: tf.Tensor) -> tf.Tensor:
        """Add them all."""
        for step in self.steps:
            x = x + step
        return x
