"""Weights from files and checkpoints: all of them, by name, or an error that names the rest."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from models.custom_dense import CustomDense
from models.mlp import MLP
from tfexport.errors import InputDataError, UsageError
from tfexport.exporting.saving import save_module
from tfexport.exporting.starting import start_tensorflow
from tfexport.runtime.model import load_model

tf = start_tensorflow()
Module: Any = tf.Module

KERNEL = np.arange(15, dtype=np.float32).reshape(5, 3)
BIAS = np.float32([1, 2, 3])
ROW = np.ones([1, 5], np.float32)


def output(directory: Path) -> Any:
    with load_model(directory) as model:
        return model(ROW)["output_0"]


def write_safetensors(path: Path, tensors: dict[str, tuple[str, list[int], bytes]]) -> None:
    header, offset = {}, 0
    for name, (dtype, shape, content) in tensors.items():
        end = offset + len(content)
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(header).encode()
    path.write_bytes(
        struct.pack("<Q", len(text)) + text + b"".join(c for _, _, c in tensors.values())
    )


def test_weights_come_from_an_npz_by_path(tmp_path: Path) -> None:
    np.savez(tmp_path / "w.npz", kernel=KERNEL, bias=BIAS)
    module = CustomDense()
    save_module(module, tmp_path / "m", specs="None,5", weights=tmp_path / "w.npz")
    np.testing.assert_array_equal(output(tmp_path / "m"), ROW @ KERNEL + BIAS)


def test_weights_of_lazily_made_variables_are_found_below_lists(tmp_path: Path) -> None:
    values = {
        "layers.0.kernel": np.ones([4, 2], np.float32),
        "layers/0/bias:0": np.float32([0, 1]),
    }
    np.savez(tmp_path / "w.npz", **values)
    save_module(MLP([2]), tmp_path / "m", specs="None,4", weights=tmp_path / "w.npz")
    with load_model(tmp_path / "m") as model:
        outputs = model(np.ones([1, 4], np.float32))["output_0"]
    np.testing.assert_array_equal(outputs, [[4, 5]])


def test_weights_come_from_safetensors_with_half_precision_kept_exact(tmp_path: Path) -> None:
    pytest.importorskip("safetensors")
    kernel = KERNEL.astype(ml_dtypes.bfloat16)
    write_safetensors(
        tmp_path / "w.safetensors",
        {"kernel": ("BF16", [5, 3], kernel.tobytes()), "bias": ("F32", [3], BIAS.tobytes())},
    )
    weights = tmp_path / "w.safetensors"
    save_module(CustomDense(), tmp_path / "m", specs="None,5", weights=weights)
    np.testing.assert_array_equal(output(tmp_path / "m"), ROW @ KERNEL + BIAS)


def test_keras_variables_go_by_their_own_names(tmp_path: Path) -> None:
    keras = pytest.importorskip("keras")
    model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(3, name="head")])
    names = {variable.path: variable for variable in model.variables}
    np.savez(tmp_path / "w.npz", **{n: KERNEL if "kernel" in n else BIAS for n in names})
    save_module(model, tmp_path / "m", weights=tmp_path / "w.npz")
    np.testing.assert_array_equal(output(tmp_path / "m"), ROW @ KERNEL + BIAS)


WEIGHT_ERRORS: dict[str, tuple[dict[str, Any], str]] = {
    "no value": ({"kernel": KERNEL}, "{file} has no value for bias. Allow it with --partial."),
    "no variable": (
        {"kernel": KERNEL, "bias": BIAS, "scale": BIAS},
        "{file} has scale, for which there is no variable. Allow it with --partial.",
    ),
    "neither": (
        {"weight": KERNEL, "b": BIAS},
        "{file} has no value for kernel, bias and has weight, b, for which there is no variable. "
        "None of its names is a variable's.",
    ),
    "another shape": (
        {"kernel": KERNEL.T, "bias": BIAS},
        "'kernel' of {file} is [3, 5], and the variable kernel [5, 3].",
    ),
    "another dtype": (
        {"kernel": KERNEL.astype(complex) + 1j, "bias": BIAS},
        "'kernel' of {file} is complex128, and float32 cannot hold its values.",
    ),
}


@pytest.mark.parametrize(("values", "message"), WEIGHT_ERRORS.values(), ids=WEIGHT_ERRORS)
def test_what_finds_no_counterpart_is_an_error(
    values: dict[str, Any], message: str, tmp_path: Path
) -> None:
    file = tmp_path / "w.npz"
    np.savez(file, **values)
    with pytest.raises(InputDataError) as caught:
        save_module(CustomDense(), tmp_path / "m", specs="None,5", weights=file)
    assert str(caught.value) == message.format(file=file)
    assert not (tmp_path / "m").exists()


def test_partial_allows_variables_without_a_value(tmp_path: Path) -> None:
    np.savez(tmp_path / "w.npz", kernel=KERNEL, other=BIAS)
    module = CustomDense()
    save_module(module, tmp_path / "m", specs="None,5", weights=tmp_path / "w.npz", partial=True)
    np.testing.assert_allclose(output(tmp_path / "m"), ROW @ KERNEL + module.bias.numpy())


def test_partial_without_weights_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        save_module(CustomDense(), tmp_path / "m", specs="None,5", partial=True)
    assert str(caught.value) == (
        "--partial is for --checkpoint or --weights, and neither is given."
    )


FILE_ERRORS = {
    "missing.npz": (None, "There is no file '{file}' to read weights from."),
    "w.h5": (b"", "'{file}' is of no known format. Weights are .npz or .safetensors."),
    "w.npz": (b"nothing", "'{file}' is no .npz file."),
    "w.safetensors": (
        b"\x00" * 4,
        "'{file}' is no .safetensors file: Error while deserializing header: header too small.",
    ),
}


@pytest.mark.parametrize("name", FILE_ERRORS)
def test_a_file_that_is_none_is_an_error(name: str, tmp_path: Path) -> None:
    pytest.importorskip("safetensors")
    content, message = FILE_ERRORS[name]
    file = tmp_path / name
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(InputDataError) as caught:
        save_module(CustomDense(), tmp_path / "m", specs="None,5", weights=file)
    assert str(caught.value) == message.format(file=file)


@pytest.fixture
def trained() -> CustomDense:
    module = CustomDense()
    module.kernel.assign(KERNEL)
    module.bias.assign(BIAS)
    return module


def test_a_checkpoint_of_the_module_itself_is_restored(
    tmp_path: Path, trained: CustomDense
) -> None:
    prefix = tf.train.Checkpoint(trained).save(str(tmp_path / "training" / "ckpt"))
    save_module(CustomDense(), tmp_path / "m", specs="None,5", checkpoint=prefix)
    np.testing.assert_array_equal(output(tmp_path / "m"), ROW @ KERNEL + BIAS)


def test_a_checkpoint_of_a_training_loop_is_restored_from_its_directory(
    tmp_path: Path, trained: CustomDense
) -> None:
    step = tf.Variable(7)
    deeper = tf.train.Checkpoint(state=tf.train.Checkpoint(net=trained), step=step)
    deeper.save(str(tmp_path / "training" / "ckpt"))
    save_module(CustomDense(), tmp_path / "m", specs="None,5", checkpoint=tmp_path / "training")
    np.testing.assert_array_equal(output(tmp_path / "m"), ROW @ KERNEL + BIAS)


def test_a_checkpoint_with_a_keras_optimizer_is_restored(tmp_path: Path) -> None:
    keras = pytest.importorskip("keras")
    layers = [keras.Input((5,)), keras.layers.Dense(3)]
    model, optimizer = keras.Sequential(layers), keras.optimizers.Adam()
    optimizer.build(model.trainable_variables)
    model.layers[0].set_weights([KERNEL, BIAS])
    saved = tf.train.Checkpoint(model=model, optimizer=optimizer)
    prefix = saved.save(str(tmp_path / "ckpt"))
    fresh = keras.Sequential([keras.Input((5,)), keras.layers.Dense(3)])
    save_module(fresh, tmp_path / "m", checkpoint=prefix)
    np.testing.assert_array_equal(output(tmp_path / "m"), ROW @ KERNEL + BIAS)


def test_a_saved_model_gives_its_weights_to_a_new_one(tmp_path: Path, trained: CustomDense) -> None:
    save_module(trained, tmp_path / "first", specs="None,5")
    save_module(CustomDense(), tmp_path / "m", specs="1,5", checkpoint=tmp_path / "first")
    np.testing.assert_array_equal(output(tmp_path / "m"), ROW @ KERNEL + BIAS)


def test_a_checkpoint_of_tensorflow_1_is_restored_by_the_variables_names(tmp_path: Path) -> None:
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        variables = [v1.Variable(KERNEL, name="kernel"), v1.Variable(BIAS, name="bias")]
        session.run(v1.global_variables_initializer())
        prefix = v1.train.Saver(variables).save(session, str(tmp_path / "ckpt"))
    save_module(CustomDense(), tmp_path / "m", specs="None,5", checkpoint=prefix)
    np.testing.assert_array_equal(output(tmp_path / "m"), ROW @ KERNEL + BIAS)


def test_a_table_is_restored_with_the_checkpoint(tmp_path: Path) -> None:
    class Lookup(Module):
        def __init__(self) -> None:
            super().__init__()
            self.table = tf.lookup.experimental.MutableHashTable(tf.string, tf.int64, -1)
            self.scale = tf.Variable(2, dtype=tf.int64)

        def __call__(self, words: Any) -> Any:
            return self.table.lookup(words) * self.scale

    trained = Lookup()
    trained.table.insert(["a"], [21])
    prefix = tf.train.Checkpoint(model=trained).save(str(tmp_path / "ckpt"))
    save_module(Lookup(), tmp_path / "m", specs="None:string", checkpoint=prefix)
    with load_model(tmp_path / "m") as model:
        assert model(np.array([b"a", b"b"], object))["output_0"].tolist() == [42, -2]


def test_a_checkpoint_without_a_value_for_a_variable_is_an_error(
    tmp_path: Path, trained: CustomDense
) -> None:
    prefix = tf.train.Checkpoint(kernel=trained.kernel, step=tf.Variable(1)).save(
        str(tmp_path / "ckpt")
    )
    with pytest.raises(InputDataError) as caught:
        save_module(CustomDense(), tmp_path / "m", specs="None,5", checkpoint=prefix)
    assert str(caught.value) == (
        f"{prefix} has no value for bias and has step/.ATTRIBUTES/VARIABLE_VALUE, for which "
        "there is no variable. Allow it with --partial."
    )
    save_module(CustomDense(), tmp_path / "m", specs="None,5", checkpoint=prefix, partial=True)


def test_a_checkpoint_of_another_shape_is_an_error(tmp_path: Path, trained: CustomDense) -> None:
    prefix = tf.train.Checkpoint(trained).save(str(tmp_path / "ckpt"))
    with pytest.raises(InputDataError) as caught:
        save_module(CustomDense(6), tmp_path / "m", specs="None,6", checkpoint=prefix)
    assert str(caught.value) == (f"'kernel' of {prefix} is [5, 3], and the variable kernel [6, 3].")


def test_what_is_no_checkpoint_is_an_error(tmp_path: Path) -> None:
    for path, message in (
        (tmp_path, f"There is no checkpoint in {tmp_path}: no file 'checkpoint' names one."),
        (
            tmp_path / "ckpt-1",
            f"There is no checkpoint '{tmp_path / 'ckpt-1'}'. Expected a directory, or a prefix "
            "such as 'training/ckpt-1' beside 'training/ckpt-1.index'.",
        ),
    ):
        with pytest.raises(InputDataError) as caught:
            save_module(CustomDense(), tmp_path / "m", specs="None,5", checkpoint=path)
        assert str(caught.value) == message


def cut_index(prefix: Path) -> None:
    index = Path(f"{prefix}.index")
    index.write_bytes(index.read_bytes()[:-10])


def remove_data(prefix: Path) -> None:
    Path(f"{prefix}.data-00000-of-00001").unlink()


def cut_data(prefix: Path) -> None:
    data = Path(f"{prefix}.data-00000-of-00001")
    data.write_bytes(data.read_bytes()[:20])


def flip_data(prefix: Path) -> None:
    data = Path(f"{prefix}.data-00000-of-00001")
    content = data.read_bytes()
    data.write_bytes(bytes([content[0] ^ 1]) + content[1:])


CHECKPOINT_DAMAGES = {
    cut_index: "not an sstable (bad magic number)",
    remove_data: "{prefix}.data-00000-of-00001; No such file or directory",
    cut_data: "Read less bytes than requested",
    flip_data: "TensorBundle at {prefix} shard 0 (60 bytes): Checksum does not match: stored "
    "2128232308 vs. calculated on the restored bytes 190946095",
}


@pytest.mark.parametrize("damage", CHECKPOINT_DAMAGES)
def test_a_damaged_checkpoint_is_one_line(
    damage: Callable[[Path], None], tmp_path: Path, trained: CustomDense
) -> None:
    prefix = Path(tf.train.Checkpoint(trained).save(str(tmp_path / "ckpt")))
    damage(prefix)
    with pytest.raises(InputDataError) as caught:
        save_module(CustomDense(), tmp_path / "m", specs="None,5", checkpoint=prefix)
    reason = CHECKPOINT_DAMAGES[damage].format(prefix=prefix)
    assert str(caught.value) == f"The checkpoint {prefix} is damaged or incomplete: {reason}."
    assert not (tmp_path / "m").exists()
