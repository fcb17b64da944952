"""Two models called with the same inputs: how far apart their outputs are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from tfexport.checking.samples import read_kept_calls
from tfexport.comparing.arrays import ArrayDifference, compare_arrays
from tfexport.comparing.tolerance import USUAL, Tolerances
from tfexport.data.arrays import Arrays
from tfexport.data.feeding import open_feed
from tfexport.data.generating import make_generated_source
from tfexport.data.reading import open_sources
from tfexport.data.sources import ArraySource, MemoryArray, Source
from tfexport.dtypes import dtype_of_numpy
from tfexport.errors import ExecutionError, InputDataError, UsageError
from tfexport.records import dataclass
from tfexport.runtime.choosing import choose_signature
from tfexport.runtime.config import SessionConfig
from tfexport.runtime.dense import make_dense
from tfexport.runtime.engine import Engine, choose_engine, open_engine
from tfexport.runtime.guard import refuse_hazards
from tfexport.runtime.opening import Choice, ModelOnDisk
from tfexport.runtime.tensor_protos import read_defaults
from tfexport.savedmodel.description import Signature


@dataclass(frozen=True)
class OutputOptions:
    """What to call both models with.

    ``inputs`` are ``[NAME=]WHERE`` as for ``run``; without any, the calls kept with the first
    model are made, else every signature that both have is called with random values from
    ``seed``, ``batch`` rows where that is free, of the given ``shapes``. ``signature`` chooses one.
    """

    inputs: tuple[str, ...] = ()
    signature: str | None = None
    seed: int = 0
    batch: int = 2
    shapes: dict[str, tuple[int, ...]] | None = None
    tolerances: Tolerances = USUAL
    trust: bool = False
    libraries: tuple[Path, ...] = ()
    debug: bool = False


@dataclass(frozen=True)
class CallDifference:
    """The outputs of one call to both models.

    ``inputs`` says what they were called with. ``random`` is set where the first model gives
    other values each time. ``problem`` says why the call could not be made; it is ``skipped``
    where random values are nothing that the first model itself can be called with.
    """

    signature: str
    inputs: str
    outputs: tuple[ArrayDifference, ...]
    random: bool = False
    problem: str | None = None
    skipped: bool = False

    @property
    def is_different(self) -> bool:
        """Whether an output is too far away, or the call could not be made."""
        if self.problem is not None:
            return not self.skipped
        return any(
            found.problem is not None or (found.is_too_large and not self.random)
            for found in self.outputs
        )


@dataclass(frozen=True)
class _Call:
    """A call to make; ``inputs`` are None where there is nothing to make it with: ``problem``."""

    signature: str
    label: str
    inputs: Arrays | None
    problem: str = ""
    generated: bool = False


def compare_outputs(
    first: ModelOnDisk, second: ModelOnDisk, options: OutputOptions
) -> list[CallDifference]:
    """Call both models with the same inputs.

    Raises UnsafeModelError where one would reach outside its graph and is not trusted,
    SavedModelError where it cannot be loaded, InputDataError and UsageError for inputs that do
    not fit the first model.
    """
    calls = list(_plan(first, second, options))
    results = [_call_all(model, calls, options) for model in (first, second)]
    found = [
        _compare(call, before, after, options.tolerances)
        for call, before, after in zip(calls, *results, strict=True)
    ]
    if all(difference.skipped for difference in found):
        raise UsageError(
            f"No signature could be called: {found[0].problem}. Give inputs with --input."
        )
    if not any(difference.is_different for difference in found):
        return found
    again = _call_all(first, calls, options)
    return [
        _mark_random(difference, call, before, repeated, options.tolerances)
        for difference, call, before, repeated in zip(found, calls, results[0], again, strict=True)
    ]


def to_plain(found: Sequence[CallDifference]) -> list[Any]:
    """Differences as plain data, to go from one process to the other."""
    names = [field.name for field in fields(ArrayDifference)]
    return [
        [
            call.signature,
            call.inputs,
            [[getattr(output, name) for name in names] for output in call.outputs],
            call.random,
            call.problem,
            call.skipped,
        ]
        for call in found
    ]


def from_plain(content: Sequence[Any]) -> tuple[CallDifference, ...]:
    """What to_plain made."""
    return tuple(
        CallDifference(
            signature, inputs, tuple(_read_difference(values) for values in outputs), *rest
        )
        for signature, inputs, outputs, *rest in content
    )


def _read_difference(values: Sequence[Any]) -> ArrayDifference:
    plain = dict(zip([field.name for field in fields(ArrayDifference)], values, strict=True))
    return ArrayDifference(**{**plain, "index": tuple(plain["index"])})


def _plan(first: ModelOnDisk, second: ModelOnDisk, options: OutputOptions) -> Iterator[_Call]:
    if options.inputs:
        yield _plan_given(first, options)
        return
    kept = read_kept_calls(Path(first.description.directory))
    wanted = [call for call in kept if options.signature in (None, call.signature)]
    if wanted:
        for call in wanted:
            yield _Call(call.signature, f"kept call {call.number}", call.read_inputs())
        return
    yield from _plan_random(first, second, options)


def _plan_given(first: ModelOnDisk, options: OutputOptions) -> _Call:
    signature = make_dense(choose_signature(first.description, options.signature))
    specs = [tensor.graph_spec for tensor in signature.inputs]
    sources: list[Source] = list(open_sources(options.inputs, specs))
    defaults = read_defaults(first.metagraph, signature.name)
    feed = open_feed(sources, specs, optional=defaults)
    return _Call(signature.name, ", ".join(options.inputs), feed.read())


def _plan_random(
    first: ModelOnDisk, second: ModelOnDisk, options: OutputOptions
) -> Iterator[_Call]:
    if options.signature is not None:
        signatures = [choose_signature(first.description, options.signature)]
    else:
        shared = {signature.name for signature in second.description.signatures}
        signatures = [s for s in first.description.signatures if s.name in shared]
    if not signatures:
        raise UsageError(
            f"{first.description.directory} and {second.description.directory} have no signature "
            "in common: there are no outputs to compare."
        )
    for signature in map(make_dense, signatures):
        label = f"random values, seed {options.seed}" if signature.inputs else "no inputs"
        try:
            inputs = _generate(signature, options)
        except InputDataError as error:
            if options.signature is not None:
                raise
            yield _Call(signature.name, label, None, str(error).rstrip("."))
        else:
            yield _Call(signature.name, label, inputs, generated=options.signature is None)


def _generate(signature: Signature, options: OutputOptions) -> Arrays:
    specs = [tensor.graph_spec for tensor in signature.inputs]
    shapes = _shapes_of(options, signature)
    source = make_generated_source(
        "random", specs, batch=options.batch, shapes=shapes, seed=options.seed
    )
    return open_feed([source], specs).read() if specs else {}


def _shapes_of(options: OutputOptions, signature: Signature) -> dict[str, tuple[int, ...]]:
    names = {tensor.name for tensor in signature.inputs}
    shapes = options.shapes or {}
    if options.signature is not None:
        return shapes  # one that fits no input is an error
    return {name: shape for name, shape in shapes.items() if name in names}


def _call_all(
    model: ModelOnDisk, calls: Sequence[_Call], options: OutputOptions
) -> list[Arrays | str]:
    """The outputs of each call on a model just loaded, or why there are none."""
    description, kind = model.description, choose_engine(None)
    if not options.trust:
        for name in dict.fromkeys(call.signature for call in calls):
            refuse_hazards(model, Choice(kind, description.signature(name)))
    config = SessionConfig()
    with open_engine(
        kind, description, config, libraries=options.libraries, debug=options.debug
    ) as engine:
        return [_call(model, engine, call) for call in calls]


def _call(model: ModelOnDisk, engine: Engine, call: _Call) -> Arrays | str:
    signature = model.description.signature(call.signature)
    if signature is None:
        return f"{model.description.directory} has no signature '{call.signature}'"
    if call.inputs is None:
        return call.problem
    signature = make_dense(signature)
    source = ArraySource("inputs", {n: MemoryArray(array) for n, array in call.inputs.items()})
    specs = [tensor.graph_spec for tensor in signature.inputs]
    try:
        defaults = read_defaults(model.metagraph, signature.name)
        unknown = [name for name in call.inputs if signature.input(name) is None]
        if unknown:
            return f"{model.description.directory} has no input '{unknown[0]}'"
        feed = open_feed([source], specs, optional=defaults)
        return engine.prepare(signature)({**defaults, **feed.read()})
    except (InputDataError, ExecutionError) as error:
        return f"{model.description.directory}: {error}".rstrip(".")


def _compare(
    call: _Call, before: Arrays | str, after: Arrays | str, tolerances: Tolerances
) -> CallDifference:
    if isinstance(before, str):
        skipped = call.inputs is None or call.generated
        return CallDifference(call.signature, call.label, (), problem=before, skipped=skipped)
    if isinstance(after, str):
        return CallDifference(call.signature, call.label, (), problem=after)
    outputs = tuple(
        compare_arrays(name, array, after[name], tolerances.of(name, dtype_of_numpy(array.dtype)))
        for name, array in before.items()
        if name in after
    )
    return CallDifference(call.signature, call.label, outputs)


def _mark_random(
    difference: CallDifference,
    call: _Call,
    before: Arrays | str,
    repeated: Arrays | str,
    tolerances: Tolerances,
) -> CallDifference:
    if not difference.is_different or difference.problem is not None:
        return difference
    again = _compare(call, before, repeated, tolerances)
    return CallDifference(
        difference.signature, difference.inputs, difference.outputs, again.is_different
    )
