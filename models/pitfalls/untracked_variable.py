"""A variable in a plain closure: the module does not know that it is there.

Remedy: make it an attribute, ``self.scale``, or hold it in a list or dict that is one.
"""

from collections.abc import Callable

import tensorflow as tf


def make_scaling() -> Callable[[tf.Tensor], tf.Tensor]:
    """A function that keeps a variable to itself."""
    scale = tf.Variable(2.0, name="scale")
    return lambda x: x * scale


class UntrackedVariable(tf.Module):
    """Multiplies by a variable that only a closure knows."""

    def __init__(self) -> None:
        super().__init__()
        self.scaling = make_scaling()

    @tf.function
    def __call__(self, x: tf.Tensor) -> tf.Tensor:
        return self.scaling(x)
