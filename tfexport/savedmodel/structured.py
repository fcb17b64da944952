"""StructuredValue messages as the Python text that they were: ``(x, training=False)``.

Proto: ``tensorflow/core/protobuf/struct.proto``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tfexport.dtypes import dtype_name
from tfexport.savedmodel.protos import StructuredValue
from tfexport.savedmodel.shapes import read_shape
from tfexport.spec import Shape, format_shape

_MAX_DEPTH = 20  # deeper than any argument that a person writes; keeps hostile nesting short
_MAX_ITEMS = 100

# struct.proto: TypeSpecProto.TypeSpecClass
_TYPE_SPECS = {
    1: "SparseTensorSpec",
    2: "IndexedSlicesSpec",
    3: "RaggedTensorSpec",
    4: "TensorArraySpec",
    5: "DatasetSpec",
    6: "IteratorSpec",
    7: "OptionalSpec",
    8: "PerReplicaSpec",
    9: "VariableSpec",
    10: "RowPartitionSpec",
}


def format_value(value: StructuredValue, depth: int = 0) -> str:
    """A StructuredValue as Python would write it; a tensor is ``float32 [?, 5]``."""
    kind = value.WhichOneof("kind")
    if kind is None:
        return "?"
    if depth > _MAX_DEPTH:
        return "…"
    return _FORMATS[kind](getattr(value, kind), depth)


def format_parameters(spec: Any) -> str | None:
    """The Python parameters of a FunctionSpec, ``self`` left out; None where it has none."""
    fields = {pair.key: pair.value for pair in spec.fullargspec.named_tuple_value.values}
    if "args" not in fields:
        return None
    return f"({', '.join(_format_parameters(fields, spec.is_method))})"


def format_inputs(signature: StructuredValue) -> str:
    """A canonicalized input signature, a pair of arguments and keywords, as ``(x: …, y: …)``."""
    arguments = list(_format_arguments(signature))
    return f"({', '.join(arguments)})"


def format_type_spec(proto: Any, depth: int = 0) -> str:
    """A TypeSpecProto: ``RaggedTensorSpec([?, ?], float32, 1, int64)``."""
    name = str(proto.type_spec_class_name).rpartition(".")[2]
    name = name or _TYPE_SPECS.get(proto.type_spec_class, "TypeSpec")
    state = format_value(proto.type_state, depth + 1)
    return f"{name}{state}" if state.startswith("(") else f"{name}({state})"


def read_type_spec(proto: Any) -> tuple[str | None, Shape | None]:
    """The dtype and shape in a TypeSpecProto; None for what it does not have."""
    dtype, shape = None, None
    for value in _items(proto.type_state):
        kind = value.WhichOneof("kind")
        if kind == "tensor_dtype_value" and dtype is None:
            dtype = dtype_name(value.tensor_dtype_value)
        elif kind == "tensor_shape_value" and shape is None:
            shape = read_shape(value.tensor_shape_value)
    return dtype, shape


def _format_parameters(fields: dict[str, StructuredValue], is_method: bool) -> Iterator[str]:
    names = [value.string_value for value in _items(fields.get("args"))]
    defaults = [format_value(value) for value in _items(fields.get("defaults"))]
    required = len(names) - len(defaults)
    for index, name in enumerate(names):
        if index == 0 and is_method:
            continue
        yield name if index < required else f"{name}={defaults[index - required]}"
    yield from _format_keyword_parameters(fields)


def _format_keyword_parameters(fields: dict[str, StructuredValue]) -> Iterator[str]:
    varargs = _text(fields.get("varargs"))
    keywords = [value.string_value for value in _items(fields.get("kwonlyargs"))]
    if varargs or keywords:
        yield f"*{varargs}"
    defaults = _mapping(fields.get("kwonlydefaults"))
    for name in keywords:
        yield f"{name}={format_value(defaults[name])}" if name in defaults else name
    if _text(fields.get("varkw")):
        yield f"**{_text(fields.get('varkw'))}"


def _format_arguments(signature: StructuredValue) -> Iterator[str]:
    pair = _items(signature)
    if pair:
        yield from (_format_argument(value) for value in _items(pair[0]))
    for name, value in sorted(_mapping(pair[1]).items() if len(pair) > 1 else ()):
        yield _format_argument(value, name)


def _format_argument(value: StructuredValue, keyword: str = "") -> str:
    kind = value.WhichOneof("kind")
    is_tensor = kind in ("tensor_spec_value", "bounded_tensor_spec_value")
    name = keyword or (getattr(value, kind).name if is_tensor else "")
    return f"{name}: {format_value(value)}" if name else format_value(value)


def _items(value: StructuredValue | None) -> list[StructuredValue]:
    if value is None:
        return []
    kind = value.WhichOneof("kind")
    if kind not in ("list_value", "tuple_value"):
        return []
    return list(getattr(value, kind).values[:_MAX_ITEMS])


def _mapping(value: StructuredValue | None) -> dict[str, StructuredValue]:
    return {} if value is None else dict(value.dict_value.fields)


def _text(value: StructuredValue | None) -> str:
    return "" if value is None else str(value.string_value)


def _join(values: Any, depth: int) -> str:
    texts = [format_value(value, depth + 1) for value in values[:_MAX_ITEMS]]
    return ", ".join([*texts, "…"] if len(values) > _MAX_ITEMS else texts)


def _format_tuple(value: Any, depth: int) -> str:
    return f"({_join(value.values, depth)}{',' if len(value.values) == 1 else ''})"


def _format_dict(value: Any, depth: int) -> str:
    items = sorted(value.fields.items())[:_MAX_ITEMS]
    return "{" + ", ".join(f"{key}: {format_value(item, depth + 1)}" for key, item in items) + "}"


def _format_named_tuple(value: Any, depth: int) -> str:
    pairs = value.values[:_MAX_ITEMS]
    items = (f"{pair.key}={format_value(pair.value, depth + 1)}" for pair in pairs)
    return f"{value.name}({', '.join(items)})"


def _format_tensor_spec(value: Any, depth: int) -> str:
    return f"{dtype_name(value.dtype)} {format_shape(read_shape(value.shape))}"


def _format_tensor(value: Any, depth: int) -> str:
    return f"{dtype_name(value.dtype)} {format_shape(read_shape(value.tensor_shape))}"


_FORMATS: dict[str, Callable[[Any, int], str]] = {
    "none_value": lambda value, depth: "None",
    "float64_value": lambda value, depth: repr(value),
    "int64_value": lambda value, depth: repr(value),
    "string_value": lambda value, depth: repr(value),
    "bool_value": lambda value, depth: repr(value),
    "tensor_shape_value": lambda value, depth: format_shape(read_shape(value)),
    "tensor_dtype_value": lambda value, depth: dtype_name(value),
    "tensor_spec_value": _format_tensor_spec,
    "type_spec_value": format_type_spec,
    "bounded_tensor_spec_value": _format_tensor_spec,
    "list_value": lambda value, depth: f"[{_join(value.values, depth)}]",
    "tuple_value": _format_tuple,
    "dict_value": _format_dict,
    "named_tuple_value": _format_named_tuple,
    "tensor_value": _format_tensor,
    "numpy_value": _format_tensor,
}
