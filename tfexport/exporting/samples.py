"""Inputs: those that the user gives for the calls, and those kept with the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tfexport.data.filenames import name_files
from tfexport.data.fitting import check_shape
from tfexport.data.reading import open_sources
from tfexport.data.sources import ArraySource, Source
from tfexport.data.writing import open_sink
from tfexport.dtypes import dtype_of_numpy
from tfexport.errors import InputDataError, UsageError
from tfexport.exporting.binding import BoundMethod, is_for
from tfexport.exporting.calling import Call
from tfexport.exporting.fitting import fit_exactly
from tfexport.exporting.generating import Array, Sizes, generate_inputs
from tfexport.exporting.type_specs import own_spec
from tfexport.spec import TensorSpec

LARGEST_KEPT = 1 << 20  # bytes of all arrays together


@dataclass(frozen=True)
class Sample:
    """Values for inputs: ``[NAME=]FILE`` as text, or an array for ``name``.

    A ``signature`` of None is the only one, or the default one.
    """

    signature: str | None
    name: str | None
    values: Any

    def __str__(self) -> str:
        prefix = "" if self.signature is None else f"{self.signature}/"
        return f"{prefix}{self.values if isinstance(self.values, str) else self.name}"


def parse_sample(text: str, signatures: Sequence[str]) -> Sample:
    """Read ``[SIGNATURE/][NAME=]FILE``; a path's own slashes are no signature."""
    for name in signatures:
        if text.startswith(f"{name}/") and not Path(text).exists():
            return Sample(name, None, text.removeprefix(f"{name}/"))
    return Sample(None, None, text)


def read_samples(
    bound: BoundMethod, samples: Sequence[Sample], signatures: Sequence[str]
) -> list[dict[str, Array]]:
    """The calls that the user's samples make: with all rows, and with the first one alone.

    Inputs without a sample are generated to fit. No samples, no calls. Raises InputDataError
    where they do not fit the specs.
    """
    own = [s for s in samples if is_for(s.signature, bound.entry.signature, signatures)]
    if not own:
        return []
    specs = [own_spec(leaf.value) for leaf in bound.leaves]
    named = [
        TensorSpec(leaf.name, spec.dtype, spec.shape)
        for leaf, spec in zip(bound.leaves, specs, strict=True)
    ]
    given: dict[str, Array] = {}
    for sample in own:
        given.update(_read_sample(sample, named))
    _check_known(given, named, bound)
    fitted = {spec.name: _fit(given[spec.name], spec) for spec in named if spec.name in given}
    whole = {**generate_inputs(bound, _sizes(fitted)), **fitted}
    complete = {str(spec.name): whole[str(spec.name)] for spec in named}
    return [complete, *_first_row(complete, named)]


def keep_calls(directory: Path, calls: Sequence[Call]) -> list[dict[str, Any]]:
    """Write the calls into ``directory`` as .npz files, and describe them for the manifest.

    They are to be made in this order on a freshly loaded model. Where they are larger than
    ``LARGEST_KEPT`` none is written, and the list is empty.
    """
    if not calls or sum(map(_bytes_of, calls)) > LARGEST_KEPT:
        return []
    directory.mkdir(parents=True, exist_ok=True)
    names = name_files(dict.fromkeys(call.signature for call in calls))
    return [
        _keep(directory, f"{names[call.signature]}-{index}", call)
        for index, call in enumerate(calls)
    ]


def _keep(directory: Path, stem: str, call: Call) -> dict[str, Any]:
    kept: dict[str, Any] = {"signature": call.signature}
    for kind, arrays in (("inputs", call.inputs), ("outputs", call.outputs)):
        file = f"{stem}.{kind}.npz"
        specs = [TensorSpec(n, dtype_of_numpy(a.dtype), a.shape) for n, a in arrays.items()]
        if arrays:
            with open_sink(directory / file, specs) as sink:
                sink.write(arrays)
        kept[kind] = {
            "file": f"{directory.name}/{file}" if arrays else None,
            "tensors": {str(spec.name): _as_json(spec) for spec in specs},
        }
    return kept


def _as_json(spec: TensorSpec) -> dict[str, Any]:
    return {"dtype": spec.dtype, "shape": list(spec.shape or ())}


def _bytes_of(call: Call) -> int:
    return sum(_size(array) for array in (*call.inputs.values(), *call.outputs.values()))


def _size(array: Array) -> int:
    if array.dtype == object:
        return sum(len(text) for text in array.reshape(-1).tolist())
    return int(array.nbytes)


def _read_sample(sample: Sample, specs: Sequence[TensorSpec]) -> Mapping[str, Array]:
    if not isinstance(sample.values, str):
        if sample.name is None and len(specs) != 1:
            raise UsageError("A sample needs the name of its input where there are several.")
        name = str(specs[0].name) if sample.name is None else sample.name
        return {name: np.asarray(sample.values)}
    return _read_whole(open_sources([sample.values], specs)[0])


def _read_whole(source: Source) -> dict[str, Array]:
    if isinstance(source, ArraySource):
        return {name: array.read() for name, array in source.arrays.items()}
    blocks = list(source.read_blocks(1 << 20))
    if not blocks:
        raise InputDataError(f"'{source.label}' has no rows.")
    return {name: np.concatenate([block[name] for block in blocks]) for name in source.names}


def _check_known(
    given: Mapping[str, Array], specs: Sequence[TensorSpec], bound: BoundMethod
) -> None:
    names = [spec.name for spec in specs]
    for name in given:
        if name not in names:
            raise InputDataError(
                f"Sample '{name}': {bound.method.owner} has no such input. "
                f"It has: {', '.join(map(str, names))}."
            )


def _fit(array: Array, spec: TensorSpec) -> Array:
    label = f"Sample '{spec.name}'"
    check_shape(array, spec, label=label)
    return fit_exactly(array, spec.dtype, label)


def _sizes(arrays: Mapping[Any, Array]) -> Sizes:
    """As many rows as the samples have, as an input that goes with them will have too."""
    rows = next((array.shape[0] for array in arrays.values() if array.ndim), 1)
    return Sizes(rows, rows)


def _first_row(inputs: Mapping[str, Array], specs: Sequence[TensorSpec]) -> list[dict[str, Array]]:
    """The first row alone, where every input has rows, as many of them, and may have any number."""
    free = all(spec.shape is None or spec.shape[:1] == (None,) for spec in specs)
    rows = {array.shape[:1] for array in inputs.values()}
    components = any("." in name for name in inputs)  # of ragged tensors, which have no such rows
    if not free or components or len(rows) != 1 or rows & {(), (0,), (1,)}:
        return []
    return [{name: array[:1] for name, array in inputs.items()}]
