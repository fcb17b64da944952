"""What came out of an export, as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tfexport.spec import TensorSpec


@dataclass(frozen=True)
class Verification:
    """How a signature fared when what was saved was compared with the module.

    ``calls`` are the inputs' dtypes and shapes of each call, ``absolute`` and ``relative`` the
    largest differences over all of them. A ``random`` one gives other values each time, and was
    compared by dtype and shape. ``one_size`` tells that some unknown dimension had the same size in
    all calls: the module took no second one, or the samples have none.
    """

    signature: str
    calls: tuple[tuple[TensorSpec, ...], ...]
    absolute: float
    relative: float
    random: bool
    one_size: bool


@dataclass(frozen=True)
class KeptInputs:
    """Inputs that were kept with the model: a file in its directory, for a signature."""

    signature: str
    file: str


@dataclass(frozen=True)
class SaveResult:
    """Where the SavedModel is, what was verified, and what the user should know.

    ``inputs`` are kept ones to try it with, None where none were.
    """

    directory: Path
    verified: tuple[Verification, ...]
    warnings: tuple[str, ...]
    inputs: KeptInputs | None = None
