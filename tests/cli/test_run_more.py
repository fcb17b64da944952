"""``tfexport run`` on what is less common: functions, hazards, sparse inputs, terminals."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import ROOT, Outcome
from tests.known_answers import FOLDER, KNOWN_ANSWERS, KnownAnswer, needs_shared_models
from tfexport.exporting.starting import start_tensorflow

tf = start_tensorflow()

Run = Callable[..., Outcome]
SavedModel = Callable[[str], Path]


@needs_shared_models
@pytest.mark.parametrize("known", KNOWN_ANSWERS, ids=lambda known: f"{known.model}-{known.inputs}")
def test_known_answers_come_out_of_the_command(tfexport: Run, known: KnownAnswer) -> None:
    inputs = [f"--input={name}={json.dumps(value)}" for name, value in known.inputs.items()]
    signature = [] if known.signature is None else ["--signature", known.signature]
    outcome = tfexport("run", FOLDER / known.model, *signature, *inputs, "--json")
    assert (outcome.code, outcome.stderr) == (0, "")
    outputs = {o["name"]: o["values"] for o in json.loads(outcome.stdout)["outputs"]}
    assert outputs == {
        name: value.decode() if isinstance(value, bytes) else value
        for name, value in known.outputs.items()
    }


@needs_shared_models
def test_an_example_from_json_is_what_a_classifier_takes(tfexport: Run) -> None:
    options = ["-s", "regress_x_to_y", "--example", '{"x": 1.0}', "--example", '{"x": 2.0}']
    outcome = tfexport("run", FOLDER / "half_plus_two_v1", *options)
    assert (outcome.code, outcome.stderr) == (0, "")
    assert outcome.stdout == "outputs  float32 [2, 1]\n  [[2.5]\n   [3. ]]\n"


def test_a_function_runs_through_python_and_says_so(tfexport: Run, saved_model: SavedModel) -> None:
    options = ["--function", "encode", "-i", "[[1, 1, 1, 1]]", "--json"]
    outcome = tfexport("run", saved_model("encoder"), *options)
    assert outcome.code == 0
    assert outcome.stderr == ("'encode' is a function, not a signature: --engine python is used.\n")
    by_function = json.loads(outcome.stdout)
    native = tfexport("run", saved_model("encoder"), "-s", "encode", *options[2:])
    by_signature = json.loads(native.stdout)
    assert (by_function["engine"], by_signature["engine"]) == ("python", "native")
    np.testing.assert_allclose(
        by_function["outputs"][0]["values"], by_signature["outputs"][0]["values"], rtol=1e-6
    )


def test_the_python_engine_gives_the_same_output(tfexport: Run, saved_model: SavedModel) -> None:
    arguments = ["run", saved_model("mlp"), "--random", "--seed", 3, "--batch", 4, "--json"]
    native, python = (
        json.loads(tfexport(*arguments, "--engine", engine).stdout)["outputs"][0]["values"]
        for engine in ("native", "python")
    )
    np.testing.assert_allclose(native, python, rtol=1e-5)


def test_inputs_are_made_where_none_are_given(tfexport: Run, saved_model: SavedModel) -> None:
    zeros = tfexport("run", saved_model("custom_activation"), "--zeros", "--batch", 2)
    assert zeros.stdout == "output_0  float32 [2, 4]\n  [[0. 0. 0. 0.]\n   [0. 0. 0. 0.]]\n"
    shaped = tfexport("run", saved_model("custom_activation"), "--ones", "--shape", "x=1,4")
    assert shaped.stdout == "output_0  float32 [1, 4]\n  [[1. 1. 1. 1.]]\n"


class Writer(tf.Module):  # type: ignore[misc]
    """Writes a file when it is called."""

    @tf.function(input_signature=[tf.TensorSpec([], tf.string)])
    def __call__(self, path: object) -> object:
        with tf.control_dependencies([tf.io.write_file(path, "written")]):
            return tf.constant(1.0)

    @tf.function(input_signature=[])
    def harmless(self) -> object:
        return tf.constant(2.0)


@pytest.fixture(scope="module")
def writer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("writer") / "model"
    module = Writer()
    signatures = {"serving_default": module.__call__, "harmless": module.harmless}
    tf.saved_model.save(module, str(directory), signatures)
    return directory


def test_a_signature_that_writes_files_is_not_run_unless_trusted(
    tfexport: Run, writer: Path, tmp_path: Path
) -> None:
    path = tmp_path / "written"
    refused = tfexport("run", writer, "-i", json.dumps(str(path)))
    assert (refused.code, refused.stdout) == (3, "")
    assert refused.stderr.startswith(f"Error: {writer} is not run: when it is called, WriteFile in")
    assert refused.stderr.endswith(
        f"If you trust the model: --trust. All findings: tfexport check {writer}.\n"
    )
    assert not path.exists()
    trusted = tfexport("run", writer, "-i", json.dumps(str(path)), "--trust")
    assert (trusted.code, trusted.stderr) == (0, "")
    assert path.read_text() == "written"


def test_a_harmless_signature_of_the_same_model_runs(tfexport: Run, writer: Path) -> None:
    outcome = tfexport("run", writer, "-s", "harmless")
    assert (outcome.code, outcome.stdout) == (0, "output_0  float32 []\n  2.\n")


def test_a_sparse_input_is_fed_by_its_parts(tfexport: Run, tmp_path: Path) -> None:
    directory = tmp_path / "sparse"
    graph = tf.Graph()
    with graph.as_default(), tf.compat.v1.Session(graph=graph) as session:
        x = tf.compat.v1.sparse_placeholder(tf.float32, [None, 3])
        y = tf.sparse.to_dense(x)
        tf.compat.v1.saved_model.simple_save(session, str(directory), {"x": x}, {"y": y})
    parts = {"x.values": [5, 7], "x.indices": [[0, 1], [1, 2]], "x.dense_shape": [2, 3]}
    inputs = [f"--input={name}={json.dumps(value)}" for name, value in parts.items()]
    outcome = tfexport("run", directory, *inputs)
    assert (outcome.code, outcome.stderr) == (0, "")
    assert outcome.stdout == "y  float32 [2, 3]\n  [[0. 5. 0.]\n   [0. 0. 7.]]\n"


def test_what_the_model_refuses_is_one_line_with_the_whole_text_behind_debug(
    tfexport: Run, saved_model: SavedModel, tmp_path: Path
) -> None:
    module = tf.Module()
    module.f = tf.function(
        lambda x: tf.reshape(x, [2, 2]), input_signature=[tf.TensorSpec([None], tf.float32)]
    )
    directory = tmp_path / "reshape"
    tf.saved_model.save(module, str(directory), module.f)
    outcome = tfexport("run", directory, "-i", "[1, 2, 3]")
    assert (outcome.code, outcome.stdout) == (5, "")
    assert outcome.stderr == (
        "Error: 'serving_default' failed: Input to reshape is a tensor with 3 values, but the "
        "requested shape has 4.\n"
    )
    debug = tfexport("run", directory, "-i", "[1, 2, 3]", "--debug")
    assert "INVALID_ARGUMENT" in debug.stderr
    assert "Traceback" in debug.stderr


@pytest.mark.parametrize("options", [["--xla"], ["--threads", "1"], ["--device", "cpu"]])
def test_settings_of_the_session_do_not_change_the_answer(
    tfexport: Run, saved_model: SavedModel, options: list[str]
) -> None:
    arguments = ["run", saved_model("custom_activation"), "--ones"]
    outcome = tfexport(*arguments, *options)
    assert (outcome.code, outcome.stdout) == (0, tfexport(*arguments).stdout)


class FixedBatch(tf.Module):  # type: ignore[misc]
    """Takes four rows at a time, no more and no less."""

    @tf.function(input_signature=[tf.TensorSpec([4, 2], tf.float32)])
    def __call__(self, x: object) -> object:
        return tf.reduce_sum(x, axis=1)


def test_a_short_last_batch_is_filled_up_and_cut_again(tfexport: Run, tmp_path: Path) -> None:
    directory = tmp_path / "fixed"
    module = FixedBatch()
    tf.saved_model.save(module, str(directory), module.__call__)
    x = np.arange(20, dtype=np.float32).reshape(10, 2)
    np.save(tmp_path / "x.npy", x)
    options = ["-i", tmp_path / "x.npy", "--batch-size", 4, "-o", tmp_path / "y.npy"]
    outcome = tfexport("run", directory, *options)
    assert (outcome.code, outcome.stderr) == (0, "")
    assert np.load(tmp_path / "y.npy").tolist() == x.sum(1).tolist()


class Words(tf.Module):  # type: ignore[misc]
    """Gives the words of texts, padded to the most that a text of the batch has."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def __call__(self, texts: object) -> object:
        return tf.strings.split(texts).to_tensor()


def test_batches_may_give_rows_of_several_shapes(tfexport: Run, tmp_path: Path) -> None:
    directory = tmp_path / "words"
    module = Words()
    tf.saved_model.save(module, str(directory), module.__call__)
    arguments = ["run", directory, "--batch-size", 2, "-i", '["a b", "c", "d"]']
    outcome = tfexport(*arguments)
    assert (outcome.code, outcome.stderr) == (0, "")
    assert outcome.stdout == ("output_0  string [3, ?]\n  [['a' 'b']\n   ['c' '']]\n  [['d']]\n")
    (output,) = json.loads(tfexport(*arguments, "--json").stdout)["outputs"]
    assert (output["shape"], output["values"]) == ([3, None], [["a", "b"], ["c", ""], ["d"]])

    texts, written = tmp_path / "texts.txt", tmp_path / "words.jsonl"
    texts.write_text("a b\n" * 600 + "c\n")
    outcome = tfexport("run", directory, "--batch-size", 600, "-i", texts, "-o", written)
    assert (outcome.code, outcome.stderr) == (0, "")
    assert outcome.stdout.split() == [str(written), "output_0", "string", "[601,", "?]"]
    lines = written.read_text().splitlines()
    assert (len(lines), lines[-1]) == (601, '{"output_0": ["c"]}')


class Scaled(tf.Module):  # type: ignore[misc]
    """Multiplies rows by a number, or by one for each of them."""

    @tf.function(
        input_signature=[tf.TensorSpec([None, 2], tf.float32), tf.TensorSpec(None, tf.float32)]
    )
    def __call__(self, x: tf.Tensor, scale: tf.Tensor) -> tf.Tensor:
        return x * scale


def test_a_scalar_for_an_input_of_unknown_rank_is_fed_with_every_batch(
    tfexport: Run, tmp_path: Path
) -> None:
    directory = tmp_path / "scaled"
    module = Scaled()
    tf.saved_model.save(module, str(directory), module.__call__)
    options = ["-i", "x=[[1, 2], [3, 4], [5, 6]]", "-i", "scale=3", "--batch-size", 2, "--json"]
    outcome = tfexport("run", directory, *options)
    assert (outcome.code, outcome.stderr) == (0, "")
    (output,) = json.loads(outcome.stdout)["outputs"]
    assert output["values"] == [[3, 6], [9, 12], [15, 18]]


def test_progress_is_drawn_on_a_terminal_and_nowhere_else(
    saved_model: SavedModel, tmp_path: Path
) -> None:
    np.save(tmp_path / "x.npy", np.zeros((50_000, 5), np.float32))
    options = ["-i", tmp_path / "x.npy", "--batch-size", 50, "-o", tmp_path / "y.npy", "-f"]
    command = [sys.executable, "-m", "tfexport", "run", saved_model("custom_dense"), *options]
    words = [str(word) for word in command]
    master, terminal = pty.openpty()
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=terminal, cwd=ROOT)
    os.close(terminal)
    drawn = b""
    while block := _read(master):
        drawn += block
    os.close(master)
    assert process.wait(60) == 0
    assert b"50000/50000" in drawn
    assert b"rows/s" in drawn
    piped = subprocess.run(words, capture_output=True, check=True, cwd=ROOT)
    assert piped.stderr == b""


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # the other side is closed
        return b""
