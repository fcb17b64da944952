"""A counter: a module whose call changes a variable.

Such state is saved with the value that it has at that moment. An exporter that calls the module to
try it must put the state back, or every save would start from another number.
"""

import tensorflow as tf


class Counter(tf.Module):
    """Adds ``amount`` to a running total and returns the total."""

    def __init__(self, start: int = 0) -> None:
        super().__init__()
        self.total = tf.Variable(start, dtype=tf.int64, trainable=False, name="total")

    @tf.function(input_signature=[tf.TensorSpec([], tf.int64, name="amount")])
    def __call__(self, amount: tf.Tensor) -> tf.Tensor:
        return self.total.assign_add(amount)
