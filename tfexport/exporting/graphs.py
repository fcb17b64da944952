"""Finds operations and captured resources in traced graphs, and the user's line behind each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tfexport.exporting.user_code import Place, is_users_file

PYTHON_OPS = frozenset({"PyFunc", "PyFuncStateless", "EagerPyFunc"})


def find_operation(graph: Any, types: frozenset[str]) -> Any | None:
    """The first operation of these types in a graph or in the functions that it calls."""
    for found in _walk(graph):
        for operation in found.get_operations():
            if operation.type in types:
                return operation
    return None


def place_of(operation: Any) -> Place | None:
    """The innermost line of the user's code where an operation was made."""
    places = [
        Place(frame.filename, frame.lineno)
        for frame in operation.traceback
        if is_users_file(frame.filename)
    ]
    return places[-1] if places else None


def place_of_capture(graph: Any, captured: Any) -> Place | None:
    """Where the user's code first uses a tensor from outside of the graph."""
    places = [
        place_of(inside.op)
        for found in _walk(graph)
        for outside, inside in found.captures
        if outside is captured
    ]
    # The innermost function names the line; those around it only pass the tensor on.
    return next((place for place in reversed(places) if place is not None), None)


def _walk(graph: Any) -> Iterator[Any]:
    """The graph, then those of the functions that it calls, as Python traced them."""
    yield graph
    for function in getattr(graph, "_functions", {}).values():
        inner = getattr(function, "graph", None)
        if inner is not None and inner is not graph:
            yield from _walk(inner)
