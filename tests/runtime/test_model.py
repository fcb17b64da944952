"""``tfexport.load`` calls every signature that a model has, whatever the others are like."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import tfexport
from tfexport.errors import SavedModelError
from tfexport.exporting.starting import start_tensorflow

tf = start_tensorflow()


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """A sparse signature, one with a default, and one whose output is not in the graph."""
    directory = tmp_path / "mixed"
    v1 = tf.compat.v1
    with tf.Graph().as_default() as graph, v1.Session(graph=graph) as session:
        sparse = v1.sparse_placeholder(tf.float32, [None, 3], name="sparse")
        x = v1.placeholder(tf.float32, [None], name="x")
        scale = v1.placeholder(tf.float32, [], name="scale")
        predict = v1.saved_model.predict_signature_def
        signatures = {
            "sparse": predict({"x": sparse}, {"y": tf.sparse.to_dense(sparse)}),
            "scaled": predict({"x": x, "scale": scale}, {"y": x * scale}),
            "broken": predict({"x": x}, {"y": x}),
        }
        signatures["scaled"].defaults["scale"].CopyFrom(tf.make_tensor_proto(3.0))
        signatures["broken"].outputs["y"].name = "nowhere:0"
        builder = v1.saved_model.Builder(str(directory))
        builder.add_meta_graph_and_variables(session, ["serve"], signatures)
        builder.save()
    return directory


def test_a_sparse_input_is_given_by_its_parts(mixed: Path) -> None:
    parts = {"x.values": [5, 7], "x.indices": [[0, 1], [1, 2]], "x.dense_shape": [2, 3]}
    with tfexport.load(mixed) as model:
        assert model.signatures["sparse"](**parts)["y"].tolist() == [[0, 5, 0], [0, 0, 7]]


def test_an_input_that_has_a_default_may_be_left_out(mixed: Path) -> None:
    x = np.array([1, 2], np.float32)
    with tfexport.load(mixed) as model:
        scaled = model.signatures["scaled"]
        assert scaled(x=x)["y"].tolist() == [3, 6]
        assert scaled(x=x, scale=2)["y"].tolist() == [2, 4]


def test_a_signature_that_cannot_be_called_does_not_keep_the_others_from_it(mixed: Path) -> None:
    with tfexport.load(mixed) as model:
        with pytest.raises(SavedModelError) as raised:
            model.signatures["broken"](x=[1])
        assert str(raised.value) == (
            "Signature 'broken' names the tensor 'nowhere:0' for 'y', which is not in the graph."
        )
