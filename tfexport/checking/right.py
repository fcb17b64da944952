"""Is it right? The calls that were kept with it give what they gave when it was made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from tfexport.checking.findings import CRITICAL, RIGHT, Finding
from tfexport.checking.model import MetaGraphView
from tfexport.checking.samples import KeptCall, SamplesError, read_user_call
from tfexport.comparing.arrays import compare_arrays, describe_difference
from tfexport.comparing.tolerance import Tolerances
from tfexport.data.arrays import Arrays
from tfexport.data.casting import fit_dtype
from tfexport.data.feeding import open_feed
from tfexport.data.sources import ArraySource, MemoryArray
from tfexport.dtypes import dtype_of_numpy
from tfexport.errors import ExecutionError, InputDataError
from tfexport.runtime.choosing import choose_signature
from tfexport.runtime.dense import make_dense
from tfexport.runtime.engine import Engine
from tfexport.runtime.tensor_protos import read_defaults
from tfexport.savedmodel.description import Signature


class Replay:
    """A loaded model, to make calls on and compare what comes out."""

    def __init__(self, view: MetaGraphView, engine: Engine, tolerances: Tolerances) -> None:
        self._view = view
        self._engine = engine
        self._tolerances = tolerances

    def make_kept_calls(self, calls: Sequence[KeptCall]) -> Iterator[Finding]:
        """Make the calls that ``tfexport save`` kept, in their order, on a model just loaded."""
        for call in calls:
            signature = self._view.description.signature(call.signature)
            if signature is None:
                message = f"is called by the kept call {call.number}, and is not there any more"
                yield _finding("missing-signature", call.signature, message)
                continue
            try:
                yield from self._make(call, make_dense(signature))
            except (SamplesError, InputDataError, ExecutionError) as error:
                message = f"cannot be called as in the kept call {call.number}: {error}"
                yield _finding("failed-call", call.signature, message.rstrip("."))

    def make_user_call(self, file: Path, name: str | None) -> Iterator[Finding]:
        """Make the call whose inputs and outputs are in a file.

        Raises InputDataError, and UsageError for a signature that is not there.
        """
        signature = make_dense(choose_signature(self._view.description, name))
        inputs, expected = read_user_call(file, signature)
        dtypes = {tensor.name: tensor.graph_spec.dtype for tensor in signature.outputs}
        expected = {
            name: fit_dtype(array, dtypes[name], label=f"{file}[{name}]")
            for name, array in expected.items()
        }
        try:
            actual = self._call(signature, inputs, str(file))
        except ExecutionError as error:
            yield _finding("failed-call", signature.name, f"fails on '{file}': {error}".rstrip("."))
            return
        yield from self._compare(
            signature.name, f" for '{file}'", expected, actual, kind_only=False
        )

    def _make(self, call: KeptCall, signature: Signature) -> Iterator[Finding]:
        expected = call.read_outputs()
        actual = self._call(signature, call.read_inputs(), f"kept call {call.number}")
        where = f" in the kept call {call.number}"
        # What is random gives other values each time.
        yield from self._compare(call.signature, where, expected, actual, kind_only=call.random)

    def _call(self, signature: Signature, inputs: Arrays, label: str) -> Arrays:
        defaults = read_defaults(self._view.metagraph, signature.name)
        source = ArraySource(label, {name: MemoryArray(array) for name, array in inputs.items()})
        specs = [tensor.graph_spec for tensor in signature.inputs]
        feed = open_feed([source], specs, optional=defaults)
        return self._engine.prepare(signature)({**defaults, **feed.read()})

    def _compare(
        self, signature: str, where: str, expected: Arrays, actual: Arrays, *, kind_only: bool
    ) -> Iterator[Finding]:
        for name, array in expected.items():
            if name not in actual:
                yield _finding("missing-output", signature, f"has no output '{name}' any more")
                continue
            tolerance = self._tolerances.of(name, dtype_of_numpy(array.dtype))
            found = compare_arrays(name, array, actual[name], tolerance)
            if found.problem is not None or (found.is_too_large and not kind_only):
                message = f"output '{name}'{where} {describe_difference(found)}"
                yield _finding("other-values", signature, message)


def _finding(code: str, signature: str, message: str) -> Finding:
    return Finding(RIGHT, CRITICAL, code, f"signature '{signature}'", message)
