"""Where the execution of a model begins: loading it, its signatures, its functions, its saver.

What TensorFlow runs when it loads a SavedModel: ``tensorflow/cc/saved_model/loader.cc`` (the
restore op, then the init op) and ``tensorflow/python/saved_model/load.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tfexport.records import dataclass
from tfexport.savedmodel.protos import MetaGraphDef, TensorInfo

LOADING, SIGNATURE, FUNCTION, SAVING = "loading", "signature", "function", "saving"

_INIT_OP = "__saved_model_init_op"
DEFAULT_INIT = "default init op"
_OPERATIONS = (_INIT_OP, "__saved_model_train_op")
_INIT_COLLECTIONS = ("saved_model_main_op", "legacy_init_op")
_ASSETS = "saved_model_assets"
_SAVERS = "savers"
_TABLES, _LOCAL_VARIABLES = "table_initializer", "local_variables"
# What tf.saved_model.load calls of a table or another resource: RestoredResource, load.py.
_RESOURCE_FUNCTIONS = ("_create_resource", "_initialize", "_destroy_resource")


@dataclass(frozen=True)
class Entry:
    """One place where execution begins.

    ``kind`` is LOADING, SIGNATURE, FUNCTION or SAVING; ``name`` which of them. What runs is
    whatever ``fetches`` (tensors or nodes of the main graph) need, but for what is fed as one of
    the tensors ``feeds``, and the ``functions`` called.
    """

    kind: str
    name: str
    fetches: tuple[str, ...] = ()
    feeds: frozenset[str] = frozenset()
    functions: tuple[str, ...] = ()


def loading_entries(metagraph: MetaGraphDef) -> Iterator[Entry]:
    """What runs when the model is loaded: the restore op, the init op, functions of resources."""
    assets = frozenset(asset_tensors(metagraph))
    saver = metagraph.saver_def
    if saver.restore_op_name:
        # The C library feeds the assets here too; tf.saved_model.load does not.
        fed = frozenset({full_name(saver.filename_tensor_name)})
        yield Entry(LOADING, "restore op", (saver.restore_op_name,), fed)
    operations = tuple(_init_operations(metagraph))
    if operations:
        yield Entry(LOADING, "init op", operations, assets)
    elif initializers := tuple(_default_initializers(metagraph)):
        yield Entry(LOADING, DEFAULT_INIT, initializers, assets)
    yield from _resource_functions(metagraph)
    yield from _restore_functions(metagraph)


def _resource_functions(metagraph: MetaGraphDef) -> Iterator[Entry]:
    # Every edge counts: the same function can hang under other names as well.
    objects = metagraph.object_graph_def.nodes
    edges = dict.fromkeys(
        (child.local_name, child.node_id)
        for node in objects
        for child in node.children
        if child.local_name in _RESOURCE_FUNCTIONS and 0 <= child.node_id < len(objects)
    )
    for name, index in edges:
        found = tuple(concrete_functions(objects[index]))
        if found:
            yield Entry(LOADING, name, functions=found)


def _restore_functions(metagraph: MetaGraphDef) -> Iterator[Entry]:
    # Objects that are no variables, a mutable table say, bring functions that restore them.
    objects = metagraph.object_graph_def.nodes
    for node in objects:
        for name, saveable in node.saveable_objects.items():
            if 0 <= saveable.restore_function < len(objects):
                found = tuple(concrete_functions(objects[saveable.restore_function]))
                yield Entry(LOADING, f"restore of {name}", functions=found)


def signature_entries(metagraph: MetaGraphDef) -> Iterator[Entry]:
    """One entry a signature, ``serving_default`` first, then by name."""
    names = [name for name in metagraph.signature_def if name not in _OPERATIONS]
    for name in sorted(names, key=lambda name: (name != "serving_default", name)):
        yield signature_entry(name, metagraph.signature_def[name])


def signature_entry(name: str, definition: Any) -> Entry:
    """The entry of one SignatureDef."""
    fetches = tuple(_tensor_names(definition.outputs.values()))
    feeds = frozenset(full_name(tensor) for tensor in _tensor_names(definition.inputs.values()))
    return Entry(SIGNATURE, name, fetches, feeds)


def function_entries(metagraph: MetaGraphDef) -> Iterator[Entry]:
    """The functions that the loaded object has, by the name that they hang under."""
    objects = metagraph.object_graph_def.nodes
    names: dict[int, str] = {}
    for node in objects:
        for child in node.children:
            names.setdefault(child.node_id, child.local_name)
    for index, node in enumerate(objects):
        found = tuple(concrete_functions(node))
        if found:
            yield Entry(FUNCTION, names.get(index, "?"), functions=found)


def saving_entries(metagraph: MetaGraphDef) -> Iterator[Entry]:
    """The op that saves the variables, of each saver that the metagraph has."""
    for saver in savers(metagraph):
        if saver.save_tensor_name:
            fed = frozenset({full_name(saver.filename_tensor_name)})
            yield Entry(SAVING, "save op", (saver.save_tensor_name,), fed)


def savers(metagraph: MetaGraphDef) -> Iterator[Any]:
    """The metagraph's SaverDef, and those of the collection that TensorFlow 1 keeps them in."""
    from google.protobuf.message import DecodeError

    from tfexport.savedmodel import protos

    if metagraph.HasField("saver_def"):
        yield metagraph.saver_def
    if _SAVERS not in metagraph.collection_def:
        return
    for content in metagraph.collection_def[_SAVERS].bytes_list.value:
        try:
            yield protos.saver_pb2.SaverDef.FromString(content)
        except DecodeError:
            continue


def asset_tensors(metagraph: MetaGraphDef) -> Iterator[str]:
    """The tensors that TensorFlow feeds with the paths of the assets while it loads the model."""
    for definition in asset_definitions(metagraph):
        yield full_name(definition.tensor_info.name)


def asset_definitions(metagraph: MetaGraphDef) -> Iterator[Any]:
    """The metagraph's AssetFileDefs, or, where it has none, those of TensorFlow 1's collection.

    ``GetAssetFileDefs`` of ``tensorflow/cc/saved_model/loader_util.cc``.
    """
    from google.protobuf.message import DecodeError

    from tfexport.savedmodel import protos

    yield from metagraph.asset_file_def
    if metagraph.asset_file_def or _ASSETS not in metagraph.collection_def:
        return
    for content in metagraph.collection_def[_ASSETS].any_list.value:
        try:  # TensorFlow 1 packs each into an Any of a collection
            yield protos.meta_graph_pb2.AssetFileDef.FromString(content.value)
        except DecodeError:
            continue


def full_name(tensor: str) -> str:
    """A tensor's name with its output's number: ``x:0`` for ``x``."""
    return tensor if ":" in tensor or not tensor else f"{tensor}:0"


def _init_operations(metagraph: MetaGraphDef) -> Iterator[str]:
    for definition in (metagraph.signature_def[_INIT_OP],) if _has_init_op(metagraph) else ():
        yield from _tensor_names(definition.outputs.values())
    for name in _INIT_COLLECTIONS:
        if name in metagraph.collection_def:
            yield from metagraph.collection_def[name].node_list.value


def _default_initializers(metagraph: MetaGraphDef) -> Iterator[str]:
    # What tf.saved_model.load runs of a TensorFlow 1 model without an init op: load_v1_in_v2.py.
    from google.protobuf.message import DecodeError

    from tfexport.savedmodel import protos

    collections = metagraph.collection_def
    if _TABLES in collections:
        yield from collections[_TABLES].node_list.value
    if _LOCAL_VARIABLES not in collections:
        return
    for content in collections[_LOCAL_VARIABLES].bytes_list.value:
        try:
            yield protos.variable_pb2.VariableDef.FromString(content).initializer_name
        except DecodeError:
            continue


def _has_init_op(metagraph: MetaGraphDef) -> bool:
    return _INIT_OP in metagraph.signature_def


def _tensor_names(infos: Any) -> Iterator[str]:
    waiting: list[TensorInfo] = list(infos)
    while waiting:
        info = waiting.pop()
        kind = info.WhichOneof("encoding")
        if kind == "name":
            yield info.name
        elif kind == "coo_sparse":
            sparse = info.coo_sparse
            yield sparse.values_tensor_name
            yield sparse.indices_tensor_name
            yield sparse.dense_shape_tensor_name
        elif kind == "composite_tensor":
            waiting.extend(info.composite_tensor.components)


def concrete_functions(node: Any) -> Iterator[str]:
    """The concrete functions that an object of the object graph is made of."""
    kind = node.WhichOneof("kind")
    if kind == "function":
        yield from node.function.concrete_functions
    elif kind == "bare_concrete_function":
        yield node.bare_concrete_function.concrete_function_name
