"""What is missing, damaged or dangerous in a model that can still be shown: one line each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tfexport.savedmodel.checkpoint import BundleEntry, CheckpointIndex
from tfexport.savedmodel.description import (
    Asset,
    Function,
    Graph,
    ModelWarning,
    OpCount,
    Signature,
    Variable,
)
from tfexport.savedmodel.hazard_ops import HAZARD_OPS, SAVER_OPS
from tfexport.savedmodel.protos import MetaGraphDef
from tfexport.spec import format_shape

if TYPE_CHECKING:
    from tfexport.savedmodel.hazards import Hazard

_MOST_HAZARDS = 5


def warn_of_hazards(metagraph: MetaGraphDef, graph: Graph) -> Iterator[ModelWarning]:
    """Ops that run Python, write files, open the network, or read files that are no assets."""
    if not any(map(_is_worth_a_look, graph.ops)):
        return
    from tfexport.savedmodel.hazards import LOW, find_hazards  # 16 ms, and most models have none

    found = [_describe_hazard(h) for h in find_hazards(metagraph) if h.severity != LOW]
    messages = list(dict.fromkeys(found))
    for message in messages[:_MOST_HAZARDS]:
        yield ModelWarning("hazard", message)
    if len(messages) > _MOST_HAZARDS:
        more = f"{len(messages) - _MOST_HAZARDS:,} more hazards: tfexport check lists them."
        yield ModelWarning("hazard", more)


def _is_worth_a_look(count: OpCount) -> bool:
    return count.op in HAZARD_OPS and (count.own > 0 or count.op not in SAVER_OPS)


def _describe_hazard(hazard: Hazard) -> str:
    place = "the graph" if hazard.function is None else f"function {hazard.function}"
    target = f" ({hazard.target})" if hazard.target else ""
    return f"{hazard.op} in {place} {hazard.why}{target}."


def warn_of_signatures(
    signatures: Sequence[Signature], functions: Sequence[Function]
) -> Iterator[ModelWarning]:
    """No signature at all; signatures that the graph contradicts; functions never traced."""
    if not signatures:
        yield ModelWarning("no-signature", "There is no signature: nothing can be run by name.")
    for signature in signatures:
        for tensor in signature.inputs:
            if tensor.contradicted:
                graph = tensor.graph_spec.display()
                where = f"Signature {signature.name}: {tensor.name} is {tensor.spec.display()}"
                yield ModelWarning("contradiction", f"{where}, but {graph} in the graph.")
        yield from _warn_of_shared_tensors(signature)
    for function in functions:
        if not function.concrete_functions:
            message = f"Function {function.path} was never traced: it cannot be called."
            yield ModelWarning("untraced-function", message)


def _warn_of_shared_tensors(signature: Signature) -> Iterator[ModelWarning]:
    names: dict[str, list[str]] = {}
    for tensor in signature.inputs:
        names.setdefault(tensor.tensor_name or tensor.name, []).append(tensor.name)
    for shared in names.values():
        if len(shared) > 1:
            message = f"Signature {signature.name}: the inputs {', '.join(shared)} are one tensor."
            yield ModelWarning("shared-tensor", message)


def warn_of_assets(assets: Sequence[Asset]) -> Iterator[ModelWarning]:
    """Assets that the graph reads and that are not there."""
    for asset in assets:
        if asset.size is None:
            yield ModelWarning("missing-asset", f"Asset {asset.filename} is missing.")


def warn_of_variables(
    variables: Sequence[Variable], index: CheckpointIndex
) -> Iterator[ModelWarning]:
    """Variables whose values the checkpoint does not hold, and damaged data files."""
    missing = [variable for variable in variables if variable.checkpoint_key is None]
    if missing:
        more = f" and {len(missing) - 1:,} more" if len(missing) > 1 else ""
        name = missing[0].object_path or missing[0].name
        yield ModelWarning("missing-values", f"The checkpoint has no values for {name}{more}.")
    yield from _warn_of_sizes(variables, index)
    yield from _warn_of_data_files(index)


def _warn_of_sizes(variables: Sequence[Variable], index: CheckpointIndex) -> Iterator[ModelWarning]:
    for variable in variables:
        entry = index.entries.get(variable.checkpoint_key or "")
        if entry is not None and _disagree(variable, entry):
            stored = f"{entry.dtype} {format_shape(entry.shape)}"
            message = f"Variable {variable.object_path or variable.name} is stored as {stored}."
            yield ModelWarning("contradiction", message)


def _disagree(variable: Variable, entry: BundleEntry) -> bool:
    if variable.dtype != entry.dtype:
        return True
    shape = variable.shape
    return shape is not None and None not in shape and shape != entry.shape


def _warn_of_data_files(index: CheckpointIndex) -> Iterator[ModelWarning]:
    ends: dict[int, int] = {}
    for entry in index.entries.values():
        ends[entry.shard] = max(ends.get(entry.shard, 0), entry.offset + entry.size)
    for shard, end in sorted(ends.items()):
        message = _check_data_file(index.data_file(shard), end)
        if message:
            yield ModelWarning("damaged-checkpoint", message)


def _check_data_file(path: Path, end: int) -> str | None:
    name = f"variables/{path.name}"
    try:
        size = path.stat().st_size
    except OSError:
        return f"{name} is missing: its variables cannot be restored."
    if size < end:
        return f"{name} is cut off: it has {size:,} of {end:,} bytes."
    return None
