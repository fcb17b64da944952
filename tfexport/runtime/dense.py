"""Sparse and ragged tensors as the dense ones that they are fed and fetched as."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from tfexport.savedmodel.description import Signature, SignatureTensor


def make_dense(signature: Signature) -> Signature:
    """The signature with each sparse or composite tensor replaced by its components.

    A sparse ``x`` becomes ``x.values``, ``x.indices`` and ``x.dense_shape``; a composite one
    becomes ``x.0``, ``x.1`` …, in the order of its type.
    """
    return replace(
        signature,
        inputs=tuple(_flatten(signature.inputs)),
        outputs=tuple(_flatten(signature.outputs)),
    )


def _flatten(tensors: Sequence[SignatureTensor]) -> Iterator[SignatureTensor]:
    for tensor in tensors:
        if not tensor.components:
            yield tensor
            continue
        parts = [replace(part, name=f"{tensor.name}.{part.name}") for part in tensor.components]
        yield from _flatten(parts)
