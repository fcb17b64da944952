"""What to write where a spec is missing: a command line or a call with it, tried if possible."""

from __future__ import annotations

import itertools
import shlex
from collections.abc import Iterator, Sequence
from typing import Any

from tfexport.errors import TfexportError
from tfexport.exporting.binding import MissingSpecError, bind_methods
from tfexport.exporting.generating import Sizes, generate_inputs
from tfexport.exporting.options import SaveOptions
from tfexport.exporting.specs import parse_constant, parse_input_spec
from tfexport.exporting.state import find_variables
from tfexport.exporting.warming import call_eagerly

_MOST_TRIES = 24
_LIKELY = ("None,4", "None", "scalar", "None:int32", "None:string", "None,32,32,3", "None,16,4")


def describe_command(
    target: str,
    arguments: Sequence[str],
    options: SaveOptions,
    module: object,
    missing: MissingSpecError,
) -> str:
    """The user's command line with what is missing added.

    The module is called to find specs that it takes; where none of the likely ones is, the
    shapes are the user's to fill in.
    """
    found = _find_specs(module, options, missing)
    specs = found or [f"{name}=SHAPE" for name in missing.tensors]
    words = [
        "tfexport",
        "save",
        target,
        *_repeat("--arg", arguments),
        *_repeat("--signature", (f"{e.signature}={e.method}" for e in options.signatures)),
        *_repeat("--spec", map(str, options.specs)),
        *_repeat("--const", map(str, options.constants)),
        *_repeat("--output-name", map(str, options.output_names)),
        *_repeat("--spec", specs),
        *_repeat("--const", missing.constants),
    ]
    start = "This works" if found else "For example, with your shapes"
    return f"{start}: {' '.join(map(shlex.quote, words))}"


def describe_call(missing: MissingSpecError) -> str:
    """The keyword arguments of ``save_module`` that would add what is missing."""
    words = []
    if missing.tensors:
        words.append(f"specs={[f'{name}=None,4' for name in missing.tensors]!r}")
    if missing.constants:
        pairs = (text.partition("=") for text in missing.constants)
        words.append(f"constants={{{', '.join(f'{name!r}: {value}' for name, _, value in pairs)}}}")
    return f"For example: {', '.join(words)}"


def _repeat(option: str, values: Any) -> Iterator[str]:
    for value in values:
        yield from (option, value)


def _find_specs(
    module: object, options: SaveOptions, missing: MissingSpecError
) -> list[str] | None:
    """A spec for each missing tensor with which the method can be called."""
    shapes = list(dict.fromkeys([*_shapes_of_variables(module), *_LIKELY]))
    together = ([shape] * len(missing.tensors) for shape in shapes)
    mixed = itertools.product(shapes, repeat=len(missing.tensors))
    for attempt in itertools.islice(itertools.chain(together, mixed), _MOST_TRIES):
        specs = [f"{n}={shape}" for n, shape in zip(missing.tensors, attempt, strict=True)]
        if _takes(module, options, missing, specs):
            return specs
    return None


def _shapes_of_variables(module: object) -> Iterator[str]:
    """What a matrix multiplication or a convolution by a variable takes."""
    for variable in find_variables(module):
        sizes = variable.shape.as_list()
        if len(sizes) == 2:
            yield f"None,{sizes[0]}"
        elif len(sizes) == 4:
            yield f"None,32,32,{sizes[2]}"


def _takes(
    module: object, options: SaveOptions, missing: MissingSpecError, specs: list[str]
) -> bool:
    name = missing.entry.signature
    given = [*options.specs, *map(parse_input_spec, specs)]
    constants = [*options.constants, *map(parse_constant, missing.constants)]
    try:
        (bound,) = bind_methods(
            module,
            [missing.entry],
            [spec for spec in given if spec.signature in (None, name)],
            [constant for constant in constants if constant.signature in (None, name)],
        )
        call_eagerly(module, bound, generate_inputs(bound, Sizes(2, 2)))
    except TfexportError:
        return False
    return True
