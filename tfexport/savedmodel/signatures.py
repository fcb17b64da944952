"""SignatureDefs as signatures: what each takes and gives, and where the graph disagrees.

Proto: ``tensorflow/core/protobuf/meta_graph.proto``, messages SignatureDef and TensorInfo.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from tfexport.dtypes import dtype_name
from tfexport.savedmodel.description import Default, Signature, SignatureTensor
from tfexport.savedmodel.graph import GraphScan, node_name
from tfexport.savedmodel.ordering import natural_key
from tfexport.savedmodel.protos import MetaGraphDef, NodeDef, TensorInfo, TensorProto
from tfexport.savedmodel.shapes import read_shape
from tfexport.savedmodel.structured import format_type_spec, read_type_spec
from tfexport.savedmodel.tensors import format_tensor_values
from tfexport.spec import Shape

DEFAULT_SIGNATURE = "serving_default"

# TensorFlow keeps the ops that initialize and train a model among the signatures. They are none.
_OPERATIONS = ("__saved_model_init_op", "__saved_model_train_op")

# Below this GraphDef version a Placeholder's shape [] means an unknown one:
# tensorflow/core/ops/array_ops.cc, "Placeholder".
_EXPLICIT_PLACEHOLDER_SHAPE = 24


def signature_nodes(metagraph: MetaGraphDef) -> Iterator[str]:
    """The names of the nodes that signatures are about; read_signatures compares with them."""
    for definition in metagraph.signature_def.values():
        for infos in (definition.inputs, definition.outputs):
            yield from (node_name(info.name) for info in infos.values())


def read_signatures(metagraph: MetaGraphDef, scan: GraphScan) -> tuple[Signature, ...]:
    """The metagraph's signatures, ``serving_default`` first, the others by name."""
    names = [name for name in metagraph.signature_def if name not in _OPERATIONS]
    names.sort(key=lambda name: (name != DEFAULT_SIGNATURE, natural_key(name)))
    reader = _TensorReader(scan.nodes, metagraph.graph_def.versions.producer)
    return tuple(reader.read_signature(name, metagraph.signature_def[name]) for name in names)


class _TensorReader:
    """Reads TensorInfos beside the graph's nodes, whose names are the keys of ``nodes``."""

    def __init__(self, nodes: Mapping[str, NodeDef], producer: int) -> None:
        self._nodes = nodes
        self._producer = producer

    def read_signature(self, name: str, definition: Any) -> Signature:
        inputs = self._read_tensors(definition.inputs)
        defaults = definition.defaults
        inputs = [
            replace(tensor, default=_read_default(defaults[tensor.name]))
            if tensor.name in defaults
            else tensor
            for tensor in inputs
        ]
        outputs = self._read_tensors(definition.outputs)
        return Signature(name, definition.method_name, tuple(inputs), tuple(outputs))

    def _read_tensors(self, infos: Mapping[str, TensorInfo]) -> list[SignatureTensor]:
        names = sorted(infos, key=natural_key)
        return [self._contradict(_read_tensor(name, infos[name])) for name in names]

    def _contradict(self, tensor: SignatureTensor) -> SignatureTensor:
        node = self._nodes.get(node_name(tensor.tensor_name or ""))
        if node is None:
            return tensor
        dtype, shape = self._graph_type(node, _output_index(tensor.tensor_name or ""))
        dtype = dtype or tensor.dtype
        if dtype == tensor.dtype and _agree(tensor.shape, shape):
            return tensor
        return replace(tensor, graph_dtype=dtype, graph_shape=shape)

    def _graph_type(self, node: NodeDef, output: int) -> tuple[str | None, Shape | None]:
        attributes = node.attr
        is_placeholder = node.op == "Placeholder"
        attribute = "dtype" if is_placeholder else "T" if node.op == "Identity" else ""
        dtype = dtype_name(attributes[attribute].type) if attribute in attributes else None
        if "_output_shapes" in attributes:
            shapes = attributes["_output_shapes"].list.shape
            return dtype, read_shape(shapes[output]) if output < len(shapes) else None
        if is_placeholder and self._producer >= _EXPLICIT_PLACEHOLDER_SHAPE:
            return dtype, read_shape(attributes["shape"].shape) if "shape" in attributes else None
        return dtype, None


def _read_tensor(name: str, info: TensorInfo) -> SignatureTensor:
    tensor = SignatureTensor(name, dtype_name(info.dtype), read_shape(info.tensor_shape))
    encoding = info.WhichOneof("encoding")
    if encoding == "name":
        return replace(tensor, tensor_name=info.name)
    if encoding == "coo_sparse":
        return replace(tensor, encoding="sparse", components=_sparse_components(tensor, info))
    if encoding == "composite_tensor":
        return _read_composite(tensor, info.composite_tensor)
    return replace(tensor, encoding="none")


def _sparse_components(tensor: SignatureTensor, info: TensorInfo) -> tuple[SignatureTensor, ...]:
    # tensorflow/core/framework/sparse_tensor: nnz values, [nnz, rank] indices, [rank] dense shape.
    rank = None if tensor.shape is None else len(tensor.shape)
    sparse = info.coo_sparse
    return (
        SignatureTensor("values", tensor.dtype, (None,), tensor_name=sparse.values_tensor_name),
        SignatureTensor("indices", "int64", (None, rank), tensor_name=sparse.indices_tensor_name),
        SignatureTensor(
            "dense_shape", "int64", (rank,), tensor_name=sparse.dense_shape_tensor_name
        ),
    )


def _read_composite(tensor: SignatureTensor, composite: Any) -> SignatureTensor:
    # TensorFlow leaves dtype and shape of the TensorInfo itself empty.
    dtype, shape = read_type_spec(composite.type_spec)
    return replace(
        tensor,
        dtype=dtype or tensor.dtype,
        shape=shape,
        encoding="composite",
        type_spec=format_type_spec(composite.type_spec),
        components=tuple(
            _read_tensor(str(index), component)
            for index, component in enumerate(composite.components)
        ),
    )


def _read_default(proto: TensorProto) -> Default:
    shape = read_shape(proto.tensor_shape)
    return Default(dtype_name(proto.dtype), shape, format_tensor_values(proto))


def _output_index(tensor_name: str) -> int:
    digits = tensor_name.rpartition(":")[2]
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 10 else 0


def _agree(first: Shape | None, second: Shape | None) -> bool:
    if first is None or second is None:
        return True
    if len(first) != len(second):
        return False
    return all(a is None or b is None or a == b for a, b in zip(first, second, strict=True))
