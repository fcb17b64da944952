"""What is looked at before a model is loaded is what the engine that loads it will run."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

import tfexport
from tfexport.errors import UnsafeModelError, UsageError
from tfexport.runtime.engine import NATIVE, PYTHON
from tfexport.runtime.guard import refuse_hazards
from tfexport.runtime.opening import choose_call, read_model
from tfexport.savedmodel.parsing import read_saved_model


class Writer(tf.Module):  # type: ignore[misc]
    """Writes a file where it is asked to, and has a function that does not."""

    @tf.function(input_signature=[tf.TensorSpec([], tf.string)])
    def write(self, path: Any) -> Any:
        tf.io.write_file(path, "written")
        return tf.constant(1.0)

    @tf.function(input_signature=[tf.TensorSpec([], tf.string)])
    def harmless(self, path: Any) -> Any:
        return tf.strings.length(path)


@pytest.fixture(scope="module")
def writer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("writer") / "model"
    module = Writer()
    module._hidden = module.write
    module.several = [module.harmless, module.write]
    signatures = {"write": module.write, "harmless": module.harmless}
    tf.saved_model.save(module, str(directory), signatures)
    return directory


Edit = Callable[[Callable[[Any], None]], Path]


@pytest.fixture
def edited(writer: Path, tmp_path: Path) -> Edit:
    def edit(change: Callable[[Any], None]) -> Path:
        directory = Path(shutil.copytree(writer, tmp_path / "model"))
        proto = read_saved_model(directory)
        change(proto.meta_graphs[0])
        (directory / "saved_model.pb").write_bytes(proto.SerializeToString())
        return directory

    return edit


def node_at(metagraph: Any, name: str) -> Any:
    nodes = metagraph.object_graph_def.nodes
    (index,) = (child.node_id for child in nodes[0].children if child.local_name == name)
    return nodes[index]


def refuse(directory: Path, **choice: str) -> None:
    model = read_model(directory)
    refuse_hazards(model, choose_call(model, **choice))


def test_the_python_engines_signature_is_the_object_of_that_name(edited: Edit) -> None:
    def swap(metagraph: Any) -> None:
        first, second = node_at(metagraph, "signatures").children
        first.node_id, second.node_id = second.node_id, first.node_id

    directory = edited(swap)
    refuse(directory, signature="harmless", engine=NATIVE)
    with pytest.raises(UnsafeModelError, match="when it is called, WriteFile in function"):
        refuse(directory, signature="harmless", engine=PYTHON)


@pytest.mark.parametrize("path", ["write", "_hidden", "several.1"])
def test_a_function_is_looked_at_under_each_of_its_names(writer: Path, path: str) -> None:
    with pytest.raises(UnsafeModelError, match="when it is called, WriteFile in function"):
        refuse(writer, function=path)


@pytest.mark.parametrize("path", ["harmless", "several.0"])
def test_a_function_that_does_nothing_outside_is_let_through(writer: Path, path: str) -> None:
    refuse(writer, function=path)


@pytest.mark.parametrize("edge", ["00", "0_0", "-2"])
def test_an_element_of_a_list_is_each_that_the_loader_would_put_there(
    edited: Edit, edge: str
) -> None:
    def rename(metagraph: Any) -> None:
        children = node_at(metagraph, "several").children
        next(child for child in children if child.local_name == "1").local_name = edge

    with pytest.raises(UnsafeModelError, match="when it is called, WriteFile in function"):
        refuse(edited(rename), function="several.0")


@pytest.mark.parametrize("path", ["writ", "several", "several.00", "several.2", "harmless.name"])
def test_a_path_to_no_function_is_refused_before_loading(writer: Path, path: str) -> None:
    with pytest.raises(UsageError, match=rf"^No function '{path}' in the model\."):
        choose_call(read_model(writer), function=path)


def test_load_refuses_a_model_of_which_a_signature_reaches_outside(
    writer: Path, tmp_path: Path
) -> None:
    with pytest.raises(UnsafeModelError) as raised:
        tfexport.load(writer)
    message = str(raised.value)
    assert message.startswith(f"{writer} is not run: when it is called, WriteFile in function '")
    assert message.endswith(
        "' writes a file, and the directories on the way to it. "
        f"If you trust the model: trust=True. All findings: tfexport check {writer}."
    )
    path = tmp_path / "written"
    with tfexport.load(writer, trust=True) as model:
        model.signatures["write"](np.array(str(path).encode(), object))
    assert path.read_text() == "written"
