"""Calls a method before it is traced, so that variables made on the first call exist."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import tensorflow as tf

from tfexport.dtypes import dtype_of_numpy
from tfexport.errors import SpecError, UserCodeError
from tfexport.exporting.binding import BoundMethod
from tfexport.exporting.generating import Array, Sizes, generate_inputs
from tfexport.exporting.keeping import kept_state
from tfexport.exporting.outputs import name_outputs
from tfexport.exporting.state import find_variables
from tfexport.exporting.structures import plain
from tfexport.exporting.tracing import call_method
from tfexport.exporting.user_code import guarded
from tfexport.spec import TensorSpec

_ROWS = 2
_MOST_KNOWN = 6  # sizes that specs and variables speak of, to be tried
# Sizes to try in turn after those: a network that halves an image five times needs 32.
_GROWING = (16, 128, 1)


def warm_up(
    module: object, bound: BoundMethod, samples: Sequence[Mapping[str, Array]] = ()
) -> Sizes | None:
    """Call the method eagerly; what it changes is put back afterwards, and no trace is left.

    Without ``samples`` it is called on generated inputs, and the sizes of unknown dimensions that
    it took are given back. Raises UserCodeError where it takes none, SpecError where it makes
    variables by a dimension that the spec leaves unknown.
    """
    if samples:
        call_eagerly(module, bound, samples[0])
        return None
    first: UserCodeError | None = None
    for sizes in _sizes_to_try(module, bound):
        inputs = generate_inputs(bound, sizes)
        try:
            made = call_eagerly(module, bound, inputs)
        except UserCodeError as error:
            first = first or error
            continue
        if made and has_unknown_dimensions(bound):
            _check_variables_fit(module, bound, sizes)
        return sizes
    assert first is not None
    raise UserCodeError(f"{first}{_advise(bound, first)}", detail=first.detail) from first.__cause__


def _advise(bound: BoundMethod, error: UserCodeError) -> str:
    """What helps where it is the generated values that the module does not take."""
    by_value = bound.leaves and isinstance(error.__cause__, tf.errors.OpError)
    if not by_value or re.search(r"shape|size|dimension|rank", str(error.__cause__), re.I):
        return ""
    return f" Give inputs that it takes: --sample {bound.leaves[0].name}=FILE"


def _sizes_to_try(module: object, bound: BoundMethod) -> list[Sizes]:
    """Small ones, then those that the specs and variables speak of, then larger ones."""
    first = Sizes(_ROWS, _ROWS)
    if not has_unknown_dimensions(bound):
        return [first]
    in_specs = _known_sizes(leaf.value.shape for leaf in bound.leaves)
    in_variables = _known_sizes(variable.shape for variable in find_variables(module))
    known = list(dict.fromkeys([*in_specs, *in_variables]))[:_MOST_KNOWN]
    candidates = [
        first,
        *(Sizes(_ROWS, size) for size in known),
        *(Sizes(size, size) for size in in_specs[:_MOST_KNOWN]),
        *(Sizes(size, size) for size in _GROWING),
    ]
    return list(dict.fromkeys(candidates))


def _known_sizes(shapes: Iterable[Any]) -> list[int]:
    sizes = (size for shape in shapes if shape.rank for size in shape.as_list())
    return list(dict.fromkeys(size for size in sizes if size))


def call_eagerly(module: object, bound: BoundMethod, inputs: Mapping[str, Array]) -> list[Any]:
    """Call the method once, with its state kept; gives the variables that it made."""
    with kept_state(module) as state:
        run_eagerly(bound, inputs)
    return state.made


def run_eagerly(bound: BoundMethod, inputs: Mapping[str, Array]) -> dict[str, Any]:
    """The named outputs of the user's own method, for a dense array a leaf.

    Its state may change. Raises UserCodeError where it fails, TargetError or UsageError where
    its outputs cannot be those of a signature.
    """
    tensors = [tf.constant(inputs[leaf.name], leaf.value.dtype) for leaf in bound.leaves]
    doing = f"Calling {bound.method.owner} with {display_inputs(inputs)}"
    with functions_run_eagerly(), guarded(doing):
        result = call_method(bound, bound.method.bound, iter(tensors))
    return name_outputs(plain(result), bound.renames, bound.method.located)


def has_unknown_dimensions(bound: BoundMethod) -> bool:
    """Whether any tensor that the signature takes has a dimension of unknown size."""
    return not all(leaf.value.shape.is_fully_defined() for leaf in bound.leaves)


@contextmanager
def functions_run_eagerly() -> Iterator[None]:
    """Run every ``tf.function`` as the Python that it is, and leave the setting as it was."""
    before = tf.config.functions_run_eagerly()
    with warnings.catch_warnings():
        # tf.data warns that its own functions are traced all the same.
        warnings.filterwarnings("ignore", message=".*run_functions_eagerly.*")
        tf.config.run_functions_eagerly(True)
        try:
            yield
        finally:
            tf.config.run_functions_eagerly(before)


def display_inputs(inputs: Mapping[str, Array]) -> str:
    """Inputs as messages show them: ``x float32 [2, 5], mask bool [2]``."""
    specs = (
        f"{name} {TensorSpec(name, dtype_of_numpy(array.dtype), array.shape).display()}"
        for name, array in inputs.items()
    )
    return ", ".join(specs) or "no input"


def _check_variables_fit(module: object, bound: BoundMethod, sizes: Sizes) -> None:
    """Variables of the size that happened to be generated would fit no other."""
    for other in (
        Sizes(sizes.rows + 1, sizes.others + 1),
        Sizes(2 * sizes.rows, 2 * sizes.others),
    ):
        try:
            call_eagerly(module, bound, generate_inputs(bound, other))
            return
        except UserCodeError as error:
            failure = error
    raise SpecError(
        f"{bound.method.owner} makes its variables by a dimension that the spec leaves unknown: "
        f"{_open_specs(bound)}. Give its size, as in --spec {_closed_spec(bound)}",
        detail=str(failure),
    )


def _open_specs(bound: BoundMethod) -> str:
    return ", ".join(
        f"{leaf.name}={_dimensions(leaf.value)}"
        for leaf in bound.leaves
        if not leaf.value.shape.is_fully_defined()
    )


def _closed_spec(bound: BoundMethod) -> str:
    leaf = next(leaf for leaf in bound.leaves if not leaf.value.shape.is_fully_defined())
    rank = leaf.value.shape.rank or 2
    sizes = [*(leaf.value.shape.as_list() if leaf.value.shape.rank else [None] * rank)]
    others = [size or 4 for size in sizes[1:]]
    first = sizes[0] or 4 if others == sizes[1:] else sizes[0]
    return f"{leaf.name}={','.join(map(str, [first, *others]))}"


def _dimensions(spec: Any) -> str:
    if spec.shape.rank is None:
        return "unknown"
    return ",".join(str(size) for size in spec.shape.as_list())
