"""A model is whole where every file is there, and what it was when it was written."""

from __future__ import annotations

import shutil
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.bundles import Stored, write_bundle
from tfexport.checking.checker import CheckOptions, check_model
from tfexport.checking.findings import ModelCheck
from tfexport.checking.whole import CheckpointFiles
from tfexport.savedmodel.checkpoint import read_checkpoint_index

SavedModel = Callable[[str], Path]

DATA = "variables/variables.data-00000-of-00001"


@pytest.fixture
def dense(tmp_path: Path, saved_model: SavedModel) -> Path:
    """A copy of custom_dense, to be damaged."""
    return Path(shutil.copytree(saved_model("custom_dense"), tmp_path / "dense"))


@pytest.fixture
def text(tmp_path: Path, saved_model: SavedModel) -> Path:
    """A copy of text_classifier, which has an asset."""
    return Path(shutil.copytree(saved_model("text_classifier"), tmp_path / "text"))


def offset_of(directory: Path, variable: str) -> int:
    entries = read_checkpoint_index(directory).entries
    return entries[f"{variable}/.ATTRIBUTES/VARIABLE_VALUE"].offset


def check(directory: Path, *, quick: bool = False) -> ModelCheck:
    return check_model(directory, CheckOptions(parts=("whole",), quick=quick))


def found(directory: Path, *, quick: bool = False) -> list[tuple[str, str, str]]:
    return [
        (finding.severity, finding.code, finding.sentence)
        for finding in check(directory, quick=quick).findings
    ]


def test_a_whole_model_has_no_finding(dense: Path) -> None:
    result = check(dense)
    assert result.findings == ()
    assert [(part.part, part.status) for part in result.parts] == [
        ("whole", "clean"),
        ("loadable", "skipped"),
        ("safe", "skipped"),
        ("right", "skipped"),
    ]
    size = (dense / DATA).stat().st_size
    assert result.parts[0].note == f"3 values read, {size} bytes"


def test_a_changed_value_is_named_and_quick_does_not_look(dense: Path) -> None:
    data = bytearray((dense / DATA).read_bytes())
    data[offset_of(dense, "bias")] ^= 1
    (dense / DATA).write_bytes(data)
    assert found(dense) == [
        (
            "critical",
            "damaged-values",
            f"value 'bias' is damaged in {DATA}: its checksum does not match",
        )
    ]
    assert found(dense, quick=True) == []
    assert check(dense, quick=True).parts[0].note == "3 values there, not read (--quick)"


def test_a_data_file_that_is_cut_off(dense: Path) -> None:
    data = (dense / DATA).read_bytes()
    (dense / DATA).write_bytes(data[:70])
    names = "_CHECKPOINTABLE_OBJECT_GRAPH, bias"
    assert found(dense) == [
        (
            "critical",
            "cut-off-file",
            f"{DATA} is cut off: it has 70 of {len(data)} bytes, which {names} need",
        )
    ]


def test_a_data_file_that_is_missing(dense: Path) -> None:
    (dense / DATA).unlink()
    assert found(dense, quick=True) == [
        ("critical", "missing-file", f"{DATA} is missing: 3 values cannot be restored")
    ]


def test_a_data_file_that_is_too_long(dense: Path) -> None:
    size = (dense / DATA).stat().st_size
    with (dense / DATA).open("ab") as file:
        file.write(b"more")
    assert found(dense) == [
        (
            "medium",
            "longer-file",
            f"{DATA} goes on after its last value: it has {size + 4} bytes, {size} are in use",
        )
    ]


def test_a_data_file_of_another_checkpoint(dense: Path) -> None:
    stale = "variables/variables.data-00001-of-00002"
    (dense / stale).write_bytes(b"")
    assert found(dense) == [
        ("medium", "stale-file", f"{stale} is none of the 1 data files that the index names")
    ]


def test_a_missing_index(dense: Path) -> None:
    (dense / "variables/variables.index").unlink()
    assert found(dense) == [
        (
            "critical",
            "missing-checkpoint",
            "variables/variables.index is missing: 2 variables cannot be restored",
        )
    ]


def test_an_index_with_a_changed_byte(dense: Path) -> None:
    path = dense / "variables/variables.index"
    content = bytearray(path.read_bytes())
    place = content.index(b"kernel")
    content[place] = ord("q")
    path.write_bytes(content)
    codes = [code for _, code, _ in found(dense)]
    assert "damaged-index" in codes  # the checksum of its block
    assert "missing-values" in codes  # kernel
    assert "changed-file" in codes  # fingerprint.pb


def test_an_index_that_is_cut_off(dense: Path) -> None:
    path = dense / "variables/variables.index"
    path.write_bytes(path.read_bytes()[:-3])
    damaged, changed = found(dense)
    assert damaged == (
        "critical",
        "damaged-index",
        "variables/variables.index is damaged: it does not end as a table does: "
        "it is cut off, or no checkpoint index",
    )
    assert changed[1] == "changed-file"


def test_a_missing_asset(text: Path) -> None:
    (text / "assets/vocabulary.txt").unlink()
    assert found(text) == [
        ("critical", "missing-asset", "asset 'vocabulary.txt' is missing, and the graph reads it")
    ]


def test_a_model_that_was_changed_after_it_was_saved(dense: Path) -> None:
    from tfexport.savedmodel.parsing import read_saved_model

    saved_model = read_saved_model(dense)
    saved_model.meta_graphs[0].meta_info_def.tensorflow_version = "1.0.0"
    (dense / "saved_model.pb").write_bytes(saved_model.SerializeToString())
    start = "saved_model.pb is not what fingerprint.pb was made for: it was changed after it was"
    assert found(dense) == [("medium", "changed-file", f"{start} saved")]
    del saved_model.meta_graphs[0].signature_def["serving_default"].inputs["x"]
    (dense / "saved_model.pb").write_bytes(saved_model.SerializeToString())
    assert found(dense) == [("medium", "changed-file", f"{start} saved (its signatures too)")]


def test_a_fingerprint_that_cannot_be_read(dense: Path) -> None:
    (dense / "fingerprint.pb").write_bytes(b"\xff\xff")
    assert found(dense) == [("medium", "damaged-fingerprint", "fingerprint.pb does not parse")]


def test_variables_without_a_value_or_with_one_of_another_kind(dense: Path) -> None:
    shutil.rmtree(dense / "variables")
    (dense / "fingerprint.pb").unlink()
    write_bundle(dense, {"bias/.ATTRIBUTES/VARIABLE_VALUE": Stored("float64", (3,), b"\0" * 24)})
    assert found(dense) == [
        (
            "critical",
            "missing-values",
            "variable 'kernel' has no value in the checkpoint",
        ),
        (
            "critical",
            "missing-values",
            "variable 'bias' is float32 [3], and its value is float64 [3]",
        ),
    ]


# --- checkpoints that nobody writes


def problems(directory: Path) -> list[tuple[str, str]]:
    files = CheckpointFiles(read_checkpoint_index(directory))
    return [(finding.code, finding.sentence) for finding in files.findings()]


def test_values_that_share_bytes_are_read_once(tmp_path: Path) -> None:
    value = Stored("uint8", (8,), b"01234567")
    write_bundle(tmp_path, {"a": value, "b": value})
    index = read_checkpoint_index(tmp_path)
    from dataclasses import replace

    moved = replace(index.entries["b"], offset=4)
    files = CheckpointFiles(replace(index, entries={"a": index.entries["a"], "b": moved}))
    codes = [finding.code for finding in files.findings()]
    assert codes == ["longer-file", "shared-bytes"]
    assert (files.tensors, files.bytes) == (1, 8)


def test_a_value_whose_shape_needs_other_bytes(tmp_path: Path) -> None:
    write_bundle(tmp_path, {"a": Stored("float32", (2, 3), b"\0" * 20)})
    assert problems(tmp_path) == [
        ("wrong-size", "value 'a' has 20 bytes in the index, and its shape needs 24")
    ]


def test_values_in_slices_are_read_slice_by_slice(tmp_path: Path) -> None:
    half = Stored("float32", (1, 2), struct.pack("<2f", 1, 2))
    slices = {"v": ((2, 2), {((0, 1), (0, None)): half, ((1, 1), (0, None)): half})}
    write_bundle(tmp_path, {}, slices=slices)
    files = CheckpointFiles(read_checkpoint_index(tmp_path))
    assert list(files.findings()) == []
    assert (files.tensors, files.bytes) == (2, 16)


def test_an_index_that_claims_billions_of_data_files(tmp_path: Path) -> None:
    write_bundle(tmp_path, {"a": Stored("uint8", (1,), b"x")})
    from dataclasses import replace

    index = replace(read_checkpoint_index(tmp_path), shards=1 << 31)
    codes = [finding.code for finding in CheckpointFiles(index).findings()]
    assert codes == ["missing-file", "stale-file"]
