"""The hashes of ``fingerprint.pb``, made again from the files that it is about.

``tensorflow/cc/saved_model/fingerprinting.cc``. TensorFlow 2.13 hashes the file as it is, later
versions the message written anew, its maps sorted by their keys.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from tfexport.savedmodel.canonical import canonical_bytes
from tfexport.savedmodel.farmhash import concatenate_fingerprints, fingerprint64
from tfexport.savedmodel.protos import MetaGraphDef, SavedModelProto

Hash = Callable[[bytes], int]

_TRAILING_NUMBER = re.compile(r"[0-9]+\Z")


def saved_model_checksums(
    content: bytes, saved_model: SavedModelProto, hash_bytes: Hash = fingerprint64
) -> Iterator[int]:
    """What ``saved_model_checksum`` can be, one for each way that TensorFlow has made it."""
    yield hash_bytes(content)
    yield hash_bytes(canonical_bytes(saved_model))


def hash_signatures(metagraph: MetaGraphDef, hash_bytes: Hash = fingerprint64) -> int:
    """``signature_def_hash``."""
    result = 0
    for name in sorted(metagraph.signature_def, key=str.encode):
        definition = canonical_bytes(metagraph.signature_def[name])
        for content in (name.encode(), definition):
            result = concatenate_fingerprints(result, hash_bytes(content))
    return result


def hash_functions(metagraph: MetaGraphDef, hash_bytes: Hash = fingerprint64) -> int | None:
    """``saved_object_graph_hash``; None where TensorFlow could not make one either."""
    functions = metagraph.object_graph_def.concrete_functions
    numbered = {}
    for name in functions:
        digits = _TRAILING_NUMBER.search(name)
        if digits is None:
            return None
        numbered[int(digits[0])] = name
    result = 0
    for number, name in sorted(numbered.items()):
        definition = canonical_bytes(functions[name])
        for content in (name.removesuffix(str(number)).encode(), definition):
            result = concatenate_fingerprints(result, hash_bytes(content))
    return result
