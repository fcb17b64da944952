"""``tfexport bench`` as users type it: what it prints, what it writes, how it compares."""

from __future__ import annotations

import csv
import json
import os
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conftest import Outcome
from tests.processes import children_of, run_process

Run = Callable[..., Outcome]
SavedModel = Callable[[str], Path]

QUICK = ("--runs", 20, "--seconds", 5, "--warm-up", 2)


@pytest.fixture
def mlp(saved_model: SavedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the SavedModel ``mlp`` in it, to stand in."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mlp").symlink_to(saved_model("mlp"))
    return tmp_path


def report_of(tfexport: Run, *arguments: object) -> Any:
    outcome = tfexport("bench", *arguments, *QUICK, "--json")
    assert outcome.code == 0, outcome.stderr
    return json.loads(outcome.stdout)


@pytest.fixture(scope="module")
def light_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Signatures that do next to nothing: one counts its texts, one writes a file."""
    import tensorflow as tf

    module = tf.Module()
    texts = tf.TensorSpec([None], tf.string, name="texts")

    @tf.function(input_signature=[texts])
    def count(texts: tf.Tensor) -> tf.Tensor:
        return tf.size(texts)

    @tf.function(input_signature=[texts])
    def write(texts: tf.Tensor) -> tf.Tensor:
        tf.io.write_file("written", texts[0])
        return tf.size(texts)

    directory = tmp_path_factory.mktemp("light") / "light"
    tf.saved_model.save(module, str(directory), signatures={"count": count, "write": write})
    return directory


def test_the_page_has_a_row_for_each_batch_size(tfexport: Run, mlp: Path) -> None:
    outcome = tfexport("bench", "mlp", *QUICK)
    assert (outcome.code, outcome.stderr) == (0, "")
    lines = outcome.stdout.splitlines()
    assert lines[0] == "mlp · serving_default · native engine · inputs --random"
    start = lines.index("Latency  of a call, after 2 calls to warm up") + 1
    assert " ".join(lines[start].split()) == "batch runs min mean p50 p90 p99 p99.9 max"
    assert [line.split()[:2] for line in lines[start + 1 : start + 4]] == [
        ["1", "20"],
        ["8", "20"],
        ["32", "20"],
    ]
    throughput = lines[lines.index("Throughput") + 1 :][:3]
    assert all(re.fullmatch(r"  batch \d+ +[\d,.]+ rows/s  [█▏▎▍▌▋▊▉]+", row) for row in throughput)
    columns = [line for line in lines if "│" in line]
    assert all(re.search(r"│[ ▁▂▃▄▅▆▇█]{32}│", line) for line in columns)
    assert len(columns) == 3


def test_the_page_fits_into_80_columns(
    tfexport: Run, mlp: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    outcome = tfexport("bench", "mlp", "-b", "1,1024", "-c", "1,2", *QUICK)
    assert outcome.code == 0
    assert max(map(len, outcome.stdout.splitlines())) <= 80
    assert "…" not in outcome.stdout


def test_json_holds_every_measurement(tfexport: Run, mlp: Path) -> None:
    report = report_of(tfexport, "mlp", "--batch-size", "2,5", "--concurrency", "1,3")
    assert report["schema"] == "tfexport.bench/1"
    found = report["measurements"]
    assert [(m["batch_size"], m["concurrency"]) for m in found] == [(2, 1), (2, 3), (5, 1), (5, 3)]
    for measurement in found:
        latency = measurement["latency"]
        names = ["min", "p50", "p90", "p99", "p99_9", "max"]
        assert [latency[name] for name in names] == sorted(latency[name] for name in names)
        assert latency["min"] <= latency["mean"] <= latency["max"]
        assert measurement["runs"] == 20
        assert measurement["warm_up"] == 2
        rate = measurement["calls_per_second"]
        assert measurement["rows_per_second"] == pytest.approx(rate * measurement["batch_size"])
        assert measurement["input_bytes"] == measurement["batch_size"] * 4 * 4
        histogram = measurement["histogram"]
        assert sum(histogram["counts"]) + histogram["beyond"] == 20
    assert report["load"]["first_call"] == found[0]["first"]
    assert report["load"]["library"] >= 0
    assert report["load"]["model"] > 0
    assert report["memory"]["peak"] >= report["memory"]["loaded"] > 0
    assert report["threads"]["cpus"] >= 1
    assert report["devices"][0].endswith("CPU:0")
    assert report["versions"].keys() == {"tfexport", "tensorflow", "numpy", "python"}


def test_csv_has_a_row_for_each_call(tfexport: Run, mlp: Path) -> None:
    outcome = tfexport("bench", "mlp", "-b", "1,4", "-c", "1,2", *QUICK, "--csv", "calls.csv")
    assert outcome.code == 0
    with Path("calls.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 4 * 20
    assert rows[0].keys() == {"batch_size", "concurrency", "caller", "start_s", "seconds"}
    assert {(row["batch_size"], row["concurrency"]) for row in rows} == {
        ("1", "1"),
        ("1", "2"),
        ("4", "1"),
        ("4", "2"),
    }
    assert all(float(row["seconds"]) > 0 for row in rows)
    assert sorted(path.name for path in mlp.iterdir()) == ["calls.csv", "mlp"]


def test_inputs_come_from_a_file_as_for_run(tfexport: Run, mlp: Path) -> None:
    np.save("x.npy", np.zeros((3, 4), np.float64))
    report = report_of(tfexport, "mlp", "-i", "x.npy", "-b", "2,7")
    assert report["inputs"] == ["x.npy"]
    assert [m["input_bytes"] for m in report["measurements"]] == [32, 112]


def test_a_signature_without_a_batch_is_measured_in_calls(
    tfexport: Run, saved_model: SavedModel
) -> None:
    outcome = tfexport("bench", saved_model("counter"), *QUICK)
    assert outcome.code == 0
    assert re.search(r"^  a call +[\d,.]+ calls/s", outcome.stdout, re.MULTILINE)
    report = report_of(tfexport, saved_model("counter"))
    (measurement,) = report["measurements"]
    assert (measurement["batch_size"], measurement["rows_per_second"]) == (None, None)


def test_handing_over_texts_is_timed_beside_the_call(tfexport: Run, light_model: Path) -> None:
    # Which of the two takes longer is for test_warnings: here it depends on the machine's load.
    report = report_of(tfexport, light_model, "--signature", "count", "-b", "20000")
    (measurement,) = report["measurements"]
    assert 0 < measurement["copy"] < measurement["seconds"]
    assert measurement["input_bytes"] > 20000


def test_profile_writes_a_timeline_and_names_the_dearest_ops(tfexport: Run, mlp: Path) -> None:
    outcome = tfexport("bench", "mlp", "-b", "1,64", *QUICK, "--profile", "trace.json")
    assert outcome.code == 0
    heading = "Most expensive ops  mean of 5 traced calls, batch 64; timeline in trace.json"
    lines = outcome.stdout.splitlines()
    ops = [line.split()[0] for line in lines[lines.index(heading) + 1 :][:3]]
    assert any("MatMul" in op for op in ops)
    events = json.loads(Path("trace.json").read_text())["traceEvents"]
    assert any("MatMul" in event["name"] for event in events)


@pytest.mark.parametrize(
    ("suffix", "magic"), [(".png", b"\x89PNG"), (".svg", b"<?xml"), (".pdf", b"%PDF")]
)
def test_plot_draws_a_picture(tfexport: Run, mlp: Path, suffix: str, magic: bytes) -> None:
    pytest.importorskip("matplotlib")
    outcome = tfexport("bench", "mlp", *QUICK, "--plot", f"report{suffix}")
    assert (outcome.code, outcome.stderr) == (0, "")
    assert Path(f"report{suffix}").read_bytes().startswith(magic)


def change_medians(path: str, factor: float) -> None:
    document = json.loads(Path(path).read_text())
    for measurement in document["measurements"]:
        measurement["latency"]["p50"] *= factor
    Path(path).write_text(json.dumps(document))


@pytest.fixture
def baseline(tfexport: Run, mlp: Path) -> str:
    """A report of batches of 2 and 3 rows, in the folder that the test stands in."""
    outcome = tfexport("bench", "mlp", "-b", "2,3", *QUICK, "--json")
    Path("base.json").write_text(outcome.stdout)
    return "base.json"


def test_what_got_slower_ends_in_1(tfexport: Run, baseline: str) -> None:
    change_medians(baseline, 1e-3)
    outcome = tfexport("bench", "mlp", *QUICK, "--compare", baseline)
    assert outcome.code == 1
    number = r"\+[\d.]+%"
    assert re.fullmatch(
        r"Error: Slower than base\.json by more than 10 %: "
        rf"batch 2: {number}; batch 3: {number}\.\n",
        outcome.stderr,
    )
    assert "Compared with base.json  medians; 10 % slower is too much" in outcome.stdout


def test_what_got_faster_ends_in_0(tfexport: Run, baseline: str) -> None:
    change_medians(baseline, 1e3)
    report = report_of(tfexport, "mlp", "--compare", baseline, "--threshold", "2.5%")
    comparison = report["comparison"]
    assert comparison["threshold"] == 0.025
    assert [(pair["batch_size"], pair["slower"]) for pair in comparison["pairs"]] == [
        (2, False),
        (3, False),
    ]
    assert all(pair["change"] < -0.9 for pair in comparison["pairs"])


def test_the_threshold_is_what_decides(tfexport: Run, baseline: str) -> None:
    change_medians(baseline, 1e-3)
    outcome = tfexport("bench", "mlp", *QUICK, "--compare", baseline, "--threshold", "1e9")
    assert (outcome.code, outcome.stderr) == (0, "")


def test_what_was_measured_differently_is_told(tfexport: Run, baseline: str) -> None:
    change_medians(baseline, 1e3)
    outcome = tfexport("bench", "mlp", *QUICK, "-b", "2,9", "--threads", 1, "--compare", baseline)
    assert outcome.code == 0
    assert "  1 measurement without a counterpart there\n" in outcome.stdout
    assert "  not the same: --threads: not given then, 1 now\n" in outcome.stdout


BAD_CALLS = [
    (
        ["--batch-size", "1,0"],
        2,
        "--batch-size 1,0: expected whole numbers from 1 up, as in 1,8,32.",
    ),
    (
        ["--concurrency", "two"],
        2,
        "--concurrency two: expected whole numbers from 1 up, as in 1,8,32.",
    ),
    (["--threshold", "-1"], 2, "--threshold -1: expected percent from 0 up, as in 10 or 2.5%."),
    (["--compare", "none.json"], 2, "Cannot read --compare none.json: No such file or directory."),
    (
        ["--compare", "other.json"],
        2,
        "--compare other.json: this is no tfexport.bench/1 report. "
        "Make one: tfexport bench DIR --json > other.json",
    ),
    (
        ["--plot", "plot.txt"],
        2,
        "--plot plot.txt: expected a name that ends in .png, .svg or .pdf.",
    ),
    (["--csv", "other.json"], 2, "'other.json' exists already. Replace it with --force."),
    (
        ["--profile", "trace.json", "--engine", "python"],
        2,
        "--profile traces calls of --engine native only. Leave one of them away.",
    ),
    (
        ["--input", "nowhere.npy"],
        4,
        "There is no file 'nowhere.npy'.",
    ),
    (
        ["--signature", "serve"],
        2,
        "No signature 'serve' in mlp. It has: serving_default.",
    ),
]


@pytest.mark.parametrize(
    ("options", "code", "message"), BAD_CALLS, ids=[" ".join(case[0]) for case in BAD_CALLS]
)
def test_a_mistake_is_told_in_one_line_before_anything_is_measured(
    tfexport: Run, mlp: Path, options: list[str], code: int, message: str
) -> None:
    Path("other.json").write_text("{}")
    outcome = tfexport("bench", "mlp", *options)
    assert (outcome.code, outcome.stdout) == (code, "")
    assert outcome.stderr == f"Error: {message}\n"
    assert sorted(path.name for path in mlp.iterdir()) == ["mlp", "other.json"]


def test_nothing_to_compare_is_told(tfexport: Run, baseline: str) -> None:
    outcome = tfexport("bench", "mlp", *QUICK, "-b", "64", "--compare", baseline)
    assert (outcome.code, outcome.stdout) == (2, "")
    assert outcome.stderr == (
        "Error: --compare base.json: nothing to compare, it has no measurement with the same "
        "batch size and concurrency. It has batch sizes: 2, 3, concurrency: 1.\n"
    )


def test_what_writes_files_is_not_run(
    tfexport: Run, light_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = tfexport("bench", light_model, "--signature", "write", *QUICK)
    assert (outcome.code, outcome.stdout) == (3, "")
    assert outcome.stderr.startswith(
        f"Error: {light_model} is not run: when it is called, WriteFile"
    )
    assert list(tmp_path.iterdir()) == []
    trusted = tfexport("bench", light_model, "--signature", "write", *QUICK, "--trust")
    assert trusted.code == 0
    assert (tmp_path / "written").exists()


def test_an_interrupted_benchmark_ends_with_its_callers_and_leaves_nothing(
    mlp: Path,
) -> None:
    callers = 40
    options = ["-c", callers, "--runs", 10**9, "--seconds", 1000, "--csv", "calls.csv"]
    process = run_process("bench", "mlp", *options)
    while sum(map(count_threads, family := [process.pid, *children_of(process.pid)])) < callers:
        assert process.poll() is None
        time.sleep(0.01)
    for member in family:  # Ctrl-C reaches the whole process group
        os.kill(member, signal.SIGINT)
    stdout, stderr = process.communicate(timeout=60)
    assert (process.returncode, stdout, stderr) == (130, "", "Error: Interrupted.\n")
    assert [path.name for path in mlp.iterdir()] == ["mlp"]


def count_threads(process: int) -> int:
    return len(list(Path(f"/proc/{process}/task").iterdir()))
