"""An export as its options' texts, from a command line or a recipe, and what they mean."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from tfexport.errors import UsageError
from tfexport.exporting.options import SaveOptions, check_options
from tfexport.exporting.publishing import Destination, check_destination
from tfexport.exporting.recipe import Recipe
from tfexport.exporting.specs import (
    parse_constant,
    parse_entry,
    parse_input_spec,
    parse_output_name,
)
from tfexport.exporting.target import Target, parse_target


@dataclass(frozen=True)
class SaveRequest:
    """One export, ready to be carried out by ``save_target``.

    ``recipe`` is how the user wrote it, to be shown again with what is missing.
    """

    target: Target
    arguments: tuple[str, ...]
    destination: Destination
    options: SaveOptions
    recipe: Recipe


def read_request(recipe: Recipe, force: bool = False) -> SaveRequest:
    """The export of a recipe, everything about it checked that needs no TensorFlow.

    ``force`` adds to the recipe's own. Raises a TfexportError for the first mistake.
    """
    target = parse_target(recipe["target"])
    if recipe.get("force") and recipe.get("next-version"):
        raise UsageError("--force replaces a version, --next-version adds one: choose one of them.")
    directory = Path(recipe.get("output") or snake_case(target.name))
    destination = Destination(
        directory, bool(recipe.get("force")) or force, bool(recipe.get("next-version"))
    )
    options = SaveOptions(
        specs=tuple(map(parse_input_spec, recipe.get("spec", ()))),
        signatures=tuple(map(parse_entry, recipe.get("signature", ()))),
        constants=tuple(map(parse_constant, recipe.get("const", ()))),
        output_names=tuple(map(parse_output_name, recipe.get("output-name", ()))),
        samples=tuple(recipe.get("sample", ())),
        checkpoint=_path(recipe.get("checkpoint")),
        weights=_path(recipe.get("weights")),
        partial=bool(recipe.get("partial")),
        seed=recipe.get("seed"),
        extras=tuple(map(Path, recipe.get("extra", ()))),
        verify=not recipe.get("no-verify"),
        keep_samples=not recipe.get("no-samples"),
        tolerance=recipe.get("tolerance"),
        warmup=bool(recipe.get("warmup")),
    )
    check_options(options)
    check_destination(destination)
    # Of a whole recipe with --force, those exports that add a version are no error.
    written = {**recipe, "force": destination.force and not destination.versions}
    return SaveRequest(target, tuple(recipe.get("arg", ())), destination, options, written)


def snake_case(name: str) -> str:
    """``CustomDense`` becomes ``custom_dense``, ``MLP`` becomes ``mlp``."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return words.lower()


def _path(text: str | None) -> Path | None:
    return None if text is None else Path(text)
