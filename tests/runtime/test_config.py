"""The ``ConfigProto`` of a session: what it leaves to TensorFlow, and what it leaves out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.goldens import GOLDENS, Golden
from tfexport.data.arrays import Array
from tfexport.dtypes import numpy_dtype
from tfexport.runtime.config import SessionConfig
from tfexport.runtime.opening import read_model
from tfexport.runtime.session import open_session
from tfexport.savedmodel import protos
from tfexport.savedmodel.description import ModelDescription, Signature

SaveModel = Callable[[str], Path]


def leaves_out_regions(description: ModelDescription) -> bool:
    content = SessionConfig().serialize(description.graph)
    config = protos.config_pb2.ConfigProto.FromString(content)
    return bool(config.graph_options.rewrite_options.disable_tfg_optimizer)


def call(description: ModelDescription, config: bytes, inputs: dict[str, Any]) -> dict[str, Array]:
    (signature,) = (s for s in description.signatures if {t.name for t in s.inputs} == set(inputs))
    with open_session(Path(description.directory), description.tags, config=config) as session:
        return session.prepare(signature)(as_arrays(signature, inputs))


def as_arrays(signature: Signature, inputs: dict[str, Any]) -> dict[str, Array]:
    dtypes = {tensor.name: tensor.dtype for tensor in signature.inputs}
    return {name: np.array(v, numpy_dtype(dtypes[name])) for name, v in inputs.items()}


def require_equal(description: ModelDescription, inputs: dict[str, Any]) -> None:
    ours = call(description, SessionConfig().serialize(description.graph), inputs)
    default = call(description, b"", inputs)
    assert sorted(ours) == sorted(default)
    for name, values in default.items():
        np.testing.assert_array_equal(ours[name], values)


@pytest.mark.parametrize("golden", GOLDENS, ids=lambda golden: golden.name)
def test_the_outputs_are_those_of_tensorflows_own_settings(
    golden: Golden, saved_model: SaveModel
) -> None:
    description = read_model(saved_model(golden.name)).description
    for inputs in golden.inputs.values():
        require_equal(description, dict(inputs))


def test_what_tensorflow_fuses_gives_the_same_to_the_last_bit(tmp_path: Path) -> None:
    import tensorflow as tf

    generator = np.random.default_rng(0)

    def weights(*shape: int) -> Any:
        return tf.Variable(generator.standard_normal(shape).astype(np.float32))

    module = tf.Module()
    module.filters, module.scale, module.offset = weights(3, 3, 3, 8), weights(8), weights(8)
    module.kernel, module.bias = weights(8 * 8 * 8, 10), weights(10)

    @tf.function(input_signature=[tf.TensorSpec([None, 8, 8, 3], name="x")])
    def classify(x: Any) -> Any:
        x = tf.nn.conv2d(x, module.filters, 1, "SAME")
        x, *_ = tf.compat.v1.nn.fused_batch_norm(
            x, module.scale, module.offset, tf.zeros(8), tf.ones(8), is_training=False
        )
        x = tf.reshape(tf.nn.relu6(x), [-1, 8 * 8 * 8])
        return tf.nn.softmax(tf.nn.relu(tf.nn.bias_add(x @ module.kernel, module.bias)))

    module.classify = classify
    tf.saved_model.save(module, str(tmp_path / "m"), classify.get_concrete_function())
    description = read_model(tmp_path / "m").description
    assert leaves_out_regions(description)
    require_equal(description, {"x": generator.random((4, 8, 8, 3), np.float32)})


def test_a_model_with_branches_is_optimized_as_tensorflow_does_by_itself(tmp_path: Path) -> None:
    import tensorflow as tf

    module = tf.Module()
    module.choose = tf.function(
        lambda x: tf.cond(tf.reduce_sum(x) > 0.0, lambda: x + 1.0, lambda: x * 2.0),
        input_signature=[tf.TensorSpec([None], name="x")],
    )
    concrete = module.choose.get_concrete_function()
    tf.saved_model.save(module, str(tmp_path / "m"), concrete)
    description = read_model(tmp_path / "m").description
    assert not leaves_out_regions(description)
    require_equal(description, {"x": [1.0, 2.0]})
