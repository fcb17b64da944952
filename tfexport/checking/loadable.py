"""Is it loadable? What TensorFlow here would refuse, or not find, in the graph and its signatures.

Nothing of the model is run. The rules are those of ``tensorflow/core/framework/node_def_util.cc``
and ``tensorflow/core/graph/graph_constructor.cc``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from tfexport.checking.findings import CRITICAL, LOADABLE, LOW, MEDIUM, Finding
from tfexport.checking.model import CheckedModel, MetaGraphView
from tfexport.records import dataclass
from tfexport.runtime.failures import suggest_library
from tfexport.runtime.registry import OpDef, OpRegistry
from tfexport.savedmodel.entries import (
    DEFAULT_INIT,
    Entry,
    asset_tensors,
    loading_entries,
    saving_entries,
    signature_entry,
)
from tfexport.savedmodel.graph import node_name, parse_tensor_name
from tfexport.savedmodel.layout import KERAS_METADATA
from tfexport.savedmodel.protos import NodeDef

_MOST_NAMED = 3


def check_loadable(model: CheckedModel, registry: OpRegistry) -> Iterator[Finding]:
    """What would keep TensorFlow from loading the model, or its signatures from being called."""
    yield from _check_tags(model)
    for view in model.views:
        yield from _check_versions(view, registry)
        yield from _GraphCheck(view, registry).findings()


def _check_tags(model: CheckedModel) -> Iterator[Finding]:
    counts = Counter(frozenset(view.tags) for view in model.views)
    for tags, count in counts.items():
        name = ",".join(sorted(tags))
        if not tags:
            message = "has no tags, by which loaders ask for it"
            yield Finding(LOADABLE, MEDIUM, "no-tags", "the metagraph", message)
        if count > 1:
            message = f"is there {count} times, and only the first one can be loaded"
            yield Finding(LOADABLE, MEDIUM, "same-tags", f"tags '{name}'", message)


def _check_versions(view: MetaGraphView, registry: OpRegistry) -> Iterator[Finding]:
    versions, own = view.metagraph.graph_def.versions, registry.graph_version()
    here = f"TensorFlow {registry.library_version()}"
    made_by = view.description.tensorflow_version or "an unknown version"
    subject = f"graph version {versions.producer}"
    if versions.min_consumer > own or own in versions.bad_consumers:
        message = f"is refused by {here}, whose graphs have version {own}"
        yield Finding(LOADABLE, CRITICAL, "refused-version", subject, message)
    elif versions.producer > own:
        message = f"is newer than {here}: made by {made_by}, it may need ops that are not here"
        yield Finding(LOADABLE, MEDIUM, "newer-version", subject, message)


@dataclass(frozen=True)
class _Use:
    """One node, and the function it stands in."""

    node: NodeDef
    function: str | None

    def __str__(self) -> str:
        place = "" if self.function is None else f" in function '{self.function}'"
        return f"node '{self.node.name}'{place}"


class _GraphCheck:
    def __init__(self, view: MetaGraphView, registry: OpRegistry) -> None:
        self._metagraph = view.metagraph
        self._registry = registry
        graph = view.metagraph.graph_def
        self._functions = {function.signature.name for function in graph.library.function}
        self._nodes = {node.name: node for node in graph.node}
        self._faults: dict[tuple[str, str, str, str], list[_Use]] = {}

    def findings(self) -> Iterator[Finding]:
        """First what concerns ops, then what concerns signatures."""
        graph = self._metagraph.graph_def
        for node in graph.node:
            self._look_at(node, None)
        for function in graph.library.function:
            for node in function.node_def:
                self._look_at(node, function.signature.name)
        yield from self._describe_faults()
        yield from self._check_inputs()
        yield from self._check_entries()

    def _look_at(self, node: NodeDef, function: str | None) -> None:
        op = node.op
        if op in self._functions:
            return
        definition = self._registry.find(op)
        if definition is None:
            message = f"is not registered in TensorFlow. {suggest_library(op)}"
            self._add(CRITICAL, "unregistered-op", op, message, node, function)
            return
        rules = _rules_of(definition)
        producer = self._metagraph.graph_def.versions.producer
        if rules.removed is not None and producer >= rules.removed:
            message = f"is no longer allowed in graphs of version {rules.removed} and later"
            self._add(CRITICAL, "removed-op", op, message, node, function)
        present = node.attr
        for name in present:
            if name not in rules.attributes and not name.startswith("_"):
                message = f"has an attribute '{name}' that it does not have in TensorFlow here"
                self._add(CRITICAL, "unknown-attribute", op, message, node, function)
        for name in rules.required:
            if name not in present:
                message = f"lacks its attribute '{name}'"
                self._add(CRITICAL, "missing-attribute", op, message, node, function)

    def _add(
        self, severity: str, code: str, op: str, message: str, node: NodeDef, function: str | None
    ) -> None:
        self._faults.setdefault((severity, code, op, message), []).append(_Use(node, function))

    def _describe_faults(self) -> Iterator[Finding]:
        for (severity, code, op, message), uses in self._faults.items():
            count = f" and {len(uses) - 1:,} more" if len(uses) > 1 else ""
            yield Finding(LOADABLE, severity, code, op, f"{message} ({uses[0]}{count})")

    def _check_inputs(self) -> Iterator[Finding]:
        nodes = self._nodes
        missing = [
            (source, node.name)
            for node in self._metagraph.graph_def.node
            for source in node.input
            if source not in nodes and node_name(source) not in nodes
        ]
        for source, name in missing[:_MOST_NAMED]:
            message = f"needs '{source}', which is not in the graph{_more(missing)}"
            yield Finding(LOADABLE, CRITICAL, "missing-node", f"node '{name}'", message)

    def _check_entries(self) -> Iterator[Finding]:
        for name, definition in sorted(self._metagraph.signature_def.items()):
            entry = signature_entry(name, definition)
            yield from self._check_tensors(f"signature '{name}'", (*entry.feeds, *entry.fetches))
        loading = [e for e in loading_entries(self._metagraph) if e.name != DEFAULT_INIT]
        for entry in (*loading, *saving_entries(self._metagraph)):
            yield from self._check_tensors(f"the {entry.name}", _tensors(entry))
        names = {entry.name for entry in loading}
        if "restore op" in names and "init op" not in names:  # the C library feeds them to either
            yield from self._check_tensors("an asset", asset_tensors(self._metagraph))

    def _check_tensors(self, subject: str, tensors: Iterable[str]) -> Iterator[Finding]:
        for tensor in sorted(set(tensors)):
            if tensor and not self._has(tensor):
                message = f"names the tensor '{tensor}', which is not in the graph"
                yield Finding(LOADABLE, CRITICAL, "missing-tensor", subject, message)

    def _has(self, tensor: str) -> bool:
        parsed = parse_tensor_name(tensor)
        node = None if parsed is None else self._nodes.get(parsed[0])
        if parsed is None or node is None:
            return False
        count = self._count_outputs(node)
        return parsed[1] is None or count is None or parsed[1] < count

    def _count_outputs(self, node: NodeDef) -> int | None:
        definition = self._registry.find(node.op)
        if definition is None:
            return None
        return sum(_count(argument, node) for argument in definition.output_arg)


def _tensors(entry: Entry) -> tuple[str, ...]:
    return (*entry.feeds, *entry.fetches)


def _count(argument: Any, node: NodeDef) -> int:
    if argument.number_attr:
        return int(node.attr[argument.number_attr].i) if argument.number_attr in node.attr else 0
    if argument.type_list_attr:
        name = argument.type_list_attr
        return len(node.attr[name].list.type) if name in node.attr else 0
    return 1


def _more(found: list[Any]) -> str:
    rest = len(found) - _MOST_NAMED
    return f"; {rest:,} more nodes lack an input" if rest > 0 else ""


@dataclass(frozen=True)
class _Rules:
    attributes: frozenset[str]
    required: tuple[str, ...]
    removed: int | None


_rules: dict[str, _Rules] = {}


def _rules_of(definition: OpDef) -> _Rules:
    name = definition.name
    if name not in _rules:
        _rules[name] = _Rules(
            frozenset(attribute.name for attribute in definition.attr),
            tuple(a.name for a in definition.attr if not a.HasField("default_value")),
            definition.deprecation.version if definition.HasField("deprecation") else None,
        )
    return _rules[name]


def check_keras_metadata(model: CheckedModel) -> Iterator[Finding]:
    """What Keras 2 would trip over when it loads the model by its ``keras_metadata.pb``."""
    from tfexport.savedmodel.keras_metadata import KerasMetadataError, read_keras_objects

    objects = model.views[0].metagraph.object_graph_def.nodes
    try:
        found = read_keras_objects(model.directory)
    except KerasMetadataError as error:
        message = f"{error}: Keras 2 cannot load the model as a Keras model"
        yield Finding(
            LOADABLE, LOW, "damaged-keras-metadata", KERAS_METADATA, message, KERAS_METADATA
        )
        return
    strays = [item for item in found if not 0 <= item.node_id < len(objects)]
    if strays:
        message = (
            f"tells of '{strays[0].path}' as object {strays[0].node_id}, and the model has "
            f"{len(objects)}: Keras 2 cannot load the model as a Keras model"
        )
        yield Finding(
            LOADABLE, LOW, "stray-keras-metadata", KERAS_METADATA, message, KERAS_METADATA
        )
