"""A dict of outputs whose keys are no strings: a signature's outputs have names.

Remedy: ``{"first": …, "second": …}``.
"""

import tensorflow as tf


class IntegerKeys(tf.Module):
    """Splits pairs, and numbers the halves."""

    def __call__(self, pairs: tf.Tensor) -> dict[int, tf.Tensor]:
        return {0: pairs[:, 0], 1: pairs[:, 1]}
