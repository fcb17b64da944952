"""TensorFlow's dtypes: number, name, size, and the numpy dtype that holds one.

Numbers and names are those of ``tensorflow/core/framework/types.proto`` (``enum DataType``) and
of ``tensorflow/c/tf_datatype.h``, which agree. A reference dtype is its base plus 100.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

_REFERENCE = 100

# number: (name, bytes an element; None where the size is not fixed)
_TABLE: dict[int, tuple[str, int | None]] = {
    1: ("float32", 4),
    2: ("float64", 8),
    3: ("int32", 4),
    4: ("uint8", 1),
    5: ("int16", 2),
    6: ("int8", 1),
    7: ("string", None),
    8: ("complex64", 8),
    9: ("int64", 8),
    10: ("bool", 1),
    11: ("qint8", 1),
    12: ("quint8", 1),
    13: ("qint32", 4),
    14: ("bfloat16", 2),
    15: ("qint16", 2),
    16: ("quint16", 2),
    17: ("uint16", 2),
    18: ("complex128", 16),
    19: ("float16", 2),
    20: ("resource", None),
    21: ("variant", None),
    22: ("uint32", 4),
    23: ("uint64", 8),
    24: ("float8_e5m2", 1),
    25: ("float8_e4m3fn", 1),
    26: ("float8_e4m3fnuz", 1),
    27: ("float8_e4m3b11fnuz", 1),
    28: ("float8_e5m2fnuz", 1),
    29: ("int4", 1),
    30: ("uint4", 1),
    31: ("int2", 1),
    32: ("uint2", 1),
    33: ("float4_e2m1fn", 1),
}
_NUMBERS = {name: number for number, (name, _) in _TABLE.items()}

_ALIASES = {
    "float": "float32",
    "double": "float64",
    "half": "float16",
    "int": "int32",
    "long": "int64",
    "str": "string",
    "boolean": "bool",
}

# Quantized values travel as the integers that hold them.
_QUANTIZED = {"qint8": "int8", "quint8": "uint8", "qint16": "int16", "quint16": "uint16"}
_QUANTIZED["qint32"] = "int32"

_ML_DTYPES = frozenset(
    name for name in _NUMBERS if name.startswith(("bfloat", "float8", "float4"))
) | {"int4", "uint4", "int2", "uint2"}


def dtype_name(number: int) -> str:
    """The name of a ``DataType`` number; a reference dtype has the name of its base.

    A number that this version does not know is named by the number itself.
    """
    base = number - _REFERENCE if number > _REFERENCE else number
    return _TABLE[base][0] if base in _TABLE else f"dtype {number}"


def dtype_number(name: str) -> int:
    """The ``DataType`` number of a dtype name. Raises KeyError for an unknown one."""
    return _NUMBERS[name]


def item_size(name: str) -> int | None:
    """Bytes an element takes, or None where that is not fixed (string, resource, unknown)."""
    return _TABLE[_NUMBERS[name]][1] if name in _NUMBERS else None


def parse_dtype(text: str) -> str:
    """The dtype name that a user meant by ``text``. Raises ValueError that lists them all."""
    name = _ALIASES.get(text.strip().lower(), text.strip().lower())
    if name not in _NUMBERS:
        raise ValueError(f"'{text}' is no dtype. TensorFlow's are: {', '.join(_NUMBERS)}.")
    return name


def numpy_dtype(name: str) -> np.dtype[np.generic]:
    """The numpy dtype whose memory is what TensorFlow's C API expects for ``name``.

    A string is ``object`` (bytes). Raises KeyError for resource, variant and unknown dtypes,
    which no array can hold, and for one that the installed ml_dtypes does not have yet.
    """
    import numpy as np

    if name == "string":
        return np.dtype(object)
    if name in _ML_DTYPES:
        import ml_dtypes

        if not hasattr(ml_dtypes, name):
            raise KeyError(name)
        dtype: np.dtype[np.generic] = np.dtype(getattr(ml_dtypes, name))
        return dtype
    if item_size(name) is None:
        raise KeyError(name)
    return np.dtype(_QUANTIZED.get(name, name))


def dtype_of_numpy(dtype: np.dtype[np.generic]) -> str:
    """The TensorFlow dtype name of a numpy dtype. Raises KeyError where there is none."""
    if dtype.kind in "SUO":
        return "string"
    name = str(dtype.name)
    if name not in _NUMBERS:
        raise KeyError(name)
    return name
