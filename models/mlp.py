"""A multilayer perceptron in plain Python: nested modules and no ``tf.function`` at all.

``tf.saved_model.save`` writes such a module without a word, and nothing in it can be called. An
exporter has to trace ``__call__`` itself. The layers stand in a list, which TensorFlow tracks, and
make their kernels on the first call, when the width of the input is known.
"""

from collections.abc import Sequence

import tensorflow as tf


class Dense(tf.Module):
    """A linear layer that makes its variables when it first sees an input."""

    def __init__(self, units: int, name: str | None = None) -> None:
        super().__init__(name=name)
        self.units = units
        self.kernel: tf.Variable | None = None
        self.bias: tf.Variable | None = None

    def __call__(self, x: tf.Tensor) -> tf.Tensor:
        if self.kernel is None:
            scale = 1.0 / float(x.shape[-1]) ** 0.5
            self.kernel = tf.Variable(tf.random.normal([x.shape[-1], self.units]) * scale)
            self.bias = tf.Variable(tf.zeros([self.units]))
        return tf.matmul(x, self.kernel) + self.bias


class MLP(tf.Module):
    """Dense layers of the given widths with a ReLU between them."""

    def __init__(self, widths: Sequence[int] = (16, 8, 2)) -> None:
        super().__init__()
        self.layers = [Dense(width, name=f"dense_{i}") for i, width in enumerate(widths)]

    def __call__(self, features: tf.Tensor) -> tf.Tensor:
        *hidden, last = self.layers
        for layer in hidden:
            features = tf.nn.relu(layer(features))
        return last(features)
