"""A Python ``if`` on a tensor where AutoGraph does not reach, here in a generator.

Remedy: ``tf.where(x > 0, x, -x)``, or ``tf.cond``.
"""

import tensorflow as tf


class PythonBranch(tf.Module):
    """The sign that most elements have, asked for in Python."""

    @tf.function
    def __call__(self, x: tf.Tensor) -> tf.Tensor:
        total = tf.reduce_sum(x)
        return x * next(sign for sign in (1.0, -1.0) if sign * total >= 0)
