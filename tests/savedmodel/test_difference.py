"""What changed between two models, and whether a client of the first would fail on the second."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tfexport.savedmodel.description import (
    ConcreteFunction,
    Default,
    Function,
    OpCount,
    Signature,
    SignatureTensor,
    Variable,
)
from tfexport.savedmodel.difference import (
    Change,
    OpChange,
    SignatureChange,
    compare_functions,
    compare_ops,
    compare_signatures,
    compare_texts,
    compare_variables,
)
from tfexport.spec import Shape

X = SignatureTensor("x", "float32", (None, 5), tensor_name="x:0")
Y = SignatureTensor("y", "float32", (None, 3), tensor_name="y:0")
PREDICT = "tensorflow/serving/predict"
SERVE = Signature("serve", PREDICT, (X,), (Y,))


def compare(first: Signature, second: Signature) -> SignatureChange:
    (change,) = compare_signatures([first], [second])
    return change


def test_equal_signatures_are_no_change() -> None:
    other_tensor = replace(SERVE, inputs=(replace(X, tensor_name="another:0"),))
    assert compare_signatures([SERVE], [other_tensor]) == ()


def test_a_signature_that_is_gone_breaks_and_a_new_one_does_not() -> None:
    other = replace(SERVE, name="other")
    assert compare_signatures([SERVE], [other]) == (
        SignatureChange("added", "other", False),
        SignatureChange("removed", "serve", True),
    )


def test_another_kind_of_call_breaks() -> None:
    change = compare(SERVE, replace(SERVE, method_name="tensorflow/serving/classify"))
    assert change.breaking
    assert change.method is not None and change.method.why == "another kind of call"


def judge_input(before: SignatureTensor | None, after: SignatureTensor | None) -> str | None:
    change = compare(
        replace(SERVE, inputs=() if before is None else (before,)),
        replace(SERVE, inputs=() if after is None else (after,)),
    )
    (found,) = change.inputs
    assert change.breaking is found.breaking is (found.why is not None)
    return found.why


def judge_output(before: SignatureTensor | None, after: SignatureTensor | None) -> str | None:
    change = compare(
        replace(SERVE, outputs=() if before is None else (before,)),
        replace(SERVE, outputs=() if after is None else (after,)),
    )
    (found,) = change.outputs
    return found.why


DEFAULT = Default("float32", (), "0.0")


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        (X, None, "a client gives it, and it is not there any more"),
        (None, X, "it must be given"),
        (None, replace(X, default=DEFAULT), None),
        (replace(X, default=DEFAULT), X, "it has no default any more"),
        (X, replace(X, default=DEFAULT), None),
        (replace(X, default=DEFAULT), replace(X, default=replace(DEFAULT, value="1.0")), None),
        (X, replace(X, dtype="float64"), "another dtype"),
        (X, replace(X, encoding="sparse"), "another encoding"),
        (X, replace(X, graph_dtype="int32", graph_shape=(None, 5)), "another dtype"),
    ],
)
def test_what_a_client_gives(before: Any, after: Any, why: str | None) -> None:
    assert judge_input(before, after) == why


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        ((None, 5), (1, 5), "a narrower shape"),
        ((None, 5), (None, None), None),
        ((1, 5), (None, 5), None),
        ((1, 5), (2, 5), "another shape"),
        ((None, 5), (None, 6), "another shape"),
        ((None, 5), (5,), "another rank"),
        (None, (None, 5), "a narrower shape"),
        ((None, 5), None, None),
        ((), (1,), "another rank"),
    ],
)
def test_shapes_of_inputs(before: Shape | None, after: Shape | None, why: str | None) -> None:
    assert judge_input(replace(X, shape=before), replace(X, shape=after)) == why


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        (Y, None, "a client reads it, and it is not there any more"),
        (None, Y, None),
        (Y, replace(Y, dtype="float64"), "another dtype"),
        (Y, replace(Y, shape=(None, 4)), "another shape"),
        (Y, replace(Y, shape=(3,)), "another shape"),
        (Y, replace(Y, shape=(2, 3)), None),
        (Y, replace(Y, shape=None), None),
    ],
)
def test_what_a_client_reads(before: Any, after: Any, why: str | None) -> None:
    assert judge_output(before, after) == why


def test_a_change_says_what_it_was_and_is() -> None:
    change = compare(SERVE, replace(SERVE, inputs=(replace(X, shape=(1, 5), default=DEFAULT),)))
    assert change.inputs == (
        Change(
            "changed",
            "x",
            "float32 [?, 5]",
            "float32 [1, 5], default 0.0",
            True,
            "a narrower shape",
        ),
    )


def variable(name: str, **values: Any) -> Variable:
    return Variable(**{"name": name, "dtype": "float32", "shape": (3,), **values})


def test_variables_by_their_place() -> None:
    first = [variable("v", object_path="a"), variable("v", object_path="b")]
    second = [variable("v", object_path="a", shape=(4,)), variable("v", object_path="c")]
    changes, pairs = compare_variables(first, second)
    assert changes == (
        Change("changed", "a", "float32 [3]", "float32 [4]"),
        Change("removed", "b", "float32 [3]", None),
        Change("added", "c", None, "float32 [3]"),
    )
    assert pairs == ((first[0], second[0]),)


def test_variables_by_their_name_where_that_tells_them_apart() -> None:
    # Keras keeps its variables in lists whose order changes.
    first = [variable("kernel", object_path="all.0"), variable("bias", object_path="all.1")]
    second = [variable("bias", object_path="all.0"), variable("kernel", object_path="all.1")]
    changes, pairs = compare_variables(first, second)
    assert changes == ()
    assert pairs == ((first[0], second[1]), (first[1], second[0]))


def test_copies_of_variables_are_left_out() -> None:
    copy = variable("v", object_path="copy", copy_of="v")
    changes, pairs = compare_variables([variable("v")], [variable("v"), copy])
    assert (changes, len(pairs)) == ((), 1)


def test_a_variable_that_is_not_trained_any_more() -> None:
    changes, _ = compare_variables([variable("v")], [variable("v", trainable=False)])
    assert changes[0].after == "float32 [3], not trainable"


def test_ops_by_how_much_they_changed() -> None:
    first = [OpCount("A", 1, 2, 5), OpCount("B", 1, 0), OpCount("C", 4, 0)]
    second = [OpCount("A", 1, 2, 9), OpCount("C", 1, 1), OpCount("D", 1, 0)]
    assert compare_ops(first, second) == (
        OpChange("C", 4, 2),
        OpChange("B", 1, 0),
        OpChange("D", 0, 1),
    )


def test_functions_by_their_parameters_and_traces() -> None:
    def function(path: str, inputs: str, number: int) -> Function:
        return Function(path, "(x)", (ConcreteFunction(f"__inference_f_{number}", inputs, "y"),))

    assert compare_functions([function("f", "a", 1)], [function("f", "a", 2)]) == ()
    assert compare_functions([function("f", "a", 1)], [function("f", "b", 2)]) == (
        Change("changed", "f", "(x): a -> y", "(x): b -> y"),
    )


def test_texts_in_the_order_of_their_numbers() -> None:
    first, second = {"a10": "1", "a2": "1", "same": "x"}, {"a2": "2", "same": "x"}
    assert [change.name for change in compare_texts(first, second)] == ["a2", "a10"]
