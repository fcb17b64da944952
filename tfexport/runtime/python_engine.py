"""The same interface over ``tf.saved_model.load``: for functions that are no signature, and for
platforms without the C library. It imports TensorFlow's Python, which takes seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from tfexport.data.arrays import Array
from tfexport.dtypes import numpy_dtype
from tfexport.errors import UsageError
from tfexport.runtime.choosing import unknown_function
from tfexport.runtime.config import SessionConfig
from tfexport.runtime.failures import describe_call_failure, describe_load_failure
from tfexport.runtime.quiet import held_stderr, silence_logging
from tfexport.runtime.status import StatusError
from tfexport.savedmodel.description import Signature, SignatureTensor
from tfexport.savedmodel.objects import is_index


class PythonSession:
    """A SavedModel loaded by TensorFlow's Python."""

    def __init__(self, tensorflow: Any, loaded: Any) -> None:
        self._tensorflow = tensorflow
        self._loaded = loaded
        self._functions: dict[str, Any] = {}

    def prepare(self, signature: Signature, select: Sequence[str] | None = None) -> PythonCall:
        """Resolve a signature, or a function described by ``function_signature``."""
        function = self._functions.get(signature.name)
        if function is None:
            function = self._loaded.signatures[signature.name]
        names = [t.name for t in signature.outputs if select is None or t.name in select]
        return PythonCall(self._tensorflow, function, signature, names)

    def function_signature(self, path: str, known: Sequence[str]) -> Signature:
        """What the function at ``path`` of the object tree takes and gives.

        Its first traced version speaks for it. Raises UsageError that lists the ``known`` ones
        where there is no such function.
        """
        function = _follow(self._loaded, path)
        traced = getattr(function, "concrete_functions", None)
        if not traced:
            raise unknown_function(path, known)
        self._functions[path] = function
        concrete = traced[0]
        return Signature(path, "", _inputs(concrete), _outputs(self._tensorflow, concrete))

    def devices(self) -> tuple[str, ...]:
        """The names of the logical devices."""
        return tuple(device.name for device in self._tensorflow.config.list_logical_devices())

    def close(self) -> None:
        """Let go of the model; TensorFlow frees it when nothing refers to it."""
        self._loaded = None
        self._functions = {}

    def __enter__(self) -> PythonSession:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class PythonCall:
    """One signature or function, ready to be called."""

    def __init__(
        self, tensorflow: Any, function: Any, signature: Signature, names: Sequence[str]
    ) -> None:
        self._tensorflow = tensorflow
        self._function = function
        self._signature = signature
        self._names = names

    def __call__(self, arrays: Mapping[str, Array]) -> dict[str, Array]:
        """Call it on arrays that fit. Raises ExecutionError with TensorFlow's reason."""
        tensors = {
            tensor.name: self._to_tensor(arrays[tensor.name], tensor.graph_spec.dtype)
            for tensor in self._signature.inputs
        }
        try:
            result = self._function(**tensors)
        except (self._tensorflow.errors.OpError, ValueError, TypeError) as error:
            reason = StatusError(2, str(getattr(error, "message", error)))
            raise describe_call_failure(self._signature.name, reason) from None
        outputs = _name_outputs(self._tensorflow, result)
        return {name: _to_array(outputs[name]) for name in self._names}

    def call_each(self, batches: Iterable[Mapping[str, Array]]) -> Iterator[dict[str, Array]]:
        """Call it on one batch after the other."""
        return map(self, batches)

    def _to_tensor(self, array: Array, dtype: str) -> Any:
        kind = self._tensorflow.dtypes.as_dtype(dtype)
        if kind.is_quantized:
            array = array.view(kind.as_numpy_dtype)
        return self._tensorflow.convert_to_tensor(array, kind)


def open_python_session(
    directory: Path,
    tags: Sequence[str],
    config: SessionConfig,
    *,
    libraries: Sequence[Path] = (),
    debug: bool = False,
) -> PythonSession:
    """Load a SavedModel with ``tf.saved_model.load``, after the op ``libraries`` that it needs.

    Raises SavedModelError with TensorFlow's reason, UsageError for a library that does not load.
    """
    silence_logging()
    with held_stderr(show=debug):
        import tensorflow

        _configure(tensorflow, config)
        tensorflow.get_logger().setLevel("ERROR")
    for path in libraries:
        _load_op_library(tensorflow, path)
    try:
        with held_stderr(show=debug):
            loaded = tensorflow.saved_model.load(str(directory), tags=list(tags))
    except Exception as error:  # every layer of the loader raises a class of its own
        raise describe_load_failure(directory, StatusError(2, str(error))) from error
    return PythonSession(tensorflow, loaded)


def _load_op_library(tensorflow: Any, path: Path) -> None:
    try:
        tensorflow.load_op_library(str(path.absolute()))
    except (tensorflow.errors.OpError, RuntimeError) as error:
        raise UsageError(f"Cannot load the op library {path}: {error}.") from None


def _configure(tensorflow: Any, config: SessionConfig) -> None:
    if config.threads:
        tensorflow.config.threading.set_intra_op_parallelism_threads(config.threads)
        tensorflow.config.threading.set_inter_op_parallelism_threads(config.threads)
    gpus = tensorflow.config.list_physical_devices("GPU")
    if config.device is not None:  # one that is not there must not become another one
        asked = [gpu for number, gpu in enumerate(gpus) if config.device == f"gpu:{number}"]
        tensorflow.config.set_visible_devices(asked, "GPU")
    for device in gpus:
        tensorflow.config.experimental.set_memory_growth(device, True)
    if config.xla:
        tensorflow.config.optimizer.set_jit(True)


def _follow(loaded: Any, path: str) -> Any:
    found = loaded
    for part in path.split("."):
        try:
            found = found[int(part)] if is_index(part) else getattr(found, part)
        except (AttributeError, IndexError, KeyError, TypeError):
            return None
    return found


def _inputs(concrete: Any) -> tuple[SignatureTensor, ...]:
    positional, keyword = concrete.structured_input_signature
    specs = [spec for spec in (*positional, *keyword.values()) if hasattr(spec, "shape")]
    names = [*concrete._arg_keywords] if hasattr(concrete, "_arg_keywords") else []
    return tuple(
        _tensor(names[index] if index < len(names) else spec.name, spec)
        for index, spec in enumerate(specs)
    )


def _outputs(tensorflow: Any, concrete: Any) -> tuple[SignatureTensor, ...]:
    named = _name_outputs(tensorflow, concrete.structured_outputs)
    return tuple(_tensor(name, spec) for name, spec in named.items())


def _tensor(name: str, spec: Any) -> SignatureTensor:
    shape = None if spec.shape.rank is None else tuple(spec.shape.as_list())
    return SignatureTensor(name, spec.dtype.base_dtype.name, shape)


def _name_outputs(tensorflow: Any, result: Any) -> dict[str, Any]:
    """Outputs by name, as ``tf.saved_model.save`` names them: dict keys, else ``output_0`` …"""
    if isinstance(result, Mapping):
        return {str(name): value for name, value in result.items()}
    flat = tensorflow.nest.flatten(result)
    return {f"output_{index}": value for index, value in enumerate(flat) if value is not None}


def _to_array(value: Any) -> Array:
    to_dense: Callable[[], Any] | None = getattr(value, "to_tensor", None)
    array: Array = np.asarray((to_dense() if to_dense else value).numpy())
    if array.dtype.kind == "V":  # TensorFlow's own numpy types for quantized values
        return array.view(numpy_dtype(value.dtype.name))
    return array
