"""A text classifier: strings in, a file that travels with the model, named outputs.

The vocabulary is read by a lookup table. Because the table is an attribute, TensorFlow tracks it
and copies its file into the SavedModel's ``assets``: the saved model no longer needs this folder.
A dict of outputs keeps its names; a tuple would be ``output_0`` and ``output_1``.
"""

from pathlib import Path

import tensorflow as tf

_VOCABULARY = Path(__file__).with_name("vocabulary.txt")
_WEIGHTS = [1.0, 1.5, 1.5, 0.5, -1.0, -1.5, -1.5, -0.5, 0.0]  # a word each, the last for others


class TextClassifier(tf.Module):
    """Tells whether texts are kind: ``texts`` [batch] to ``label`` and ``score`` [batch]."""

    def __init__(self, vocabulary: str = str(_VOCABULARY)) -> None:
        super().__init__()
        words = tf.lookup.TextFileInitializer(
            vocabulary,
            key_dtype=tf.string,
            key_index=tf.lookup.TextFileIndex.WHOLE_LINE,
            value_dtype=tf.int64,
            value_index=tf.lookup.TextFileIndex.LINE_NUMBER,
        )
        self.table = tf.lookup.StaticHashTable(words, default_value=len(_WEIGHTS) - 1)
        self.weights = tf.Variable(_WEIGHTS, name="weights")

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="texts")])
    def __call__(self, texts: tf.Tensor) -> dict[str, tf.Tensor]:
        words = tf.strings.split(tf.strings.lower(texts))
        scores = tf.ragged.map_flat_values(tf.gather, self.weights, self.table.lookup(words))
        score = tf.sigmoid(tf.reduce_sum(scores, axis=-1))
        return {"label": tf.where(score >= 0.5, "kind", "unkind"), "score": score}
