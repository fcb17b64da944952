"""Two SavedModels are compared in every respect, and by what they give for the same inputs."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.known_answers import FOLDER, needs_shared_models
from tfexport.comparing.models import DiffOptions, DiffReport, compare_models
from tfexport.comparing.outputs import OutputOptions
from tfexport.comparing.tolerance import parse_tolerances
from tfexport.errors import InputDataError, SavedModelError, UnsafeModelError, UsageError
from tfexport.savedmodel.difference import Change

SavedModel = Callable[[str], Path]


@pytest.fixture(scope="module")
def dense(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Save custom_dense with a seed; the same seed twice gives two models that are equal."""
    from tests.conftest import ROOT
    from tfexport.cli.main import run_command_line

    folder = tmp_path_factory.mktemp("dense")

    def save(name: str, *options: str) -> Path:
        target = f"{ROOT / 'models' / 'custom_dense.py'}:CustomDense"
        words = ["save", target, "--spec", "None,5", "-o", str(folder / name), "-q", *options]
        if not (folder / name).exists():
            assert run_command_line(words) == 0
        return folder / name

    return save


def copy(directory: Path, to: Path) -> Path:
    return Path(shutil.copytree(directory, to))


def sections(report: DiffReport) -> set[str]:
    """The sections that are not empty."""
    names = ("signatures", "variables", "ops", "functions", "nodes", "assets", "versions")
    found = {name for name in names if getattr(report, name)}
    return found | ({"values"} if report.values.changed else set())


def test_a_model_is_equal_to_itself(saved_model: SavedModel) -> None:
    report = compare_models(saved_model("text_classifier"), saved_model("text_classifier"))
    assert (report.equal, report.breaking, sections(report)) == (True, False, set())
    assert (report.provenance, report.outputs) == ((), None)


@needs_shared_models
@pytest.mark.parametrize("name", ["guesslang", "half_plus_two_v1", "many_dtypes", "cyclic_module"])
def test_models_of_others_are_equal_to_themselves(name: str) -> None:
    assert compare_models(FOLDER / name, FOLDER / name).equal


def test_the_same_seed_twice_is_equal_but_for_when(dense: Callable[..., Path]) -> None:
    report = compare_models(dense("a", "--seed", "1"), dense("b", "--seed", "1"))
    assert report.equal
    assert {change.name for change in report.provenance} <= {"created"}


def test_another_seed_changes_the_values(dense: Callable[..., Path]) -> None:
    report = compare_models(dense("a", "--seed", "1"), dense("c", "--seed", "2"))
    assert (report.equal, report.breaking, sections(report)) == (False, False, {"values"})
    assert report.values.compared == 2
    assert {change.name for change in report.values.changed} == {"kernel", "bias"} or {
        change.name for change in report.values.changed
    } == {"kernel"}
    assert Change("changed", "seed", "1", "2") in report.provenance
    quick = compare_models(
        dense("a", "--seed", "1"), dense("c", "--seed", "2"), DiffOptions(quick=True)
    )
    assert quick.values.by_checksum
    assert [change.name for change in quick.values.changed] == sorted(
        change.name for change in report.values.changed
    )


def test_another_module_breaks(saved_model: SavedModel) -> None:
    report = compare_models(saved_model("custom_dense"), saved_model("custom_activation"))
    assert report.breaking
    assert sections(report) >= {"signatures", "variables", "ops", "nodes"}


def test_assets_are_compared_by_what_is_in_them(saved_model: SavedModel, tmp_path: Path) -> None:
    first = copy(saved_model("text_classifier"), tmp_path / "a")
    second = copy(first, tmp_path / "b")
    text = (second / "assets/vocabulary.txt").read_bytes()
    (second / "assets/vocabulary.txt").write_bytes(text[::-1])
    (second / "assets.extra/note.txt").write_bytes(b"new")
    report = compare_models(first, second)
    assert sections(report) == {"assets"}
    added, changed = report.assets
    assert (changed.name, changed.kind) == ("assets/vocabulary.txt", "changed")
    assert str(changed.before).startswith(f"{len(text)} bytes, sha256 ")
    assert (added.name, added.kind) == ("assets.extra/note.txt", "added")
    (first / "assets/vocabulary.txt").unlink()
    report = compare_models(first, second)
    assert report.assets[1].before == "missing"


def test_a_checkpoint_that_cannot_be_read_is_not_called_equal(
    saved_model: SavedModel, tmp_path: Path
) -> None:
    second = copy(saved_model("custom_dense"), tmp_path / "b")
    (second / "variables/variables.index").write_bytes(b"nothing")
    report = compare_models(saved_model("custom_dense"), second)
    assert not report.equal
    assert str(report.values.problem).startswith(f"{second}: variables/variables.index is damaged")


def test_values_that_are_cut_off_are_not_called_equal(
    saved_model: SavedModel, tmp_path: Path
) -> None:
    second = copy(saved_model("custom_dense"), tmp_path / "b")
    (second / "variables/variables.data-00000-of-00001").write_bytes(b"")
    report = compare_models(saved_model("custom_dense"), second)
    assert not report.equal
    assert all("is cut off" in str(change.problem) for change in report.values.changed)


def test_values_that_are_no_variable_are_compared_too(tmp_path: Path) -> None:
    from tests.savedmodel.zoo import save_table

    save_table(tmp_path / "a")
    from tfexport.savedmodel.checkpoint import read_checkpoint_index

    second = copy(tmp_path / "a", tmp_path / "b")
    entries = read_checkpoint_index(second).entries
    (key,) = (key for key in entries if key.endswith("-values"))
    path = second / "variables/variables.data-00000-of-00001"
    data = bytearray(path.read_bytes())
    data[entries[key].offset] += 5
    path.write_bytes(data)
    report = compare_models(tmp_path / "a", second)
    assert [change.name for change in report.values.changed] == [key]
    assert report.values.changed[0].absolute == 5.0


def test_a_model_that_is_not_there(saved_model: SavedModel, tmp_path: Path) -> None:
    with pytest.raises(SavedModelError, match="No directory"):
        compare_models(saved_model("custom_dense"), tmp_path / "gone")


# --- outputs


def call(first: Path, second: Path, **options: Any) -> DiffReport:
    return compare_models(first, second, DiffOptions(outputs=OutputOptions(**options)))


def test_the_calls_that_were_kept_are_made_on_both(dense: Callable[..., Path]) -> None:
    report = call(dense("a", "--seed", "1"), dense("b", "--seed", "1"))
    assert report.equal
    assert report.outputs is not None
    assert [(c.signature, c.inputs) for c in report.outputs] == [
        ("serving_default", "kept call 1"),
        ("serving_default", "kept call 2"),
    ]
    assert all(output.differing == 0 for c in report.outputs for output in c.outputs)


def test_other_weights_give_other_outputs(dense: Callable[..., Path]) -> None:
    first, second = dense("a", "--seed", "1"), dense("c", "--seed", "2")
    report = call(first, second)
    assert report.outputs is not None
    (output,) = report.outputs[0].outputs
    assert output.is_too_large and output.differing == output.elements == 6
    assert output.needed is not None
    allowed = parse_tolerances(["1e9"], ["1e9"])
    again = call(first, second, tolerances=allowed)
    assert again.outputs is not None
    assert not any(c.is_different for c in again.outputs)


def test_random_inputs_are_the_same_each_time(dense: Callable[..., Path], tmp_path: Path) -> None:
    first = copy(dense("a", "--seed", "1"), tmp_path / "a")
    second = copy(dense("c", "--seed", "2"), tmp_path / "b")
    shutil.rmtree(first / "assets.extra")
    one, two = call(first, second, seed=3, batch=4), call(first, second, seed=3, batch=4)
    assert one.outputs == two.outputs
    assert one.outputs is not None
    assert one.outputs[0].inputs == "random values, seed 3"
    assert one.outputs[0].outputs[0].elements == 12
    assert call(first, second, seed=4, batch=4).outputs != one.outputs


def test_inputs_that_are_given(dense: Callable[..., Path], tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.zeros((3, 5), np.float32))
    first, second = dense("a", "--seed", "1"), dense("c", "--seed", "2")
    report = call(first, second, inputs=(str(tmp_path / "x.npy"),))
    assert report.outputs is not None
    (found,) = report.outputs
    assert (found.inputs, found.outputs[0].elements) == (str(tmp_path / "x.npy"), 9)
    with pytest.raises(InputDataError, match="expects float32"):
        call(first, second, inputs=("[[1, 2]]",))


def test_a_second_model_that_takes_other_inputs(saved_model: SavedModel) -> None:
    report = call(saved_model("custom_dense"), saved_model("custom_activation"))
    assert report.outputs is not None
    problem = str(report.outputs[0].problem)
    assert problem.startswith(f"{saved_model('custom_activation')}: Input 'x' (inputs) expects")
    assert report.outputs[0].is_different


def test_a_second_model_without_the_signature(saved_model: SavedModel) -> None:
    report = call(saved_model("custom_dense"), saved_model("encoder"))
    assert report.outputs is not None
    assert report.outputs[0].problem == (
        f"{saved_model('encoder')} has no signature 'serving_default'"
    )


def test_no_signature_in_common(saved_model: SavedModel, tmp_path: Path) -> None:
    first = copy(saved_model("custom_dense"), tmp_path / "a")
    shutil.rmtree(first / "assets.extra")
    with pytest.raises(UsageError, match="have no signature in common"):
        call(first, saved_model("encoder"))


def test_stateful_models_are_called_from_the_beginning(saved_model: SavedModel) -> None:
    report = call(saved_model("counter"), saved_model("counter"))
    assert report.equal


@needs_shared_models
def test_what_random_values_cannot_call_is_left_out() -> None:
    report = call(FOLDER / "half_plus_two_v1", FOLDER / "half_plus_two_main_op")
    assert report.outputs is not None
    outcomes = {c.signature: (c.skipped, c.is_different) for c in report.outputs}
    assert outcomes["serving_default"] == (False, False)
    assert outcomes["regress_x_to_y"] == (True, False)
    with pytest.raises(InputDataError, match="unknown rank"):
        call(
            FOLDER / "half_plus_two_v1",
            FOLDER / "half_plus_two_main_op",
            signature="regress_x_to_y",
        )


@pytest.fixture
def random_model(tmp_path: Path) -> Path:
    from tfexport.exporting.starting import start_tensorflow

    tf = start_tensorflow()

    class Random(tf.Module):  # type: ignore[name-defined,misc]
        @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
        def __call__(self, x: Any) -> Any:
            # No seed at all, whatever the tests before have set.
            return x + tf.raw_ops.RandomUniform(shape=tf.shape(x), dtype=tf.float32)

    tf.saved_model.save(Random(), str(tmp_path / "random"))
    return tmp_path / "random"


def test_a_random_model_is_not_called_different(random_model: Path) -> None:
    report = call(random_model, random_model)
    assert report.outputs is not None
    assert (report.outputs[0].random, report.outputs[0].is_different) == (True, False)
    assert report.equal


def test_a_model_that_writes_files_is_not_called(tmp_path: Path) -> None:
    from tfexport.exporting.starting import start_tensorflow

    tf = start_tensorflow()
    target = tmp_path / "written"

    class Writer(tf.Module):  # type: ignore[name-defined,misc]
        @tf.function(input_signature=[tf.TensorSpec([], tf.float32)])
        def __call__(self, x: Any) -> Any:
            tf.io.write_file(str(target), "x")
            return x

    tf.saved_model.save(Writer(), str(tmp_path / "writer"))
    directory = tmp_path / "writer"
    with pytest.raises(UnsafeModelError, match="WriteFile"):
        call(directory, directory)
    assert not target.exists()
    assert call(directory, directory, trust=True).equal
    assert target.exists()
