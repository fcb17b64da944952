"""One export from the module to the files: the steps, in their order, with what they share."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfexport.errors import UsageError
from tfexport.exporting.binding import BoundMethod, bind_methods, check_signature
from tfexport.exporting.calling import Call, plan_calls, record_calls
from tfexport.exporting.freshness import traced_afresh
from tfexport.exporting.generating import Array, Sizes
from tfexport.exporting.graphs import PYTHON_OPS, find_operation, place_of
from tfexport.exporting.manifest import write_manifest
from tfexport.exporting.methods import choose_entries
from tfexport.exporting.options import Origin, SaveOptions
from tfexport.exporting.results import KeptInputs, Verification
from tfexport.exporting.samples import Sample, parse_sample, read_samples
from tfexport.exporting.serving_warmup import write_warmup_requests
from tfexport.exporting.tracing import TracedModule, trace_methods
from tfexport.exporting.user_code import show_place
from tfexport.exporting.verifying import verify
from tfexport.exporting.warming import warm_up
from tfexport.exporting.writing import copy_extras, quiet_logging, write_saved_model

if TYPE_CHECKING:
    from tfexport.exporting.saving import Step


@dataclass
class Export:
    """A module that is ready to be written.

    ``samples`` are the user's inputs by signature, ``sizes`` those that unknown dimensions of
    generated ones can have. ``warnings`` grows while the export goes on.
    """

    module: object
    options: SaveOptions
    methods: Sequence[BoundMethod]
    samples: Mapping[str, list[dict[str, Array]]]
    sizes: Mapping[str, Sizes | None]
    traced: TracedModule
    warnings: list[str] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)

    @classmethod
    def prepare(cls, module: object, options: SaveOptions, step: Step) -> Export:
        """Bind, call once, give the weights their values, and trace."""
        methods = _bind(module, options)
        names = [bound.entry.signature for bound in methods]
        with step("trace", ", ".join(names)), quiet_logging(), traced_afresh(module):
            given = _list_samples(options.samples, names)
            samples = {b.entry.signature: read_samples(b, given, names) for b in methods}
            sizes = {
                b.entry.signature: warm_up(module, b, samples[b.entry.signature]) for b in methods
            }
            _load_values(module, options)
            traced = trace_methods(methods)
        export = cls(module, options, methods, samples, sizes, traced)
        export.warnings.extend(export._warn_of_python())
        return export

    def write(self, directory: Path) -> None:
        """Write the SavedModel itself."""
        with traced_afresh(self.module):
            write_saved_model(self.module, self.traced, directory)

    def verify(self, directory: Path, step: Step) -> list[Verification]:
        """Compare what was written with the module, unless it is not to be or cannot be."""
        methods = [bound for bound in self.methods if not self._runs_python(bound)]
        if not methods or not (self.options.verify or self.options.warmup):
            return []
        plans = [
            plan_calls(
                bound, self.samples[bound.entry.signature], self.sizes[bound.entry.signature]
            )
            for bound in methods
        ]
        with ExitStack() as steps:
            if self.options.verify:
                steps.enter_context(
                    step("verify", ", ".join(p.bound.entry.signature for p in plans))
                )
            self.calls = record_calls(self.module, plans)
            if not self.options.verify:
                return []
            return verify(directory, self.module, plans, self.calls, self.options.tolerance)

    def write_surroundings(
        self, directory: Path, origin: Origin, model: str, verified: Sequence[Verification]
    ) -> KeptInputs | None:
        """Write what goes into ``assets.extra``: the user's files, the manifest, warm-up requests.

        Gives the first inputs that were kept.
        """
        extra = directory / "assets.extra"
        copy_extras(self.options.extras, extra)
        if self.options.warmup:
            write_warmup_requests(extra, model, self.calls)
        return write_manifest(
            extra / "tfexport",
            self.module,
            origin,
            self.options,
            self.methods,
            verified,
            self.calls if verified else [],
        )

    def _runs_python(self, bound: BoundMethod) -> bool:
        graph = self.traced.graphs[bound.entry.signature]
        return find_operation(graph, PYTHON_OPS) is not None

    def _warn_of_python(self) -> list[str]:
        warnings = []
        for name, graph in self.traced.graphs.items():
            operation = find_operation(graph, PYTHON_OPS)
            if operation is not None:
                warnings.append(
                    f"Signature '{name}' calls Python{show_place(place_of(operation))}: it runs in "
                    "no other process, so it was not verified. Use TensorFlow's operations instead."
                )
        return warnings


def _bind(module: object, options: SaveOptions) -> list[BoundMethod]:
    entries = choose_entries(module, options.signatures, options.specs)
    return bind_methods(module, entries, options.specs, options.constants, options.output_names)


def _list_samples(samples: Sequence[Any], signatures: Sequence[str]) -> list[Sample]:
    """The samples by signature. Raises UsageError for one that none of them would take."""
    listed = [_as_sample(sample, signatures) for sample in samples]
    for sample in listed:
        check_signature(UsageError, "Sample", sample, signatures)
    return listed


def _as_sample(sample: Any, signatures: Sequence[str]) -> Sample:
    if isinstance(sample, str):
        return parse_sample(sample, signatures)
    name, values = sample
    signature, _, own = str(name).rpartition("/")
    if isinstance(values, (str, os.PathLike)):
        return Sample(signature or None, None, f"{own}={os.fspath(values)}")
    return Sample(signature or None, own, values)


def _load_values(module: object, options: SaveOptions) -> None:
    if options.checkpoint is not None:
        from tfexport.exporting.checkpoints import load_checkpoint

        load_checkpoint(module, options.checkpoint, options.partial)
    if options.weights is not None:
        from tfexport.exporting.weights import load_weights

        load_weights(module, options.weights, options.partial)
