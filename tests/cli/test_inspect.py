"""``tfexport inspect``: whole outputs, the sections that can be asked for, and what is refused."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Outcome
from tests.known_answers import FOLDER, needs_shared_models
from tfexport.render.columns import cell_width
from tfexport.savedmodel.reader import read_description

Run = Callable[..., Outcome]
Models = Callable[[str], Path]

# What changes with the version of TensorFlow that the tests run on.
CHANGING = (
    (re.compile(r"TensorFlow \d\S*"), "TensorFlow #"),
    (re.compile(r"[\d.]+ kB on disk"), "# kB on disk"),
    (re.compile(r"(__inference_\w+?)_\d+"), r"\1_#"),
)


def steady(text: str) -> str:
    for pattern, replacement in CHANGING:
        text = pattern.sub(replacement, text)
    return text


@pytest.fixture(autouse=True)
def _a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """A width like a terminal's."""
    monkeypatch.setenv("COLUMNS", "80")


def shown(tfexport: Run, *arguments: object) -> str:
    outcome = tfexport("inspect", *arguments)
    assert (outcome.code, outcome.stderr) == (0, "")
    return steady(outcome.stdout)


FUNCTIONS = """\
functions · TensorFlow # · tags serve · # kB on disk · 1 parameter (4 B)

Variables  1
  child.weight  float32  []  1  4 B

Functions
  call(x, training=False)
  never(x)
  child.scale(x, *, times=2, mode='fast')

Warnings
  There is no signature: nothing can be run by name.
  Function never was never traced: it cannot be called.
"""

SHARDED = """\
sharded · TensorFlow # · tags serve · # kB on disk
  5,151 parameters (20.6 kB)

Signatures
  serving_default
    in   x         float32  [?, 256]
    out  output_0  float32  [?, 4]

Variables  13, 9 of 5,151 parameters not trainable
  layers.0  kernel  float32    [256, 4]  1,024  4.10 kB
  layers.1  kernel  float32    [256, 4]  1,024  4.10 kB
  layers.2  kernel  float32    [256, 4]  1,024  4.10 kB
  layers.3  kernel  float32    [256, 4]  1,024  4.10 kB
  layers.4  kernel  float32    [256, 4]  1,024  4.10 kB
  half              float32    [8]           8     32 B
  counts            int64      [3]           3     24 B
  odd               float32    [5]           5     20 B
  waves             complex64  [2]           2     16 B
  words             string     [3]           3     14 B
  and 3 more: 10 parameters, 19 B

Functions
  __call__(x)
"""


@pytest.mark.parametrize(("name", "expected"), [("functions", FUNCTIONS), ("sharded", SHARDED)])
@pytest.mark.usefixtures("narrow")
def test_one_screen_shows_what_the_model_is(
    tfexport: Run, zoo_model: Models, name: str, expected: str
) -> None:
    assert shown(tfexport, zoo_model(name)) == expected


SPARSE = """\
serving_default  tensorflow/serving/predict
  in   ragged          int32    [?, ?]  composite
         .0            int32    [?]     ragged/flat_values:0
         .1            int64    [?]     ragged/row_splits_0:0
  in   sparse          float32  [?, 4]  sparse
         .values       float32  [?]     sparse/values:0
         .indices      int64    [?, 2]  sparse/indices:0
         .dense_shape  int64    [2]     sparse/shape:0
  out  length          int32    [?]     length:0
  out  total           float32  [...]   add_1:0
  ragged: RaggedTensorSpec([?, ?], int32, 1, int64), a composite tensor, passed
    as its parts in this order.
  sparse: a sparse tensor in COO encoding: its values, the index of each, the
    dense shape.
"""


@pytest.mark.usefixtures("narrow")
def test_a_signature_is_explained(tfexport: Run, zoo_model: Models) -> None:
    arguments = ("--tags", "gpu,serve", "--signature", "serving_default")
    assert shown(tfexport, zoo_model("metagraphs"), *arguments) == SPARSE


VARIABLES = """\
Variables  2, 2 of 26 parameters not trainable
  variable   dtype    shape   parameters  size  trainable  data file
  embedding  float32  [6, 4]          24  96 B  yes        3 slices
  frozen     float32  [2]              2   8 B  no         0 of 1
"""


@pytest.mark.usefixtures("narrow")
def test_all_variables_say_where_they_lie(tfexport: Run, zoo_model: Models) -> None:
    arguments = ("--tags", "gpu,serve", "--variables")
    assert shown(tfexport, zoo_model("metagraphs"), *arguments) == VARIABLES


TABLE = """\
Variables  none

Other tensors in the checkpoint  2
  table/.ATTRIBUTES/table-keys    string  [2]   8 B
  table/.ATTRIBUTES/table-values  int64   [2]  16 B
"""


@pytest.mark.usefixtures("narrow")
def test_tensors_that_are_no_variables_are_listed(tfexport: Run, zoo_model: Models) -> None:
    assert shown(tfexport, zoo_model("table"), "--variables") == TABLE


TRACES_AND_TREE = """\
Functions  3
  call(x, training=False)  2 traces
    (x: float32 [2], True) → {same: float32 [2], scaled: float32 [2]} __inference_call_#
    (x: float32 [3, 3], False) → {same: float32 [3, 3], scaled: float32 [3, 3]} __inference_call_#
  never(x)  never traced
  child.scale(x, *, times=2, mode='fast')  3 traces
    (x: float32 [2], mode: 'fast', times: 2) → float32 [2] __inference_scale_#
    (x: float32 [3, 3], mode: 'fast', times: 2) → float32 [3, 3] __inference_scale_#
    (x: float32 [2], mode: 'slow', times: 3) → float32 [2] __inference_scale_#

Objects  12
  (root)  _generic_user_object
  ├─ child  _generic_user_object
  │  ├─ parent  cycle: see (root)
  │  ├─ weight  variable  float32 []
  │  └─ scale  function  (x, *, times=2, mode='fast')
  │     ├─ trace_0  bare_concrete_function  __inference_scale_#
  │     ├─ trace_1  bare_concrete_function  __inference_scale_#
  │     └─ trace_2  bare_concrete_function  __inference_scale_#
  ├─ again  see (child)
  ├─ call  function  (x, training=False)
  │  ├─ trace_0  bare_concrete_function  __inference_call_#
  │  └─ trace_1  bare_concrete_function  __inference_call_#
  ├─ never  function  (x)
  └─ signatures  signature_map
"""


def test_traces_and_the_object_tree_are_shown(tfexport: Run, zoo_model: Models) -> None:
    assert shown(tfexport, zoo_model("functions"), "--functions", "--objects") == TRACES_AND_TREE


@needs_shared_models
@pytest.mark.usefixtures("narrow")
def test_ops_are_a_histogram(tfexport: Run) -> None:
    assert shown(tfexport, FOLDER / "half_plus_three", "--ops") == (
        """\
Ops  60 nodes
  op            graph  functions
  Const             9             ██████████████████████████████
  Identity          6             ████████████████████
  Assign            5             ████████████████▋
  VariableV2        4             █████████████▍
  Add               2             ██████▋
  Mul               2             ██████▋
  NoOp              2             ██████▋
  Placeholder       2             ██████▋
  ParseExample      1             ███▍
  and 27 nodes of TensorFlow's own saving and restoring: Const 12, Assign 3,
    RestoreV2 3, Identity 2, NoOp 2, MergeV2Checkpoints 1, Pack 1, SaveV2 1,
    ShardedFilename 1, StringJoin 1
"""
    )


VALUES = """\
half  float32 [8], 8 values, 32 B
  min   0        zeros  1 (12.5 %)
  max   7        NaN    0
  mean  3.5      Inf    0
  std   2.29129

  █     █      █      █      █      █      █     █
  █     █      █      █      █      █      █     █
  █     █      █      █      █      █      █     █
  █     █      █      █      █      █      █     █
  █     █      █      █      █      █      █     █
  █     █      █      █      █      █      █     █
  0                                              7

words  string [3], 3 values, 14 B
  shortest     0 bytes
  longest      5 bytes
  mean length  2.333 bytes
  empty        1 (33.3 %)

  'ab' '' 'über'
"""


def test_values_are_summed_up_and_drawn(tfexport: Run, zoo_model: Models) -> None:
    arguments = ("--values", "half", "--values", "words")
    assert shown(tfexport, zoo_model("sharded"), *arguments) == VALUES


def test_values_as_json(tfexport: Run, zoo_model: Models) -> None:
    outcome = tfexport("inspect", zoo_model("sharded"), "--values", "odd", "--json")
    document = json.loads(outcome.stdout)
    assert document["schema"] == "tfexport.values/1"
    (summary,) = document["values"]
    assert summary["numbers"]["nan"] == 1
    assert summary["numbers"]["infinite"] == 2
    assert summary["numbers"]["minimum"] == -1.5


def test_json_is_the_whole_description(tfexport: Run, zoo_model: Models) -> None:
    outcome = tfexport("inspect", zoo_model("python"), "--json")
    document = json.loads(outcome.stdout)
    model = read_description(zoo_model("python"))
    assert document["schema"] == "tfexport.inspect/1"
    assert document["directory"] == str(zoo_model("python"))
    assert len(document["graph"]["constants"]) == len(model.graph.constants) > 0
    assert [function["path"] for function in document["functions"]] == ["__call__"]


def test_all_has_every_section(tfexport: Run, zoo_model: Models) -> None:
    text = shown(tfexport, zoo_model("sharded"), "--all")
    headings = [line.split("  ")[0] for line in text.split("\n") if line and line[0] != " "]
    assert headings[1:] == [
        "serving_default",
        "Variables",
        "Functions",
        "Objects",
        "Ops",
        "Origin",
    ]


def test_of_versions_the_highest_is_shown_and_the_others_listed(
    tfexport: Run, zoo_model: Models, tmp_path: Path
) -> None:
    for version in ("1", "2", "10"):
        shutil.copytree(zoo_model("table"), tmp_path / "table" / version)
    first, second = shown(tfexport, tmp_path / "table").split("\n")[:2]
    assert first == "table · version 10 · TensorFlow # · tags serve · # kB on disk"
    assert second == "  other versions: 2, 1"


def test_a_metagraph_is_chosen_by_its_tags(tfexport: Run, zoo_model: Models) -> None:
    text = shown(tfexport, zoo_model("metagraphs"), "--tags", "train")
    assert text.startswith("metagraphs · TensorFlow # · tags train · # kB on disk · 24 parameters")
    assert "\n  other metagraphs, by --tags: gpu,serve\n" in text


def test_a_model_of_tfexport_says_how_it_was_made(tfexport: Run, saved_model: Models) -> None:
    line = shown(tfexport, saved_model("mlp")).split("\n")[1]
    pattern = r"  saved by tfexport \S+ from models\.mlp:MLP at \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
    assert re.fullmatch(pattern, line)


@pytest.mark.parametrize("columns", [40, 80, 160])
@pytest.mark.parametrize("name", ["hostile", "functions", "sharded", "keras", "python"])
def test_nothing_is_wider_than_the_terminal(
    tfexport: Run, zoo_model: Models, monkeypatch: pytest.MonkeyPatch, name: str, columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    for arguments in ((), ("--all",)):
        text = shown(tfexport, zoo_model(name), *arguments)
        assert max(map(cell_width, text.split("\n"))) <= columns


def test_hostile_names_are_whole_in_a_pipe_and_harmless(tfexport: Run, zoo_model: Models) -> None:
    text = shown(tfexport, zoo_model("hostile"))
    assert "n" * 10_000 in text
    assert r"\x1b[31mred\x1b[0m [bold]x[/bold]\nnew line \u202etxt.exe" in text
    assert r"[red]\x1b[2J.txt" in text
    assert not set(text) & {"\x1b", "\u202e"}


def refused(tfexport: Run, code: int, *arguments: object) -> str:
    outcome = tfexport("inspect", *arguments)
    assert (outcome.code, outcome.stdout) == (code, "")
    return outcome.stderr


def test_a_directory_without_a_model_ends_in_3(tfexport: Run, tmp_path: Path) -> None:
    assert refused(tfexport, 3, tmp_path) == (
        f"Error: No SavedModel in {tmp_path}: it has no saved_model.pb or saved_model.pbtxt. "
        "It is empty.\n"
    )


def test_several_metagraphs_are_asked_about(tfexport: Run, zoo_model: Models) -> None:
    directory = zoo_model("metagraphs")
    assert refused(tfexport, 3, directory) == (
        f"Error: {directory} holds several metagraphs. Choose one with --tags: gpu,serve; train.\n"
    )


def test_an_unknown_signature_is_answered_with_the_known_ones(
    tfexport: Run, saved_model: Models
) -> None:
    directory = saved_model("encoder")
    assert refused(tfexport, 2, directory, "--signature", "encod") == (
        f"Error: No signature 'encod' in {directory}. Did you mean 'encode'? "
        "It has: decode, encode.\n"
    )


def test_an_unknown_variable_is_answered_with_the_known_ones(
    tfexport: Run, saved_model: Models
) -> None:
    directory = saved_model("custom_dense")
    assert refused(tfexport, 2, directory, "--values", "kernl") == (
        f"Error: No variable 'kernl' in {directory}. Did you mean 'kernel'? It has: kernel, bias.\n"
    )


def test_json_and_a_section_exclude_each_other(tfexport: Run, saved_model: Models) -> None:
    assert refused(tfexport, 2, saved_model("mlp"), "--json", "--variables") == (
        "Error: --json prints everything: leave out the options for sections. "
        "See 'tfexport inspect --help'.\n"
    )


LIGHT = """
import sys
from tfexport.cli.main import run_command_line
code = run_command_line(["inspect", sys.argv[1], *sys.argv[2:]])
heavy = ("numpy", "rich", "tensorflow", "ml_dtypes", "json", "concurrent.futures")
print([name for name in heavy if name in sys.modules], code, file=sys.stderr)
"""


def loaded(directory: Path, *arguments: str) -> str:
    command = [sys.executable, "-c", LIGHT, str(directory), *arguments]
    run = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return run.stderr


def test_only_what_is_needed_is_imported(zoo_model: Models) -> None:
    directory = zoo_model("functions")
    assert loaded(directory) == "[] 0\n"
    assert loaded(directory, "--all") == "[] 0\n"
    assert loaded(directory, "--json") == "['json'] 0\n"


def test_a_place_that_does_not_take_unicode_gets_escapes(zoo_model: Models) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "tfexport", "inspect", str(zoo_model("functions")), "--objects"],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "latin-1"},
        check=False,
        timeout=60,
    )
    assert (run.returncode, run.stderr) == (0, b"")
    assert rb"\u251c\u2500 child  _generic_user_object" in run.stdout
