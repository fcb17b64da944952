"""TensorSpec: the one value for a tensor's name, dtype and shape, and the text of it.

>>> parse_spec("x=None,5")
TensorSpec(name='x', dtype='float32', shape=(None, 5))
>>> str(parse_spec("ids=?,128:int64"))
'ids=None,128:int64'
"""

from __future__ import annotations

import re

from tfexport.dtypes import parse_dtype
from tfexport.errors import SpecError
from tfexport.records import dataclass

Shape = tuple["int | None", ...]

_FORM = "Expected [NAME=]DIM,DIM…[:DTYPE], as in 'x=None,5:float32'"
_UNKNOWN_DIMENSIONS = ("none", "?", "-1")
_NAME = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*\Z")


@dataclass(frozen=True)
class TensorSpec:
    """A tensor's name (None where it has none), dtype name and shape.

    A dimension of None is unknown; a shape of None has an unknown rank.
    """

    name: str | None
    dtype: str
    shape: Shape | None

    def __str__(self) -> str:
        prefix = "" if self.name is None else f"{self.name}="
        return f"{prefix}{self._dimensions()}:{self.dtype}"

    def _dimensions(self) -> str:
        if self.shape is None:
            return "unknown"
        return ",".join(str(size) for size in self.shape) or "scalar"

    def display(self) -> str:
        """The dtype and shape as they are shown: ``float32 [?, 5]``."""
        return f"{self.dtype} {format_shape(self.shape)}"


def format_shape(shape: Shape | None) -> str:
    """A shape as it is shown: ``[?, 5]``, ``[]`` for a scalar, ``[...]`` for an unknown rank."""
    if shape is None:
        return "[...]"
    return "[" + ", ".join("?" if size is None else str(size) for size in shape) + "]"


def parse_spec(text: str) -> TensorSpec:
    """Read ``[NAME=]DIM,DIM…[:DTYPE]``.

    A dimension is a number, or ``None``, ``?`` or ``-1`` where it is unknown; ``scalar`` stands
    for rank 0 and ``unknown`` for an unknown rank. Without a dtype it is float32.
    Raises SpecError, in one line, for anything else.
    """
    name, equals, rest = text.rpartition("=")
    dimensions, colon, dtype = rest.partition(":")
    return TensorSpec(
        _parse_name(text, name) if equals else None,
        _parse_dtype(text, dtype) if colon else "float32",
        _parse_shape(text, dimensions),
    )


def _parse_name(text: str, name: str) -> str:
    if not _NAME.match(name.strip()):
        raise SpecError(f"Spec '{text}': '{name}' is no argument name. {_FORM}.")
    return name.strip()


def _parse_dtype(text: str, dtype: str) -> str:
    try:
        return parse_dtype(dtype)
    except ValueError as error:
        raise SpecError(f"Spec '{text}': {error}") from None


def _parse_shape(text: str, dimensions: str) -> Shape | None:
    word = dimensions.strip().strip("[]()").strip()
    if word.lower() == "scalar" or (not word and dimensions.strip() in ("[]", "()")):
        return ()
    if word.lower() == "unknown":
        return None
    return tuple(_parse_dimension(text, part) for part in word.removesuffix(",").split(","))


def _parse_dimension(text: str, part: str) -> int | None:
    word = part.strip()
    if word.lower() in _UNKNOWN_DIMENSIONS:
        return None
    if not (word.isascii() and word.isdigit()):
        raise SpecError(f"Spec '{text}': '{word}' is no dimension. {_FORM}; 'scalar' for rank 0.")
    return int(word)
