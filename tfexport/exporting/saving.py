"""Saves a module: bound, called once, traced, written, verified, published. The Python API."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfexport.errors import SpecError, TargetError
from tfexport.exporting.arguments import make_object, parse_argument
from tfexport.exporting.options import Origin, SaveOptions, check_options
from tfexport.exporting.publishing import Destination, Staging, check_destination, staged
from tfexport.exporting.results import SaveResult
from tfexport.exporting.specs import (
    InputSpec,
    make_constant,
    parse_entry,
    parse_input_spec,
    parse_output_name,
)
from tfexport.exporting.starting import start_tensorflow
from tfexport.exporting.target import find_source, find_target
from tfexport.spec import TensorSpec

if TYPE_CHECKING:
    from tfexport.exporting.binding import MissingSpecError
    from tfexport.exporting.request import SaveRequest

Step = Callable[[str, str], AbstractContextManager[None]]
"""Told of each step while it runs: its name (import, trace, save, verify) and what it is for."""


def save_module(
    module: Any,
    directory: str | os.PathLike[str],
    *,
    specs: str | TensorSpec | Iterable[str | TensorSpec] = (),
    signatures: str | Iterable[str] | Mapping[str, str] = (),
    constants: Mapping[str, object] | None = None,
    output_names: Mapping[str, str] | None = None,
    samples: str | os.PathLike[str] | Mapping[str, Any] | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    weights: str | os.PathLike[str] | None = None,
    partial: bool = False,
    extras: Iterable[str | os.PathLike[str]] = (),
    verify: bool = True,
    keep_samples: bool = True,
    tolerance: float | None = None,
    warmup: bool = False,
    force: bool = False,
    next_version: bool = False,
) -> SaveResult:
    """Save ``module`` as a SavedModel at ``directory``.

    ``specs`` are texts like ``"x=None,5:float32"`` (or TensorSpec values, TensorFlow's own too),
    in argument order or by name, with ``SIGNATURE/`` before those of one among several signatures.
    ``signatures`` are methods, ``[NAME=]METHOD`` or a dict of both; without them, ``__call__``
    where specs are given, else every ``tf.function`` that has an ``input_signature``.
    ``constants`` are the values of parameters that are no tensors, ``output_names`` new names by
    old ones, ``samples`` a file, or arrays and files by input, to verify with. The module itself
    is left as it was, apart from variables that its first call makes and the values of
    ``checkpoint`` or ``weights``.

    Raises DestinationError where ``directory`` exists and ``force`` is not given, TargetError
    where nothing can be exported, SpecError where the specs do not fit, UserCodeError where the
    module fails, and FindingError where what was saved gives something else than the module.
    """
    destination = Destination(Path(directory), force, next_version)
    options = SaveOptions(
        specs=tuple(map(_as_input_spec, _listed(specs))),
        signatures=tuple(parse_entry(text) for text in _list_signatures(signatures)),
        constants=tuple(make_constant(*item) for item in (constants or {}).items()),
        output_names=tuple(
            parse_output_name(f"{old}={new}") for old, new in (output_names or {}).items()
        ),
        samples=_list_samples(samples),
        checkpoint=None if checkpoint is None else Path(checkpoint),
        weights=None if weights is None else Path(weights),
        partial=partial,
        extras=tuple(Path(path) for path in extras),
        verify=verify,
        keep_samples=keep_samples,
        tolerance=tolerance,
        warmup=warmup,
    )
    check_options(options)
    check_destination(destination)
    start_tensorflow()
    made_by = module if isinstance(module, type) else type(module)
    origin = Origin(f"{made_by.__module__}:{made_by.__qualname__}")
    return _save(module, origin, destination, options, _no_steps, _describe_call)


def save_target(request: SaveRequest, step: Step, *, debug: bool = False) -> SaveResult:
    """Import a target, make its object with ``--arg`` texts, and save that. Errors as save_module.

    What can be told to be wrong without TensorFlow is told first.
    """
    target, arguments, options = request.target, request.arguments, request.options
    parsed = [parse_argument(text) for text in arguments]
    check_options(options)
    check_destination(request.destination)
    with step("import", target.text):
        start_tensorflow(debug)
        if options.seed is not None:
            from tfexport.exporting.seeding import seed_everything

            seed_everything(options.seed)
        found = find_target(target)
        module = make_object(found, target.text, parsed)

    def example(missing: MissingSpecError) -> str:
        from tfexport.exporting.examples import describe_command

        return describe_command(request.recipe, options, _as_saveable(module), missing)

    origin = Origin(target.text, arguments, find_source(target, found))
    return _save(module, origin, request.destination, options, step, example)


def _save(
    module: Any,
    origin: Origin,
    destination: Destination,
    options: SaveOptions,
    step: Step,
    example: Callable[[MissingSpecError], str],
) -> SaveResult:
    from tfexport.exporting.binding import MissingSpecError
    from tfexport.exporting.export import Export

    exported = _as_saveable(module)
    with staged(destination) as staging:
        try:
            export = Export.prepare(exported, options, step)
        except MissingSpecError as error:
            raise SpecError(f"{error} {example(error)}") from None
        return _write(export, staging, destination, origin, step)


def _write(
    export: Any, staging: Staging, destination: Destination, origin: Origin, step: Step
) -> SaveResult:
    with step("save", str(destination.directory)):
        export.write(staging.directory)
    verified = export.verify(staging.directory, step)
    kept = export.write_surroundings(staging.directory, origin, destination.name, verified)
    return SaveResult(staging.publish(), tuple(verified), tuple(export.warnings), kept)


def _as_saveable(module: Any) -> Any:
    import tensorflow as tf

    from tfexport.exporting.callables import HeldFunction
    from tfexport.exporting.methods import is_tensorflow_function

    if is_tensorflow_function(module):
        return HeldFunction(module)
    if isinstance(module, type):
        kind = module.__name__
        raise TargetError(f"{kind} is a class. Save an instance of it: {kind}(…).")
    if isinstance(module, tf.__internal__.tracking.Trackable):
        return module
    kind = type(module).__name__
    advice = "" if type(module).__module__ == "builtins" else f" Derive {kind} from tf.Module."
    message = f"An object of type {kind} is no tf.Module: TensorFlow cannot save it.{advice}"
    raise TargetError(message)


def _describe_call(missing: MissingSpecError) -> str:
    from tfexport.exporting.examples import describe_call

    return describe_call(missing)


def _no_steps(name: str, subject: str) -> AbstractContextManager[None]:
    return nullcontext()


def _listed(values: Any) -> Iterable[Any]:
    return (values,) if isinstance(values, str) or hasattr(values, "dtype") else values


def _as_input_spec(spec: Any) -> InputSpec:
    if isinstance(spec, str):
        return parse_input_spec(spec)
    if isinstance(spec, TensorSpec):
        return InputSpec(None, spec)
    start_tensorflow()
    from tfexport.exporting.type_specs import from_type

    return from_type(spec)


def _list_samples(samples: Any) -> tuple[Any, ...]:
    if isinstance(samples, (str, os.PathLike)):
        return (os.fspath(samples),)
    return tuple((samples or {}).items())


def _list_signatures(signatures: str | Iterable[str] | Mapping[str, str]) -> Iterable[str]:
    if isinstance(signatures, Mapping):
        return [f"{name}={method}" for name, method in signatures.items()]
    return [signatures] if isinstance(signatures, str) else signatures
