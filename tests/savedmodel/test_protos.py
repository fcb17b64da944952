"""TensorFlow's messages come without TensorFlow, and do not stand in its way."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


def python(code: str) -> str:
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    return run.stdout.strip()


def test_messages_leave_no_trace_of_tensorflow_behind() -> None:
    code = """
import sys
from tfexport.savedmodel import protos
protos.saved_model_pb2.SavedModel(), protos.tensor_bundle_pb2.BundleEntryProto()
print([name for name in sys.modules if name.startswith("tensorflow")])
"""
    assert python(code) == "[]"


def test_messages_asked_for_one_after_the_other_are_of_one_kind() -> None:
    code = """
from tfexport.savedmodel import protos
metagraph = protos.saved_model_pb2.SavedModel().meta_graphs.add()
print(type(metagraph) is protos.meta_graph_pb2.MetaGraphDef)
"""
    assert python(code) == "True"


def test_real_tensorflow_has_the_same_messages() -> None:
    from tfexport.savedmodel import protos

    mine = protos.saved_model_pb2.SavedModel
    from tensorflow.core.protobuf import saved_model_pb2

    assert mine is saved_model_pb2.SavedModel


def test_after_tensorflow_its_own_modules_are_given() -> None:
    import tensorflow  # noqa: F401
    from tensorflow.core.framework import graph_debug_info_pb2

    from tfexport.savedmodel import protos

    assert protos.graph_debug_info_pb2 is graph_debug_info_pb2


def test_an_unknown_message_module_is_an_ordinary_mistake() -> None:
    from tfexport.savedmodel import protos

    with pytest.raises(AttributeError, match="no attribute 'nothing_pb2'"):
        _ = protos.nothing_pb2


def test_without_tensorflow_the_error_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "tensorflow").mkdir()  # a folder of that name is no installation
    code = f"""
import sys
sys.path = [{str(tmp_path)!r}, *[p for p in sys.path if "site-packages" not in p]]
from tfexport.errors import UsageError
from tfexport.savedmodel import protos
try:
    protos.saved_model_pb2
except UsageError as error:
    print(error)
"""
    assert python(code) == "TensorFlow is not installed here. Install it: pip install tensorflow"
