"""What is missing, damaged or dangerous beside a good saved_model.pb becomes a warning."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.known_answers import FOLDER, needs_shared_models
from tests.savedmodel.proto_models import new_model, write_model
from tfexport.savedmodel.description import ModelDescription
from tfexport.savedmodel.hazard_ops import HAZARD_OPS, SAVER_OPS
from tfexport.savedmodel.hazards import LOW, OPS
from tfexport.savedmodel.reader import read_description


@pytest.fixture
def model(saved_model: Callable[[str], Path], tmp_path: Path) -> Path:
    """A model of one's own to damage: a text classifier, with a variable and an asset."""
    return Path(shutil.copytree(saved_model("text_classifier"), tmp_path / "model"))


def warnings_of(description: ModelDescription) -> list[tuple[str, str]]:
    return [(warning.code, warning.message) for warning in description.warnings]


def test_a_sound_model_has_no_warnings(model: Path) -> None:
    assert read_description(model).warnings == ()


def test_a_data_file_that_is_gone_is_named(model: Path) -> None:
    (model / "variables" / "variables.data-00000-of-00001").unlink()
    assert warnings_of(read_description(model)) == [
        (
            "damaged-checkpoint",
            "variables/variables.data-00000-of-00001 is missing: its variables cannot be restored.",
        )
    ]


def test_a_truncated_data_file_is_measured(model: Path) -> None:
    file = model / "variables" / "variables.data-00000-of-00001"
    content = file.read_bytes()
    file.write_bytes(content[:10])
    assert warnings_of(read_description(model)) == [
        (
            "damaged-checkpoint",
            "variables/variables.data-00000-of-00001 is cut off: "
            f"it has 10 of {len(content):,} bytes.",
        )
    ]


def test_a_missing_index_is_named(model: Path) -> None:
    (model / "variables" / "variables.index").unlink()
    description = read_description(model)
    assert warnings_of(description) == [
        (
            "missing-checkpoint",
            "variables/variables.index is missing: no variable can be restored.",
        )
    ]
    assert (description.checkpoint, description.parameters) == (None, 9)


def test_a_damaged_index_is_named_once(model: Path) -> None:
    (model / "variables" / "variables.index").write_bytes(b"damaged")
    assert warnings_of(read_description(model)) == [
        (
            "damaged-checkpoint",
            "variables/variables.index is damaged: it does not end as a table does: "
            "it is cut off, or no checkpoint index.",
        )
    ]


def test_a_missing_asset_is_named(model: Path) -> None:
    (model / "assets" / "vocabulary.txt").unlink()
    description = read_description(model)
    assert warnings_of(description) == [("missing-asset", "Asset vocabulary.txt is missing.")]
    (asset,) = description.assets
    assert (asset.size, len(asset.tensor_names)) == (None, 1)


def test_a_file_that_no_one_reads_is_an_asset_without_tensors(model: Path) -> None:
    (model / "assets" / "extra.txt").write_text("12345")
    found = {asset.filename: asset for asset in read_description(model).assets}
    assert (found["extra.txt"].size, found["extra.txt"].tensor_names) == (5, ())


@pytest.mark.parametrize(
    ("file", "code"),
    [
        ("fingerprint.pb", "damaged-fingerprint"),
        ("keras_metadata.pb", "damaged-keras-metadata"),
    ],
)
def test_a_damaged_file_beside_the_model_is_named(model: Path, file: str, code: str) -> None:
    (model / file).write_bytes(b"\xff\xff\xff")
    assert warnings_of(read_description(model)) == [(code, f"{file} does not parse.")]


@pytest.mark.parametrize("text", ["{", "[]", "null", "[" * 100_000])
def test_a_manifest_that_is_no_object_is_named(model: Path, text: str) -> None:
    (model / "assets.extra" / "tfexport" / "manifest.json").write_text(text)
    description = read_description(model)
    assert warnings_of(description) == [
        ("damaged-manifest", "assets.extra/tfexport/manifest.json is no JSON object.")
    ]
    assert description.provenance is None


def test_a_manifest_of_another_shape_is_read_as_far_as_it_goes(model: Path) -> None:
    manifest = {"target": 5, "created": "today", "versions": ["2.21"]}
    (model / "assets.extra" / "tfexport" / "manifest.json").write_text(json.dumps(manifest))
    provenance = read_description(model).provenance
    assert provenance is not None
    assert (provenance.target, provenance.created, provenance.versions) == (None, "today", ())


def test_the_manifest_says_how_the_model_was_made(model: Path) -> None:
    provenance = read_description(model).provenance
    assert provenance is not None
    assert provenance.target == "models.text_classifier:TextClassifier"
    assert any(version.startswith("tensorflow ") for version in provenance.versions)


def test_extra_assets_are_listed_and_tfexports_own_are_not(model: Path) -> None:
    (model / "assets.extra" / "notes.md").write_text("hello")
    (extra,) = read_description(model).extra_assets
    assert (extra.path, extra.size) == ("assets.extra/notes.md", 5)


def test_a_fingerprint_is_read(model: Path) -> None:
    from tensorflow.saved_model.experimental import read_fingerprint

    fingerprint = read_description(model).fingerprint
    expected = read_fingerprint(str(model))
    assert fingerprint is not None
    assert fingerprint.saved_model_checksum == str(expected.saved_model_checksum)
    assert fingerprint.checkpoint_hash == str(expected.checkpoint_hash)


def test_keras_metadata_says_which_classes_there_were(model: Path) -> None:
    from tensorflow.python.keras.protobuf import saved_metadata_pb2

    metadata = saved_metadata_pb2.SavedMetadata()
    about = {"class_name": "Sequential", "keras_version": "2.9.0"}
    metadata.nodes.add(node_id=0, node_path="root", metadata=json.dumps(about))
    for number in range(2):
        metadata.nodes.add(node_path=f"root.layer_with_weights-{number}", metadata="{}")
    (model / "keras_metadata.pb").write_bytes(metadata.SerializeToString())
    keras = read_description(model).keras
    assert keras is not None
    assert (keras.root_class, keras.layers, keras.keras_version) == ("Sequential", 2, "2.9.0")


@needs_shared_models
def test_debug_information_is_found() -> None:
    debug = read_description(FOLDER / "cyclic_module").debug_info
    assert debug is not None
    assert debug.path == "debug/saved_model_debug_info.pb"


def test_an_untraced_function_and_no_signature_are_warned_of(
    zoo_model: Callable[[str], Path],
) -> None:
    assert warnings_of(read_description(zoo_model("functions"))) == [
        ("no-signature", "There is no signature: nothing can be run by name."),
        ("untraced-function", "Function never was never traced: it cannot be called."),
    ]


def test_python_hidden_in_a_branch_is_warned_of(zoo_model: Callable[[str], Path]) -> None:
    ((code, message),) = warnings_of(read_description(zoo_model("python")))
    assert code == "hazard"
    # TensorFlow numbers both in the order in which the process has made them.
    assert re.fullmatch(
        r"PyFunc in function cond_true_\d+ "
        r"runs a Python function of the process it is loaded in \(pyfunc_\d+\)\.",
        message,
    )


def test_the_ops_to_look_for_are_those_of_the_table() -> None:
    assert {op for op, rule in OPS.items() if rule.severity != LOW} == HAZARD_OPS
    assert SAVER_OPS < HAZARD_OPS


@needs_shared_models
def test_inputs_that_share_a_tensor_are_warned_of() -> None:
    assert warnings_of(read_description(FOLDER / "many_dtypes")) == [
        ("shared-tensor", f"Signature serving_default: the inputs {names} are one tensor.")
        for names in ("i8, u8", "i16, u16", "i32, u32")
    ]


@needs_shared_models
def test_a_signature_that_the_graph_contradicts_is_warned_of() -> None:
    assert warnings_of(read_description(FOLDER / "half_plus_three")) == [
        (
            "contradiction",
            "Signature serving_default: x is float32 [], but float32 [?, 1] in the graph.",
        ),
        (
            "contradiction",
            "Signature tensorflow/serving/regress: inputs is float32 [], "
            "but string [...] in the graph.",
        ),
    ]


def test_an_asset_name_that_leaves_the_directory_is_not_followed(tmp_path: Path) -> None:
    saved_model, metagraph = new_model()
    (tmp_path / "secret").write_text("secret")
    for name in ("../../secret", "/etc/passwd", "\x00"):
        metagraph.asset_file_def.add(filename=name)
    assets = read_description(write_model(saved_model, tmp_path / "model")).assets
    assert [asset.size for asset in assets] == [None, None, None]


def test_reading_twice_gives_the_same(zoo_model: Callable[[str], Path]) -> None:
    for name in ("functions", "sharded", "table"):
        assert read_description(zoo_model(name)) == read_description(zoo_model(name))
