"""Is it safe? What it would do outside its graph, and what it carries that no model needs."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath

from tfexport.checking.contents import recognise_program
from tfexport.checking.findings import CRITICAL, LOW, MEDIUM, SAFE, Finding
from tfexport.checking.model import CheckedModel
from tfexport.savedmodel.calls import Call
from tfexport.savedmodel.hazards import Hazard, find_hazards
from tfexport.savedmodel.keras_metadata import (
    KerasMetadataError,
    KerasObject,
    find_lambda_layers,
    read_early_objects,
    read_keras_objects,
)
from tfexport.savedmodel.layout import (
    FINGERPRINT,
    KERAS_METADATA,
    SAVED_MODEL_FILES,
    VARIABLES,
)

HUGE_CONSTANT = 16_000_000  # bytes

_ARROW = " → "
_INFERENCE_NAME = re.compile(r"__(?:inference|forward|backward)_(.*?)_[0-9]+\Z")
_WRAPPER = "signature_wrapper"
_ROLES = {
    "If.then_branch": "tf.cond, true branch",
    "If.else_branch": "tf.cond, false branch",
    "While.body": "tf.while_loop, body",
    "While.cond": "tf.while_loop, condition",
    "Case.branches": "tf.switch_case branch",
    "stand-in": "another implementation",
}


def check_safe(model: CheckedModel) -> Iterator[Finding]:
    """Ops that reach outside the graph, Python in the Keras metadata, suspicious files."""
    seen = set()
    for view in model.views:
        for hazard in find_hazards(view.metagraph):
            if hazard not in seen:  # metagraphs of one model share most of their functions
                seen.add(hazard)
                yield _describe_hazard(hazard)
    yield from _check_lambda_layers(model)
    yield from _check_constants(model)
    yield from _check_asset_names(model)
    yield from _check_files(model)


def describe_way(hazard: Hazard) -> str:
    """How a hazard is reached: ``signature x → f → tf.cond, true branch → node 'WriteFile'``."""
    steps = [_describe_entry(hazard), *(["…"] if hazard.skipped else [])]
    steps += [step for call in hazard.calls if (step := _describe_call(call))]
    # Where the way begins with a branch, its function says more than its node's name.
    return _ARROW.join([*steps, f"node '{hazard.node}'"])


def readable_name(function: str) -> str:
    """A function's name without what tracing adds: ``f`` for ``__inference_f_12``."""
    match = _INFERENCE_NAME.match(function)
    return match[1] if match else function


def _describe_hazard(hazard: Hazard) -> Finding:
    target = "" if hazard.target is None else f" ({hazard.target})"
    message = f"{hazard.why}{target}: {describe_way(hazard)}"
    return Finding(SAFE, hazard.severity, hazard.kind, hazard.op, message, hazard=hazard)


def _describe_entry(hazard: Hazard) -> str:
    if hazard.reached_from is None:
        place = "" if hazard.function is None else f", function {readable_name(hazard.function)}"
        return f"not reachable from any signature{place}"
    return {
        "loading": f"loading the model ({hazard.entry})",
        "signature": f"signature {hazard.entry}",
        "function": f"not reachable from any signature, function {hazard.entry}",
        "saving": f"saving the model ({hazard.entry})",
    }[hazard.reached_from]


def _describe_call(call: Call) -> str:
    role = call.role.removeprefix("Stateless").removeprefix("_")
    if role in _ROLES:
        return _ROLES[role]
    name = readable_name(call.function)
    if role in ("PartitionedCall", "StatefulPartitionedCall", call.function, ""):
        return "" if name == _WRAPPER else name
    return f"{role}, {name}"


def _check_lambda_layers(model: CheckedModel) -> Iterator[Finding]:
    for layer in find_lambda_layers(_keras_objects(model)):
        subject = f"Lambda layer '{layer.name}'"
        if layer.is_code:
            message = "is Python code, which Keras 2 runs when it loads the model"
            yield Finding(SAFE, CRITICAL, "lambda-layer", subject, message)
        else:
            message = f"is the Python function '{layer.function}', which Keras 2 looks up"
            yield Finding(SAFE, LOW, "lambda-layer", subject, message)


def _keras_objects(model: CheckedModel) -> list[KerasObject]:
    early = [found for view in model.views for found in read_early_objects(view.metagraph)]
    try:
        return [*read_keras_objects(model.directory), *early]
    except KerasMetadataError:
        return early


def _check_constants(model: CheckedModel) -> Iterator[Finding]:
    for view in model.views:
        for constant in view.description.graph.constants:
            if constant.bytes >= HUGE_CONSTANT:
                place = "" if constant.function is None else f" in '{constant.function}'"
                message = f"{constant.bytes:,} bytes in the graph itself{place}, not in variables/"
                subject = f"constant '{constant.name}'"
                yield Finding(SAFE, LOW, "huge-constant", subject, message)


def _check_asset_names(model: CheckedModel) -> Iterator[Finding]:
    names = {asset.filename for view in model.views for asset in view.description.assets}
    for name in sorted(names):
        if leads_outside(name):
            message = "leads outside of the model's directory"
            yield Finding(SAFE, CRITICAL, "outside-path", f"asset '{name}'", message)


def leads_outside(name: str) -> bool:
    """Whether a path that should stay below a directory does not, on any system."""
    for path in (PurePosixPath(name), PureWindowsPath(name)):
        if ".." in path.parts or path.root or path.drive:
            return True
    return False


def _check_files(model: CheckedModel) -> Iterator[Finding]:
    directory = os.path.realpath(model.directory)
    for path in sorted(model.directory.rglob("*")):
        name = path.relative_to(model.directory).as_posix()
        # Not Path.resolve: before Python 3.13 it raises RuntimeError for a loop of links.
        if path.is_symlink() and not Path(os.path.realpath(path)).is_relative_to(directory):
            yield Finding(SAFE, LOW, "outside-link", name, "is a link that leads outside", name)
        if not _is_models_own(name) and path.is_file():
            program = recognise_program(path)
            if program is not None:
                message = f"is {program}, which no model needs"
                yield Finding(SAFE, MEDIUM, "program", name, message, name)


def _is_models_own(name: str) -> bool:
    own = (*SAVED_MODEL_FILES, FINGERPRINT, KERAS_METADATA)
    return name in own or name.startswith((f"{VARIABLES}/", "debug/"))
