"""Casts arrays to the dtype of an input, and refuses a cast that would change a value."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from tfexport.data.arrays import Array, empty_aligned
from tfexport.dtypes import dtype_of_numpy, numpy_dtype
from tfexport.errors import InputDataError

# Elements looked at together: the checks stay in the processor's cache, and a memory-mapped array
# larger than memory is never read whole.
_BLOCK = 1 << 17


def fit_dtype(
    array: Array, dtype: str, *, label: str, cast: bool = False, first_row: int = 0
) -> Array:
    """``array`` as the numpy dtype that holds TensorFlow's ``dtype``.

    The very same array comes back where its dtype is right already (a memory-mapped one stays
    so). Otherwise every value must survive: float64 to float32 may round, integers, bools and
    complex numbers must stay exactly what they are, a finite number must not become infinite, a
    bool takes 0 and 1. Text becomes UTF-8 bytes. With ``cast`` values may change, as numpy's
    ``astype`` changes them.

    Raises InputDataError that begins with ``label`` and names the first element that would
    change; its first index counts from ``first_row``.
    """
    target = _find_target(dtype, label)
    if dtype == "string":
        return _fit_text(array, label, cast, first_row)
    if array.dtype == target:
        return array
    array = _take_as_numbers(array, dtype, target, label, cast, first_row)
    if _is_always_exact(array.dtype, target):
        return array.astype(target)
    return _convert(array, dtype, target, label, cast, first_row)


def shown_dtype(dtype: np.dtype[Any]) -> str:
    """The name under which a numpy dtype is shown: TensorFlow's where it has one."""
    try:
        return dtype_of_numpy(dtype)
    except KeyError:
        return str(dtype)


def _find_target(dtype: str, label: str) -> np.dtype[Any]:
    try:
        return numpy_dtype(dtype)
    except KeyError:
        raise InputDataError(f"{label} takes a {dtype}, which no file or array holds.") from None


def family(dtype: np.dtype[Any]) -> str:
    """``bool``, ``int``, ``float``, ``complex``, ``text``, ``raw`` (bytes of no type) or ``other``.

    ml_dtypes' types have the kind of raw bytes; only their names tell.
    """
    if dtype.kind in "biufcSUOT":
        kinds = {"b": "bool", "i": "int", "u": "int", "f": "float", "c": "complex"}
        return kinds.get(dtype.kind, "text")
    if dtype.name.startswith(("bfloat", "float")):
        return "float"
    if dtype.name.startswith(("int", "uint")):
        return "int"
    return "raw" if dtype.kind == "V" and dtype.names is None and not dtype.subdtype else "other"


def _take_as_numbers(
    array: Array, dtype: str, target: np.dtype[Any], label: str, cast: bool, first_row: int
) -> Array:
    kind = family(array.dtype)
    if kind == "raw" and family(target) != "raw" and array.dtype.itemsize == target.itemsize:
        # numpy.save writes bfloat16 and its kin as bytes of no type: `|V2`.
        return array.view(target)
    if kind in ("raw", "other"):
        raise InputDataError(
            f"{label} takes {dtype}, and there is no way from {array.dtype} to it. "
            "Convert it to numbers first."
        )
    return _parse_text(array, dtype, label, cast, first_row) if kind == "text" else array


def _parse_text(array: Array, dtype: str, label: str, cast: bool, first_row: int) -> Array:
    if not cast and array.size:
        place = _show_place(array, 0, first_row)
        raise InputDataError(
            f"{label} takes {dtype}, not text: {array.reshape(-1)[:1].tolist()[0]!r}{place}. "
            "Text is read as numbers with --cast (cast=True in Python)."
        )
    parse = complex if dtype.startswith("complex") else float
    numbers = np.empty(array.size, np.dtype(parse))
    for position, text in enumerate(array.reshape(-1).tolist()):
        try:
            numbers[position] = parse(text.decode() if isinstance(text, bytes) else text)
        except (TypeError, ValueError):
            place = _show_place(array, position, first_row)
            raise InputDataError(f"{label} takes {dtype}: {text!r}{place} is no number.") from None
    return numbers.reshape(array.shape)


def _is_always_exact(source: np.dtype[Any], target: np.dtype[Any]) -> bool:
    if not (_is_plain(source) and _is_plain(target)):
        return False
    # numpy calls int64 -> float64 safe, but it rounds above 2**53.
    is_rounded = family(source) == "int" and source.itemsize == 8 and target.kind in "fc"
    return np.can_cast(source, target) and not is_rounded


def _is_plain(dtype: np.dtype[Any]) -> bool:
    # ml_dtypes' types say 2, numpy's own 1, or 0 in the other byte order.
    return dtype.kind in "biufc" and dtype.isbuiltin != 2


def _convert(
    array: Array, dtype: str, target: np.dtype[Any], label: str, cast: bool, first_row: int
) -> Array:
    result = empty_aligned(array.shape, target)
    into = result.reshape(-1)
    for start, block in _blocks(array):
        converted = _cast_block(block, target)
        if not cast:
            changed = _find_changed(block, converted)
            if changed is not None and changed.any():
                at = int(np.argmax(changed))
                place = _show_place(array, start + at, first_row)
                raise InputDataError(
                    f"{label} takes {dtype}: {block[at]}{place} would become {converted[at]}. "
                    "Let values change with --cast (cast=True in Python)."
                )
        into[start : start + len(block)] = converted
    return result


def _blocks(array: Array) -> Iterator[tuple[int, Array]]:
    """The elements in C order, some at a time, as types that numpy itself calculates with."""
    # An array in Fortran order would be copied whole by reshape; .flat copies slice by slice.
    flat = array.reshape(-1) if array.flags.c_contiguous else array.flat
    wide = _widened(array.dtype)
    for start in range(0, array.size, _BLOCK):
        yield start, flat[start : start + _BLOCK].astype(wide, copy=False)


def _widened(dtype: np.dtype[Any]) -> np.dtype[Any]:
    if _is_plain(dtype):
        native: np.dtype[Any] = dtype.newbyteorder("=")
        return native
    # Every small float of ml_dtypes is exact as a float32, every small integer as an int16.
    return np.dtype(np.float32 if family(dtype) == "float" else np.int16)


def _cast_block(block: Array, target: np.dtype[Any]) -> Array:
    # Infinite and undefined results are looked for afterwards; numpy need not warn of them.
    with np.errstate(all="ignore"):
        if block.dtype.kind == "c" and target.kind != "c":
            block = block.real
        if block.dtype.kind == "b" and target.kind not in "iufc":
            block = block.astype(np.float32)  # ml_dtypes has no way from bool to its integers
        converted: Array = block.astype(target)
        return converted


def _find_changed(block: Array, converted: Array) -> Array | None:
    """Which elements the cast changes, as a mask; None where none does."""
    if block.dtype.kind == "b":
        return None
    if block.dtype.kind == "c" or converted.dtype.kind == "c":
        real = _find_changed_reals(block.real, converted.real)
        return _either(real, _find_changed_imaginaries(block, converted))
    return _find_changed_reals(block, converted)


def _find_changed_imaginaries(block: Array, converted: Array) -> Array | None:
    if block.dtype.kind != "c":
        return None
    if converted.dtype.kind != "c":
        lost: Array = block.imag != 0
        return lost
    return _find_changed_reals(block.imag, converted.imag)


def _either(one: Array | None, other: Array | None) -> Array | None:
    if one is None or other is None:
        return one if other is None else other
    either: Array = one | other
    return either


def _find_changed_reals(block: Array, converted: Array) -> Array | None:
    from_integers, to = block.dtype.kind in "iu", family(converted.dtype)
    if to == "bool":
        return _find_beyond_bool(block)
    if from_integers and to == "int":
        return _find_out_of_range(block, converted)
    if from_integers:
        return _find_rounded(block, converted)
    return _find_fractions(block, converted) if to == "int" else _find_overflown(block, converted)


def _find_beyond_bool(block: Array) -> Array:
    changed: Array = (block != 0) & (block != 1)
    return changed


def _find_out_of_range(block: Array, converted: Array) -> Array | None:
    low, high = _integer_range(converted.dtype)
    if low <= int(block.min()) and int(block.max()) <= high:
        return None
    # Bounds that the block's own type cannot hold exclude nothing.
    own_low, own_high = _integer_range(block.dtype)
    outside: Array = (block < max(low, own_low)) | (block > min(high, own_high))
    return outside


def _integer_range(dtype: np.dtype[Any]) -> tuple[int, int]:
    if dtype.kind in "iu":
        return int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)
    import ml_dtypes

    info = ml_dtypes.iinfo(dtype)
    return int(info.min), int(info.max)


def _find_rounded(block: Array, converted: Array) -> Array | None:
    if converted.dtype.kind == "f" and converted.dtype.isbuiltin == 1:
        exact = 2 ** (np.finfo(converted.dtype).nmant + 1)
        if -exact <= int(block.min()) and int(block.max()) <= exact:
            return None
    # Back to the integer, with float64 in between, which holds every value of a smaller float.
    back = converted.astype(np.float64)
    low, high = _integer_range(block.dtype)
    inside = (back >= low) & (back < float(high + 1))
    rounded: Array = ~inside | (np.where(inside, back, 0).astype(block.dtype) != block)
    return rounded


def _find_fractions(block: Array, converted: Array) -> Array:
    low, high = _integer_range(converted.dtype)
    whole = block == np.trunc(block)
    # high + 1 is a power of two and so exact; a comparison with nan is False. float16 is
    # compared as float64 because it cannot hold the bounds.
    wide = block.astype(np.float64, copy=False)
    changed: Array = ~(whole & (wide >= low) & (wide < float(high + 1)))
    return changed


def _find_overflown(block: Array, converted: Array) -> Array | None:
    if converted.dtype.name == "float4_e2m1fn":  # without infinity and nan: it saturates at 6
        saturated: Array = ~(np.abs(block) <= 6)
        return saturated
    if np.isfinite(converted).all():
        return None
    back = converted.astype(np.float64)
    overflown: Array = (np.isnan(block) != np.isnan(back)) | (np.isinf(block) != np.isinf(back))
    return overflown


def _show_place(array: Array, position: int, first_row: int) -> str:
    index = [int(at) for at in np.unravel_index(position, array.shape)]
    if not index:
        return ""
    index[0] += first_row
    return f" at {index}"


def _fit_text(array: Array, label: str, cast: bool, first_row: int) -> Array:
    if family(array.dtype) != "text" and not cast:
        raise InputDataError(
            f"{label} takes string, not {shown_dtype(array.dtype)}. "
            "Numbers become text with --cast (cast=True in Python)."
        )
    items = array.reshape(-1).tolist()
    if array.dtype.kind == "O" and all(type(item) is bytes for item in items):
        return array
    result = np.empty(len(items), object)
    for position, item in enumerate(items):
        result[position] = _encode(item, array, position, label, cast, first_row)
    return result.reshape(array.shape)


def _encode(
    item: object, array: Array, position: int, label: str, cast: bool, first_row: int
) -> bytes:
    if isinstance(item, bytes):
        return item
    if not isinstance(item, str):
        if not cast:
            place = _show_place(array, position, first_row)
            raise InputDataError(
                f"{label} takes string: {item!r}{place} is neither text nor bytes."
            )
        item = str(item)
    try:
        return item.encode()
    except UnicodeEncodeError:
        place = _show_place(array, position, first_row)
        raise InputDataError(f"{label}: {item!r}{place} cannot be written as UTF-8.") from None
