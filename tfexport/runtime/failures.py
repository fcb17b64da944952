"""What TensorFlow said when it refused a model or a call, in one line and the user's words."""

from __future__ import annotations

import re
from pathlib import Path

from tfexport.errors import ExecutionError, SavedModelError
from tfexport.runtime.status import StatusError
from tfexport.savedmodel.op_packages import package_of_op

_UNREGISTERED = re.compile(r"Op type not registered '([^']+)'")
# Its checkpoint reader globs: tensorflow/core/util/tensor_slice_reader.cc
_NO_MATCH = "Failed to find any matching files"
_PATTERN = re.compile(r"[][*?\\]")


def describe_load_failure(directory: Path, error: StatusError) -> SavedModelError:
    """Why a SavedModel was not loaded; an op that is not registered is named with its package."""
    detail = f"{error.code}: {error.message}"
    unregistered = _UNREGISTERED.search(error.message)
    if unregistered is None and _NO_MATCH in error.message and _PATTERN.search(str(directory)):
        return SavedModelError(
            f"TensorFlow takes the path {directory} for a pattern, and finds no variables. "
            "Move the model to a path without [ ] * ? and backslashes.",
            detail=detail,
        )
    if unregistered is None:
        return SavedModelError(
            f"TensorFlow cannot load {directory}: {error.summary()}", detail=detail
        )
    return SavedModelError(
        f"{directory} needs the op '{unregistered[1]}', which is not registered. "
        f"{suggest_library(unregistered[1])}",
        detail=detail,
    )


def suggest_library(op: str) -> str:
    """The next step for an op that is not registered here."""
    package = package_of_op(op)
    if package is None:
        return "Load the library that has it: --load-library PATH."
    return (
        f"The package {package.distribution} has it: install it, and add --import {package.module}."
    )


def describe_call_failure(name: str, error: StatusError) -> ExecutionError:
    """Why a call of a signature or function failed."""
    return ExecutionError(
        f"'{name}' failed: {error.summary()}", detail=f"{error.code}: {error.message}"
    )
