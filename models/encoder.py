"""An encoder and its decoder: one set of variables, two methods, two signatures.

Each method carries its own ``input_signature``, so both are exported under their own names.
``tf.saved_model.save`` alone would have written neither as a signature: it looks for one function
to serve, finds two, and says nothing.
"""

import tensorflow as tf


class Encoder(tf.Module):
    """A linear code: ``encode`` takes [batch, 4] to [batch, 2], ``decode`` takes it back."""

    def __init__(self, features: int = 4, code: int = 2) -> None:
        super().__init__()
        self.basis = tf.Variable(tf.linalg.qr(tf.random.normal([features, code]))[0], name="basis")

    @tf.function(input_signature=[tf.TensorSpec([None, 4], tf.float32, name="features")])
    def encode(self, features: tf.Tensor) -> tf.Tensor:
        return tf.matmul(features, self.basis)

    @tf.function(input_signature=[tf.TensorSpec([None, 2], tf.float32, name="code")])
    def decode(self, code: tf.Tensor) -> tf.Tensor:
        return tf.matmul(code, self.basis, transpose_b=True)
