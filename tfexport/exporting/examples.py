"""What to write where a spec is missing: a command line or a call with it, tried if possible."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from tfexport.errors import TfexportError
from tfexport.exporting.binding import MissingSpecError, MissingSpecs, bind_methods, is_for
from tfexport.exporting.generating import Sizes, generate_inputs
from tfexport.exporting.methods import choose_entries
from tfexport.exporting.options import SaveOptions
from tfexport.exporting.recipe import Recipe, print_command
from tfexport.exporting.specs import Entry, parse_constant, parse_input_spec
from tfexport.exporting.state import find_variables
from tfexport.exporting.warming import call_eagerly

_MOST_TRIES = 24
_LIKELY = ("None,4", "None", "scalar", "None:int32", "None:string", "None,32,32,3", "None,16,4")


def describe_command(
    recipe: Recipe, options: SaveOptions, module: object, missing: MissingSpecError
) -> str:
    """The user's command line with what is missing added.

    The module is called to find specs that it takes; where none of the likely ones is, the
    shapes are the user's to fill in.
    """
    entries = choose_entries(module, options.signatures, options.specs)
    found = [_find_specs(module, entries, options, method) for method in missing.missing]
    specs = [
        text
        for method, texts in zip(missing.missing, found, strict=True)
        for text in ([f"{name}=SHAPE" for name in method.tensors] if texts is None else texts)
    ]
    constants = [text for method in missing.missing for text in method.constants]
    works = None not in found and _works(module, entries, options, specs, constants)
    start = "This works" if works else "For example, with your shapes"
    return f"{start}: {print_command(_complete(recipe, entries, specs, constants))}"


def describe_call(missing: MissingSpecError) -> str:
    """The keyword arguments of ``save_module`` that would add what is missing."""
    tensors = [name for method in missing.missing for name in method.tensors]
    constants = [text for method in missing.missing for text in method.constants]
    words = []
    if tensors:
        words.append(f"specs={[f'{name}=None,4' for name in tensors]!r}")
    if constants:
        pairs = (text.partition("=") for text in constants)
        words.append(f"constants={{{', '.join(f'{name!r}: {value}' for name, _, value in pairs)}}}")
    return f"For example: {', '.join(words)}"


def _complete(
    recipe: Recipe, entries: Sequence[Entry], specs: Sequence[str], constants: Sequence[str]
) -> Recipe:
    completed = {
        **recipe,
        "spec": [*recipe.get("spec", ()), *specs],
        "const": [*recipe.get("const", ()), *constants],
    }
    if len(entries) > 1 and not recipe.get("signature") and not recipe.get("spec"):
        # With specs and no signatures, only those are exported that the specs name.
        completed["signature"] = [f"{entry.signature}={entry.method}" for entry in entries]
    return completed


def _works(
    module: object,
    entries: Sequence[Entry],
    options: SaveOptions,
    specs: Sequence[str],
    constants: Sequence[str],
) -> bool:
    """Whether all methods together can be called. Files are not read to find out."""
    if options.checkpoint or options.weights or options.samples:
        return False
    try:
        methods = bind_methods(
            module,
            entries,
            [*options.specs, *map(parse_input_spec, specs)],
            [*options.constants, *map(parse_constant, constants)],
            options.output_names,
        )
        for bound in methods:
            call_eagerly(module, bound, generate_inputs(bound, Sizes(2, 2)))
    except TfexportError:
        return False
    return True


def _find_specs(
    module: object, entries: Sequence[Entry], options: SaveOptions, missing: MissingSpecs
) -> list[str] | None:
    """A spec for each missing tensor with which the method can be called."""
    shapes = list(dict.fromkeys([*_shapes_of_variables(module), *_LIKELY]))
    together = ([shape] * len(missing.tensors) for shape in shapes)
    mixed = itertools.product(shapes, repeat=len(missing.tensors))
    for attempt in itertools.islice(itertools.chain(together, mixed), _MOST_TRIES):
        specs = [f"{n}={shape}" for n, shape in zip(missing.tensors, attempt, strict=True)]
        if _takes(module, entries, options, missing, specs):
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
    module: object,
    entries: Sequence[Entry],
    options: SaveOptions,
    missing: MissingSpecs,
    specs: list[str],
) -> bool:
    own, names = missing.entry.signature, [entry.signature for entry in entries]
    given = [*options.specs, *map(parse_input_spec, specs)]
    constants = [*options.constants, *map(parse_constant, missing.constants)]
    try:
        (bound,) = bind_methods(
            module,
            [missing.entry],
            [spec for spec in given if is_for(spec.signature, own, names)],
            [constant for constant in constants if is_for(constant.signature, own, names)],
        )
        call_eagerly(module, bound, generate_inputs(bound, Sizes(2, 2)))
    except TfexportError:
        return False
    return True
