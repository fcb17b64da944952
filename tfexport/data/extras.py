"""Libraries that only some formats need, and the one line that says how to get them."""

from __future__ import annotations

import importlib
from types import ModuleType

from tfexport.errors import UsageError


def import_extra(module: str, extra: str, purpose: str) -> ModuleType:
    """Import ``module``. Raises UsageError that names the extra to install where it is missing."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = {"PIL": "Pillow"}.get(module.partition(".")[0], module.partition(".")[0])
        raise UsageError(
            f"{purpose} needs {package}. Install it: pip install 'tfexport[{extra}]'",
            detail=str(error),
        ) from None
