"""TensorFlow's protobuf messages, imported without running ``tensorflow/__init__.py``.

``import tensorflow`` takes some 4 s and 500 MB; its generated ``*_pb2`` modules need none of that.
They are imported under a stand-in for the ``tensorflow`` package that only knows where its files
are, and everything named ``tensorflow*`` leaves ``sys.modules`` again: a later real import finds
nothing in its way, and its message classes are these same classes, because protobuf's descriptor
pool has one class a message.

>>> from tfexport.savedmodel import protos
>>> saved_model = protos.saved_model_pb2.SavedModel()
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import threading
from types import ModuleType
from typing import Any, TypeAlias

from tfexport.errors import UsageError

# The generated classes have no type stubs. These names say which message is meant.
SavedModelProto: TypeAlias = Any
MetaGraphDef: TypeAlias = Any
NodeDef: TypeAlias = Any
StructuredValue: TypeAlias = Any
TensorInfo: TypeAlias = Any
TensorProto: TypeAlias = Any
TensorShapeProto: TypeAlias = Any
TrackableObject: TypeAlias = Any

_FRAMEWORK = "tensorflow.core.framework"
_PROTOBUF = "tensorflow.core.protobuf"
_EXAMPLE = "tensorflow.core.example"

_MODULES = {
    "attr_value_pb2": _FRAMEWORK,
    "config_pb2": _PROTOBUF,
    "example_pb2": _EXAMPLE,
    "feature_pb2": _EXAMPLE,
    "fingerprint_pb2": _PROTOBUF,
    "function_pb2": _FRAMEWORK,
    "graph_debug_info_pb2": _FRAMEWORK,
    "graph_pb2": _FRAMEWORK,
    "meta_graph_pb2": _PROTOBUF,
    "op_def_pb2": _FRAMEWORK,
    "saved_model_pb2": _PROTOBUF,
    "saved_object_graph_pb2": _PROTOBUF,
    "saver_pb2": _PROTOBUF,
    "struct_pb2": _PROTOBUF,
    "tensor_bundle_pb2": _PROTOBUF,
    "tensor_pb2": _FRAMEWORK,
    "tensor_shape_pb2": _FRAMEWORK,
    "trackable_object_graph_pb2": _PROTOBUF,
    "types_pb2": _FRAMEWORK,
    "variable_pb2": _FRAMEWORK,
    "versions_pb2": _FRAMEWORK,
}

_lock = threading.RLock()
_imported: dict[str, ModuleType] = {}  # every tensorflow.* module that was imported under the stub


def __getattr__(name: str) -> ModuleType:
    """Import a message module (``saved_model_pb2``) when it is first asked for.

    Raises UsageError where TensorFlow is not installed, or protobuf is too old for it.
    """
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = _import_messages(f"{_MODULES[name]}.{name}")
    globals()[name] = module
    return module


def _import_messages(name: str) -> ModuleType:
    with _lock:
        if "tensorflow" in sys.modules:
            return importlib.import_module(name)
        sys.modules.update(_imported)
        sys.modules["tensorflow"] = _stand_in()
        try:
            return importlib.import_module(name)
        except Exception as error:  # protobuf's own VersionError is no ImportError
            raise UsageError(f"TensorFlow's messages cannot be imported: {error}") from error
        finally:
            _take_out()


def _stand_in() -> ModuleType:
    package = ModuleType("tensorflow")
    package.__path__ = [find_tensorflow()]
    return package


def find_tensorflow() -> str:
    """The directory of the installed ``tensorflow`` package, found without importing it.

    Raises UsageError where there is none.
    """
    loaded = sys.modules.get("tensorflow")
    places = getattr(loaded, "__path__", None) if loaded else _find_places()
    if not places:
        raise UsageError("TensorFlow is not installed here. Install it: pip install tensorflow")
    return str(next(iter(places)))


def _find_places() -> list[str] | None:
    spec = importlib.util.find_spec("tensorflow")
    # A directory that happens to be called tensorflow is found too, but has no __init__.py.
    if spec is None or spec.origin is None:
        return None
    return spec.submodule_search_locations


def _take_out() -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "tensorflow"]:
        module = sys.modules.pop(name)
        if name != "tensorflow":
            _imported[name] = module
