"""JSON values <-> arrays: integers stay exact, text may be ``{"b64": …}``, ragged lists are named.

``{"b64": "…"}`` for bytes is TensorFlow Serving's form. A complex number is text: ``"1+2j"``.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tfexport.data.arrays import Array
from tfexport.data.shortening import shorten
from tfexport.errors import InputDataError

_B64 = "b64"

# Says where the element at an index is: () is the whole.
Describe = Callable[[Sequence[int]], str]


def parse_json(text: str | bytes, label: str) -> Any:
    """The value of a JSON text. Raises InputDataError, in one line, where it is none."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise InputDataError(f"{label} is no JSON: {error}.") from None
    except UnicodeDecodeError:
        raise InputDataError(f"{label} is no JSON: it is not UTF-8.") from None
    except RecursionError:
        raise InputDataError(f"{label} is no JSON for an array: it is too deep.") from None
    except ValueError as error:  # an integer of thousands of digits
        raise InputDataError(f"{label} is no JSON for an array: {error}.") from None


class _MisfitError(ValueError):
    pass


def describe_index(name: str) -> Describe:
    """Places as Python writes them: ``x[2][0]``."""
    return lambda index: name + "".join(f"[{at}]" for at in index)


def build_array(value: Any, dtype: str, label: str, describe: Describe) -> Array:
    """The array of nested JSON lists, for an input of ``dtype``.

    Integers keep their exact values for an integer dtype, and are rounded like any other number
    for a float. Raises InputDataError that begins with ``label`` and names the element.
    """
    try:
        if dtype == "string":
            return _convert_leaves(_build_objects(value, describe), _encode_text, describe)
        if dtype.startswith("complex"):
            objects = _build_objects(value, describe)
            return _convert_leaves(objects, _parse_complex, describe, np.complex128)
        return _build_numbers(value, dtype.startswith(("float", "bfloat")), describe)
    except _MisfitError as error:
        raise InputDataError(f"{label}: {error}.") from None


def _build_numbers(value: Any, is_float: bool, describe: Describe) -> Array:
    try:
        array: Array = np.array(value)
    except (ValueError, OverflowError):  # ragged, or beyond a float
        array = np.empty(0, object)
    if array.dtype.kind in "biu" or (array.dtype.kind == "f" and (is_float or not array.size)):
        return array.astype(np.float64) if is_float and array.dtype.kind != "b" else array
    # numpy makes text of [1, "a"] and floats of [9007199254740993, 1.0]: look at every element.
    objects = _convert_leaves(_build_objects(value, describe), _require_number, describe)
    return _build_floats(objects, describe) if is_float else _build_integers(objects, describe)


def list_values(array: Array) -> Any:
    """An array as what ``json`` writes: nested lists, or the value itself for rank 0.

    Floats have the fewest digits that read back as the same value of their dtype. Bytes are text
    where they are UTF-8, else ``{"b64": …}``. NaN and infinities are ``json``'s own
    (``NaN``, ``Infinity``), as TensorFlow Serving writes them.
    """
    if array.dtype.hasobject:
        return _map_objects(array, _decode_text)
    if array.dtype.kind == "c":
        return _map_objects(array, format_complex)
    return shorten(array).tolist()


def format_complex(number: complex) -> str:
    """``1+2j``, which Python's ``complex`` reads."""
    return str(number).strip("()")


def _map_objects(array: Array, convert: Any) -> Any:
    result = np.empty(array.size, object)
    for position, item in enumerate(array.reshape(-1).tolist()):
        result[position] = convert(item)
    return result.reshape(array.shape).tolist()


def _decode_text(item: bytes) -> str | dict[str, str]:
    try:
        return item.decode()
    except UnicodeDecodeError:
        return {_B64: base64.b64encode(item).decode()}


def _build_objects(value: Any, describe: Describe) -> Array:
    try:
        array: Array = np.array(value, object)
    except ValueError:
        array = np.array(None)
    is_ragged = any(isinstance(leaf, list) for leaf in array.reshape(-1).tolist())
    if is_ragged or (array.shape == () and isinstance(value, list)):
        raise _MisfitError(_describe_ragged(value, describe))
    return array


def _describe_ragged(value: Any, describe: Describe) -> str:
    level: list[tuple[tuple[int, ...], Any]] = [((), value)]
    while level:
        place, first = level[0]
        for other_place, other in level:
            if _length(other) != _length(first):
                return (
                    f"{describe(other_place)} {_describe(other)}, and "
                    f"{describe(place)} {_describe(first)}"
                )
        level = [
            ((*where, at), item)
            for where, items in level
            if isinstance(items, list)
            for at, item in enumerate(items)
        ]
    return f"{describe(())} has too many dimensions"


def _length(value: Any) -> int | None:
    return len(value) if isinstance(value, list) else None


def _describe(value: Any) -> str:
    if not isinstance(value, list):
        return f"is {_show(value)}"
    return "has 1 element" if len(value) == 1 else f"has {len(value)} elements"


def _show(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 40 else f"{text[:40]}…"


def _convert_leaves(
    objects: Array,
    convert: Callable[[Any], Any],
    describe: Describe,
    dtype: type[np.generic] | type[object] = object,
) -> Array:
    result = np.empty(objects.size, dtype)
    for position, leaf in enumerate(objects.reshape(-1).tolist()):
        try:
            result[position] = convert(leaf)
        except ValueError as error:
            where = describe(_find_index(objects, position))
            raise _MisfitError(f"{where} is {_show(leaf)}, {error}") from None
    return result.reshape(objects.shape)


def _find_index(array: Array, position: int) -> list[int]:
    return [int(at) for at in np.unravel_index(position, array.shape)]


def _encode_text(leaf: Any) -> bytes:
    if isinstance(leaf, str):
        try:
            return leaf.encode()
        except UnicodeEncodeError:
            raise ValueError("which UTF-8 cannot write") from None
    if isinstance(leaf, dict) and leaf.keys() == {_B64} and isinstance(leaf[_B64], str):
        try:
            return base64.b64decode(leaf[_B64], validate=True)
        except binascii.Error:
            raise ValueError("which is no base64") from None
    raise ValueError('where text is expected ("…", or {"b64": "…"})')


def _parse_complex(leaf: Any) -> complex:
    if isinstance(leaf, (str, int, float)):
        try:
            return complex(leaf)
        except (ValueError, OverflowError):
            pass
    raise ValueError('where a complex number is expected ("1+2j")')


def _require_number(leaf: Any) -> int | float:
    if isinstance(leaf, (int, float)):
        return leaf
    raise ValueError("where a number is expected")


def _build_floats(objects: Array, describe: Describe) -> Array:
    def widen(leaf: int | float) -> float:
        try:
            return float(leaf)
        except OverflowError:
            raise ValueError("which is beyond any float") from None

    return _convert_leaves(objects, widen, describe, np.float64)


def _build_integers(objects: Array, describe: Describe) -> Array:
    leaves = objects.reshape(-1).tolist()
    if not all(isinstance(leaf, int) or leaf.is_integer() for leaf in leaves):
        return _build_floats(objects, describe)  # the cast tells which is no integer
    exact = [int(leaf) for leaf in leaves]
    low, high = min(exact, default=0), max(exact, default=0)
    for dtype in (np.int64, np.uint64):
        if np.iinfo(dtype).min <= low and high <= np.iinfo(dtype).max:
            return np.array(exact, dtype).reshape(objects.shape)
    worst = exact.index(high if high > np.iinfo(np.int64).max else low)
    where = describe(_find_index(objects, worst))
    raise _MisfitError(f"{where} is {exact[worst]}, which is beyond any integer dtype")
