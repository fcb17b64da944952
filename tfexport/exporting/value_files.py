"""Files of named weights: .npz and .safetensors, read one tensor at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tfexport.data.arrays import Array
from tfexport.data.formats.npz import open_arrays
from tfexport.data.places import Place, unreadable
from tfexport.errors import InputDataError

Values = Mapping[str, Callable[[], Array]]
"""How to read each value of a file, by its name there."""


def open_values(path: Path) -> Values:
    """The values of a file. Raises InputDataError for what is no such file, or is damaged."""
    suffix = path.suffix.lower()
    if suffix == ".npz":
        return {name: member.read for name, member in open_arrays(Place(str(path), path)).items()}
    if suffix == ".safetensors":
        return _open_safetensors(path)
    raise InputDataError(f"'{path}' is of no known format. Weights are .npz or .safetensors.")


def _open_safetensors(path: Path) -> Values:
    try:
        import ml_dtypes  # noqa: F401  makes bfloat16 known to numpy
        from safetensors import SafetensorError, safe_open
    except ModuleNotFoundError:
        raise InputDataError(
            f"Reading '{path}' needs safetensors: pip install 'tfexport[weights]'"
        ) from None
    try:
        file: Any = safe_open(path, framework="np")
        return {name: _reader(file, name) for name in file.keys()}  # noqa: SIM118  it is no dict
    except SafetensorError as error:
        raise InputDataError(f"'{path}' is no .safetensors file: {error}.") from None
    except OSError as error:
        raise unreadable(str(path), error) from None


def _reader(file: Any, name: str) -> Callable[[], Array]:
    def read() -> Array:
        array: Array = file.get_tensor(name)
        return array

    return read
