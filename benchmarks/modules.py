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


class Large(tf.Module):  # type: ignore[misc]
    """``megabytes`` of float32 variables, 64 MB each, of which a call reads one number each."""

    def __init__(self, megabytes: int) -> None:
        super().__init__()
        count = max(1, megabytes // 64)
        self.tables = [tf.Variable(tf.ones([1 << 14, 1 << 10])) for _ in range(count)]

    @tf.function(input_signature=[tf.TensorSpec([None], tf.int32, name="rows")])  # type: ignore[untyped-decorator]
    def __call__(self, rows: tf.Tensor) -> tf.Tensor:
        """Sum these rows of all tables."""
        return tf.add_n([tf.reduce_sum(tf.gather(table, rows)) for table in self.tables])
