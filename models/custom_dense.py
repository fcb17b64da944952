"""A dense layer: the smallest module that saves well.

Three things make it one. Its variables are attributes, so TensorFlow tracks them. They exist
before the first call. And ``__call__`` is a ``tf.function`` with an ``input_signature``, so that
there is something to save even when nothing says how it will be called.

The signature leaves both dimensions open; ``tfexport save … --spec None,5`` narrows it to the
width that the kernel really takes.
"""

import tensorflow as tf


class CustomDense(tf.Module):
    """Multiplies ``[batch, input_dim]`` by a kernel and adds a bias: ``[batch, output_dim]``."""

    def __init__(self, input_dim: int = 5, output_dim: int = 3) -> None:
        super().__init__()
        self.kernel = tf.Variable(tf.random.normal([input_dim, output_dim]), name="kernel")
        self.bias = tf.Variable(tf.random.normal([output_dim]), name="bias")

    @tf.function(input_signature=[tf.TensorSpec([None, None], tf.float32, name="x")])
    def __call__(self, x: tf.Tensor) -> tf.Tensor:
        return tf.matmul(x, self.kernel) + self.bias
