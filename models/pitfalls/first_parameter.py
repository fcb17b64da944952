"""An ``input_signature`` on a method whose first parameter is not called ``self``.

TensorFlow goes by the name: it takes ``this`` for an input, and the signature for too short.
Remedy: call it ``self``.
"""

import tensorflow as tf


class FirstParameter(tf.Module):
    """Doubles its input."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
    def __call__(this, x: tf.Tensor) -> tf.Tensor:  # noqa: N805
        return x * 2
