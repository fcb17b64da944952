"""Makes inputs where none are given: ``--random``, ``--zeros``, ``--ones``.

Values are made batch by batch, the same ones for the same seed and batch sizes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from tfexport.data.arguments import describe_unknown
from tfexport.data.arrays import Array
from tfexport.data.batching import names_with_rows
from tfexport.data.fitting import check_shape
from tfexport.data.sources import ArraySource
from tfexport.dtypes import numpy_dtype
from tfexport.errors import InputDataError, SpecError, UsageError
from tfexport.spec import TensorSpec, parse_spec

Kind = Literal["random", "zeros", "ones"]

# Random integers are below this: indices into most tables, and exact in every dtype but the
# smallest, which take what they can hold.
_BELOW = 10
_LETTERS = np.frombuffer(b"abcdefghijklmnopqrstuvwxyz", np.uint8)
_WORD = 8


def make_generated_source(
    kind: Kind,
    inputs: Sequence[TensorSpec],
    given: Collection[str] = (),
    *,
    batch: int = 1,
    shapes: Mapping[str, tuple[int, ...]] | None = None,
    seed: int | None = None,
) -> ArraySource:
    """Values for those of ``inputs`` that are not ``given``.

    ``shapes`` overrides the shape of an input. Elsewhere an unknown first dimension is ``batch``,
    other unknown ones are 1. Random floats are uniform in 0..1, integers in 0..9, bools are
    either, strings are words of 8 letters. Raises UsageError for a shape of no input,
    InputDataError for one that does not fit and for an input of unknown rank without one.
    """
    shapes = shapes or {}
    names = [str(spec.name) for spec in inputs]
    for name in shapes:
        if name not in names:
            raise UsageError(f"--shape {name}: {describe_unknown(name, names)}")
    with_rows = names_with_rows(inputs)
    arrays = {}
    for number, spec in enumerate(inputs):
        name = str(spec.name)
        if name in given:
            continue
        shape = _choose_shape(spec, shapes.get(name), batch if name in with_rows else 1)
        arrays[name] = GeneratedArray(kind, spec.dtype, shape, seed, number)
        check_shape(arrays[name], spec, label=f"Input '{name}' (--shape)", any_batch=True)
    return ArraySource(f"--{kind}", arrays)


def parse_shapes(texts: Sequence[str]) -> dict[str, tuple[int, ...]]:
    """Read ``NAME=DIM,DIM…``. Raises SpecError where a shape has no name or an unknown size.

    >>> parse_shapes(["x=2,5"])
    {'x': (2, 5)}
    """
    shapes: dict[str, tuple[int, ...]] = {}
    for text in texts:
        spec = parse_spec(text)
        if spec.name is None or spec.shape is None or None in spec.shape:
            raise SpecError(f"--shape {text}: expected NAME=DIM,DIM… with numbers, as in x=2,5.")
        shapes[spec.name] = tuple(size or 0 for size in spec.shape)
    return shapes


def _choose_shape(spec: TensorSpec, shape: tuple[int, ...] | None, batch: int) -> tuple[int, ...]:
    if shape is not None:
        return shape
    if spec.shape is None:
        raise InputDataError(
            f"Input '{spec.name}' has an unknown rank. Say its shape: --shape {spec.name}=2,5"
        )
    sizes = (batch, *(1,) * len(spec.shape))
    return tuple(
        free if size is None else size for size, free in zip(spec.shape, sizes, strict=False)
    )


@dataclass(frozen=True)
class GeneratedArray:
    """An array that is made when it is read."""

    kind: Kind
    name: str
    shape: tuple[int, ...]
    seed: int | None
    number: int

    @property
    def dtype(self) -> np.dtype[Any]:
        """The numpy dtype of what is made."""
        try:
            return numpy_dtype(self.name)
        except KeyError:
            raise InputDataError(f"A {self.name} cannot be made with --{self.kind}.") from None

    def read(self) -> Array:
        """The whole array."""
        return self._make(self.shape, self._generator())

    def batches(self, size: int) -> Iterator[Array]:
        """Its rows, ``size`` at a time."""
        generator = self._generator()
        for start in range(0, self.shape[0], size):
            rows = min(size, self.shape[0] - start)
            yield self._make((rows, *self.shape[1:]), generator)

    def _generator(self) -> np.random.Generator:
        seed = None if self.seed is None else [self.seed, self.number]
        return np.random.default_rng(seed)

    def _make(self, shape: tuple[int, ...], generator: np.random.Generator) -> Array:
        if self.kind == "random":
            return _make_random(self.name, self.dtype, shape, generator)
        if self.name == "string":
            return np.full(shape, b"" if self.kind == "zeros" else b"1", object)
        return (np.zeros if self.kind == "zeros" else np.ones)(shape, self.dtype)


def _make_random(
    name: str, dtype: np.dtype[Any], shape: tuple[int, ...], generator: np.random.Generator
) -> Array:
    if name == "string":
        return _make_words(shape, generator)
    if dtype.kind == "c":
        return (generator.random(shape) + 1j * generator.random(shape)).astype(dtype)
    if dtype.kind == "b":
        return generator.integers(0, 2, shape).astype(dtype)
    if name in ("float32", "float64"):
        return generator.random(shape, dtype.type)
    if name.startswith(("float", "bfloat")):
        return generator.random(shape, np.float32).astype(dtype)
    highest = {"int2": 1, "uint2": 3, "int4": 7}.get(name, _BELOW - 1)
    return generator.integers(0, highest + 1, shape).astype(dtype)


def _make_words(shape: tuple[int, ...], generator: np.random.Generator) -> Array:
    count = int(np.prod(shape, dtype=np.int64))
    letters = _LETTERS[generator.integers(0, len(_LETTERS), (count, _WORD))]
    words = np.empty(count, object)
    words[:] = [row.tobytes() for row in letters]
    return words.reshape(shape)
