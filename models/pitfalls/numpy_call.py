"""NumPy inside a traced function: it works eagerly, and tracing has no values to give it.

Remedy: the TensorFlow function of the same name, ``tf.reduce_mean(x)``.
"""

import numpy as np
import tensorflow as tf


class NumpyCall(tf.Module):
    """Centres its input, with NumPy's mean."""

    @tf.function
    def __call__(self, x: tf.Tensor) -> tf.Tensor:
        return x - np.mean(x)
