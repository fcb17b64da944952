"""The first values of a TensorProto as text, without numpy: for defaults and small constants.

Proto: ``tensorflow/core/framework/tensor.proto``. A tensor's values are either raw bytes
(``tensor_content``, little-endian) or a list of numbers, whose last one repeats.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from itertools import islice
from typing import Any

from tfexport.dtypes import dtype_name
from tfexport.savedmodel.description import count_elements
from tfexport.savedmodel.protos import TensorProto
from tfexport.savedmodel.shapes import read_shape

_MAX_VALUES = 8
_MAX_STRING = 60

# dtype: (struct format of an element, the field that lists values)
_ENCODINGS = {
    "float32": ("f", "float_val"),
    "float64": ("d", "double_val"),
    "int32": ("i", "int_val"),
    "uint8": ("B", "int_val"),
    "int16": ("h", "int_val"),
    "int8": ("b", "int_val"),
    "uint16": ("H", "int_val"),
    "int64": ("q", "int64_val"),
    "bool": ("?", "bool_val"),
    "float16": ("e", "half_val"),
    "bfloat16": ("H", "half_val"),
    "uint32": ("I", "uint32_val"),
    "uint64": ("Q", "uint64_val"),
    "string": ("", "string_val"),
}


def format_tensor_values(proto: TensorProto) -> str:
    """The tensor's values, flat: ``0.5``, ``[1, 2, 3]``, ``[0.0, … (1,000 values)]``.

    ``…`` stands for values of a dtype that is not written out, or that are not there.
    """
    shape = read_shape(proto.tensor_shape)
    count = count_elements(shape)
    values = _read_values(proto, _MAX_VALUES if count is None else min(count, _MAX_VALUES))
    if not values:
        return "[]" if count == 0 else "…"
    if shape == ():
        return values[0]
    if count is None or count <= len(values):
        return f"[{', '.join(values)}]"
    return f"[{', '.join(values)}, … ({count:,} values)]"


def _read_values(proto: TensorProto, count: int) -> list[str]:
    dtype = dtype_name(proto.dtype)
    if dtype not in _ENCODINGS or count < 1:
        return []
    code, field = _ENCODINGS[dtype]
    if proto.tensor_content and code:
        return [_format(value, dtype) for value in _unpack(proto.tensor_content, code, count)]
    values = getattr(proto, field)
    if dtype == "float16":
        values = [
            struct.unpack("<e", struct.pack("<H", bits & 0xFFFF))[0] for bits in values[:count]
        ]
    if not values:
        return []
    return [_format(value, dtype) for value in _repeat_last(values, count)]


def _unpack(content: bytes, code: str, count: int) -> Sequence[Any]:
    present = min(count, len(content) // struct.calcsize(f"<{code}"))
    return struct.unpack_from(f"<{present}{code}", content)


def _repeat_last(values: Any, count: int) -> list[Any]:
    first = list(islice(values, count))
    return first + first[-1:] * (count - len(first))


def _format(value: Any, dtype: str) -> str:
    if dtype == "bfloat16":
        return _format_float(struct.unpack("<f", struct.pack("<I", (value & 0xFFFF) << 16))[0])
    if dtype in ("float32", "float16"):
        return _format_float(value)
    if dtype == "string":
        return _format_string(value)
    return repr(value)


def _format_float(value: float) -> str:
    # Seven digits are what a float32 holds; repr would show the noise behind them.
    text = f"{value:.7g}"
    return text if not text.lstrip("-").isdigit() else f"{text}.0"


def _format_string(value: bytes) -> str:
    text = value[:_MAX_STRING].decode("utf-8", errors="backslashreplace")
    return repr(text) + ("…" if len(value) > _MAX_STRING else "")
