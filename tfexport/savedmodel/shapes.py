"""TensorFlow's shape messages as tuples."""

from __future__ import annotations

from collections.abc import Sequence

from tfexport.savedmodel.protos import TensorShapeProto
from tfexport.spec import Shape

_MAX_RANK = 254  # tensorflow/core/framework/tensor_shape.h: TensorShape::MaxDimensions()


def read_shape(proto: TensorShapeProto) -> Shape | None:
    """A TensorShapeProto as a shape; None for an unknown rank, or one TensorFlow cannot have."""
    if proto.unknown_rank or len(proto.dim) > _MAX_RANK:
        return None
    return tuple([dim.size if dim.size >= 0 else None for dim in proto.dim])


def read_sizes(sizes: Sequence[int]) -> Shape | None:
    """Plain dimension sizes as a shape; a negative one is unknown."""
    if len(sizes) > _MAX_RANK:
        return None
    return tuple([size if size >= 0 else None for size in sizes])
