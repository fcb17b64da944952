"""Which directory is meant, and what is said when it holds no SavedModel."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.savedmodel.proto_models import new_model, write_model
from tfexport.errors import SavedModelError
from tfexport.savedmodel.layout import locate_model


def model_at(directory: Path) -> Path:
    return write_model(new_model()[0], directory)


def test_a_directory_with_a_model_is_that_model(tmp_path: Path) -> None:
    location = locate_model(model_at(tmp_path / "dense"))
    assert (location.file, location.name) == (tmp_path / "dense" / "saved_model.pb", "dense")
    assert (location.version, location.other_versions) == (None, ())


def test_of_numeric_versions_the_highest_is_meant(tmp_path: Path) -> None:
    for version in ("2", "10", "9"):
        model_at(tmp_path / "dense" / version)
    (tmp_path / "dense" / "11").mkdir()
    model_at(tmp_path / "dense" / "backup")
    location = locate_model(tmp_path / "dense")
    assert location.directory == tmp_path / "dense" / "10"
    assert (location.name, location.version, location.other_versions) == ("dense", 10, (9, 2))


def test_text_is_taken_where_there_is_no_binary_file(tmp_path: Path) -> None:
    (tmp_path / "saved_model.pbtxt").touch()
    assert locate_model(tmp_path).file.name == "saved_model.pbtxt"
    (tmp_path / "saved_model.pb").touch()
    assert locate_model(tmp_path).file.name == "saved_model.pb"


def refusal(path: Path) -> str:
    with pytest.raises(SavedModelError) as caught:
        locate_model(path)
    assert caught.value.exit_code == 3
    return str(caught.value)


def test_a_missing_directory_is_named(tmp_path: Path) -> None:
    expected = f"No directory {tmp_path}/no. Expected one that holds saved_model.pb."
    assert refusal(tmp_path / "no") == expected


def test_the_file_in_a_model_leads_to_its_directory(tmp_path: Path) -> None:
    file = model_at(tmp_path / "m") / "saved_model.pb"
    assert refusal(file) == f"{file} is a file. Give the directory that holds it: {tmp_path}/m"


def test_a_parent_of_one_model_suggests_it(tmp_path: Path) -> None:
    model_at(tmp_path / "runs" / "best")
    assert refusal(tmp_path / "runs") == (
        f"No SavedModel in {tmp_path}/runs itself. There is one in {tmp_path}/runs/best"
    )


def test_a_parent_of_several_models_lists_them(tmp_path: Path) -> None:
    for number in range(7):
        model_at(tmp_path / f"run_{number}")
    listed = ", ".join(f"{tmp_path}/run_{number}" for number in range(5))
    assert refusal(tmp_path) == (
        f"No SavedModel in {tmp_path} itself. There are some inside: {listed} and 2 more"
    )


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "model.keras",
            "model.keras is a Keras file: load it with keras.saving.load_model and call "
            "model.export(DIR).",
        ),
        ("net.tflite", "net.tflite is a TensorFlow Lite model, which tfexport does not read."),
        (
            "step.ckpt.index",
            "step.ckpt.index is a checkpoint: restore it into its module and save that.",
        ),
        (
            "frozen.pb",
            "frozen.pb is perhaps a frozen graph, which has no signatures: a SavedModel's is "
            "saved_model.pb.",
        ),
        ("notes.txt", "It has: notes.txt."),
        (None, "It is empty."),
    ],
)
def test_what_is_there_instead_is_named(tmp_path: Path, name: str | None, said: str) -> None:
    if name:
        (tmp_path / name).touch()
    start = f"No SavedModel in {tmp_path}: it has no saved_model.pb or saved_model.pbtxt."
    assert refusal(tmp_path) == f"{start} {said}"


def test_a_file_of_another_kind_is_named(tmp_path: Path) -> None:
    file = tmp_path / "model.h5"
    file.touch()
    assert refusal(file) == (
        f"{file} is a Keras HDF5 file: load it with keras.saving.load_model and call "
        "model.export(DIR). Expected a SavedModel's directory."
    )
