"""Are ``saved_model.pb`` and ``variables.index`` those that ``fingerprint.pb`` was made for?"""

from __future__ import annotations

from collections.abc import Iterator

from tfexport.checking.findings import MEDIUM, WHOLE, Finding
from tfexport.checking.model import CheckedModel
from tfexport.savedmodel.description import Fingerprint
from tfexport.savedmodel.farmhash import fingerprint64
from tfexport.savedmodel.fingerprint import (
    Hash,
    hash_functions,
    hash_signatures,
    saved_model_checksums,
)
from tfexport.savedmodel.layout import SAVED_MODEL_PB, VARIABLES_INDEX

SMALL = 1 << 20  # bytes that are hashed in Python at once: some 0.1 s

_AGAIN = "it was changed after it was saved"


def bytes_to_hash(model: CheckedModel) -> int:
    """The size of the files that the fingerprint is about; 0 where nothing is to be compared."""
    if _fingerprint(model) is None or model.name != SAVED_MODEL_PB:
        return 0
    return sum(
        path.stat().st_size
        for path in (model.location.file, model.directory / VARIABLES_INDEX)
        if path.is_file()
    )


def check_fingerprint(model: CheckedModel, hash_bytes: Hash = fingerprint64) -> Iterator[Finding]:
    """Compare the hashes of the files with those that TensorFlow put down when it saved them."""
    fingerprint = _fingerprint(model)
    if fingerprint is None or model.name != SAVED_MODEL_PB:
        return
    checksum = int(fingerprint.saved_model_checksum)
    content = model.location.file.read_bytes()
    if checksum and checksum not in saved_model_checksums(content, model.saved_model, hash_bytes):
        message = f"is not what fingerprint.pb was made for: {_AGAIN}{_where(model, hash_bytes)}"
        yield Finding(WHOLE, MEDIUM, "changed-file", SAVED_MODEL_PB, message)
    index = model.directory / VARIABLES_INDEX
    expected = int(fingerprint.checkpoint_hash)
    if expected and index.is_file() and hash_bytes(index.read_bytes()) != expected:
        message = f"is not what fingerprint.pb was made for: {_AGAIN}"
        yield Finding(WHOLE, MEDIUM, "changed-file", VARIABLES_INDEX, message, VARIABLES_INDEX)


def _fingerprint(model: CheckedModel) -> Fingerprint | None:
    return model.views[0].description.fingerprint


def _where(model: CheckedModel, hash_bytes: Hash) -> str:
    fingerprint, metagraph = _fingerprint(model), model.views[0].metagraph
    assert fingerprint is not None
    changed = []
    if hash_signatures(metagraph, hash_bytes) != int(fingerprint.signature_def_hash):
        changed.append("its signatures")
    functions = hash_functions(metagraph, hash_bytes)
    if functions is not None and functions != int(fingerprint.saved_object_graph_hash):
        changed.append("its functions")
    return f" ({' and '.join(changed)} too)" if changed else ""
