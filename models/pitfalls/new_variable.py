"""A variable that every call makes anew: a graph cannot make variables while it runs.

Remedy: make it once, in ``__init__`` or behind ``if self.offset is None``.
"""

import tensorflow as tf


class NewVariable(tf.Module):
    """Adds an offset that it makes each time."""

    @tf.function
    def __call__(self, x: tf.Tensor) -> tf.Tensor:
        offset = tf.Variable(1.0, name="offset")
        return x + offset
