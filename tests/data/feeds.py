"""Feeds made of what a user would write, for the tests of the formats."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from tfexport.data.feeding import Feed, open_feed
from tfexport.data.reading import open_sources
from tfexport.data.writing import open_sink
from tfexport.dtypes import numpy_dtype
from tfexport.errors import InputDataError
from tfexport.spec import TensorSpec, parse_spec

Arrays = dict[str, np.ndarray]


def feed(where: Path | str | Sequence[str], *specs: str, stdin: bytes = b"") -> Feed:
    """What one or more ``--input`` feed the inputs of ``specs``."""
    inputs = [parse_spec(spec) for spec in specs]
    texts = [str(where)] if isinstance(where, (str, Path)) else list(where)
    return open_feed(open_sources(texts, inputs, io.BytesIO(stdin)), inputs)


def refusal(where: Path | str | Sequence[str], *specs: str, stdin: bytes = b"") -> str:
    """The error line for what does not fit, with nothing of a temporary folder in it."""
    with pytest.raises(InputDataError) as caught:
        feed(where, *specs, stdin=stdin).read()
    message = str(caught.value)
    assert "\n" not in message
    folder = str(where.parent) if isinstance(where, Path) else ""
    return message.replace(f"{folder}/", "") if folder else message


def write(path: Path, specs: Sequence[TensorSpec], *batches: Arrays) -> None:
    """Write one array of each output at once, or several batches of rows."""
    with_rows = {str(spec.name) for spec in specs} if len(batches) > 1 else None
    with open_sink(path, specs, with_rows=with_rows) as sink:
        for batch in batches:
            sink.write(batch)


def strings(*items: bytes) -> np.ndarray:
    """An array of bytes objects, as TensorFlow gives strings."""
    array = np.empty(len(items), object)
    array[:] = items
    return array


def has_dtype(name: str) -> bool:
    """Whether the installed ml_dtypes has a dtype: int2 and float4 came late."""
    try:
        numpy_dtype(name)
    except KeyError:
        return False
    return True
