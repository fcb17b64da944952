"""SavedModels with every op of the table of hazards in every place where one can hide.

Built by TensorFlow itself: one model a hiding place, with one signature or function an op.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorflow.core.framework import types_pb2
from tensorflow.python.framework import op_def_library, op_def_registry

# Attributes without which an op does nothing outside the graph, or is refused.
ATTRIBUTES: dict[str, dict[str, Any]] = {
    "DebugIdentity": {"debug_urls": ["grpc://localhost:6009"]},
    "DebugIdentityV2": {"debug_urls": ["file:///tmp/tfdbg"]},
    "DebugIdentityV3": {"debug_urls": ["grpc://localhost:6009"]},
    "DebugNanCount": {"debug_urls": ["file:///tmp/tfdbg"]},
    "DebugNumericSummary": {"debug_urls": ["file:///tmp/tfdbg"]},
    "Copy": {"debug_ops_spec": ["DebugIdentity;grpc://localhost:6009;0"]},
    "CopyHost": {"debug_ops_spec": ["DebugIdentity;grpc://localhost:6009;0"]},
    "FixedUnigramCandidateSampler": {"vocab_file": "/etc/hostname", "range_max": 9},
    "PrintV2": {"output_stream": "file:///tmp/printed"},
    "EncodeProto": {"descriptor_source": "/tmp/types.pb"},
    "DecodeProtoV2": {"descriptor_source": "/tmp/types.pb"},
    "RpcServerRegister": {"Tin": [tf.float32]},
    "WriteImageSummary": {"T": tf.float32},
    "WriteHistogramSummary": {"T": tf.float32},
    "CollectiveBcastRecvV2": {"Tshape": tf.int32},
}
# Inputs that must be no scalars, by their names in the OpDefs.
RANKS = {
    **dict.fromkeys(("tensor_names", "shape_and_slices", "shapes_and_slices"), 1),
    **dict.fromkeys(("transformations", "select_cols", "exclude_cols", "record_defaults"), 1),
    **dict.fromkeys(("checkpoint_prefixes", "group_assignment"), 1),
    **dict.fromkeys(("row_remapping", "col_remapping", "initializing_values"), 1),
    **dict.fromkeys(("sizes", "values", "true_classes"), 2),
}
_RANKS_OF = {
    "CollectiveGather": {"input": 1},
    "CollectiveGatherV2": {"input": 1},
    "CollectiveReduceScatterV2": {"input": 1},
    "CollectiveBcastRecvV2": {"shape": 1},
    "_NcclBroadcastRecv": {"shape": 1},
}
_SPEC = tf.TensorSpec([], tf.float32)


def traceable_ops(names: Iterable[str]) -> tuple[list[str], dict[str, str]]:
    """Those of ``names`` that this TensorFlow can put into a function; why not, for the others."""
    found, refused = [], {}
    for name in names:
        try:
            tf.function(lambda name=name: call_op(name), autograph=False).get_concrete_function()
        except Exception as error:
            refused[name] = str(error)
        else:
            found.append(name)
    return found, refused


def call_op(name: str) -> None:
    """Put one node of that op into the graph being traced, with inputs and attributes that fit."""
    definition = op_def_registry.get(name)
    if definition is None:
        raise LookupError("not registered")
    arguments = {attribute.name: _attribute(attribute) for attribute in definition.attr}
    arguments.update(ATTRIBUTES.get(name, {}))
    for argument in definition.input_arg:
        arguments[argument.name] = _input(name, argument, arguments)
    for argument in definition.input_arg:
        for owner in (argument.type_attr, argument.type_list_attr, argument.number_attr):
            arguments.pop(owner, None)
    op_def_library._apply_op_helper(name, name="hazard", **arguments)


def _attribute(attribute: Any) -> Any:
    if attribute.type == "type":
        allowed = list(attribute.allowed_values.list.type)
        first = types_pb2.DT_FLOAT if not allowed or types_pb2.DT_FLOAT in allowed else allowed[0]
        return tf.as_dtype(first)
    if attribute.HasField("default_value") and attribute.type != "list(type)":
        value = attribute.default_value
        kind = value.WhichOneof("value")
        return getattr(value, kind) if kind != "list" else []
    if attribute.type == "func":
        return tf.function(lambda x: x).get_concrete_function(_SPEC)
    texts = attribute.allowed_values.list.s
    return {
        "string": texts[0] if texts else "text",
        "int": max(attribute.minimum, 1),
        "float": 1.0,
        "bool": True,
        "shape": tf.TensorShape([]),
        "list(type)": [tf.float32],
        "list(shape)": [tf.TensorShape([])],
        "list(string)": ["text"],
        "list(int)": [1],
        "list(func)": [],
    }[attribute.type]


def _input(op: str, argument: Any, arguments: dict[str, Any]) -> Any:
    rank = _RANKS_OF.get(op, RANKS).get(argument.name, 0)
    if argument.name.startswith("shape_and_slice"):
        return tf.constant([""] if rank else "")
    if argument.is_ref:
        return tf.raw_ops.HashTable(key_dtype=tf.string, value_dtype=tf.int64)
    if argument.type_list_attr:
        return [_value(dtype, rank) for dtype in arguments[argument.type_list_attr]]
    value = _value(arguments.get(argument.type_attr) or tf.DType(argument.type), rank)
    return [value] if argument.number_attr else value


def _value(dtype: Any, rank: int) -> tf.Tensor:
    dtype = tf.as_dtype(dtype)
    if dtype == tf.variant:
        return tf.data.Dataset.range(1)._variant_tensor
    if dtype == tf.resource:
        return tf.raw_ops.VarHandleOp(dtype=tf.float32, shape=[])
    value = tf.constant("/tmp/target") if dtype == tf.string else tf.cast(1, dtype)
    return tf.reshape(value, [1] * rank) if rank else value


def plain(op: str, x: tf.Tensor) -> tf.Tensor:
    call_op(op)
    return tf.identity(x)


def in_cond(op: str, x: tf.Tensor) -> tf.Tensor:
    return tf.cond(x > 0, lambda: plain(op, x), lambda: -x)


def in_while(op: str, x: tf.Tensor) -> tf.Tensor:
    return tf.while_loop(lambda y: y < 3, lambda y: plain(op, y) + 1, [x])[0]


def in_map_fn(op: str, x: tf.Tensor) -> tf.Tensor:
    return tf.map_fn(lambda y: plain(op, y), tf.stack([x, x]))


def in_dataset(op: str, x: tf.Tensor) -> tf.Tensor:
    dataset = tf.data.Dataset.from_tensors(x).map(lambda y: plain(op, y))
    return dataset.reduce(x, lambda total, y: total + y)


PLACES: dict[str, Callable[[str, tf.Tensor], tf.Tensor]] = {
    "plain": plain,
    "cond": in_cond,
    "while": in_while,
    "map_fn": in_map_fn,
    "dataset map": in_dataset,
}


def save_with_signatures(place: str, ops: list[str], directory: Path) -> None:
    """Save a model with a signature an op, each hiding that op in ``place``."""
    hide = PLACES[place]
    signatures = {op: _trace(lambda x, op=op: {"y": hide(op, x)}) for op in ops}
    tf.saved_model.save(tf.Module(), str(directory), signatures=signatures)


def save_with_functions(ops: list[str], directory: Path, signature: bool) -> None:
    """Save a model with a function an op that no signature calls; perhaps with no signature."""
    module = tf.Module()
    module.functions = {op: _trace(lambda x, op=op: plain(op, x)) for op in ops}
    signatures = {"clean": _trace(lambda x: {"y": x + 1})} if signature else {}
    tf.saved_model.save(module, str(directory), signatures=signatures)


def _trace(function: Callable[[tf.Tensor], Any]) -> Any:
    return tf.function(function, input_signature=[_SPEC], autograph=False).get_concrete_function()
