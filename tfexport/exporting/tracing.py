"""Bound methods to concrete functions: traced afresh, with exactly the specs asked for."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import tensorflow as tf
from tensorflow.python.saved_model import save_context

from tfexport.exporting.binding import BoundMethod
from tfexport.exporting.callables import Method, variable_names
from tfexport.exporting.outputs import name_outputs
from tfexport.exporting.structures import is_composite, pack_leaves, plain
from tfexport.exporting.user_code import guarded

_ABSENT = object()


@dataclass(frozen=True)
class TracedModule:
    """``functions`` to be called on the loaded object, and ``signatures`` to be served, by name.

    ``graphs`` are the function graphs of the user's own code, by signature.
    """

    functions: Mapping[str, Any]
    signatures: Mapping[str, Any]
    graphs: Mapping[str, Any]


def trace_methods(methods: Sequence[BoundMethod]) -> TracedModule:
    """Trace every method. Raises UserCodeError where one cannot be."""
    functions: dict[str, Any] = {}
    for bound in methods:
        same = [other for other in methods if other.method.name == bound.method.name]
        functions.setdefault(bound.method.name, wrap_method(bound.method, same))
    signatures, graphs = {}, {}
    for bound in methods:
        wrapped = functions[bound.method.name]
        with guarded(f"Tracing {bound.method.owner}"), _as_in_a_save():
            concrete = wrapped.get_concrete_function(*_arguments(bound), **_named_arguments(bound))
            graphs[bound.entry.signature] = concrete.graph
            signatures[bound.entry.signature] = _as_signature(bound, wrapped, concrete)
    return TracedModule(functions, signatures, graphs)


@contextmanager
def _as_in_a_save() -> Iterator[None]:
    """Trace as ``tf.saved_model.save`` would, so that it finds the trace.

    TensorFlow keeps traces of a save apart from others (the ``variable_policy`` in
    tensorflow/python/eager/polymorphic_function/function_context.py). Without this, every function
    was traced a second time while it was written, and the model held both.
    """
    with save_context.save_context(tf.saved_model.SaveOptions()):
        yield


def wrap_method(method: Method, bounds: Sequence[BoundMethod]) -> Any:
    """A new ``tf.function`` around the method's Python function.

    ``method.get_concrete_function(narrower)`` would keep the wider ``input_signature`` in silence,
    and any earlier trace with the attributes of that time.
    """
    function = _converted(method)

    def call(*args: Any, **kwargs: Any) -> Any:
        return plain(function(*args, **kwargs))

    call.__name__ = method.name
    call.__doc__ = getattr(method.function, "__doc__", None)
    call.__signature__ = _shown_signature(method, bounds)  # type: ignore[attr-defined]
    jit_compile = getattr(method.bound, "_jit_compile", None)
    return tf.function(call, autograph=False, jit_compile=jit_compile)


def _converted(method: Method) -> Callable[..., Any]:
    """The method's function as AutoGraph has it, unless its ``tf.function`` does without.

    The user's code alone is converted: the wrapper around it would take as long again.
    """
    if not getattr(method.bound, "_autograph", True):
        return method.function
    autograph = tf.__internal__.autograph
    converted: Callable[..., Any] = autograph.tf_convert(
        method.function, autograph.control_status_ctx(), user_requested=True
    )
    return converted


@contextmanager
def attached(module: object, functions: Mapping[str, Any]) -> Iterator[None]:
    """Have the functions stand as attributes of the module, and leave it as it was.

    What ``tf.saved_model.load`` gives back can then be called through them.
    """
    attributes = vars(module)
    before = {name: attributes.get(name, _ABSENT) for name in functions}
    attributes.update(functions)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is _ABSENT:
                del attributes[name]
            else:
                attributes[name] = value


def call_method(bound: BoundMethod, call: Callable[..., Any], tensors: Iterator[Any]) -> Any:
    """Call with a tensor for each leaf, packed as the method takes them."""
    packed = {name: pack_leaves(value, tensors) for name, value in bound.arguments.items()}
    positional = _by_position(bound)
    named = {name: value for name, value in packed.items() if name not in positional}
    return call(*(packed[name] for name in positional), **named, **bound.constants)


def _shown_signature(method: Method, bounds: Sequence[BoundMethod]) -> inspect.Signature:
    """The method's own signature, with constants as defaults: what the loaded object takes."""
    given = bounds[0].constants if len(bounds) == 1 else {}
    parameters = [
        p.replace(default=given[p.name]) if p.name in given else p
        for p in method.signature.parameters.values()
    ]
    if method.only_given:
        parameters = _tensors_first(parameters, bounds)
    try:
        return method.signature.replace(parameters=parameters)
    except ValueError:  # a default before a parameter that has none
        return method.signature


def _tensors_first(
    parameters: Sequence[inspect.Parameter], bounds: Sequence[BoundMethod]
) -> list[inspect.Parameter]:
    """Keras takes tensors by position, everything else by name, and nothing that is not given."""
    tensors = [p for p in parameters if any(p.name in bound.arguments for bound in bounds)]
    others = [p for p in parameters if p not in tensors and _is_constant(p.name, bounds)]
    return tensors + [p.replace(kind=p.KEYWORD_ONLY) for p in others]


def _is_constant(name: str, bounds: Sequence[BoundMethod]) -> bool:
    return any(name in bound.constants for bound in bounds)


def _by_position(bound: BoundMethod) -> list[str]:
    """The parameters to pass by position, as far as that goes: the loaded one then takes both."""
    names: list[str] = []
    for name, parameter in bound.method.signature.parameters.items():
        if parameter.kind is parameter.VAR_POSITIONAL:
            variable = variable_names(bound.method.signature, len(bound.arguments))
            return names + [name for name in variable if name in bound.arguments]
        if name not in bound.arguments or parameter.kind is parameter.KEYWORD_ONLY:
            break
        names.append(name)
    return names


def _arguments(bound: BoundMethod) -> list[Any]:
    return [bound.arguments[name] for name in _by_position(bound)]


def _named_arguments(bound: BoundMethod) -> dict[str, Any]:
    positional = _by_position(bound)
    named = {name: value for name, value in bound.arguments.items() if name not in positional}
    return {**named, **bound.constants}


def _as_signature(bound: BoundMethod, wrapped: Any, concrete: Any) -> Any:
    """The function to serve: of named dense tensors alone, both ways."""
    named = name_outputs(concrete.structured_outputs, bound.renames, bound.method.located)
    if _is_flat(bound, concrete.structured_outputs, named):
        return concrete

    def serve(*tensors: Any) -> dict[str, Any]:
        result = call_method(bound, wrapped, iter(tensors))
        return name_outputs(result, bound.renames, bound.method.located)

    specs = [tf.TensorSpec(leaf.value.shape, leaf.value.dtype, leaf.name) for leaf in bound.leaves]
    return tf.function(serve, autograph=False).get_concrete_function(*specs)


def _is_flat(bound: BoundMethod, result: Any, named: Mapping[str, Any]) -> bool:
    """Whether TensorFlow gives the inputs and outputs the right names by itself."""
    if any(not isinstance(value, tf.TensorSpec) for value in bound.arguments.values()):
        return False
    if isinstance(result, dict):
        flat = result
    elif isinstance(result, (list, tuple)) and not hasattr(result, "_fields"):
        flat = {f"output_{index}": value for index, value in enumerate(result)}
    else:
        flat = {"output_0": result}
    return list(flat) == list(named) and not any(map(is_composite, flat.values()))
