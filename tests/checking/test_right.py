"""The calls kept with a model are made again, and a user's own compared."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.known_answers import FOLDER, needs_shared_models
from tfexport.checking.checker import CheckOptions, check_model
from tfexport.checking.findings import ModelCheck
from tfexport.checking.samples import SamplesError, read_kept_calls
from tfexport.comparing.tolerance import parse_tolerances
from tfexport.errors import InputDataError, UsageError
from tfexport.savedmodel import protos

SavedModel = Callable[[str], Path]

MANIFEST = "assets.extra/tfexport/manifest.json"
SAMPLES = "assets.extra/tfexport/samples"


@pytest.fixture
def dense(tmp_path: Path, saved_model: SavedModel) -> Path:
    return Path(shutil.copytree(saved_model("custom_dense"), tmp_path / "dense"))


def check(directory: Path, **options: Any) -> ModelCheck:
    return check_model(directory, CheckOptions(parts=("right",), **options))


def sentences(result: ModelCheck) -> list[str]:
    return [finding.sentence for finding in result.findings]


def part(result: ModelCheck) -> tuple[str, str]:
    (right,) = (part for part in result.parts if part.part == "right")
    return right.status, right.note


@pytest.mark.parametrize("name", ["custom_dense", "counter", "text_classifier", "encoder"])
def test_what_save_kept_comes_out_again(name: str, saved_model: SavedModel) -> None:
    result = check(saved_model(name))
    assert result.findings == ()
    calls = len(read_kept_calls(saved_model(name)))
    assert calls > 0
    shown = "1 kept call" if calls == 1 else f"{calls} kept calls"
    assert part(result) == ("clean", f"{shown} made again")


def change_output(directory: Path, by: float) -> None:
    path = directory / SAMPLES / "serving_default-0.outputs.npz"
    arrays = dict(np.load(path))
    arrays["output_0"][1, 2] += np.float32(by)
    np.savez(path, **arrays)


def test_another_value_is_told_with_what_would_let_it_pass(dense: Path) -> None:
    change_output(dense, 0.5)
    result = check(dense)
    (sentence,) = sentences(result)
    assert sentence.startswith(
        "signature 'serving_default' output 'output_0' in the kept call 1 is "
    )
    assert " at [1, 2], expected " in sentence
    assert "; 1 of 6 are too far, by at most 0.5. It would pass with --atol " in sentence
    enough = sentence.rpartition(" ")[2]
    assert sentence.endswith(f"--atol {enough} --rtol {enough}")
    assert check(dense, tolerances=parse_tolerances([enough], [enough])).findings == ()
    assert check(dense, tolerances=parse_tolerances([], ["output_0=0.6"])).findings == ()
    assert len(check(dense, tolerances=parse_tolerances([], ["other=0.6"])).findings) == 1


def test_a_difference_of_rounding_is_none(dense: Path) -> None:
    change_output(dense, 1e-6)
    assert check(dense).findings == ()
    assert len(check(dense, tolerances=parse_tolerances([], ["0"])).findings) == 1


def edit_manifest(directory: Path, edit: Callable[[dict[str, Any]], None]) -> None:
    manifest = json.loads((directory / MANIFEST).read_text())
    edit(manifest)
    (directory / MANIFEST).write_text(json.dumps(manifest))


def test_a_random_signature_is_compared_by_its_shapes(dense: Path) -> None:
    change_output(dense, 100)

    def make_random(manifest: dict[str, Any]) -> None:
        manifest["verified"][0]["random"] = True

    edit_manifest(dense, make_random)
    assert check(dense).findings == ()
    path = dense / SAMPLES / "serving_default-0.outputs.npz"
    np.savez(path, output_0=np.zeros((2, 4), np.float32))
    assert sentences(check(dense)) == [
        "signature 'serving_default' output 'output_0' in the kept call 1 is float32 [2, 3], "
        "expected float32 [2, 4]"
    ]


def test_a_signature_that_is_gone(dense: Path) -> None:
    def rename(manifest: dict[str, Any]) -> None:
        for call in manifest["calls"]:
            call["signature"] = "old"

    edit_manifest(dense, rename)
    assert sentences(check(dense))[0] == (
        "signature 'old' is called by the kept call 1, and is not there any more"
    )


def test_an_output_that_is_gone(dense: Path) -> None:
    def rename(manifest: dict[str, Any]) -> None:
        outputs = manifest["calls"][0]["outputs"]["tensors"]
        outputs["old"] = outputs.pop("output_0")

    edit_manifest(dense, rename)
    np.savez(dense / SAMPLES / "serving_default-0.outputs.npz", old=np.zeros((2, 3), np.float32))
    assert sentences(check(dense)) == ["signature 'serving_default' has no output 'old' any more"]


def test_inputs_that_do_not_fit_any_more(dense: Path) -> None:
    np.savez(dense / SAMPLES / "serving_default-0.inputs.npz", x=np.zeros((2, 4), np.float32))
    (sentence,) = sentences(check(dense))
    assert sentence.startswith(
        "signature 'serving_default' cannot be called as in the kept call 1: Input 'x' "
        "(kept call 1) expects float32 [?, 5], got float32 [2, 4]."
    )


def test_a_file_of_samples_that_is_missing_or_cut_off(dense: Path) -> None:
    (dense / SAMPLES / "serving_default-0.inputs.npz").unlink()
    second = dense / SAMPLES / "serving_default-1.inputs.npz"
    second.write_bytes(second.read_bytes()[:40])
    assert sentences(check(dense)) == [
        "signature 'serving_default' cannot be called as in the kept call 1: "
        "serving_default-0.inputs.npz is missing",
        "signature 'serving_default' cannot be called as in the kept call 2: "
        "'serving_default-1.inputs.npz' is no .npz file",
    ]


def test_a_pickle_among_the_samples_is_never_loaded(dense: Path) -> None:
    np.savez(
        dense / SAMPLES / "serving_default-0.inputs.npz",
        x=np.array([{}], object),
        allow_pickle=True,
    )
    assert "pickle" in sentences(check(dense))[0]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", f"{MANIFEST} cannot be read"),
        ('{"calls": 3}', f"{MANIFEST} has calls that cannot be read"),
        ('{"calls": [{"signature": "s"}]}', f"call 1 of {MANIFEST} cannot be read"),
        (
            '{"calls": [{"signature": "s", "inputs": {"file": "../../x", "tensors": {}}, '
            '"outputs": {"file": null, "tensors": {}}}]}',
            f"{MANIFEST} names the file '../../x', outside of its folder",
        ),
    ],
)
def test_a_damaged_manifest(dense: Path, text: str, reason: str) -> None:
    (dense / MANIFEST).write_text(text)
    with pytest.raises(SamplesError, match=r"\A.+\Z"):
        read_kept_calls(dense)
    result = check(dense)
    assert part(result) == ("unchecked", reason)
    assert result.fails("critical")


@pytest.mark.parametrize("text", ["[]", "{}", '{"calls": null}'])
def test_a_manifest_without_calls(dense: Path, text: str) -> None:
    (dense / MANIFEST).write_text(text)
    assert read_kept_calls(dense) == []


# --- a user's own file


@needs_shared_models
def test_a_users_own_values(tmp_path: Path) -> None:
    file = tmp_path / "x.npz"
    np.savez(file, x=np.float32([[1], [2]]), y=np.float32([[2.5], [3.0]]))
    model = FOLDER / "half_plus_two_v1"
    assert check(model, samples=file).findings == ()
    np.savez(file, **{"inputs/x": np.float32([[1], [2]]), "outputs/y": np.float32([[2.5], [4]])})
    (sentence,) = sentences(check(model, samples=file))
    assert sentence.startswith(
        f"signature 'serving_default' output 'y' for '{file}' is 3.0 at [1, 0], expected 4.0"
    )


@needs_shared_models
def test_another_signature_than_the_default_one(tmp_path: Path) -> None:
    file = tmp_path / "x.npz"
    np.savez(file, inputs=np.float32([[1]]), outputs=np.float32([[3.5]]))
    model = FOLDER / "half_plus_two_v1"
    result = check(model, samples=file, signature="regress_x2_to_y3")
    assert (sentences(result), part(result)[0]) == ([], "clean")
    with pytest.raises(UsageError, match="No signature 'gone'"):
        check(model, samples=file, signature="gone")


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x": 1}, "has no output to compare with. Signature 'serving_default' has: output_0."),
        (
            {"q": 1},
            "'q' is no input or output of signature 'serving_default'. It has: x, output_0.",
        ),
    ],
)
def test_a_users_file_that_does_not_fit(
    saved_model: SavedModel, tmp_path: Path, arrays: dict[str, Any], message: str
) -> None:
    file = tmp_path / "x.npz"
    np.savez(file, **arrays)
    with pytest.raises(InputDataError) as error:
        check(saved_model("custom_dense"), samples=file)
    assert str(error.value).removeprefix(f"'{file}' ").removeprefix(f"'{file}': ") == message


def test_a_users_file_that_is_not_there(saved_model: SavedModel, tmp_path: Path) -> None:
    with pytest.raises(InputDataError) as error:
        check(saved_model("custom_dense"), samples=tmp_path / "x.npz")
    assert str(error.value) == f"There is no file '{tmp_path / 'x.npz'}' to take the samples from."


def test_a_name_on_both_sides_has_to_say_which(tmp_path: Path) -> None:
    saved_model = protos.saved_model_pb2.SavedModel()
    metagraph = saved_model.meta_graphs.add()
    metagraph.meta_info_def.tags.append("serve")
    metagraph.graph_def.versions.producer = 1000
    metagraph.graph_def.node.add(name="x", op="Placeholder").attr["dtype"].type = 1
    metagraph.graph_def.node.add(name="y", op="Neg", input=["x"]).attr["T"].type = 1
    definition = metagraph.signature_def["negate"]
    for infos, tensor in ((definition.inputs, "x:0"), (definition.outputs, "y:0")):
        infos["value"].name, infos["value"].dtype = tensor, 1
        infos["value"].tensor_shape.unknown_rank = True
    (tmp_path / "saved_model.pb").write_bytes(saved_model.SerializeToString())
    file = tmp_path / "x.npz"
    np.savez(file, value=np.float32(1))
    with pytest.raises(InputDataError) as error:
        check(tmp_path, samples=file)
    assert str(error.value) == (
        f"'{file}': 'value' is an input and an output of 'negate'. "
        "Call the arrays inputs/value and outputs/value."
    )
    np.savez(file, **{"inputs/value": np.float32(1), "outputs/value": np.float32(-1)})
    assert part(check(tmp_path, samples=file))[0] == "clean"
