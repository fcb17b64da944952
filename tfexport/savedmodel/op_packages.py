"""Which package registers an op that TensorFlow itself does not have.

From the packages' own op registrations: names with a prefix of their own, or listed ones.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class OpPackage:
    """A package of custom ops: what to install, and what to import."""

    distribution: str
    module: str


_PREFIXES = {
    "Addons>": OpPackage("tensorflow-addons", "tensorflow_addons"),
    "IO>": OpPackage("tensorflow-io", "tensorflow_io"),
    "TFRA>": OpPackage("tensorflow-recommenders-addons", "tensorflow_recommenders_addons"),
    "TfText>": OpPackage("tensorflow-text", "tensorflow_text"),
    "TFText>": OpPackage("tensorflow-text", "tensorflow_text"),
    "SimpleML": OpPackage("tensorflow-decision-forests", "tensorflow_decision_forests"),
    "Sentencepiece": OpPackage("tensorflow-text", "tensorflow_text"),
    "FastWordpiece": OpPackage("tensorflow-text", "tensorflow_text"),
    "FastBertNormalize": OpPackage("tensorflow-text", "tensorflow_text"),
    "FastSentencepiece": OpPackage("tensorflow-text", "tensorflow_text"),
    "WordpieceTokenize": OpPackage("tensorflow-text", "tensorflow_text"),
    "UnicodeScriptTokenize": OpPackage("tensorflow-text", "tensorflow_text"),
    "WhitespaceTokenize": OpPackage("tensorflow-text", "tensorflow_text"),
    "Horovod": OpPackage("horovod", "horovod.tensorflow"),
}
_TEXT_OPS = (
    "CaseFoldUTF8",
    "NormalizeUTF8",
    "NormalizeUTF8WithOffsetsMap",
    "FindSourceOffsets",
    "ConstrainedSequence",
    "MaxSpanningTree",
    "NgramsStringJoin",
    "RegexSplitWithOffsets",
    "RoundRobinTrim",
    "RoundRobinGenerateMasks",
    "RougeL",
    "SentenceFragments",
    "SentenceFragmentsV2",
    "SplitMergeFromLogits",
    "SplitMergeTokenizeWithOffsets",
    "TokenizerFromLogits",
    "UnicodeScriptTokenizeWithOffsets",
)


def package_of_op(op: str) -> OpPackage | None:
    """The package that registers ``op``, None where it is not known."""
    if op in _TEXT_OPS:
        return _PREFIXES["TFText>"]
    for prefix, package in _PREFIXES.items():
        if op.startswith(prefix):
            return package
    return None
