"""An activation with a trainable exponent: a module whose only variable is a scalar.

It has no ``input_signature``: any shape will do, so the one that is served is the exporter's to
choose (``--spec None,4``, or ``--spec unknown`` for every rank).
"""

import tensorflow as tf


class CustomActivationModel(tf.Module):
    """Raises the absolute value of each element to ``exponent``."""

    def __init__(self, exponent: float = 2.0) -> None:
        super().__init__()
        self.exponent = tf.Variable(exponent, dtype=tf.float32, name="exponent")

    @tf.function
    def __call__(self, x: tf.Tensor) -> tf.Tensor:
        return tf.pow(tf.abs(x), self.exponent)
