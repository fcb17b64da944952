"""What a model would do outside its graph is told with the way to it; so is what it carries."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.savedmodel.test_hazards import Model, add_node, constant
from tests.savedmodel.test_keras_metadata import CODE, NAMED, write_metadata
from tfexport.checking import safe
from tfexport.checking.findings import Finding
from tfexport.checking.model import read_checked_model
from tfexport.checking.safe import check_safe, leads_outside
from tfexport.savedmodel import protos


@pytest.fixture
def model() -> Model:
    return Model()


@pytest.fixture
def check(tmp_path: Path, model: Model) -> Callable[[], list[tuple[str, str, str]]]:
    def run() -> list[tuple[str, str, str]]:
        return [(f.severity, f.code, f.sentence) for f in findings(tmp_path, model)]

    return run


def findings(directory: Path, model: Model) -> list[Finding]:
    saved_model = protos.saved_model_pb2.SavedModel()
    saved_model.meta_graphs.add().CopyFrom(model.metagraph)
    (directory / "saved_model.pb").write_bytes(saved_model.SerializeToString())
    return list(check_safe(read_checked_model(directory)))


Check = Callable[[], list[tuple[str, str, str]]]


def test_the_way_is_told_in_the_users_words(model: Model, check: Check) -> None:
    constant(model.function("__inference_cond_true_7").node_def, "c", "/tmp/x")
    functions = model.graph.library.function
    add_node(functions[0].node_def, "w", "WriteFile", "c:output:0")
    add_node(
        model.function("__inference_f_12").node_def,
        "if",
        "StatelessIf",
        then_branch="__inference_cond_true_7",
    )
    wrapper = model.function("__inference_signature_wrapper_13")
    add_node(wrapper.node_def, "call", "StatefulPartitionedCall", f="__inference_f_12")
    model.node("p", "StatefulPartitionedCall", f="__inference_signature_wrapper_13")
    model.signature("serving_default", "p:0")
    assert check() == [
        (
            "critical",
            "writes-files",
            "WriteFile writes a file, and the directories on the way to it (/tmp/x): "
            "signature serving_default → f → tf.cond, true branch → node 'w'",
        )
    ]


@pytest.mark.parametrize(
    ("op", "attribute", "step"),
    [
        ("If", "else_branch", "tf.cond, false branch"),
        ("While", "body", "tf.while_loop, body"),
        ("StatelessWhile", "cond", "tf.while_loop, condition"),
        ("MapDataset", "f", "MapDataset, g"),
        ("GroupByWindowDataset", "key_func", "GroupByWindowDataset.key_func, g"),
    ],
)
def test_each_kind_of_call_has_its_name(
    model: Model, check: Check, op: str, attribute: str, step: str
) -> None:
    add_node(model.function("__inference_g_2").node_def, "w", "Abort")
    model.node("n", op, **{attribute: "__inference_g_2"})
    model.signature("s", "n:0")
    (finding,) = check()
    assert finding[2].partition(": ")[2] == f"signature s → {step} → node 'w'"


def test_a_very_long_way_is_shortened(model: Model, check: Check) -> None:
    for number in range(100):
        function = model.function(f"f{number}")
        add_node(function.node_def, "c", "PartitionedCall", f=f"f{number + 1}")
    add_node(model.function("f100").node_def, "w", "Abort")
    model.node("n", "PartitionedCall", f="f0")
    model.signature("s", "n:0")
    way = check()[0][2].partition(": ")[2]
    assert way.startswith("signature s → … → f85 → f86 →")
    assert way.endswith("→ f100 → node 'w'")


def test_what_nothing_reaches_says_so(model: Model, check: Check) -> None:
    add_node(model.function("__inference_g_2").node_def, "w", "Abort")
    model.node("a", "Abort")
    assert [sentence.partition(": ")[2] for _, _, sentence in check()] == [
        "not reachable from any signature → node 'a'",
        "not reachable from any signature, function g → node 'w'",
    ]


def test_two_metagraphs_that_share_a_function_tell_of_it_once(tmp_path: Path, model: Model) -> None:
    add_node(model.function("f").node_def, "w", "Abort")
    saved_model = protos.saved_model_pb2.SavedModel()
    for _ in range(2):
        saved_model.meta_graphs.add().CopyFrom(model.metagraph)
    (tmp_path / "saved_model.pb").write_bytes(saved_model.SerializeToString())
    assert len(list(check_safe(read_checked_model(tmp_path)))) == 1


def test_lambda_layers_are_named(model: Model, check: Check, tmp_path: Path) -> None:
    write_metadata(tmp_path, (0, "root.layer-0", CODE), (1, "root.layer-1", NAMED))
    assert check() == [
        (
            "critical",
            "lambda-layer",
            "Lambda layer 'twice' is Python code, which Keras 2 runs when it loads the model",
        ),
        (
            "low",
            "lambda-layer",
            "Lambda layer 'named' is the Python function 'my_function', which Keras 2 looks up",
        ),
    ]


def test_a_huge_constant(model: Model, check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(safe, "HUGE_CONSTANT", 1000)
    constant(model.graph.node, "small", "x" * 900)
    constant(model.graph.node, "c", "x" * 2000)
    (finding,) = check()
    assert finding[:2] == ("low", "huge-constant")
    assert finding[2].startswith("constant 'c' 2,0")
    assert finding[2].endswith("bytes in the graph itself, not in variables/")


@pytest.mark.parametrize(
    ("name", "outside"),
    [
        ("vocabulary.txt", False),
        ("sub/vocabulary..txt", False),
        ("../x", True),
        ("sub/../../x", True),
        ("/etc/passwd", True),
        ("..\\x", True),
        ("C:\\x", True),
        ("C:x", True),
        ("\\\\server\\x", True),
    ],
)
def test_a_name_that_leads_outside(name: str, outside: bool) -> None:
    assert leads_outside(name) is outside


def test_an_asset_whose_name_leads_outside(model: Model, check: Check) -> None:
    model.metagraph.asset_file_def.add(filename="../../etc/passwd").tensor_info.name = "x:0"
    assert check() == [
        (
            "critical",
            "outside-path",
            "asset '../../etc/passwd' leads outside of the model's directory",
        )
    ]


def test_programs_and_links_among_the_files(model: Model, check: Check, tmp_path: Path) -> None:
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets/run").write_bytes(b"\x7fELF\x02")
    (tmp_path / "variables").mkdir()
    (tmp_path / "variables/variables.data-00000-of-00001").write_bytes(b"MZ, by chance")
    (tmp_path / "assets/link").symlink_to("/etc/hostname")
    (tmp_path / "assets/inside").symlink_to("run")
    assert check() == [
        (
            "medium",
            "program",
            "assets/inside is an executable or shared library (ELF), which no model needs",
        ),
        ("low", "outside-link", "assets/link is a link that leads outside"),
        (
            "medium",
            "program",
            "assets/run is an executable or shared library (ELF), which no model needs",
        ),
    ]


def test_a_loop_of_links_is_no_reason_to_stop(model: Model, check: Check, tmp_path: Path) -> None:
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets/loop").symlink_to("loop")
    (tmp_path / "assets/there").symlink_to("back")
    (tmp_path / "assets/back").symlink_to("there")
    (tmp_path / "assets/outside").symlink_to("/etc/hostname")
    assert check() == [("low", "outside-link", "assets/outside is a link that leads outside")]


def test_findings_of_ops_carry_the_hazard(model: Model, tmp_path: Path) -> None:
    model.node("a", "Abort")
    (finding,) = findings(tmp_path, model)
    hazard: Any = finding.hazard
    assert (hazard.op, hazard.node, hazard.kind) == ("Abort", "a", "ends-process")
