"""State that is put back: whatever writes it, and without a copy of what is only read."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tfexport.exporting.keeping import kept_state
from tfexport.exporting.starting import start_tensorflow

tf = start_tensorflow()
Module: Any = tf.Module


@pytest.fixture
def module() -> Any:
    holder = Module()
    holder.weights = tf.Variable([1.0, 2.0, 3.0])
    holder.table = tf.lookup.experimental.MutableHashTable(tf.string, tf.int64, -1)
    holder.table.insert(["a"], [1])
    return holder


def scatter(module: Any) -> None:
    module.weights.scatter_update(tf.IndexedSlices([9.0], [1]))


def scatter_after_a_gather(module: Any) -> None:
    tf.gather(module.weights, [0])
    scatter(module)


def raw_operation(module: Any) -> None:
    tf.raw_ops.AssignAddVariableOp(resource=module.weights.handle, value=tf.ones(3))


def function(module: Any) -> None:
    tf.function(lambda: module.weights.assign_add(tf.ones(3)))()


def twice(module: Any) -> None:
    module.weights.assign(tf.zeros(3))
    module.weights.assign_sub(tf.ones(3))


def slices(module: Any) -> None:
    module.weights[1:].assign([7.0, 7.0])


def gradient(module: Any) -> None:
    keras = pytest.importorskip("keras")
    keras.optimizers.SGD(0.1).apply_gradients([(tf.ones(3), module.weights)])


WRITERS = [scatter, scatter_after_a_gather, raw_operation, function, twice, slices, gradient]


@pytest.mark.parametrize("write", WRITERS)
def test_a_variable_is_put_back_whatever_writes_it(write: Any, module: Any) -> None:
    with kept_state(module):
        write(module)
        assert module.weights.numpy().tolist() != [1, 2, 3]
    assert module.weights.numpy().tolist() == [1, 2, 3]


def test_a_table_is_put_back(module: Any) -> None:
    with kept_state(module):
        module.table.insert(["a", "b"], [5, 6])
        module.table.remove(tf.constant(["a"]))
    assert module.table.lookup(tf.constant(["a", "b"])).numpy().tolist() == [1, -1]


def test_state_is_put_back_after_an_error(module: Any) -> None:
    with pytest.raises(KeyError), kept_state(module):
        twice(module)
        raise KeyError
    assert module.weights.numpy().tolist() == [1, 2, 3]


def test_kept_on_failure_only_leaves_a_success_as_it_is(module: Any) -> None:
    with kept_state(module, on_failure_only=True):
        module.weights.assign([4, 5, 6])
    with pytest.raises(KeyError), kept_state(module, on_failure_only=True):
        twice(module)
        raise KeyError
    assert module.weights.numpy().tolist() == [4, 5, 6]


def test_one_block_inside_another_puts_back_its_own(module: Any) -> None:
    with kept_state(module):
        module.weights.assign([4, 5, 6])
        with kept_state(module):
            twice(module)
        assert module.weights.numpy().tolist() == [4, 5, 6]
    assert module.weights.numpy().tolist() == [1, 2, 3]


def test_a_variable_made_meanwhile_is_put_back_to_how_it_was_made(module: Any) -> None:
    with kept_state(module) as state:
        module.late = tf.Variable([1, 2])
        module.late.assign([3, 4])
    assert [id(variable) for variable in state.made] == [id(module.late)]
    assert module.late.numpy().tolist() == [1, 2]


def test_nothing_of_tensorflow_stays_changed(module: Any) -> None:
    from tensorflow.python import pywrap_tfe

    before = dict(vars(pywrap_tfe))
    with kept_state(module), kept_state(module):
        twice(module)
    assert vars(pywrap_tfe) == before


def resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_large_table_that_is_only_read_is_not_copied() -> None:
    holder = Module()
    holder.table = tf.Variable(tf.ones([1 << 14, 1 << 12]))  # 256 MiB
    before = resident_bytes()
    with kept_state(holder):
        rows = tf.gather(holder.table, [0, 5])
        assert resident_bytes() - before < 64e6
    np.testing.assert_array_equal(rows, np.ones([2, 1 << 12]))
