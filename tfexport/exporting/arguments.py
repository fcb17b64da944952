"""The arguments that a class or a factory is called with: ``--arg VALUE`` and ``NAME=VALUE``."""

from __future__ import annotations

import ast
import functools
import inspect
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import BuiltinFunctionType, FunctionType, MethodType

from tfexport.errors import TargetError
from tfexport.exporting.user_code import guarded

_NAMED = re.compile(r"(?P<name>[^\W\d]\w*)=(?P<value>.*)\Z", re.DOTALL)


@dataclass(frozen=True)
class Argument:
    """A Python value, and the parameter that it is for; None: the next one in order."""

    name: str | None
    value: object


def parse_argument(text: str) -> Argument:
    """Read ``VALUE`` or ``NAME=VALUE``: a Python literal, else a string as it stands.

    >>> parse_argument("widths=[16, 2]")
    Argument(name='widths', value=[16, 2])
    >>> parse_argument("name=relu").value
    'relu'
    """
    named = _NAMED.match(text)
    if named is None:
        return Argument(None, parse_value(text))
    return Argument(named["name"], parse_value(named["value"]))


def parse_value(text: str) -> object:
    """The Python literal that ``text`` is, or ``text`` itself."""
    try:
        return ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text


def make_object(found: object, name: str, arguments: Sequence[Argument]) -> object:
    """The object to save: ``found`` itself, or what the class or factory makes.

    ``name`` is how messages call it. Raises TargetError where the arguments do not fit it,
    UserCodeError where it fails.
    """
    _check_no_method(found, name)
    if not _is_maker(found):
        if arguments:
            raise TargetError(f"'{name}' is an instance already: it takes no --arg.")
        return found
    assert callable(found)
    positional = [argument.value for argument in arguments if argument.name is None]
    named = {argument.name: argument.value for argument in arguments if argument.name is not None}
    _check_arguments(found, name, positional, named)
    with guarded(f"Making {name}"):
        made = found(*positional, **named)
    if made is None:
        raise TargetError(f"'{name}' returned None. A factory returns the module to save.")
    return made


def _is_maker(found: object) -> bool:
    # inspect.isroutine would take a tf.function for one, because it can be a method.
    kinds = (type, FunctionType, MethodType, BuiltinFunctionType, functools.partial)
    return isinstance(found, kinds)


def _check_no_method(found: object, name: str) -> None:
    """Raise TargetError for a method that is named through its class: it has no instance."""
    where, _, attribute = name.rpartition(":")
    owner, _, method = attribute.rpartition(".")
    is_graph = hasattr(type(found), "python_function")  # a tf.function
    function: object = getattr(found, "python_function", None) if is_graph else found
    if not owner or not isinstance(function, FunctionType):
        return
    if next(iter(inspect.signature(function).parameters), None) == "self":
        raise TargetError(
            f"'{name}' is a method. Give its class, and the method as a signature: "
            f"{where}:{owner} --signature {method}"
        )


def _check_arguments(
    maker: Callable[..., object], name: str, positional: list[object], named: dict[str, object]
) -> None:
    try:
        signature = inspect.signature(maker)
    except (TypeError, ValueError):
        return  # written in C, or stranger: calling it will tell
    _check_required(signature, name, positional, named)
    try:
        signature.bind(*positional, **named)
    except TypeError as error:
        takes = ", ".join(signature.parameters) or "no arguments"
        raise TargetError(
            f"'{name}' does not take these --arg: {error}. It takes: {takes}."
        ) from None


def _check_required(
    signature: inspect.Signature, name: str, positional: list[object], named: dict[str, object]
) -> None:
    unfilled = [p for p in signature.parameters.values() if p.name not in named]
    by_position = [p for p in unfilled if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    filled = {p.name for p in by_position[: len(positional)]}
    missing = [
        p.name
        for p in unfilled
        if p.default is p.empty
        and p.name not in filled
        and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
    ]
    if missing:
        options = " ".join(f"--arg {parameter}=VALUE" for parameter in missing)
        raise TargetError(f"'{name}' needs {_join(missing)}. Add: {options}")


def _join(names: list[str]) -> str:
    return ", ".join(names[:-1]) + " and " + names[-1] if len(names) > 1 else names[0]
