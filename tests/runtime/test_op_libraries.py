"""Models with ops of their own: what is missing is named, and a library that has it is loaded."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tfexport.errors import UsageError
from tfexport.runtime.library import library_path
from tfexport.runtime.op_libraries import find_op_libraries
from tfexport.savedmodel import protos
from tfexport.savedmodel.op_packages import package_of_op


def write_model(directory: Path, op: str) -> Path:
    """A SavedModel with one signature, ``y = op(x)``, written without TensorFlow."""
    saved_model = protos.saved_model_pb2.SavedModel(saved_model_schema_version=1)
    metagraph = saved_model.meta_graphs.add()
    metagraph.meta_info_def.tags.append("serve")
    graph = metagraph.graph_def
    graph.versions.producer = 1000
    placeholder = graph.node.add(name="x", op="Placeholder")
    placeholder.attr["dtype"].type = 1
    graph.node.add(name="y", op=op, input=["x"])
    signature = metagraph.signature_def["serving_default"]
    for name, infos in (("x", signature.inputs), ("y", signature.outputs)):
        infos[name].name = f"{name}:0"
        infos[name].dtype = 1
        infos[name].tensor_shape.unknown_rank = True
    directory.mkdir(parents=True)
    (directory / "saved_model.pb").write_bytes(saved_model.SerializeToString())
    return directory


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The op library of ``custom_op.c``, compiled against the headers of the wheel."""
    compiler = shutil.which("cc")
    found = library_path()
    if compiler is None or found is None or sys.platform != "linux":
        pytest.skip("there is no C compiler here")
    target = tmp_path_factory.mktemp("ops") / "twice.so"
    source = Path(__file__).parent / "custom_op.c"
    folder = found.parent
    linked = [f"-L{folder}", "-l:libtensorflow_framework.so.2"]
    flags = ["-shared", "-fPIC", f"-I{folder / 'include'}"]
    subprocess.run([compiler, *flags, source, "-o", target, *linked], check=True, timeout=60)
    return target


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    # A process of its own: an op that was registered once stays so.
    return subprocess.run(
        [sys.executable, "-m", "tfexport", "run", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd=ROOT,
    )


def test_a_library_makes_its_ops_known(library: Path, tmp_path: Path) -> None:
    model = write_model(tmp_path / "model", "TfexportTwice")
    without = run(model, "-i", "[1, 2]")
    assert (without.returncode, without.stdout) == (3, "")
    assert without.stderr == (
        f"Error: {model} needs the op 'TfexportTwice', which is not registered. "
        "Load the library that has it: --load-library PATH.\n"
    )
    loaded = run(model, "-i", "[1, 2]", "--load-library", library)
    assert (loaded.returncode, loaded.stderr) == (0, "")
    assert loaded.stdout == "y  float32 [2]\n  [2. 4.]\n"


def test_the_libraries_of_a_package_are_found_without_importing_it(
    library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "twice_ops"
    package.mkdir()
    (package / "__init__.py").write_text("raise SystemExit('imported')")
    shutil.copy(library, package / "_twice_ops.so")
    (package / "_extension.so").write_bytes(b"\x7fELF PyInit__extension")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert find_op_libraries("twice_ops") == (package / "_twice_ops.so",)


def test_a_package_without_op_libraries_is_told() -> None:
    with pytest.raises(UsageError) as raised:
        find_op_libraries("click")
    assert str(raised.value) == "--import click: the package 'click' has no op library."


def test_a_file_that_is_no_library_is_one_line(tmp_path: Path, saved_model: Any) -> None:
    bad = tmp_path / "bad.so"
    bad.write_bytes(b"no library")
    outcome = run(saved_model("custom_dense"), "--zeros", "--load-library", bad)
    assert (outcome.returncode, outcome.stdout) == (2, "")
    assert outcome.stderr.startswith(f"Error: Cannot load the op library {bad}: ")
    assert outcome.stderr.count("\n") == 1


def test_the_package_of_a_known_op_is_named(tmp_path: Path) -> None:
    model = write_model(tmp_path / "model", "CaseFoldUTF8")
    outcome = run(model, "-i", "[1, 2]")
    assert outcome.stderr == (
        f"Error: {model} needs the op 'CaseFoldUTF8', which is not registered. The package "
        "tensorflow-text has it: install it, and add --import tensorflow_text.\n"
    )
    assert package_of_op("MatMul") is None
