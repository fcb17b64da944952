"""The checkpoint's own object graph: under which key it holds the value of which object.

Proto: ``tensorflow/core/protobuf/trackable_object_graph.proto``, stored in the checkpoint as the
string tensor ``_CHECKPOINTABLE_OBJECT_GRAPH``.
"""

from __future__ import annotations

from collections import deque

from tfexport.savedmodel import protos
from tfexport.savedmodel.checkpoint import OBJECT_GRAPH_KEY, CheckpointError, CheckpointIndex
from tfexport.savedmodel.protos import MetaGraphDef
from tfexport.savedmodel.wire import read_varint

_CHECKSUM_SIZE = 4
_VALUE = "VARIABLE_VALUE"


def match_checkpoint_keys(metagraph: MetaGraphDef, index: CheckpointIndex) -> dict[int, str]:
    """The checkpoint key of each object of the SavedModel that has a value there.

    Both graphs are walked from their roots along the same names. Nothing is matched where the
    checkpoint's graph is missing or damaged.
    """
    saved = metagraph.object_graph_def.nodes
    stored = _read_object_graph(index)
    keys: dict[int, str] = {}
    seen = {0}
    waiting = deque([(0, 0)] if saved and stored else [])
    while waiting:
        saved_id, stored_id = waiting.popleft()
        for attribute in stored[stored_id].attributes:
            if attribute.name == _VALUE:
                keys[saved_id] = attribute.checkpoint_key
        names = {child.local_name: child.node_id for child in stored[stored_id].children}
        for child in saved[saved_id].children:
            known = names.get(child.local_name, -1)
            if child.node_id not in seen and 0 <= known < len(stored):
                seen.add(child.node_id)
                if 0 <= child.node_id < len(saved):
                    waiting.append((child.node_id, known))
    return keys


def _read_object_graph(index: CheckpointIndex) -> list[protos.TrackableObject]:
    from google.protobuf.message import DecodeError

    entry = index.entries.get(OBJECT_GRAPH_KEY)
    if entry is None:
        return []
    try:
        content = index.read_bytes(entry)
        # tensor_bundle.cc, WriteStringTensor: the lengths, their checksum, then the strings.
        _, position = read_varint(content, 0)
        graph = protos.trackable_object_graph_pb2.TrackableObjectGraph.FromString(
            content[position + _CHECKSUM_SIZE :]
        )
    except (CheckpointError, ValueError, DecodeError):
        return []
    return list(graph.nodes)
