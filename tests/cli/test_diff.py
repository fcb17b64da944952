"""``tfexport diff`` as users type it: sections, marks, verdicts, exit codes."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.test_check import HOSTILE, save_proto
from tests.conftest import ROOT, Outcome
from tests.known_answers import FOLDER, needs_shared_models
from tests.processes import run_process
from tests.savedmodel.test_hazards import Model, constant

Run = Callable[..., Outcome]
SavedModel = Callable[[str], Path]


def graph(directory: Path, *, dtype: int = 1, factor: str = "2", name: str = "x") -> Path:
    """A model with one signature, a constant and no variables."""
    model = Model()
    model.node("x", "Placeholder").attr["dtype"].type = dtype
    constant(model.graph.node, "factor", factor)
    model.node("y", "Identity", "x").attr["T"].type = dtype
    definition = model.metagraph.signature_def["serving_default"]
    definition.method_name = "tensorflow/serving/predict"
    for infos, key, tensor in (
        (definition.inputs, name, "x:0"),
        (definition.outputs, "y", "y:0"),
    ):
        infos[key].name, infos[key].dtype = tensor, dtype
        infos[key].tensor_shape.dim.add(size=-1)
    return save_proto(model, directory)


def test_equal_models(tfexport: Run, tmp_path: Path) -> None:
    first, second = graph(tmp_path / "a"), graph(tmp_path / "b")
    outcome = tfexport("diff", first, second)
    assert (outcome.code, outcome.stderr) == (0, "")
    assert outcome.stdout == f"A {first}\nB {second}\n\nEqual.\n"


def test_a_constant_that_changed(tfexport: Run, tmp_path: Path) -> None:
    first, second = graph(tmp_path / "a"), graph(tmp_path / "b", factor="3")
    outcome = tfexport("diff", first, second)
    assert outcome.code == 1
    assert outcome.stdout == (
        f"A {first}\nB {second}\n"
        "\nGraph  1 change, node by node\n"
        "  ~  main graph  factor  Const '2' → Const '3'\n"
        "\nDifferent: 1 node. The signatures are the same.\n"
    )
    assert tfexport("diff", first, second, "--breaking-only").code == 0


def test_what_breaks_a_client(tfexport: Run, tmp_path: Path) -> None:
    first, second = graph(tmp_path / "a"), graph(tmp_path / "b", dtype=3, name="z")
    outcome = tfexport("diff", first, second, "--breaking-only")
    assert outcome.code == 1
    assert outcome.stdout == (
        f"A {first}\nB {second}\n"
        "\nSignatures\n"
        "  ~ serving_default breaking\n"
        "    -  in   x  float32 [?] (breaking: a client gives it, and it is not there any more)\n"
        "    ~  out  y  float32 [?] → int32 [?] (breaking: another dtype)\n"
        "    +  in   z  int32 [?] (breaking: it must be given)\n".replace(
            "    ~  out  y  float32 [?] → int32 [?] (breaking: another dtype)\n"
            "    +  in   z  int32 [?] (breaking: it must be given)\n",
            "    +  in   z  int32 [?] (breaking: it must be given)\n"
            "    ~  out  y  float32 [?] → int32 [?] (breaking: another dtype)\n",
        )
        + "\nGraph  2 changes, node by node\n"
        "  ~  main graph  x  Placeholder dtype=type: DT_FLOAT → Placeholder dtype=type: DT_INT32\n"
        "  ~  main graph  y  Identity T=type: DT_FLOAT → Identity T=type: DT_INT32\n"
        "\nDifferent: 1 signature, 2 nodes. A client of A would fail on B.\n"
    )


def test_values_by_how_much_they_changed(tfexport: Run, tmp_path: Path) -> None:
    import numpy as np

    from tests.bundles import write_bundle
    from tests.comparing.test_values import stored

    for name, factor in (("a", 1.0), ("b", 1.5)):
        model = Model()
        nodes = model.metagraph.object_graph_def.nodes
        root = nodes.add()
        for number, key in enumerate(("same", "other", "gone" if name == "a" else "new"), 1):
            root.children.add(node_id=number, local_name=key)
            variable = nodes.add().variable
            variable.dtype, variable.name = 1, key
            variable.shape.dim.add(size=4)
        directory = save_proto(model, tmp_path / name)
        values = np.float32([1, 2, 3, 4])
        keys = {"same": values, "other": values * np.float32(factor)}
        keys["gone" if name == "a" else "new"] = values
        tensors = {f"{k}/.ATTRIBUTES/VARIABLE_VALUE": stored(v) for k, v in keys.items()}
        write_bundle(directory, tensors)
    outcome = tfexport("diff", tmp_path / "a", tmp_path / "b")
    assert outcome.code == 1
    assert outcome.stdout.partition("\n\n")[2] == (
        "Variables\n"
        "  -  gone  float32 [4], not trainable\n"
        "  +  new   float32 [4], not trainable\n"
        "\nValues  1 of 2 variables changed, most changed first\n"
        "         changed  largest  relative  of the norm\n"
        "  other     100%        2       0.5          50%\n"
        "\nDifferent: 2 variables, 1 value. The signatures are the same.\n"
    )
    quick = tfexport("diff", tmp_path / "a", tmp_path / "b", "--quick")
    assert "  other  another checksum\n" in quick.stdout


@needs_shared_models
def test_outputs_of_both(tfexport: Run) -> None:
    words = [FOLDER / "half_plus_two_v1", FOLDER / "half_plus_three"]
    options = ["--outputs", "--input", "x=[[1], [2]]"]
    outcome = tfexport("diff", *words, *options)
    assert outcome.code == 1
    start = outcome.stdout.index("Outputs of serving_default")
    assert outcome.stdout[start:].startswith(
        "Outputs of serving_default  x=[[1], [2]]\n"
        "  y too far\n"
        "    differ       2 of 2 elements\n"
        "    absolute     max 1, mean 1, p99 1\n"
        "    relative     max 0.4, mean 0.367, p99 0.4\n"
        "    cosine       0.999709808\n"
        "    worst        2.5 → 3.5 at [0, 0]\n"
        "    passes with  --atol 2.9e-01 --rtol 2.9e-01\n"
    )
    document = json.loads(tfexport("diff", *words, *options, "--json").stdout)
    assert document["schema"] == "tfexport.diff/1"
    (call,) = document["outputs"]
    assert (call["signature"], call["outputs"][0]["absolute"]) == ("serving_default", 1.0)
    close = tfexport("diff", *words, *options, "--rtol", "y=0.41")
    assert "  y close\n" in close.stdout


def test_json_has_every_section(tfexport: Run, tmp_path: Path) -> None:
    first, second = graph(tmp_path / "a"), graph(tmp_path / "b", factor="3")
    document = json.loads(tfexport("diff", first, second, "--json").stdout)
    assert list(document) == [
        *("schema", "first", "second", "equal", "breaking", "signatures", "variables", "values"),
        *("ops", "functions", "nodes", "assets", "versions", "provenance", "outputs"),
    ]
    assert document["nodes"] == [
        {
            "kind": "changed",
            "function": None,
            "node": "factor",
            "before": "Const '2'",
            "after": "Const '3'",
        }
    ]
    assert document["outputs"] is None


def test_nothing_is_wider_than_the_terminal(
    tfexport: Run, saved_model: SavedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "70")
    words = [saved_model("custom_dense"), saved_model("encoder"), "--outputs"]
    outcome = tfexport("diff", *words)
    assert outcome.code == 1
    assert max(map(len, outcome.stdout.splitlines())) <= 70


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--input", "[1]"], "--input is for calling the models: add --outputs."),
        (["--rtol", "1"], "--rtol is for calling the models: add --outputs."),
        (["-s", "x"], "--signature is for calling the models: add --outputs."),
        (
            ["--outputs", "-s", "gone"],
            "No signature 'gone' in A. It has: serving_default.",
        ),
        (
            ["--tags", "gpu"],
            "No metagraph with the tags 'gpu' in A. It has: serve.",
        ),
    ],
)
def test_mistakes(
    tfexport: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    graph(tmp_path / "A")
    outcome = tfexport("diff", "A", "A", *words)
    assert (outcome.stdout, outcome.stderr) == ("", f"Error: {message}\n")
    assert outcome.code in (2, 3)


def test_a_missing_model(tfexport: Run, tmp_path: Path) -> None:
    outcome = tfexport("diff", graph(tmp_path / "a"), tmp_path / "b")
    assert (outcome.code, outcome.stdout) == (3, "")
    assert outcome.stderr.startswith(f"Error: No directory {tmp_path / 'b'}.")


def test_names_of_a_model_never_reach_the_terminal_as_they_are(
    tfexport: Run, tmp_path: Path
) -> None:
    first, second = graph(tmp_path / "a"), graph(tmp_path / "b", factor=HOSTILE, name=HOSTILE)
    for option in ([], ["--json"]):
        outcome = tfexport("diff", first, second, *option)
        assert outcome.code == 1
        assert not set(outcome.stdout) & {"\x1b", "\u202e"}


def test_no_python_of_tensorflow_is_loaded(saved_model: SavedModel) -> None:
    words = ["diff", str(saved_model("custom_dense")), str(saved_model("encoder"))]
    code = (
        "import sys\nfrom tfexport.cli.main import run_command_line\n"
        f"code = run_command_line({words!r})\n"
        "print(code, 'tensorflow.python' in sys.modules)"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, cwd=ROOT
    )
    assert found.stdout.endswith("\n1 False\n")


def test_a_crash_of_tensorflow_is_one_line(tmp_path: Path) -> None:
    model = Model()
    model.node("x", "Abort")
    model.node("y", "NoOp", "^x")
    constant(model.graph.node, "c", "text")
    model.graph.node[-1].input.append("^x")
    model.signature("serving_default", "c:0")
    directory = save_proto(model, tmp_path / "aborts")
    process = run_process("diff", directory, directory, "--outputs")
    stdout, stderr = process.communicate(timeout=120)
    assert (process.returncode, stdout) == (5, "")
    assert stderr == (
        f"Error: TensorFlow crashed (SIGABRT) while calling {directory} and {directory}.\n"
    )


def test_large_values_are_shared_among_processes(saved_model: SavedModel, tmp_path: Path) -> None:
    import numpy as np

    from tests.bundles import write_bundle
    from tests.comparing.test_values import stored

    for name, last in (("a", 1.0), ("b", 3.0)):
        model = Model()
        nodes = model.metagraph.object_graph_def.nodes
        nodes.add().children.add(node_id=1, local_name="v")
        variable = nodes.add().variable
        variable.dtype = 1
        variable.shape.dim.add(size=10_000_000)
        values = np.ones(10_000_000, np.float32)
        values[-1] = last
        directory = save_proto(model, tmp_path / name)
        write_bundle(directory, {"v/.ATTRIBUTES/VARIABLE_VALUE": stored(values)})
    process = run_process("diff", tmp_path / "a", tmp_path / "b", "--json")
    stdout, stderr = process.communicate(timeout=120)
    assert (process.returncode, stderr) == (1, "")
    (change,) = json.loads(stdout)["values"]["changed"]
    assert (change["elements"], change["differing"], change["absolute"]) == (10_000_000, 1, 2.0)
    assert re.match(r"3162\.\d+", str(change["norm_before"]))
    shutil.rmtree(tmp_path / "a")
