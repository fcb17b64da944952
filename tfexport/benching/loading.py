"""Opens a model with a watch in hand."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tfexport.runtime.config import SessionConfig
from tfexport.runtime.engine import NATIVE
from tfexport.runtime.library import open_library
from tfexport.runtime.opening import Choice, ModelOnDisk, Opened, open_choice


@dataclass(frozen=True)
class Loaded:
    """An open model, and the seconds that it took: see LoadTimes."""

    opened: Opened
    library: float | None
    model: float


def load_timed(
    model: ModelOnDisk,
    choice: Choice,
    config: SessionConfig,
    *,
    libraries: Sequence[Path] = (),
    debug: bool = False,
) -> Loaded:
    """Open TensorFlow and load the model. The engine is the caller's to close.

    Raises SavedModelError with TensorFlow's reason.
    """
    library = None
    if choice.engine == NATIVE:
        start = time.perf_counter()
        open_library(debug)
        library = time.perf_counter() - start
    start = time.perf_counter()
    opened = open_choice(model, choice, config, libraries=libraries, debug=debug)
    return Loaded(opened, library, time.perf_counter() - start)
