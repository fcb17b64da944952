"""Starts TensorFlow's Python without its messages: 4 s that only an export has to pay."""

from __future__ import annotations

import importlib
import sys
from typing import Any

from tfexport.runtime.quiet import held_stderr, silence_logging


def start_tensorflow(debug: bool = False) -> Any:
    """Import TensorFlow and return it. What it writes to stderr shows only when that fails."""
    if "tensorflow" in sys.modules:
        return importlib.import_module("tensorflow")
    silence_logging()
    with held_stderr(show=debug):
        tensorflow = importlib.import_module("tensorflow")
    if not debug:
        tensorflow.get_logger().setLevel("ERROR")
    return tensorflow
