"""``tfexport.load``: a SavedModel as an object to call with numpy arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from types import TracebackType

import numpy as np

from tfexport.data.arrays import Array
from tfexport.data.casting import fit_dtype
from tfexport.data.fitting import check_shape
from tfexport.errors import UsageError
from tfexport.runtime.choosing import check_inputs, choose_signature
from tfexport.runtime.config import SessionConfig
from tfexport.runtime.dense import make_dense
from tfexport.runtime.engine import Call, Engine, choose_engine, open_engine
from tfexport.runtime.guard import refuse_any_hazard
from tfexport.runtime.opening import read_model
from tfexport.runtime.tensor_protos import read_defaults
from tfexport.savedmodel.description import ModelDescription, Signature


class SignatureFunction:
    """A signature of a loaded model, to be called with an array an input.

    A sparse input ``x`` is given by its parts: ``x.values``, ``x.indices`` and ``x.dense_shape``.
    """

    def __init__(
        self,
        signature: Signature,
        prepare: Callable[[Signature], Call],
        defaults: Mapping[str, Array],
    ) -> None:
        self.signature = make_dense(signature)
        self._prepare = prepare
        self._defaults = defaults

    @cached_property
    def _call(self) -> Call:
        # On first use: a signature that cannot be prepared must not keep the others from loading.
        return self._prepare(self.signature)

    def __call__(self, *arrays: object, **named: object) -> dict[str, Array]:
        """Call it: by name, or with the one array where the signature has one input.

        An input that has a default may be left out. Gives an array an output. Raises
        InputDataError where an array does not fit, UsageError for a name that it does not have,
        SavedModelError where the graph does not have its tensors, ExecutionError where the model
        fails.
        """
        given = {**_name_positional(self.signature, arrays), **named}
        check_inputs(self.signature, given)
        given = {**self._defaults, **given}
        return self._call({t.name: self._fit(t.name, given) for t in self.signature.inputs})

    def _fit(self, name: str, given: Mapping[str, object]) -> Array:
        tensor = self.signature.input(name)
        if tensor is None or name not in given:
            raise UsageError(f"Input '{name}' of signature '{self.signature.name}' is missing.")
        array: Array = np.asarray(given[name])
        label = f"Input '{name}'"
        check_shape(array, tensor.graph_spec, label=label)
        return fit_dtype(array, tensor.graph_spec.dtype, label=label)


def _name_positional(signature: Signature, arrays: tuple[object, ...]) -> dict[str, object]:
    names = [tensor.name for tensor in signature.inputs]
    if len(arrays) > 1 or len(names) != 1:
        if not arrays:
            return {}
        # A SavedModel keeps its inputs in a map: they have no order to rely on.
        raise UsageError(
            f"Signature '{signature.name}' has {len(names)} inputs: give them by name, "
            f"{', '.join(f'{name}=…' for name in names) or 'and there are none'}."
        )
    return dict(zip(names, arrays, strict=False))


class LoadedModel:
    """A SavedModel that is ready to be called. Close it, or use it as a context manager."""

    def __init__(
        self,
        description: ModelDescription,
        engine: Engine,
        defaults: Mapping[str, Mapping[str, Array]],
    ) -> None:
        self.description = description
        self._engine = engine
        self.signatures: dict[str, SignatureFunction] = {
            signature.name: SignatureFunction(signature, engine.prepare, defaults[signature.name])
            for signature in description.signatures
        }

    def __call__(self, *arrays: object, **named: object) -> dict[str, Array]:
        """Call ``serving_default``, or the only signature: see SignatureFunction."""
        return self.signatures[choose_signature(self.description).name](*arrays, **named)

    def close(self) -> None:
        """Free what the model holds."""
        self._engine.close()

    def __enter__(self) -> LoadedModel:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def load_model(
    directory: str | Path,
    *,
    tags: tuple[str, ...] | None = None,
    config: SessionConfig | None = None,
    trust: bool = False,
) -> LoadedModel:
    """Load a SavedModel through TensorFlow's C library.

    ``tags`` choose the metagraph where there are several. Raises SavedModelError where the
    directory holds no SavedModel that TensorFlow can load, UnsafeModelError where loading it, or
    any of its signatures, would run Python, write files or open the network, unless ``trust``.
    """
    model = read_model(directory, tags, constants=True)
    engine = choose_engine(None)
    if not trust:
        refuse_any_hazard(model, engine)
    description = model.description
    defaults = {s.name: read_defaults(model.metagraph, s.name) for s in description.signatures}
    opened = open_engine(engine, description, config or SessionConfig())
    return LoadedModel(description, opened, defaults)
