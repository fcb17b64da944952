"""Save, inspect and run TensorFlow SavedModels.

>>> import tfexport
>>> tfexport.save(module, "custom_dense", specs=["None,5"])  # doctest: +SKIP
>>> tfexport.inspect("custom_dense").signatures              # doctest: +SKIP
>>> model = tfexport.load("custom_dense")                    # doctest: +SKIP
>>> model(numpy.ones((2, 5), "float32"))["output_0"]         # doctest: +SKIP

Importing this loads nothing heavy: each function imports what it needs when it is called.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable

    from tfexport.checking.checker import CheckOptions
    from tfexport.checking.findings import ModelCheck
    from tfexport.comparing.models import DiffOptions, DiffReport
    from tfexport.errors import TfexportError
    from tfexport.runtime.model import LoadedModel
    from tfexport.savedmodel.description import ModelDescription
    from tfexport.spec import TensorSpec

__all__ = [
    "TensorSpec",
    "TfexportError",
    "__version__",
    "check",
    "diff",
    "inspect",
    "load",
    "save",
]

__version__ = "0.1.0"


def save(module: Any, directory: str | os.PathLike[str], **options: Any) -> ModelDescription:
    """Trace a ``tf.Module`` and save it; gives what ``inspect`` gives.

    The options are those of ``tfexport.exporting.saving.save_module``: ``specs`` (texts such as
    ``"x=None,5:float32"`` or TensorSpec values), ``signatures``, ``force``. Imports TensorFlow.
    """
    from tfexport.exporting.saving import save_module

    save_module(module, directory, **options)
    return inspect(directory)


def inspect(
    directory: str | os.PathLike[str], *, tags: Iterable[str] | None = None
) -> ModelDescription:
    """Everything that a SavedModel holds, without importing TensorFlow's Python.

    Raises SavedModelError where there is none, or it is damaged.
    """
    from tfexport.savedmodel.reader import read_description

    return read_description(str(directory), tags)


def load(
    directory: str | os.PathLike[str], *, tags: Iterable[str] | None = None, trust: bool = False
) -> LoadedModel:
    """A SavedModel to call with numpy arrays, through TensorFlow's C library.

    Raises SavedModelError where TensorFlow cannot load it; and UnsafeModelError where loading it,
    or any of its signatures, would run Python, write files or open the network. ``trust`` lets it.
    """
    from tfexport.runtime.model import load_model

    return load_model(str(directory), tags=None if tags is None else tuple(tags), trust=trust)


def check(directory: str | os.PathLike[str], *, options: CheckOptions | None = None) -> ModelCheck:
    """Whether a SavedModel is whole, loadable, safe and right: what each part came to.

    The model is loaded in this process, unless something critical would run. ``options`` is a
    ``tfexport.checking.checker.CheckOptions``. Raises SavedModelError where it cannot be read.
    """
    from pathlib import Path

    from tfexport.checking.checker import CheckOptions, check_model

    return check_model(Path(directory), options or CheckOptions())


def diff(
    first: str | os.PathLike[str],
    second: str | os.PathLike[str],
    *,
    options: DiffOptions | None = None,
) -> DiffReport:
    """What changed between two SavedModels; of their outputs only where ``options`` ask for it.

    ``options`` is a ``tfexport.comparing.models.DiffOptions``. Raises SavedModelError where one
    cannot be read.
    """
    from tfexport.comparing.models import compare_models

    return compare_models(str(first), str(second), options)


def __getattr__(name: str) -> Any:
    if name == "TensorSpec":
        from tfexport.spec import TensorSpec

        return TensorSpec
    if name == "TfexportError":
        from tfexport.errors import TfexportError

        return TfexportError
    raise AttributeError(f"module 'tfexport' has no attribute '{name}'")
