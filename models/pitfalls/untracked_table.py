"""A lookup table made in ``__call__``: the module does not know that it is there.

Remedy: make it in ``__init__``, as an attribute.
"""

import tensorflow as tf


class UntrackedTable(tf.Module):
    """Looks words up in a table that it makes when it is called."""

    @tf.function
    def __call__(self, words: tf.Tensor) -> tf.Tensor:
        with tf.init_scope():
            pairs = tf.lookup.KeyValueTensorInitializer(["good", "bad"], [1, 2])
            table = tf.lookup.StaticHashTable(pairs, default_value=0)
        return table.lookup(words)
