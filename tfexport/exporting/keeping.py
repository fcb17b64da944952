"""Keeps the state of a module while the module is called.

Only what a call is about to write is read first. To hold on to the values of all variables would
be free as long as nobody changes them, but for tables of embeddings: a gather copies a variable
whose value somebody else holds, and a gigabyte is then two.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import tensorflow as tf
from tensorflow.python import pywrap_tfe

from tfexport.exporting.state import find_mutable_tables, find_variables

# Every operation that Python runs eagerly goes through one of these, as (context, op, …) or as
# (context, device, op, …): the generated wrappers look them up in the module each time.
_ENTRIES = {
    "TFE_Py_FastPathExecute": 1,
    "TFE_Py_Execute": 2,
    "TFE_Py_ExecuteCancelable": 2,
}

# Those that take a variable or a table and leave it as it is.
_READING = frozenset(
    {
        "ReadVariableOp",
        "ResourceGather",
        "ResourceGatherNd",
        "VariableShape",
        "VarIsInitializedOp",
        "LookupTableFindV2",
        "LookupTableSizeV2",
        "LookupTableExportV2",
    }
)

Restore = Callable[[], None]


class KeptState:
    """What was written since the block began, and ``made``, the variables made since."""

    def __init__(self, root: object) -> None:
        self.made: list[Any] = []
        self._restores: list[Restore] = []
        self._unwritten: dict[int, Callable[[], Restore]] = {}
        self._handles: list[Any] = []  # kept alive: their ids stand for them
        for variable in find_variables(root):
            self._watch(variable.handle, partial(_hold_variable, variable))
        for table in find_mutable_tables(root):
            self._watch(table.resource_handle, partial(_hold_table, table))

    def add(self, variable: Any) -> None:
        """Watch a variable that was just made: it is put back to what it is now."""
        self.made.append(variable)
        self._watch(variable.handle, partial(_hold_variable, variable))

    def about_to_run(self, operation: str, inputs: Any) -> None:
        """Read what the operation may write."""
        if operation not in _READING:
            for handle in _flatten(inputs):
                hold = self._unwritten.pop(id(handle), None)
                if hold is not None:
                    self._restores.append(hold())

    def restore(self) -> None:
        """Put back everything that was written."""
        for restore in self._restores:
            restore()

    def _watch(self, handle: Any, hold: Callable[[], Restore]) -> None:
        self._handles.append(handle)
        self._unwritten[id(handle)] = hold


@contextmanager
def kept_state(root: object, *, on_failure_only: bool = False) -> Iterator[KeptState]:
    """Put variables and tables back to what they were; one made meanwhile to how it was made.

    With ``on_failure_only`` that happens where the block raises.
    """
    state = KeptState(root)

    def create(creator: Callable[..., Any], **options: Any) -> Any:
        variable = creator(**options)
        if tf.executing_eagerly():
            state.add(variable)
        return variable

    failed = True
    try:
        with _watched(state), tf.variable_creator_scope(create):
            yield state
        failed = False
    finally:
        if failed or not on_failure_only:
            state.restore()


_watching: list[KeptState] = []


@contextmanager
def _watched(state: KeptState) -> Iterator[None]:
    """Tell ``state`` of every operation before it runs."""
    with ExitStack() as stack:
        if not _watching:
            stack.enter_context(_told_of_operations())
        _watching.append(state)
        stack.callback(_watching.remove, state)
        yield


@contextmanager
def _told_of_operations() -> Iterator[None]:
    before = {name: getattr(pywrap_tfe, name) for name in _ENTRIES}
    for name, position in _ENTRIES.items():
        setattr(pywrap_tfe, name, _telling(before[name], position))
    try:
        yield
    finally:
        for name, function in before.items():
            setattr(pywrap_tfe, name, function)


def _telling(function: Callable[..., Any], position: int) -> Callable[..., Any]:
    def run(*arguments: Any) -> Any:
        name = arguments[position]
        operation = name.decode() if isinstance(name, bytes) else name
        for state in tuple(_watching):
            state.about_to_run(operation, arguments[position + 1 :])
        return function(*arguments)

    return run


def _flatten(inputs: Any) -> Iterator[Any]:
    for value in inputs:
        if isinstance(value, (list, tuple)):
            yield from value
        else:
            yield value


def _hold_variable(variable: Any) -> Restore:
    value = variable.read_value()

    def restore() -> None:
        variable.assign(value)

    return restore


def _hold_table(table: Any) -> Restore:
    keys, values = table.export()

    def restore() -> None:
        table.remove(table.export()[0])
        table.insert(keys, values)

    return restore
