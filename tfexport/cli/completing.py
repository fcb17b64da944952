"""What a shell offers for an option: the names of the very model that is on the command line.

A model that is not there, or not readable, has no names: completion never fails.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from tfexport.savedmodel.description import ModelDescription

Names = Callable[["ModelDescription", click.Context], Iterator[str]]
Complete = Callable[[click.Context, click.Parameter, str], "list[CompletionItem]"]

# A shell inserts a name as it is. One that it would read as more than a word must not get there.
_HARMLESS = re.compile(r"[\w./:@%+=,][\w./:@%+=,-]*\Z")


class ModelDirectory(click.ParamType):  # type: ignore[type-arg, unused-ignore]
    """A directory that the shell completes. Whether a model is there is for its reader to say."""

    name = "directory"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        return [CompletionItem(incomplete, type="dir")]


MODEL_DIRECTORY = ModelDirectory()


def signature_names(model: ModelDescription) -> Iterator[str]:
    """The names of the signatures, in the order in which they are shown."""
    return (signature.name for signature in model.signatures)


def variable_names(model: ModelDescription) -> Iterator[str]:
    """The object paths of the variables, or their names where there are none."""
    return (variable.object_path or variable.name for variable in model.variables)


def input_names(model: ModelDescription, signature: str | None = None) -> Iterator[str]:
    """The inputs of a signature as ``--input`` takes them: ``x=``.

    Without a signature those of ``serving_default``, or of the only one.
    """
    found = model.signature(signature or "serving_default")
    if found is None and signature is None and len(model.signatures) == 1:
        found = model.signatures[0]
    return (f"{tensor.name}=" for tensor in (found.inputs if found else ()))


def output_names(model: ModelDescription, signature: str | None = None) -> Iterator[str]:
    """The outputs of a signature; without one those of all of them."""
    for found in model.signatures:
        if signature in (None, found.name):
            yield from (tensor.name for tensor in found.outputs)


def function_names(model: ModelDescription) -> Iterator[str]:
    """The paths of the functions that were traced."""
    return (function.path for function in model.functions if function.concrete_functions)


def _complete(names: Names) -> Complete:
    def complete(
        ctx: click.Context, parameter: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        model = _read_model(ctx)
        return _offer(names(model, ctx) if model else (), incomplete)

    return complete


def _offer(names: Iterable[str], incomplete: str) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    return [
        CompletionItem(name)
        for name in dict.fromkeys(names)
        if name.startswith(incomplete) and _HARMLESS.match(name)
    ]


def _read_model(ctx: click.Context) -> ModelDescription | None:
    from tfexport.errors import TfexportError
    from tfexport.savedmodel.reader import read_description

    tags = ctx.params.get("tags")
    try:
        return read_description(_directory(ctx), tags.split(",") if tags else None, constants=False)
    except (TfexportError, OSError):
        return None


def _directory(ctx: click.Context) -> str:
    # click gives up at the option that has no value yet, and leaves the arguments where they are.
    given = (ctx.params.get(name) for name in ("directory", "first", "directories"))
    typed = next(filter(None, (*given, *ctx.args)), os.devnull)
    typed = typed if isinstance(typed, str) else typed[0]
    return str(Path(os.path.expandvars(typed)).expanduser())  # the shell has not done it yet


def _signature(ctx: click.Context) -> str | None:
    name = ctx.params.get("signature")
    return name if isinstance(name, str) else None


complete_signature = _complete(lambda model, ctx: signature_names(model))
complete_variable = _complete(lambda model, ctx: variable_names(model))
complete_function = _complete(lambda model, ctx: function_names(model))
complete_input = _complete(lambda model, ctx: input_names(model, _signature(ctx)))
complete_output_value = _complete(
    lambda model, ctx: (f"{name}=" for name in output_names(model, _signature(ctx)))
)
complete_output = _complete(lambda model, ctx: output_names(model, _signature(ctx)))


def complete_tags(
    ctx: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """The tag sets of the model's metagraphs, as ``--tags`` takes them."""
    from tfexport.errors import TfexportError
    from tfexport.savedmodel.parsing import read_saved_model, tags_of

    try:
        saved_model = read_saved_model(_directory(ctx))
    except (TfexportError, OSError):
        return []
    sets = (",".join(tags_of(metagraph)) for metagraph in saved_model.meta_graphs)
    return _offer(sorted(sets), incomplete)
