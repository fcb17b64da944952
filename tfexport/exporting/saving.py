"""Saves a module: methods bound to specs, called once, traced, written, published."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tfexport.errors import TargetError
from tfexport.exporting.publishing import check_destination, staged
from tfexport.exporting.specs import InputSpec, parse_input_spec
from tfexport.exporting.starting import start_tensorflow
from tfexport.exporting.user_code import guarded


def save_module(
    module: Any,
    directory: str | os.PathLike[str],
    *,
    specs: str | Iterable[str | InputSpec] = (),
    signatures: str | Iterable[str] = (),
    force: bool = False,
) -> Path:
    """Save ``module`` as a SavedModel at ``directory``, and return that path.

    ``specs`` are texts like ``"x=None,5:float32"``, in argument order or by name, with
    ``SIGNATURE/`` before those of one among several signatures. ``signatures`` are methods,
    ``[NAME=]METHOD``; without them, ``__call__`` where specs are given, else every ``tf.function``
    that has an ``input_signature``. The module itself is left as it was, apart from variables that
    its first call makes.

    Raises DestinationError where ``directory`` exists and ``force`` is not given, TargetError
    where nothing can be exported, SpecError where the specs do not fit, and UserCodeError where
    the module fails.
    """
    destination = Path(directory)
    check_destination(destination, force)
    parsed = [parse_input_spec(s) if isinstance(s, str) else s for s in _listed(specs)]
    start_tensorflow()
    _check_trackable(module)
    with staged(destination, force) as stage:
        _write(module, stage, parsed, list(_listed(signatures)))
    return destination


def _listed(values: Any) -> Iterable[Any]:
    return (values,) if isinstance(values, (str, InputSpec)) else values


def _check_trackable(module: Any) -> None:
    import tensorflow as tf

    if isinstance(module, tf.__internal__.tracking.Trackable):
        return
    kind = module.__name__ if isinstance(module, type) else type(module).__name__
    if isinstance(module, type):
        raise TargetError(f"{kind} is a class. Save an instance of it: {kind}(…).")
    advice = "" if type(module).__module__ == "builtins" else f" Derive {kind} from tf.Module."
    raise TargetError(f"A {kind} is not a tf.Module: TensorFlow cannot save it.{advice}")


def _write(module: Any, stage: Path, specs: list[InputSpec], signatures: list[str]) -> None:
    import tensorflow as tf

    from tfexport.exporting.binding import bind_methods
    from tfexport.exporting.methods import choose_entries, parse_entry
    from tfexport.exporting.tracing import attached, trace_method, wrap_method
    from tfexport.exporting.warming import warm_up

    entries = choose_entries(module, [parse_entry(text) for text in signatures], specs)
    methods = bind_methods(module, entries, specs)
    for bound in methods:
        warm_up(module, bound)
    functions = {bound.entry.method: wrap_method(bound) for bound in methods}
    concrete = {
        bound.entry.signature: trace_method(bound, functions[bound.entry.method])
        for bound in methods
    }
    with attached(module, functions), guarded(f"Saving {type(module).__name__}"):
        tf.saved_model.save(module, os.fspath(stage), signatures=concrete)
