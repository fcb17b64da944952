"""An operation that fits no tensor of the rank that it is given.

Remedy: a spec of the rank that the module computes with, ``--spec None,8,8,1``.
"""

import tensorflow as tf


class WrongRank(tf.Module):
    """Halves images in height and width."""

    def __call__(self, images: tf.Tensor) -> tf.Tensor:
        return tf.nn.max_pool2d(images, ksize=2, strides=2, padding="VALID")
