"""The functions that can be called after loading: in short, or with each trace."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tfexport.render.page import Block, Cell, Heading, Line
from tfexport.render.quantities import format_count
from tfexport.render.sections.rest import say_more
from tfexport.savedmodel.description import ConcreteFunction, Function

_MOST_FUNCTIONS = 8


def show_nearest_functions(functions: Sequence[Function]) -> Iterator[Block]:
    """The functions nearest to the root, with their Python parameters."""
    if not functions:
        return
    yield Heading("Functions")
    for function in functions[:_MOST_FUNCTIONS]:
        yield Line(_call(function), indent=2, separator="")
    if len(functions) > _MOST_FUNCTIONS:
        yield say_more(f"and {len(functions) - _MOST_FUNCTIONS:,} more")


def show_functions(functions: Sequence[Function]) -> Iterator[Block]:
    """All functions, and what each traced version takes and gives."""
    yield Heading("Functions", f"{len(functions):,}" if functions else "none")
    for function in functions:
        traces = format_count(len(function.concrete_functions), "trace")
        style = "dim" if function.concrete_functions else "warning"
        note = (Cell("  "), Cell(traces if function.concrete_functions else "never traced", style))
        yield Line((*_call(function), *note), indent=2, separator="")
        for concrete in function.concrete_functions:
            yield Line(_trace(concrete), indent=4)


def _call(function: Function) -> tuple[Cell, ...]:
    return Cell(function.path, "name"), Cell(function.signature or "(…)")


def _trace(concrete: ConcreteFunction) -> tuple[Cell, ...]:
    inputs = Cell(concrete.inputs, "type")
    return inputs, Cell("→", "dim"), Cell(concrete.output, "type"), Cell(concrete.name, "dim")
