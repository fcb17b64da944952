"""``tfexport run`` as users type it: what it prints, what it writes, how it fails."""

from __future__ import annotations

import json
import os
import pickle
import re
import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import Outcome
from tests.processes import children_of, run_process

Run = Callable[..., Outcome]
SavedModel = Callable[[str], Path]

X = np.arange(10, dtype=np.float32).reshape(2, 5)


@pytest.fixture
def dense(saved_model: SavedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the SavedModel ``custom_dense`` and ``x.npy`` in it, to stand in."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "custom_dense").symlink_to(saved_model("custom_dense"))
    np.save("x.npy", X)
    return tmp_path


def left_behind(folder: Path) -> list[str]:
    return sorted({entry.name for entry in folder.iterdir()} - {"custom_dense", "x.npy"})


def test_an_output_is_printed_with_its_dtype_shape_and_values(tfexport: Run, dense: Path) -> None:
    outcome = tfexport("run", "custom_dense", "--input", "x.npy")
    assert (outcome.code, outcome.stderr) == (0, "")
    heading, *lines = outcome.stdout.splitlines()
    assert heading == "output_0  float32 [2, 3]"
    assert len(lines) == 2


def test_the_name_of_the_input_may_be_given(tfexport: Run, dense: Path) -> None:
    named = tfexport("run", "custom_dense", "--input", "x=x.npy", "--json")
    unnamed = tfexport("run", "custom_dense", "--input", "x.npy", "--json")
    assert named.code == 0
    assert named.stdout == unnamed.stdout


def test_json_holds_the_values(tfexport: Run, dense: Path) -> None:
    outcome = tfexport("run", "custom_dense", "--input", "x.npy", "--json")
    document = json.loads(outcome.stdout)
    assert document["schema"] == "tfexport.run/1"
    assert (document["signature"], document["engine"]) == ("serving_default", "native")
    (output,) = document["outputs"]
    assert (output["name"], output["dtype"], output["shape"]) == ("output_0", "float32", [2, 3])
    assert np.array(output["values"]).shape == (2, 3)


@pytest.mark.parametrize("name", ["y.npy", "y.npz"])
def test_outputs_are_written_as_they_are_printed(tfexport: Run, dense: Path, name: str) -> None:
    printed = json.loads(tfexport("run", "custom_dense", "-i", "x.npy", "--json").stdout)
    outcome = tfexport("run", "custom_dense", "-i", "x.npy", "-o", name)
    assert (outcome.code, outcome.stderr) == (0, "")
    assert outcome.stdout.splitlines()[0] == name
    loaded = np.load(name)
    array = loaded if name.endswith("npy") else loaded["output_0"]
    np.testing.assert_array_equal(array, np.array(printed["outputs"][0]["values"], np.float32))
    assert left_behind(dense) == [name]


def test_batches_give_what_one_call_gives(tfexport: Run, dense: Path) -> None:
    np.save("many.npy", np.random.default_rng(0).normal(size=(1001, 5)).astype(np.float32))
    assert tfexport("run", "custom_dense", "-i", "many.npy", "-o", "whole.npy").code == 0
    batched = ["--batch-size", 64, "-o", "batched.npy"]
    assert tfexport("run", "custom_dense", "-i", "many.npy", *batched).code == 0
    np.testing.assert_allclose(np.load("batched.npy"), np.load("whole.npy"), rtol=1e-6)


def test_a_large_output_is_shown_by_its_ends_and_statistics(tfexport: Run, dense: Path) -> None:
    np.save("many.npy", np.zeros((1000, 5), np.float32))
    outcome = tfexport("run", "custom_dense", "-i", "many.npy")
    lines = outcome.stdout.splitlines()
    assert lines[0] == "output_0  float32 [1000, 3]"
    assert re.fullmatch(r"  min \S+  max \S+  mean \S+", lines[1])
    assert lines[5] == "  … 994 rows …"
    assert len(lines) == 9
    streamed = tfexport("run", "custom_dense", "-i", "many.npy", "--batch-size", 7)
    assert streamed.stdout == outcome.stdout


class Executed:
    """A pickle of it would leave a file behind."""

    def __reduce__(self) -> tuple[object, ...]:
        return (Path("executed").touch, ())


BAD_INPUTS = [
    (
        ["--input", "nowhere/x.npy"],
        4,
        "There is no file 'nowhere/x.npy'.",
    ),
    (
        ["--input", "y=x.npy"],
        4,
        "--input y=x.npy: There is no input 'y'. The signature has: x.",
    ),
    (
        [],
        4,
        "There is no value for input 'x'. It takes float32 [?, 5]: --input x=FILE",
    ),
    (
        ["--input", "x.npy", "--signature", "serve"],
        2,
        "No signature 'serve' in custom_dense. It has: serving_default.",
    ),
    (
        ["--input", "x.npy", "--select", "output"],
        2,
        "No output 'output' in signature 'serving_default'. Did you mean 'output_0'? "
        "It has: output_0.",
    ),
    (
        ["--input", "rank.npy"],
        4,
        "Input 'x' (rank.npy) expects float32 [?, 5], got float32 [5]. "
        "Add a leading dimension: [1, 5] fits.",
    ),
    (
        ["--input", "dimension.npy"],
        4,
        "Input 'x' (dimension.npy) expects float32 [?, 5], got float32 [2, 6]. "
        "Dimension 1 must be 5.",
    ),
    (
        ["--input", "x.npy", "--device", "tpu"],
        2,
        "'tpu' is no device. Expected cpu, gpu or gpu:N, as in gpu:0.",
    ),
    (
        ["--input", "x.npy", "--import", "no_such_package"],
        2,
        "--import no_such_package: no package 'no_such_package' is installed here.",
    ),
    (
        ["--input", "x.npy", "-o", "out.xyz"],
        2,
        "'out.xyz' is of no known format. Known are: .npy, .npz, .json, .jsonl, .csv, .parquet, "
        "and a folder (without suffix).",
    ),
    (
        ["--input", "x.npy", "-o", "nowhere/out.npz"],
        2,
        "There is no folder 'nowhere' to write 'out.npz' in. Make it first: mkdir -p nowhere",
    ),
    (
        ["--input", "x.npy", "-o", "x.npy"],
        2,
        "'x.npy' exists already. Replace it with --force.",
    ),
    (
        ["--input", "x.npy", "--signature", "a", "--function", "b"],
        2,
        "--signature and --function exclude each other. Give one of them.",
    ),
]


@pytest.mark.parametrize(("options", "code", "message"), BAD_INPUTS)
def test_a_mistake_is_one_line_and_nothing_is_written(
    tfexport: Run, dense: Path, options: list[str], code: int, message: str
) -> None:
    np.save("rank.npy", X[0])
    np.save("dimension.npy", np.zeros((2, 6), np.float32))
    before = left_behind(dense)
    outcome = tfexport("run", "custom_dense", "-o", "out.npz", *options)
    assert (outcome.code, outcome.stdout, outcome.stderr) == (code, "", f"Error: {message}\n")
    assert left_behind(dense) == before


def test_a_pickle_is_refused_and_not_executed(tfexport: Run, dense: Path) -> None:
    np.save("pickle.npy", np.array([Executed()], object), allow_pickle=True)
    Path("bare.npy").write_bytes(pickle.dumps(Executed()))
    for name in ("pickle.npy", "bare.npy"):
        outcome = tfexport("run", "custom_dense", "--input", name)
        assert (outcome.code, outcome.stdout) == (4, "")
        assert name in outcome.stderr
        assert outcome.stderr.count("\n") == 1
    assert not Path("executed").exists()


def test_a_value_that_a_cast_would_change_is_named(tfexport: Run, dense: Path) -> None:
    values = np.full((2, 5), 1e300)
    np.save("wide.npy", values)
    outcome = tfexport("run", "custom_dense", "--input", "wide.npy")
    assert outcome.code == 4
    assert "1e+300" in outcome.stderr
    assert "--cast" in outcome.stderr
    assert tfexport("run", "custom_dense", "--input", "wide.npy", "--cast").code == 0


@pytest.mark.parametrize("content", [b"", b"\x0a", bytes(range(64)), b"not a model"])
def test_what_is_no_saved_model_is_one_line(tfexport: Run, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "saved_model.pb").write_bytes(content)
    outcome = tfexport("run", tmp_path)
    assert (outcome.code, outcome.stdout) == (3, "")
    assert outcome.stderr.startswith("Error: ")
    assert outcome.stderr.count("\n") == 1


def test_a_run_in_its_own_process_has_a_clean_stderr(dense: Path) -> None:
    process = run_process("run", "custom_dense", "--input", "x.npy", cwd=dense)
    stdout, stderr = process.communicate(timeout=60)
    assert (process.returncode, stderr) == (0, "")
    assert stdout.startswith("output_0  float32 [2, 3]\n")


def test_a_reader_that_goes_away_is_no_error(dense: Path) -> None:
    process = run_process("run", "custom_dense", "--input", "x.npy", cwd=dense)
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == ""
    assert process.wait(timeout=60) == 0
    process.stderr.close()


def test_a_crash_of_tensorflow_is_one_line_and_leaves_nothing_behind(dense: Path) -> None:
    np.lib.format.open_memmap("large.npy", "w+", np.float32, (2_000_000, 5)).flush()
    options = ["-i", "large.npy", "--batch-size", 2, "-o", "out.npz"]
    process = run_process("run", "custom_dense", *options, cwd=dense)
    while not any(name.startswith(".tfexport-") for name in left_behind(dense)):
        assert process.poll() is None
    for child in children_of(process.pid):
        os.kill(child, signal.SIGSEGV)
    stdout, stderr = process.communicate(timeout=60)
    assert (process.returncode, stdout) == (5, "")
    assert stderr == "Error: TensorFlow crashed (SIGSEGV) while running custom_dense.\n"
    assert left_behind(dense) == ["large.npy"]
