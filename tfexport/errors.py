"""Every error that a user can cause, and the exit code that it ends in.

::

    TfexportError                   1
    ├── FindingError                1   a check, verification or comparison found something
    ├── UsageError                  2   the command line or the call cannot be carried out
    │   ├── TargetError                 a target that cannot be found, made or exported
    │   ├── SpecError                   a spec that does not parse, or that the method rejects
    │   └── DestinationError            an output that exists already or cannot be written
    ├── SavedModelError             3   the SavedModel is missing or broken
    │   └── UnsafeModelError            it is refused as unsafe
    ├── InputDataError              4   the input data does not fit the signature
    └── ExecutionError              5   the user's own code or the model failed while running
        └── UserCodeError               an exception from the user's own module

The message is one line: the user's own value, what was expected, the next step.
"""

from __future__ import annotations


class TfexportError(Exception):
    """An error that a user can cause. Anything else is a bug and keeps its traceback.

    ``str(error)`` is what the user reads. ``detail`` is the whole text behind it (TensorFlow's
    message, the user's traceback), shown with ``--debug``.
    """

    exit_code = 1

    def __init__(self, message: str, *, detail: str | None = None) -> None:
        super().__init__(message)
        self.detail = detail


class FindingError(TfexportError):
    """A check, a verification or a comparison found something."""

    exit_code = 1


class UsageError(TfexportError):
    """The command line, or the call, cannot be carried out as it stands."""

    exit_code = 2


class TargetError(UsageError):
    """A target that cannot be found, made or exported."""


class SpecError(UsageError):
    """A spec that does not parse, or that the method rejects."""


class DestinationError(UsageError):
    """An output path that exists already or cannot be written."""


class SavedModelError(TfexportError):
    """A SavedModel that is missing or broken."""

    exit_code = 3


class UnsafeModelError(SavedModelError):
    """A SavedModel that would reach outside its graph, and was not trusted."""


class InputDataError(TfexportError):
    """Input data that is missing, unreadable, or does not fit the signature."""

    exit_code = 4


class ExecutionError(TfexportError):
    """The user's own code, or the model, failed while running."""

    exit_code = 5


class UserCodeError(ExecutionError):
    """An exception raised by the user's own module."""
