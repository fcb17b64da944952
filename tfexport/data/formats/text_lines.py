""".txt: an instance a line, for an input that takes strings. The bytes of a line are kept."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np

from tfexport.data.arrays import Arrays
from tfexport.data.matching import find_input
from tfexport.data.places import Place, damage_reported
from tfexport.data.sources import RowSource, Source
from tfexport.errors import InputDataError
from tfexport.spec import TensorSpec


def open_source(
    label: str, places: Sequence[Place], inputs: Sequence[TensorSpec], name: str | None
) -> Source:
    """The lines of one or more files. Raises InputDataError for an input that takes numbers."""
    spec = find_input(inputs, name, label)
    if spec.dtype != "string":
        raise InputDataError(
            f"'{label}' holds lines of text, and input '{spec.name}' takes {spec.display()}. "
            "Numbers are read from .npy, .json, .csv and others."
        )
    return RowSource(label, (str(spec.name),), partial(_read_blocks, places, str(spec.name)))


def _read_blocks(places: Sequence[Place], name: str, size: int) -> Iterator[Arrays]:
    for place in places:
        with damage_reported(place.label), place.open() as stream:
            while lines := list(itertools.islice(stream, size)):
                block = np.empty(len(lines), object)
                block[:] = [line.removesuffix(b"\n").removesuffix(b"\r") for line in lines]
                yield {name: block}
