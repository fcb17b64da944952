"""A TensorProto as a numpy array. Proto: ``tensorflow/core/framework/tensor.proto``."""

from __future__ import annotations

import numpy as np

from tfexport.data.arrays import Array
from tfexport.dtypes import dtype_name, numpy_dtype
from tfexport.errors import SavedModelError
from tfexport.savedmodel.description import count_elements
from tfexport.savedmodel.protos import MetaGraphDef, TensorProto
from tfexport.savedmodel.shapes import read_shape

# The field that lists the values, where they are not raw bytes in tensor_content.
_FIELDS = {
    "float32": "float_val",
    "float64": "double_val",
    "int64": "int64_val",
    "bool": "bool_val",
    "uint32": "uint32_val",
    "uint64": "uint64_val",
    "string": "string_val",
    "complex64": "scomplex_val",
    "complex128": "dcomplex_val",
}
_BITS = {"float16": np.uint16, "bfloat16": np.uint16}  # half_val holds their bits
_MOST_BYTES = 1 << 30


def read_tensor_proto(proto: TensorProto) -> Array:
    """The array that a TensorProto holds; strings are bytes objects.

    Raises ValueError, or OverflowError, where its values, dtype and shape do not belong together.
    """
    name = dtype_name(proto.dtype)
    try:
        dtype = numpy_dtype(name)
    except KeyError:
        raise ValueError(f"a {name} has no values") from None
    shape = read_shape(proto.tensor_shape)
    count = count_elements(shape)
    if shape is None or count is None or count * dtype.itemsize > _MOST_BYTES:
        raise ValueError("its shape is not known or too large")
    if proto.tensor_content:
        return np.frombuffer(proto.tensor_content, dtype).reshape(shape)
    return _fill_up(_listed_values(proto, name, dtype), count, dtype).reshape(shape)


def _listed_values(proto: TensorProto, name: str, dtype: np.dtype[np.generic]) -> Array:
    if name in _BITS:
        return np.array(list(proto.half_val), _BITS[name]).view(dtype)
    if name.startswith("float8"):
        return np.frombuffer(proto.float8_val, np.uint8).view(dtype)
    values = list(getattr(proto, _FIELDS.get(name, "int_val")))
    if dtype.kind == "c":
        values = [complex(*pair) for pair in zip(values[::2], values[1::2], strict=True)]
    array = np.empty(len(values), dtype)
    array[:] = values
    return array


def _fill_up(values: Array, count: int, dtype: np.dtype[np.generic]) -> Array:
    # "If there are fewer values than the shape has, the last one repeats": tensor_util.MakeNdarray.
    if not len(values):
        return np.full(count, b"" if dtype.kind == "O" else 0, dtype)
    if len(values) > count:
        raise ValueError(f"it has {len(values)} values for {count} elements")
    return np.concatenate([values, np.repeat(values[-1:], count - len(values))])


def read_defaults(metagraph: MetaGraphDef, signature: str) -> dict[str, Array]:
    """The values that inputs of a signature have when they are not given.

    ``SignatureDef.defaults`` of ``tensorflow/core/protobuf/meta_graph.proto``. Raises
    SavedModelError for one that is damaged.
    """
    defaults = {}
    for name, proto in metagraph.signature_def[signature].defaults.items():
        try:
            defaults[name] = read_tensor_proto(proto)
        except (ValueError, OverflowError) as error:
            raise SavedModelError(
                f"The default of input '{name}' of signature '{signature}' is damaged: {error}."
            ) from None
    return defaults
