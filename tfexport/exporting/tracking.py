"""Names the variables and tables that a graph uses and the module does not track."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import tensorflow as tf

from tfexport.errors import UserCodeError
from tfexport.exporting.callables import HeldFunction
from tfexport.exporting.graphs import place_of_capture
from tfexport.exporting.state import as_variable, find_trackables
from tfexport.exporting.user_code import Place, show_place


@contextmanager
def untracked_named(module: object, graphs: Mapping[str, Any]) -> Iterator[None]:
    """Within it, TensorFlow's error for something untracked becomes one that names it."""
    try:
        yield
    except AssertionError as error:
        if "untracked" not in str(error):
            raise
        for graph in graphs.values():
            for captured in _find_untracked(module, graph):
                message = _describe(module, graph, captured)
                raise UserCodeError(message, detail=str(error)) from error
        raise


def _find_untracked(module: object, graph: Any) -> Iterator[Any]:
    tracked = {id(handle) for handle in _tracked_handles(module)}
    for captured, _ in graph.captures:
        if captured.dtype == tf.resource and id(captured) not in tracked:
            yield captured


def _tracked_handles(module: object) -> Iterator[Any]:
    for found in find_trackables(module):
        variable = as_variable(found)
        yield getattr(found, "resource_handle", None) if variable is None else variable.handle


def _describe(module: object, graph: Any, captured: Any) -> str:
    named = next((v.name for v in graph.variables if v.handle is captured), None)
    what = "a lookup table" if named is None else f"the variable '{named.partition(':')[0]}'"
    place: Place | None = place_of_capture(graph, captured)
    if isinstance(module, HeldFunction):
        name = module.function_name
        return (
            f"{name} uses {what}{show_place(place)}, which it does not name itself: it would not "
            f"be saved. Name it in {name} or a function that it calls, or make both part of a "
            "tf.Module."
        )
    kind = type(module).__name__
    return (
        f"{kind} uses {what} without tracking it{show_place(place)}: it would not be saved. "
        f"Make it an attribute of {kind} in __init__, on its own or in a list or dict."
    )
