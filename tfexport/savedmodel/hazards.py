"""Which ops reach outside the graph, where a model has them, and what reaches them.

``OPS`` is the one table. Its names are those that TensorFlow 2.21 registers
(``TF_GetAllOpList``), and at its end those of TensorFlow 1.x that opened the network. In three
tiers:

critical
    runs Python or another program's code, writes or deletes files, opens the network
medium
    reads files that are not the model's own assets, ends the process
low
    prints, asserts, calls back to the host, talks to other devices

Not in it: ops that only compute, keep state inside the process (variables, tables, queues, an
iterator), or set up accelerators. TensorFlow's own saving and restoring is found by what the
``saver_def`` reaches, and is no hazard as long as it keeps to the file name that it is given.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from tfexport.records import dataclass
from tfexport.savedmodel.calls import Call, CallGraph
from tfexport.savedmodel.description import Signature
from tfexport.savedmodel.entries import (
    Entry,
    function_entries,
    loading_entries,
    saving_entries,
    signature_entries,
    signature_entry,
)
from tfexport.savedmodel.origins import OriginFinder, Origins, merge_origins
from tfexport.savedmodel.protos import MetaGraphDef, NodeDef
from tfexport.savedmodel.reaching import MainGraph, Reach, Way

CRITICAL, MEDIUM, LOW = "critical", "medium", "low"
SEVERITIES = (CRITICAL, MEDIUM, LOW)

Target = tuple[int, ...] | str | None


@dataclass(frozen=True)
class OpRule:
    """What an op does outside the graph.

    ``kind`` is a fixed word, ``why`` completes "it …". ``target`` says what with: the indices of
    the inputs, or the name of the attribute, that hold a path or an address. Where all of it is
    constant and matches ``harmless``, the op does nothing outside, or what ``otherwise`` says.
    """

    severity: str
    kind: str
    why: str
    target: Target = None
    harmless: str | None = None
    otherwise: OpRule | None = None


def _rules(names: str, rule: OpRule) -> dict[str, OpRule]:
    return dict.fromkeys(names.split(), rule)


def _writes(why: str, target: Target = None, harmless: str | None = None) -> OpRule:
    return OpRule(CRITICAL, "writes-files", why, target, harmless)


def _network(why: str, target: Target = None, harmless: str | None = None) -> OpRule:
    return OpRule(CRITICAL, "network", why, target, harmless)


def _reads(why: str, target: Target = None, harmless: str | None = None) -> OpRule:
    return OpRule(MEDIUM, "reads-files", why, target, harmless)


_NOTHING = r""
_BUILT_IN_DESCRIPTOR = r"|local://.*|bytes://.*"
_PRINTS = OpRule(LOW, "prints", "prints values, which may be a user's data")

OPS: dict[str, OpRule] = {
    # --- runs Python, or another program's code
    **_rules(
        "PyFunc PyFuncStateless EagerPyFunc",
        OpRule(
            CRITICAL, "python", "runs a Python function of the process it is loaded in", "token"
        ),
    ),
    "XlaCustomCall": OpRule(
        CRITICAL, "native-code", "calls native code by its name", "target_name"
    ),
    "XlaCustomCallV2": OpRule(
        CRITICAL, "native-code", "calls native code by its name", "call_target_name"
    ),
    "DatasetFromGraph": OpRule(
        CRITICAL, "hidden-graph", "runs a graph kept in a string, where any op can hide"
    ),
    # --- writes or deletes files
    "WriteFile": _writes("writes a file, and the directories on the way to it", (0,)),
    "SaveV2": _writes("writes a checkpoint", (0,)),
    "Save": _writes("writes a checkpoint", (0,)),
    "SaveSlices": _writes("writes a checkpoint", (0,)),
    "MergeV2Checkpoints": _writes("writes a checkpoint, and deletes those it is made of", (0, 1)),
    "SaveDataset": _writes("writes a dataset's elements into a directory", (1,)),
    "SaveDatasetV2": _writes("writes a dataset's elements into a directory", (1,)),
    "DatasetToTFRecord": _writes("writes a dataset's elements into a file", (1,)),
    "ExperimentalDatasetToTFRecord": _writes("writes a dataset's elements into a file", (1,)),
    "CacheDataset": _writes("caches a dataset's elements in files", (1,), _NOTHING),
    "CacheDatasetV2": _writes("caches a dataset's elements in files", (1,), _NOTHING),
    "SnapshotDataset": _writes(
        "writes a dataset's elements into a directory, and reads them", (1,)
    ),
    "SnapshotDatasetV2": _writes(
        "writes a dataset's elements into a directory, and reads them", (1,)
    ),
    "CreateSummaryFileWriter": _writes("creates a file of summaries", (1,)),
    "CreateSummaryDbWriter": _writes("creates a database of summaries", (1,)),
    **_rules(
        """SummaryWriter WriteSummary WriteRawProtoSummary WriteScalarSummary WriteHistogramSummary
        WriteImageSummary WriteAudioSummary WriteGraphSummary ImportEvent FlushSummaryWriter
        CloseSummaryWriter StatsAggregatorSetSummaryWriter""",
        _writes("writes summaries to a file or a database"),
    ),
    "DumpTensor": _writes("writes a tensor into a directory", "log_dir_path"),
    "CalibrationStatisticsSaver": _writes("writes statistics to a file", "output_file_path"),
    # --- opens the network
    **_rules(
        "DebugIdentity DebugIdentityV2 DebugIdentityV3 DebugNanCount DebugNumericSummary",
        _network("sends tensors to a debugger's address, or writes them", "debug_urls", _NOTHING),
    ),
    **_rules(
        "Copy CopyHost",
        _network("copies tensors for a debugger's address", "debug_ops_spec", _NOTHING),
    ),
    "RpcClient": _network("connects to a server", (0,)),
    "RpcServer": _network("opens a port and listens", (0,)),
    **_rules(
        """RpcServerStart RpcServerRegister RpcCall RpcCheckStatus RpcGetValue
        DeleteRpcFutureResource""",
        _network("calls functions over the network, or lets others call them"),
    ),
    **_rules(
        "DataServiceDataset DataServiceDatasetV2 DataServiceDatasetV3 DataServiceDatasetV4",
        _network("reads a dataset from a tf.data service", (2,)),
    ),
    "RegisterDataset": _network("sends a dataset's graph to a tf.data service", (1,)),
    "RegisterDatasetV2": _network("sends a dataset's graph to a tf.data service", (1,)),
    "DistributedSave": _network("lets a tf.data service write a dataset", (2,)),
    "FileSystemSetConfiguration": _network("changes how this process reaches remote files", (0,)),
    # --- reads files
    "ReadFile": _reads("reads a whole file", (0,)),
    "MatchingFiles": _reads("lists the files of a directory", (0,)),
    "MatchingFilesDataset": _reads("lists the files of a directory", (0,)),
    "ExperimentalMatchingFilesDataset": _reads("lists the files of a directory", (0,)),
    **_rules(
        """WholeFileReader WholeFileReaderV2 TextLineReader TextLineReaderV2 TFRecordReader
        TFRecordReaderV2 FixedLengthRecordReader FixedLengthRecordReaderV2 LMDBReader""",
        _reads("reads the files whose names a queue gives"),
    ),
    **_rules(
        """TextLineDataset TFRecordDataset TFRecordDatasetV2 FixedLengthRecordDataset
        FixedLengthRecordDatasetV2 CSVDataset CSVDatasetV2 ExperimentalCSVDataset""",
        _reads("reads files as a dataset", (0,)),
    ),
    "LMDBDataset": _reads("reads a database as a dataset", (0,)),
    "ExperimentalLMDBDataset": _reads("reads a database as a dataset", (0,)),
    "SqlDataset": _reads("runs SQL on a database", (1,)),
    "ExperimentalSqlDataset": _reads("runs SQL on a database", (1,)),
    "LoadDataset": _reads("reads a saved dataset", (0,)),
    "SnapshotDatasetReader": _reads("reads a saved dataset", (0,)),
    "SnapshotChunkDataset": _reads("reads a saved dataset", (0,)),
    "SnapshotNestedDatasetReader": _reads("reads saved datasets"),
    "ListSnapshotChunksDataset": _reads("lists the files of a saved dataset", (0,)),
    **_rules(
        "Restore RestoreSlice RestoreV2 DTensorRestoreV2 LoadAndRemapMatrix",
        _reads("reads a checkpoint", (0,)),
    ),
    "InitializeTableFromTextFile": _reads("fills a table from a file", (1,)),
    "InitializeTableFromTextFileV2": _reads("fills a table from a file", (1,)),
    "GenerateVocabRemapping": _reads("reads vocabulary files", (0, 1)),
    "ImmutableConst": _reads("maps a file into memory", "memory_region_name"),
    "RecordInput": _reads("reads the files that match a pattern", "file_pattern"),
    "Skipgram": _reads("reads a text file", "filename"),
    "FixedUnigramCandidateSampler": _reads("reads a vocabulary file", "vocab_file", _NOTHING),
    "EncodeProto": _reads(
        "reads message types from a file", "descriptor_source", _BUILT_IN_DESCRIPTOR
    ),
    "DecodeProtoV2": _reads(
        "reads message types from a file", "descriptor_source", _BUILT_IN_DESCRIPTOR
    ),
    # --- ends the process
    "Abort": OpRule(MEDIUM, "ends-process", "ends the whole process it runs in"),
    "WorkerHeartbeat": OpRule(MEDIUM, "ends-process", "can tell the whole process to shut down"),
    # --- prints, asserts, calls back to the host, talks to other devices
    "Print": _PRINTS,
    "PrintV2": OpRule(
        CRITICAL,
        "writes-files",
        "prints to the end of a file",
        "output_stream",
        r"(?!file://)[^\0]*",
        _PRINTS,
    ),
    **_rules(
        """Assert AssertNextDataset AssertPrevDataset AssertCardinalityDataset
        ExperimentalAssertNextDataset""",
        OpRule(LOW, "asserts", "stops the call, and tells values, where a condition is not met"),
    ),
    **_rules(
        """XlaHostCompute _XlaHostComputeMlir XlaSendToHost XlaRecvFromHost _XlaSendFromHost
        _XlaSendFromHostV2 _XlaRecvAtHost _XlaRecvAtHostV2 InfeedDequeue InfeedDequeueTuple
        InfeedEnqueue InfeedEnqueueTuple InfeedEnqueuePrelinearizedBuffer OutfeedDequeue
        OutfeedDequeueTuple OutfeedDequeueV2 OutfeedDequeueTupleV2 OutfeedEnqueue
        OutfeedEnqueueTuple""",
        OpRule(LOW, "host", "exchanges values between an accelerator and its host"),
    ),
    **_rules(
        """Send Recv _Send _Recv _HostSend _HostRecv RemoteCall CollectiveReduce CollectiveReduceV2
        CollectiveReduceV3 CollectiveReduceScatterV2 CollectiveGather CollectiveGatherV2
        CollectiveBcastSend CollectiveBcastSendV2 CollectiveBcastRecv CollectiveBcastRecvV2
        CollectiveAllToAllV2 CollectiveAllToAllV3 CollectivePermute
        CollectiveInitializeCommunicator CollectiveAssignGroupV2 NcclAllReduce NcclReduce
        NcclBroadcast _NcclReduceSend _NcclReduceRecv _NcclBroadcastSend _NcclBroadcastRecv""",
        OpRule(LOW, "devices", "exchanges values with other devices, or processes of a cluster"),
    ),
    "XlaCallModule": OpRule(
        LOW, "opaque", "runs a compiled StableHLO module, which is not looked into"
    ),
    "MlirPassthroughOp": OpRule(LOW, "opaque", "carries an MLIR module, which is not looked into"),
    # --- of TensorFlow 1.x
    **_rules(
        """Rpc TryRpc KafkaDataset WriteKafka KinesisDataset IgniteDataset PubSubDataset
        BigQueryReader GenerateBigQueryReaderPartitions BigtableClient DatasetToBigtable
        GcsConfigureBlockCache GcsConfigureCredentials""",
        _network("connects to a service over the network"),
    ),
}
"""The table: an op that reaches outside the graph, and how."""

_SAVING_OPS = frozenset({"Save", "SaveSlices", "SaveV2", "MergeV2Checkpoints"})
_RESTORING_OPS = frozenset({"Restore", "RestoreSlice", "RestoreV2", "DTensorRestoreV2"})

_REMOTE = re.compile(rb"(?!file:|ram:)[A-Za-z][A-Za-z0-9+.-]*://")
_LONGEST_TARGET = 200


@dataclass(frozen=True)
class Hazard:
    """A node whose op reaches outside the graph.

    ``function`` is the function it stands in, None in the main graph. ``target`` is the path or
    address where that is constant. ``reached_from`` is the kind of place where the execution that
    reaches it begins (``loading``, ``signature``, ``function``, ``saving``), ``entry`` which one,
    and ``calls`` the way from there, of which the first ``skipped`` are left out; all are empty
    where nothing reaches it.
    """

    severity: str
    kind: str
    op: str
    node: str
    function: str | None
    why: str
    target: str | None = None
    reached_from: str | None = None
    entry: str | None = None
    calls: tuple[Call, ...] = ()
    skipped: int = 0


def find_hazards(metagraph: MetaGraphDef) -> tuple[Hazard, ...]:
    """Every op of the table, in the main graph and in every function of the library.

    The most severe come first; of those, what runs at loading, then in signatures.
    """
    search = _HazardSearch(metagraph)
    reaches = (
        search.reach(loading_entries(metagraph)),
        search.reach(signature_entries(metagraph)),
        search.reach(function_entries(metagraph)),
        search.reach(saving_entries(metagraph)),
    )
    return _sort(search.find(reaches, everything=True))


def hazards_reached(
    metagraph: MetaGraphDef, signatures: Iterable[Signature], functions: Iterable[str] = ()
) -> tuple[Hazard, ...]:
    """The hazards that run when the model is loaded, and ``signatures`` and ``functions`` called.

    ``functions`` are names of concrete functions. Only what the fetched outputs and the init ops
    need is looked at, in every function that it calls. A signature that the metagraph does not
    have reaches nothing.
    """
    search = _HazardSearch(metagraph)
    entries = [Entry("function", name, functions=(name,)) for name in functions]
    definitions = metagraph.signature_def
    names = [found.name for found in signatures if found.name in definitions]
    entries += [signature_entry(name, definitions[name]) for name in names]
    reaches = (search.reach(loading_entries(metagraph)), search.reach(entries))
    return _sort(search.find(reaches, everything=False))


def _sort(hazards: Iterable[Hazard]) -> tuple[Hazard, ...]:
    order = {name: index for index, name in enumerate(SEVERITIES)}
    ranks = {"loading": 0, "signature": 1, "function": 2, "saving": 3, None: 4}
    return tuple(
        sorted(hazards, key=lambda found: (order[found.severity], ranks[found.reached_from]))
    )


class _HazardSearch:
    def __init__(self, metagraph: MetaGraphDef) -> None:
        graph = metagraph.graph_def
        self._calls = CallGraph(graph)
        self._main = MainGraph(graph)
        self._origins = OriginFinder(metagraph, self._calls, self._main.nodes)

    def reach(self, entries: Iterable[Entry]) -> Reach:
        return Reach(self._main, self._calls, entries)

    def find(self, reaches: tuple[Reach, ...], everything: bool) -> Iterator[Hazard]:
        """What is reached; with ``everything``, also what is not."""
        main = self._main.nodes
        names = main if everything else {name for reach in reaches for name in reach.nodes}
        for name in names:
            if main[name].op in OPS:
                ways = [reach.way_to_node(name) for reach in reaches]
                yield from self._judge(None, main[name], ways)
        functions = {name: None for reach in reaches for name in reach.functions}
        for function in self._calls.functions if everything else functions:
            yield from self._find_in(function, reaches)

    def _find_in(self, function: str, reaches: tuple[Reach, ...]) -> Iterator[Hazard]:
        nodes = [node for node in self._calls.nodes(function) if node.op in OPS]
        if nodes:
            ways = [reach.way_to(function) for reach in reaches]
            for node in nodes:
                yield from self._judge(function, node, ways)

    def _judge(
        self, function: str | None, node: NodeDef, ways: list[Way | None]
    ) -> Iterator[Hazard]:
        rule = OPS[node.op]
        origins = self._target(function, node, rule)
        way = next((way for way in ways if way is not None), None)
        at_call = any(way is not None and way.entry.kind != "loading" for way in ways)
        if _is_own_file(rule, origins, at_call) or _is_machinery(node.op, origins, ways):
            return
        found = _apply(rule, origins)
        if found is not None:
            yield _describe(found, function, node, origins, way)

    def _target(self, function: str | None, node: NodeDef, rule: OpRule) -> Origins:
        if isinstance(rule.target, tuple):
            tensors = [node.input[index] for index in rule.target if index < len(node.input)]
            return merge_origins(self._origins.origins(function, tensor) for tensor in tensors)
        if rule.target is None:
            return Origins(unknown=True)
        if rule.target in node.attr:
            value = node.attr[rule.target]
            texts = (value.s,) if value.WhichOneof("value") == "s" else value.list.s
            return Origins(tuple(filter(None, texts)) or (b"",))
        return Origins((b"",))  # the attribute's default, which is empty for all of the table


def _is_own_file(rule: OpRule, origins: Origins, at_call: bool) -> bool:
    # An asset's path that is fed while loading is whatever the graph says at any other time.
    if rule.kind != "reads-files" or origins.unknown or origins.constants or origins.saver:
        return False
    return origins.assets and not (origins.stored and at_call)


def _is_machinery(op: str, origins: Origins, ways: list[Way | None]) -> bool:
    if not origins.saver or origins.unknown or origins.constants or origins.assets:
        return False
    found = [way.entry for way in ways if way is not None]
    if op in _RESTORING_OPS:
        return any(entry.name == "restore op" for entry in found)
    return op in _SAVING_OPS and all(entry.kind == "saving" for entry in found)


def _apply(rule: OpRule, origins: Origins) -> OpRule | None:
    """The rule that fits where the target comes from, or None where the op does nothing."""
    known = not (origins.unknown or origins.assets or origins.saver)
    if rule.harmless is not None and known:
        pattern = re.compile(rule.harmless)
        if all(pattern.fullmatch(_decode(text)) for text in origins.constants):
            return rule.otherwise
    if rule.kind in ("reads-files", "writes-files"):
        remote = any(_REMOTE.match(text) for text in origins.constants)
        if remote and rule.target not in ("debug_urls", "output_stream"):
            why = f"{rule.why}, over the network"
            return replace(rule, severity=CRITICAL, kind="network", why=why)
    return rule


def _describe(
    rule: OpRule, function: str | None, node: NodeDef, origins: Origins, way: Way | None
) -> Hazard:
    texts = [_decode(text) for text in origins.constants if text]
    return Hazard(
        rule.severity,
        rule.kind,
        node.op,
        node.name,
        function,
        rule.why,
        target=", ".join(texts)[:_LONGEST_TARGET] or None,
        reached_from=None if way is None else way.entry.kind,
        entry=None if way is None else way.entry.name,
        calls=() if way is None else way.calls,
        skipped=0 if way is None else way.length - len(way.calls),
    )


def _decode(text: bytes) -> str:
    return text.decode("utf-8", errors="backslashreplace")
