"""SavedModels that no module of models/ gives: each shows one thing that inspect must tell.

Every function saves one model to the directory it is given, with TensorFlow's own Python.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

HOSTILE_NAME = "\x1b[31mred\x1b[0m [bold]x[/bold]\nnew line \u202etxt.exe"
LONG_NAME = "n" * 10_000


def save_many_outputs(directory: Path) -> None:
    """Thirteen numbered outputs, parameters out of the alphabet, a variable without elements."""
    import tensorflow as tf

    class Many(tf.Module):
        def __init__(self) -> None:
            self.empty = tf.Variable(tf.zeros([0, 3]), name="empty")

        @tf.function(
            input_signature=[
                tf.TensorSpec([None, 2], tf.float32, "second"),
                tf.TensorSpec([], tf.int32, "first"),
            ]
        )
        def __call__(self, second: Any, first: Any) -> Any:
            return [second + float(i) for i in range(12)] + [first]

    tf.saved_model.save(Many(), str(directory))


def save_sharded(directory: Path) -> None:
    """Variables of several dtypes over several data files."""
    import tensorflow as tf
    from tensorflow.python.checkpoint.sharding import sharding_policies

    class Sharded(tf.Module):
        def __init__(self) -> None:
            self.layers = [tf.Variable(tf.ones([256, 4]) * i, name="kernel") for i in range(5)]
            self.half = tf.Variable(tf.range(8, dtype=tf.float32), name="half")
            self.brain = tf.Variable(tf.cast(tf.range(6), tf.bfloat16), name="brain")
            self.flags = tf.Variable([True, False, True], trainable=False, name="flags")
            self.words = tf.Variable(["ab", "", "über"], trainable=False, name="words")
            self.counts = tf.Variable([1, -2, 3], dtype=tf.int64, trainable=False, name="counts")
            self.waves = tf.Variable([1 + 1j, 2 - 2j], dtype=tf.complex64, name="waves")
            self.odd = tf.Variable(
                [float("nan"), float("inf"), float("-inf"), 0.0, -1.5], name="odd"
            )
            self.scalar = tf.Variable(7.0, name="scalar")

        @tf.function(input_signature=[tf.TensorSpec([None, 256])])
        def __call__(self, x: Any) -> Any:
            return tf.matmul(x, self.layers[0])

    options = tf.saved_model.SaveOptions(
        experimental_sharding_callback=sharding_policies.MaxShardSizePolicy(max_shard_size=9000)
    )
    tf.saved_model.save(Sharded(), str(directory), options=options)


def save_functions(directory: Path) -> None:
    """Functions with defaults, keywords and several traces; one that was never traced; a cycle."""
    import tensorflow as tf

    class Child(tf.Module):
        def __init__(self, parent: Any) -> None:
            self.parent = parent
            self.weight = tf.Variable(2.0, name="weight")

        @tf.function
        def scale(self, x: Any, *, times: int = 2, mode: str = "fast") -> Any:
            return x * self.weight * float(times)

    class Parent(tf.Module):
        def __init__(self) -> None:
            self.child = Child(self)
            self.again = self.child

        @tf.function
        def call(self, x: Any, training: bool = False) -> Any:
            return {"scaled": self.child.scale(x), "same": x}

        @tf.function
        def never(self, x: Any) -> Any:
            return x

    module = Parent()
    module.call(tf.zeros([2]), training=True)
    module.call(tf.zeros([3, 3]))
    module.child.scale(tf.zeros([2]), times=3, mode="slow")
    tf.saved_model.save(module, str(directory))


def save_table(directory: Path) -> None:
    """A mutable table, whose contents are tensors of the checkpoint but no variables; ReadFile."""
    import tensorflow as tf

    class Table(tf.Module):
        def __init__(self) -> None:
            self.table = tf.lookup.experimental.MutableHashTable(tf.string, tf.int64, -1)
            self.table.insert(tf.constant(["a", "b"]), tf.constant([1, 2], tf.int64))

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "keys")])
        def look_up(self, keys: Any) -> Any:
            return {"found": self.table.lookup(keys), "file": tf.io.read_file(keys[0])}

    module = Table()
    tf.saved_model.save(module, str(directory), signatures={"look_up": module.look_up})


def save_metagraphs(directory: Path) -> None:
    """TensorFlow 1: two metagraphs, a sparse and a ragged input, a partitioned variable."""
    import tensorflow as tf

    v1 = tf.compat.v1
    builder = v1.saved_model.Builder(str(directory))
    with tf.Graph().as_default(), v1.Session() as session:
        sparse = v1.sparse_placeholder(tf.float32, [None, 4], name="sparse")
        ragged = v1.ragged.placeholder(tf.int32, 1, [], name="ragged")
        part = v1.get_variable(
            "embedding", [6, 4], partitioner=v1.fixed_size_partitioner(3), use_resource=False
        )
        frozen = v1.get_variable("frozen", [2], trainable=False, use_resource=True)
        whole = tf.reduce_sum(tf.concat(list(part), 0)) + tf.reduce_sum(frozen)
        total = tf.sparse.reduce_sum(sparse) + whole
        length = tf.cast(ragged.row_lengths(), tf.int32, name="length")
        session.run(v1.global_variables_initializer())
        signature = v1.saved_model.signature_def_utils.build_signature_def(
            {
                "sparse": v1.saved_model.utils.build_tensor_info(sparse),
                "ragged": v1.saved_model.utils.build_tensor_info(ragged),
            },
            {
                "total": v1.saved_model.utils.build_tensor_info(total),
                "length": v1.saved_model.utils.build_tensor_info(length),
            },
            "tensorflow/serving/predict",
        )
        builder.add_meta_graph_and_variables(
            session, ["serve", "gpu"], {"serving_default": signature}
        )
    with tf.Graph().as_default(), v1.Session() as session:
        x = v1.placeholder(tf.float32, [None], name="x")
        v1.get_variable("embedding", [6, 4])
        y = tf.identity(x, name="y")
        signature = v1.saved_model.predict_signature_def({"x": x}, {"y": y})
        builder.add_meta_graph(["train"], {"train": signature})
    builder.save()


def save_keras(directory: Path) -> None:
    """What Keras 3 exports."""
    import keras

    model = keras.Sequential(
        [
            keras.Input((8,), name="features"),
            keras.layers.Dense(16, activation="relu", name="hidden"),
            keras.layers.Dense(3, name="logits"),
        ]
    )
    model.export(str(directory), verbose=False)


def save_python(directory: Path) -> None:
    """A PyFunc inside a branch of a condition, inside the function library; a large constant."""
    import numpy as np
    import tensorflow as tf

    large = np.arange(5000, dtype=np.float32)

    class Python(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec([], tf.float32, "x")])
        def __call__(self, x: Any) -> Any:
            def branch() -> Any:
                return tf.numpy_function(lambda v: v, [x], tf.float32)

            return tf.cond(x > 0, branch, lambda: x) + tf.reduce_sum(tf.constant(large))

    tf.saved_model.save(Python(), str(directory))


def save_hostile(directory: Path) -> None:
    """Names that would break a layout: escape codes, markup, newlines, 10,000 characters."""
    import tensorflow as tf

    asset = directory.parent / "[red]\x1b[2J.txt"
    asset.write_text("words\n")

    class Hostile(tf.Module):
        def __init__(self) -> None:
            self.variable = tf.Variable([1.0, 2.0], name="hostile")
            setattr(self, LONG_NAME, tf.Variable(0.0))
            setattr(self, HOSTILE_NAME, tf.Variable(1))
            self.asset = tf.saved_model.Asset(str(asset))

        @tf.function(input_signature=[tf.TensorSpec([None], name="x")])
        def serve(self, x: Any) -> Any:
            return {HOSTILE_NAME: x + self.variable[0], LONG_NAME: x, "路径": x}

    module = Hostile()
    signatures = {HOSTILE_NAME: module.serve, "名前": module.serve}
    tf.saved_model.save(module, str(directory), signatures=signatures)


ZOO: dict[str, Callable[[Path], None]] = {
    function.__name__.removeprefix("save_"): function
    for function in (
        save_many_outputs,
        save_sharded,
        save_functions,
        save_table,
        save_metagraphs,
        save_keras,
        save_python,
        save_hostile,
    )
}
