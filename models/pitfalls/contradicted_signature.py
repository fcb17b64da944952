"""A method that accepts only what its ``input_signature`` says.

``get_concrete_function`` would take a spec outside of it as an invitation to keep the wider one.
Remedy: a spec inside it, or a wider ``input_signature``.
"""

import tensorflow as tf


class ContradictedSignature(tf.Module):
    """Doubles rows of four numbers."""

    @tf.function(input_signature=[tf.TensorSpec([None, 4], tf.float32, name="x")])
    def __call__(self, x: tf.Tensor) -> tf.Tensor:
        return x * 2
