"""``tfexport check`` as users type it: tables, verdicts, exit codes, JSON and SARIF."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.bundles import make_table
from tests.conftest import ROOT, Outcome
from tests.known_answers import FOLDER, needs_shared_models
from tests.processes import run_process
from tests.savedmodel.test_hazards import Model, constant
from tfexport.savedmodel import protos

Run = Callable[..., Outcome]
SavedModel = Callable[[str], Path]


def save_proto(model: Model, directory: Path) -> Path:
    model.metagraph.meta_info_def.tags.append("serve")
    model.graph.versions.producer = 1000
    saved_model = protos.saved_model_pb2.SavedModel()
    saved_model.meta_graphs.add().CopyFrom(model.metagraph)
    directory.mkdir()
    (directory / "saved_model.pb").write_bytes(saved_model.SerializeToString())
    return directory


@pytest.fixture
def evil(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model whose signature writes a file and prints, by its relative path."""
    model = Model()
    function = model.function("__inference_f_1", "x")
    constant(function.node_def, "name", "/tmp/stolen")
    function.node_def.add(name="write", op="WriteFile", input=["name:output:0", "x"])
    for number in range(3):
        node = function.node_def.add(name=f"print{number}", op="PrintV2", input=["x"])
        node.attr["output_stream"].s = b"stderr"
    node = model.node("x", "Placeholder")
    node.attr["dtype"].type = 7
    call = model.node("y", "StatefulPartitionedCall", "x", f="__inference_f_1")
    call.attr["Tin"].list.type.append(7)
    call.attr["Tout"].list.SetInParent()
    model.signature("serving_default", "y", "x:0")
    monkeypatch.chdir(tmp_path)
    return save_proto(model, tmp_path / "evil").relative_to(tmp_path)


def test_a_sound_model(tfexport: Run, saved_model: SavedModel) -> None:
    outcome = tfexport("check", saved_model("custom_dense"))
    assert (outcome.code, outcome.stderr) == (0, "")
    lines = outcome.stdout.replace(str(saved_model("custom_dense")), "DIR").splitlines()
    assert lines[0] == "DIR"
    assert re.fullmatch(r"  whole     clean  3 values read, \d+ bytes", lines[1])
    assert re.fullmatch(r"  loadable  clean  compared with TensorFlow 2\S+; loaded", lines[2])
    assert re.fullmatch(
        r"  safe      clean  \d+ nodes in the graph and 4 functions looked at", lines[3]
    )
    assert lines[4] == "  right     clean  2 kept calls made again"
    assert lines[5:] == ["Nothing was found: it is whole, loadable, safe and right."]


def test_a_model_that_writes_files(tfexport: Run, evil: Path) -> None:
    outcome = tfexport("check", "--only", "safe", evil)
    assert (outcome.code, outcome.stderr) == (1, "")
    way = "signature serving_default → f → node"
    assert outcome.stdout == (
        "evil\n"
        "  critical  safe  WriteFile writes a file, and the directories on the way to it "
        f"(/tmp/stolen): {way} 'write'\n"
        f"  low       safe  PrintV2 prints values, which may be a user's data (stderr): {way} "
        "'print0', and 2 more nodes there\n"
        "\n"
        "  whole     skipped     not asked for\n"
        "  loadable  skipped     not asked for\n"
        "  safe      4 findings  7 nodes in the graph and 1 function looked at\n"
        "  right     skipped     not asked for\n"
        "1 critical and 3 low findings.\n"
    )


def test_lines_continue_below_on_a_narrow_terminal(
    tfexport: Run, evil: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    outcome = tfexport("check", "--only", "safe", evil)
    assert max(map(len, outcome.stdout.splitlines())) <= 60
    assert outcome.stdout.splitlines()[1:6] == [
        "  critical  safe  WriteFile writes a file, and the",
        "                  directories on the way to it",
        "                  (/tmp/stolen): signature serving_default →",
        "                  f → node 'write'",
        "  low       safe  PrintV2 prints values, which may be a",
    ]


def test_colours_are_for_terminals(evil: Path) -> None:
    plain = run_in_terminal("check", "--only", "safe", evil, NO_COLOR="1")
    coloured = run_in_terminal("check", "--only", "safe", evil)
    assert "\x1b[31mcritical" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain


def run_in_terminal(*words: object, **environment: str) -> str:
    import pty

    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "tfexport", *map(str, words)],
        stdout=follower,
        stderr=follower,
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "80", **environment},
    )
    os.close(follower)
    output = b""
    while True:
        try:
            chunk = os.read(leader, 1 << 16)
        except OSError:
            break
        if not chunk:
            break
        output += chunk
    process.wait(timeout=60)
    os.close(leader)
    return output.decode().replace("\r\n", "\n")


@pytest.mark.parametrize(("limit", "code"), [("critical", 1), ("low", 1)])
def test_the_exit_code_follows_the_severity(
    tfexport: Run, evil: Path, limit: str, code: int
) -> None:
    assert tfexport("check", "--only", "safe", "--fail-on", limit, evil).code == code


def test_low_findings_alone_do_not_fail(tfexport: Run, tmp_path: Path) -> None:
    model = Model()
    model.node("p", "Print")
    directory = save_proto(model, tmp_path / "m")
    assert tfexport("check", "--only", "safe", directory).code == 0
    assert tfexport("check", "--only", "safe", "--fail-on", "low", directory).code == 1


def test_json_holds_everything(tfexport: Run, evil: Path) -> None:
    outcome = tfexport("check", "--only", "safe", "--json", evil)
    assert outcome.code == 1
    report = json.loads(outcome.stdout)
    assert report["schema"] == "tfexport.check/1"
    assert (report["fail_on"], report["failed"]) == ("medium", True)
    (model,) = report["models"]
    assert (model["directory"], model["file"], model["error"]) == ("evil", "saved_model.pb", None)
    assert [part["status"] for part in model["parts"]] == ["skipped", "skipped", "found", "skipped"]
    finding = model["findings"][0]
    assert finding["hazard"] == {
        "severity": "critical",
        "kind": "writes-files",
        "op": "WriteFile",
        "node": "write",
        "function": "__inference_f_1",
        "why": "writes a file, and the directories on the way to it",
        "target": "/tmp/stolen",
        "reached_from": "signature",
        "entry": "serving_default",
        "calls": [{"function": "__inference_f_1", "role": "StatefulPartitionedCall", "node": "y"}],
        "skipped": 0,
    }
    assert len(model["findings"]) == 4


def test_sarif_is_what_code_scanning_takes(tfexport: Run, evil: Path) -> None:
    outcome = tfexport("check", "--only", "safe,whole", "--sarif", "out.sarif", evil)
    assert outcome.code == 1
    document = json.loads(Path("out.sarif").read_text())
    assert (document["version"], len(document["runs"])) == ("2.1.0", 1)
    run: dict[str, Any] = document["runs"][0]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["writes-files", "prints"]
    assert run["invocations"] == [{"executionSuccessful": True, "toolExecutionNotifications": []}]
    result = run["results"][0]
    assert (result["ruleId"], result["ruleIndex"], result["level"]) == ("writes-files", 0, "error")
    assert result["message"]["text"].startswith("WriteFile writes a file, and the directories")
    (location,) = result["locations"]
    assert location["physicalLocation"]["artifactLocation"] == {"uri": "evil/saved_model.pb"}
    assert location["logicalLocations"][0]["fullyQualifiedName"] == "__inference_f_1/write"
    prints = [found["partialFingerprints"]["tfexport/v1"] for found in run["results"]]
    assert len(set(prints)) == len(prints) == 4
    tfexport("check", "--only", "safe,whole", "--sarif", "again.sarif", evil)
    assert Path("again.sarif").read_text() == Path("out.sarif").read_text()


def test_sarif_tells_of_what_could_not_be_checked(tfexport: Run, tmp_path: Path) -> None:
    (tmp_path / "a b").mkdir()
    (tmp_path / "a b" / "saved_model.pb").write_bytes(b"")
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "saved_model.pb").write_bytes(b"")
    sarif = tmp_path / "out.sarif"
    assert tfexport("check", tmp_path, "--sarif", sarif).code == 1
    (invocation,) = json.loads(sarif.read_text())["runs"][0]["invocations"]
    assert invocation["executionSuccessful"] is False
    assert len(invocation["toolExecutionNotifications"]) == 2


def test_a_sarif_file_that_cannot_be_written(tfexport: Run, evil: Path) -> None:
    outcome = tfexport("check", "--only", "safe", "--sarif", "gone/out.sarif", evil)
    assert (outcome.code, outcome.stdout) == (2, "")
    assert outcome.stderr == "Error: Cannot write gone/out.sarif: No such file or directory.\n"


def test_a_folder_of_models(tfexport: Run, saved_model: SavedModel, tmp_path: Path) -> None:
    shutil.copytree(saved_model("custom_dense"), tmp_path / "zoo" / "dense")
    shutil.copytree(saved_model("counter"), tmp_path / "zoo" / "counter")
    (tmp_path / "zoo" / "broken").mkdir()
    (tmp_path / "zoo" / "broken" / "saved_model.pb").write_bytes(b"\xff\xff")
    outcome = tfexport("check", tmp_path / "zoo", "--only", "whole,safe", "--quick")
    assert (outcome.code, outcome.stderr) == (1, "")
    text = outcome.stdout.replace(str(tmp_path), "TMP")
    assert text.endswith(
        "2 of 3 models passed\n"
        "  TMP/zoo/broken  TMP/zoo/broken/saved_model.pb is damaged or no SavedModel: "
        "its 2 bytes do not parse. Copy the model again, or save it again.\n"
    )
    assert "  unreadable  TMP/zoo/broken/saved_model.pb is damaged" in text


def test_samples_that_do_not_fit_one_model_leave_the_others_their_check(
    tfexport: Run, saved_model: SavedModel, tmp_path: Path
) -> None:
    call = {"x": np.zeros((1, 5), np.float32), "output_0": np.zeros((1, 3), np.float32)}
    np.savez(tmp_path / "call.npz", **call)
    models = [saved_model("counter"), saved_model("custom_dense")]
    outcome = tfexport("check", *models, "--only", "right", "--samples", tmp_path / "call.npz")
    assert (outcome.code, outcome.stderr) == (1, "")
    assert f"'{tmp_path / 'call.npz'}': 'x' is no input or output of signature" in outcome.stdout
    assert f"{models[1]}\n" in outcome.stdout
    assert "called with" in outcome.stdout


def test_a_single_broken_model_is_an_error(tfexport: Run, tmp_path: Path) -> None:
    (tmp_path / "saved_model.pb").write_bytes(b"")
    outcome = tfexport("check", tmp_path)
    assert (outcome.code, outcome.stdout) == (3, "")
    assert outcome.stderr == (
        f"Error: {tmp_path / 'saved_model.pb'} is empty (0 bytes). "
        "Copy the model again, or save it again.\n"
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["--only", "hole"],
            "--only hole: there is no part 'hole'. Did you mean 'whole'? "
            "The parts are: whole, loadable, safe, right.",
        ),
        (
            ["--only", "safe", "--samples", "x.npz"],
            "--samples is for the part 'right', which --only safe leaves out.",
        ),
        (
            ["--rtol", "y=much"],
            "--rtol 'y=much': 'much' is no tolerance. "
            "Expected [OUTPUT=]NUMBER, as in 1e-4 or y=1e-4.",
        ),
        ([], "Missing argument 'DIR…'. See 'tfexport check --help'."),
    ],
)
def test_usage_errors(tfexport: Run, evil: Path, words: list[str], message: str) -> None:
    outcome = tfexport("check", *words, *([evil] if words else []))
    assert (outcome.code, outcome.stdout, outcome.stderr) == (2, "", f"Error: {message}\n")


def test_samples_of_ones_own(tfexport: Run, saved_model: SavedModel, tmp_path: Path) -> None:
    np.savez(
        tmp_path / "s.npz", x=np.zeros((1, 5), np.float32), output_0=np.ones((1, 3), np.float32)
    )
    options = ["--samples", tmp_path / "s.npz", "--only", "right"]
    outcome = tfexport("check", saved_model("custom_dense"), *options)
    assert outcome.code == 1
    assert "critical  right  signature 'serving_default' output 'output_0' for" in outcome.stdout
    assert tfexport("check", saved_model("custom_dense"), *options, "--atol", 99).code == 0


def test_a_part_that_could_not_be_checked_fails(
    tfexport: Run, saved_model: SavedModel, tmp_path: Path
) -> None:
    directory = shutil.copytree(saved_model("custom_dense"), tmp_path / "m")
    shutil.rmtree(directory / "assets.extra")
    outcome = tfexport("check", directory, "--only", "right")
    assert outcome.code == 1
    assert outcome.stdout.endswith("Could not be checked: right.\n")
    assert tfexport("check", directory).code == 0


@needs_shared_models
def test_the_stub_with_a_pyfunc(tfexport: Run) -> None:
    outcome = tfexport("check", FOLDER / "pyfunc_stub")
    assert outcome.code == 1
    assert "critical  safe      PyFunc runs a Python function" in outcome.stdout


HOSTILE = "\x1b[31mred\x1b[0m [bold]x[/bold]\nnew line \u202etxt"


def test_names_of_a_model_never_reach_the_terminal_as_they_are(
    tfexport: Run, tmp_path: Path
) -> None:
    model = Model()
    function = model.function(HOSTILE, "a")
    constant(function.node_def, "c", HOSTILE)
    function.node_def.add(name=HOSTILE, op="WriteFile", input=["c:output:0", "a"])
    model.node("y", "PartitionedCall", f=HOSTILE)
    model.signature(HOSTILE, "y")
    model.metagraph.asset_file_def.add(filename=HOSTILE).tensor_info.name = "y:0"
    directory = save_proto(model, tmp_path / "m")
    for option in ([], ["--json"]):
        outcome = tfexport("check", directory, "--only", "whole,safe", *option)
        assert outcome.code == 1
        assert not set(outcome.stdout) & {"\x1b", "\u202e"}
    text = tfexport("check", directory, "--only", "safe").stdout
    assert "\\x1b[31mred\\x1b[0m [bold]x[/bold]\\nnew line \\u202etxt" in text


# --- in a process of its own


def test_no_python_of_tensorflow_is_loaded(saved_model: SavedModel) -> None:
    code = (
        "import sys\nfrom tfexport.cli.main import run_command_line\n"
        f"code = run_command_line(['check', {str(saved_model('custom_dense'))!r}])\n"
        "print(code, 'tensorflow.python' in sys.modules)"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, cwd=ROOT
    )
    assert found.stdout.endswith("\n0 False\n")


def test_a_crash_of_tensorflow_is_a_finding_and_the_others_go_on(
    saved_model: SavedModel, tmp_path: Path
) -> None:
    model = Model()
    # Abort() ends the process that runs it; medium, so that the model is loaded.
    model.node("init", "Abort").attr["error_msg"].s = b"bye"
    model.metagraph.collection_def["saved_model_main_op"].node_list.value.append("init")
    model.node("y", "NoOp")
    directory = save_proto(model, tmp_path / "aborts")
    process = run_process("check", directory, saved_model("counter"), "--json")
    stdout, stderr = process.communicate(timeout=120)
    assert (process.returncode, stderr) == (1, "")
    first, second = json.loads(stdout)["models"]
    crashes = [found for found in first["findings"] if found["code"] == "crash"]
    assert [(found["subject"], found["message"]) for found in crashes] == [
        ("saved_model.pb", "crashes TensorFlow (SIGABRT) when it is loaded or called")
    ]
    assert [part["status"] for part in second["parts"]] == ["clean"] * 4


def test_ctrl_c_ends_it_cleanly(tmp_path: Path) -> None:
    directory = save_proto(Model(), tmp_path / "m")
    size = 1 << 40
    (directory / "variables").mkdir()
    entry = protos.tensor_bundle_pb2.BundleEntryProto(dtype=4, size=size)
    entry.shape.dim.add(size=size)
    header = protos.tensor_bundle_pb2.BundleHeaderProto(num_shards=1)
    table = {b"": header.SerializeToString(), b"v": entry.SerializeToString()}
    (directory / "variables/variables.index").write_bytes(make_table(table))
    with (directory / "variables/variables.data-00000-of-00001").open("wb") as file:
        file.truncate(size)  # a terabyte of nothing takes minutes to read
    process = run_process("check", directory)
    while process.poll() is None and _bytes_read(process.pid) < 1 << 28:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=60)
    assert (process.returncode, stdout, stderr) == (130, "", "Error: Interrupted.\n")


def _bytes_read(process: int) -> int:
    try:
        lines = Path(f"/proc/{process}/io").read_text().splitlines()
    except OSError:
        return 0
    return int(next(line for line in lines if line.startswith("rchar")).split()[1])
