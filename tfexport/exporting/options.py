"""What an export is to be, apart from the module and the destination."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfexport.errors import DestinationError, InputDataError, UsageError
from tfexport.exporting.specs import Constant, Entry, InputSpec, OutputName

_RESERVED_EXTRAS = ("tfexport", "tf_serving_warmup_requests")


@dataclass(frozen=True)
class SaveOptions:
    """The options of ``tfexport save`` and of ``save_module``.

    ``samples`` are ``[SIGNATURE/][NAME=]FILE`` texts, or pairs of a name and an array.
    """

    specs: tuple[InputSpec, ...] = ()
    signatures: tuple[Entry, ...] = ()
    constants: tuple[Constant, ...] = ()
    output_names: tuple[OutputName, ...] = ()
    samples: tuple[Any, ...] = ()
    checkpoint: Path | None = None
    weights: Path | None = None
    partial: bool = False
    seed: int | None = None
    extras: tuple[Path, ...] = ()
    verify: bool = True
    keep_samples: bool = True
    tolerance: float | None = None
    warmup: bool = False


@dataclass(frozen=True)
class Origin:
    """What the module was made from, for the manifest: the target and its arguments as texts.

    ``file`` is the user's file that it stands in; None where that of the module's class has to do.
    """

    target: str
    arguments: tuple[str, ...] = ()
    file: Path | None = None


def check_options(options: SaveOptions) -> None:
    """Raise a TfexportError for what can be told to be wrong before anything is imported."""
    if options.partial and options.checkpoint is None and options.weights is None:
        raise UsageError("--partial is for --checkpoint or --weights, and neither is given.")
    if options.tolerance is not None and not options.tolerance >= 0:
        raise UsageError(f"--tolerance is {options.tolerance}: expected a number from 0 on.")
    if options.weights is not None and not options.weights.is_file():
        raise InputDataError(f"There is no file '{options.weights}' to read weights from.")
    _check_extras(options.extras)


def _check_extras(extras: tuple[Path, ...]) -> None:
    names = [path.name for path in extras]
    for path in extras:
        if not path.is_file():
            raise InputDataError(f"There is no file '{path}' to put into assets.extra.")
        if path.name in _RESERVED_EXTRAS:
            raise DestinationError(f"'{path.name}' is a name that tfexport itself writes.")
        if names.count(path.name) > 1:
            raise DestinationError(f"Two extra files are called '{path.name}'.")
