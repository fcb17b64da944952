"""Which parts of a check run, and what it comes to: never success for what did not run."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.known_answers import FOLDER, needs_shared_models
from tests.savedmodel.test_hazards import Model, constant
from tfexport.checking import checker, native
from tfexport.checking.checker import CheckOptions, check_model, check_models
from tfexport.checking.codes import CODES
from tfexport.checking.findings import ModelCheck
from tfexport.errors import SavedModelError
from tfexport.runtime import library
from tfexport.savedmodel import protos

SavedModel = Callable[[str], Path]


def statuses(result: ModelCheck) -> dict[str, str]:
    return {part.part: part.status for part in result.parts}


def note(result: ModelCheck, name: str) -> str:
    return next(part.note for part in result.parts if part.part == name)


def test_all_parts_of_a_model_that_tfexport_saved(saved_model: SavedModel) -> None:
    result = check_model(saved_model("custom_dense"), CheckOptions())
    assert set(statuses(result).values()) == {"clean"}
    assert not result.fails("low")


@needs_shared_models
@pytest.mark.parametrize(
    "name",
    [
        *("asset_module", "counter", "cyclic_module", "guesslang", "half_plus_three"),
        *("half_plus_two_main_op", "half_plus_two_pbtxt", "half_plus_two_tf2"),
        *("half_plus_two_v1", "many_dtypes", "static_hash_table", "vars_and_arithmetic"),
    ],
)
def test_the_models_of_others_are_sound(name: str) -> None:
    result = check_model(FOLDER / name, CheckOptions())
    assert result.findings == ()
    expected = {"whole": "clean", "loadable": "clean", "safe": "clean", "right": "skipped"}
    assert statuses(result) == expected
    assert note(result, "loadable").endswith("; loaded")
    assert not result.fails("low")


@needs_shared_models
def test_what_was_asked_for_and_cannot_be_done_fails() -> None:
    result = check_model(FOLDER / "counter", CheckOptions(parts=("right",)))
    assert statuses(result)["right"] == "unchecked"
    assert note(result, "right").startswith("no calls were kept with it")
    assert result.findings == ()
    assert result.fails("critical")


def test_quick_leaves_out_values_and_loading(saved_model: SavedModel) -> None:
    result = check_model(saved_model("custom_dense"), CheckOptions(quick=True))
    assert statuses(result)["right"] == "skipped"
    assert note(result, "right") == "left out by --quick"
    assert "loaded" not in note(result, "loadable")
    asked = check_model(saved_model("custom_dense"), CheckOptions(parts=("right",), quick=True))
    assert statuses(asked)["right"] == "clean"


def test_without_a_library_nothing_is_called_sound(
    saved_model: SavedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(library, "library_path", lambda: None)
    result = check_model(saved_model("custom_dense"), CheckOptions())
    assert statuses(result) == {
        "whole": "clean",
        "loadable": "unchecked",
        "safe": "clean",
        "right": "unchecked",
    }
    assert note(result, "loadable") == "the installed TensorFlow has no C library here"
    assert result.fails("critical")


@pytest.fixture
def writer(tmp_path: Path) -> Path:
    """A model that writes a file when it is loaded."""
    model = Model()
    target = tmp_path / "written"
    constant(model.graph.node, "name", str(target))
    constant(model.graph.node, "text", "x")
    model.node("write", "WriteFile", "name", "text")
    model.node("init", "NoOp", "^write")
    model.metagraph.collection_def["saved_model_main_op"].node_list.value.append("init")
    model.metagraph.meta_info_def.tags.append("serve")
    model.graph.versions.producer = 1000
    model.node("y", "Identity", "text").attr["T"].type = 7
    model.signature("serving_default", "y:0")
    saved_model = protos.saved_model_pb2.SavedModel()
    saved_model.meta_graphs.add().CopyFrom(model.metagraph)
    directory = tmp_path / "writer"
    directory.mkdir()
    (directory / "saved_model.pb").write_bytes(saved_model.SerializeToString())
    return directory


def test_a_model_that_would_write_files_is_not_loaded(writer: Path) -> None:
    result = check_model(writer, CheckOptions())
    assert statuses(result)["loadable"] == "unchecked"
    assert note(result, "loadable") == (
        "not loaded: WriteFile writes a file, and the directories on the way to it. "
        "If you trust it: --trust"
    )
    assert [finding.code for finding in result.findings] == ["writes-files"]
    assert not (writer.parent / "written").exists()


def test_a_trusted_one_is(writer: Path) -> None:
    result = check_model(writer, CheckOptions(parts=("loadable",), trust=True))
    assert statuses(result)["loadable"] == "clean"
    assert (writer.parent / "written").read_text() == "x"


@needs_shared_models
def test_a_model_that_tensorflow_refuses() -> None:
    result = check_model(FOLDER / "fuzz_negative_shape", CheckOptions(parts=("loadable",)))
    (finding,) = result.findings
    assert (finding.severity, finding.code) == ("critical", "not-loaded")
    assert finding.sentence.startswith("tags 'serve' is refused by TensorFlow: ")
    assert "-1 elements" in finding.sentence


@needs_shared_models
def test_the_stub_with_a_pyfunc_fails() -> None:
    result = check_model(FOLDER / "pyfunc_stub", CheckOptions(parts=("safe",)))
    (finding,) = result.findings
    assert (finding.severity, finding.subject) == ("critical", "PyFunc")
    assert result.fails("critical")


@pytest.mark.parametrize(("limit", "fails"), [("critical", False), ("medium", True), ("low", True)])
def test_the_mildest_finding_that_fails_is_chosen(limit: str, fails: bool, tmp_path: Path) -> None:
    model = Model()
    model.node("a", "Abort")
    saved_model = protos.saved_model_pb2.SavedModel()
    saved_model.meta_graphs.add().CopyFrom(model.metagraph)
    (tmp_path / "saved_model.pb").write_bytes(saved_model.SerializeToString())
    report = check_models([tmp_path], CheckOptions(parts=("safe",), fail_on=limit))
    assert report.failed is fails


def test_every_code_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    import ast

    package = Path(checker.__file__).parent
    words: set[str] = set()
    for path in package.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            name = getattr(getattr(node, "func", None), "id", "")
            if name in ("Finding", "_finding"):
                texts = [a.value for a in node.args if isinstance(a, ast.Constant)]  # type: ignore[attr-defined]
                words.update(text for text in texts if isinstance(text, str) and "-" in text)
    assert len(words) > 25
    assert words - set(CODES) == set()
    from tfexport.savedmodel.hazards import OPS

    assert {rule.kind for rule in OPS.values()} - set(CODES) == set()


# --- many models


@pytest.fixture
def zoo(tmp_path: Path, saved_model: SavedModel) -> Path:
    """A folder of three models, one of them in versions, one of them broken."""
    folder = tmp_path / "zoo"
    shutil.copytree(saved_model("custom_dense"), folder / "dense")
    shutil.copytree(saved_model("counter"), folder / "counter" / "3")
    (folder / "broken").mkdir()
    (folder / "broken" / "saved_model.pb").write_bytes(b"")
    (folder / "notes").mkdir()
    (folder / ".hidden").mkdir()
    (folder / ".hidden" / "saved_model.pb").write_bytes(b"")
    return folder


def test_a_folder_of_models_goes_on_past_a_broken_one(zoo: Path) -> None:
    report = check_models([zoo], CheckOptions(parts=("whole", "safe"), quick=True))
    assert report.failed
    assert [(model.directory, model.fails("medium")) for model in report.models] == [
        (str(zoo / "broken"), True),
        (str(zoo / "counter" / "3"), False),
        (str(zoo / "dense"), False),
    ]
    assert report.models[0].error == (
        f"{zoo / 'broken' / 'saved_model.pb'} is empty (0 bytes). "
        "Copy the model again, or save it again."
    )


def test_the_only_model_raises_its_error(zoo: Path) -> None:
    with pytest.raises(SavedModelError, match="is empty"):
        check_models([zoo / "broken"], CheckOptions())


def test_a_path_that_does_not_exist_among_others_is_reported(zoo: Path) -> None:
    report = check_models([zoo / "dense", zoo / "gone"], CheckOptions(parts=("safe",)))
    assert (
        report.models[1].error
        == f"No directory {zoo / 'gone'}. Expected one that holds saved_model.pb."
    )
    assert report.failed


def test_progress_is_told_of_every_byte(saved_model: SavedModel) -> None:
    told: list[int] = []
    sizes: list[int] = []

    @contextmanager
    def progress(size: int) -> Any:
        sizes.append(size)
        yield told.append

    check_model(saved_model("custom_dense"), CheckOptions(parts=("whole",)), progress)
    assert sizes == [sum(told)]


@pytest.mark.parametrize("missing", [None, "library", "hash"])
def test_a_large_fingerprint_is_compared_with_or_without_the_library(
    saved_model: SavedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str | None
) -> None:
    monkeypatch.setattr(checker, "SMALL", 10)
    if missing == "library":
        monkeypatch.setattr(library, "library_path", lambda: None)
    elif missing == "hash":
        monkeypatch.setattr(native, "find_fingerprint64", lambda library: None)
    directory = Path(shutil.copytree(saved_model("custom_dense"), tmp_path / "dense"))
    quick = check_model(directory, CheckOptions(parts=("whole",), quick=True))
    assert note(quick, "whole").endswith("; not compared with fingerprint.pb")
    assert check_model(directory, CheckOptions(parts=("whole",))).findings == ()
    with (directory / "saved_model.pb").open("ab") as file:
        file.write(b"\x08\x01")  # saved_model_schema_version, once more
    content = (directory / "saved_model.pb").read_bytes()
    message = protos.saved_model_pb2.SavedModel.FromString(content)
    message.meta_graphs[0].graph_def.versions.producer = 1
    (directory / "saved_model.pb").write_bytes(message.SerializeToString())
    codes = [f.code for f in check_model(directory, CheckOptions(parts=("whole",))).findings]
    assert codes == ["changed-file"]
