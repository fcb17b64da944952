"""``tf.py_function``: a graph that calls back into the Python process that traced it.

It is saved, and runs in that process only: not in a server, not in C, not tomorrow.
Remedy: TensorFlow's own operations.
"""

import tensorflow as tf


class PythonFunction(tf.Module):
    """Reverses each text, in Python."""

    @tf.function
    def __call__(self, texts: tf.Tensor) -> tf.Tensor:
        backwards = tf.py_function(
            lambda batch: tf.constant([text[::-1] for text in batch.numpy()]), [texts], tf.string
        )
        return tf.ensure_shape(backwards, texts.shape)
