"""Every module of models/pitfalls ends in a line that names the place and the remedy."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.conftest import ROOT, Outcome

Run = Callable[..., Outcome]

PITFALLS = {
    "numpy_call:NumpyCall": (
        ["--spec", "None,4"],
        5,
        "Tracing NumpyCall.__call__ failed in models/pitfalls/numpy_call.py, line 15, at "
        "'return x - np.mean(x)': NumPy is called on a tensor, which has no value yet while it is "
        "traced. Use the function of TensorFlow for it, such as tf.reduce_mean for np.mean.",
    ),
    "new_variable:NewVariable": (
        ["--spec", "None"],
        5,
        "Tracing NewVariable.__call__ failed in models/pitfalls/new_variable.py, line 14, at "
        "'offset = tf.Variable(1.0, name=\"offset\")': a variable is made in every call, and a "
        "graph cannot make any. Make it once, in __init__ or where an attribute is still None.",
    ),
    "untracked_variable:UntrackedVariable": (
        ["--spec", "None"],
        5,
        "UntrackedVariable uses the variable 'scale' without tracking it in "
        "models/pitfalls/untracked_variable.py, line 14, at 'return lambda x: x * scale': it would "
        "not be saved. Make it an attribute of UntrackedVariable in __init__, on its own or in a "
        "list or dict.",
    ),
    "untracked_table:UntrackedTable": (
        ["--spec", "None:string"],
        5,
        "UntrackedTable uses a lookup table without tracking it in "
        "models/pitfalls/untracked_table.py, line 17, at 'return table.lookup(words)': it would "
        "not be saved. Make it an attribute of UntrackedTable in __init__, on its own or in a list "
        "or dict.",
    ),
    "python_branch:PythonBranch": (
        ["--spec", "None"],
        5,
        "Tracing PythonBranch.__call__ failed in models/pitfalls/python_branch.py, line 15, at "
        "'return x * next(sign for sign in (1.0, -1.0) if sign * total >= 0)': Python asks whether "
        "a tensor is true, which has no value yet while it is traced, and AutoGraph does not reach "
        "there. Use tf.where or tf.cond, or an if statement of its own.",
    ),
    "first_parameter:FirstParameter": (
        [],
        5,
        "Importing models.pitfalls.first_parameter failed in models/pitfalls/first_parameter.py, "
        "line 13, at '@tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])': the "
        "first parameter of __call__ is called 'this', and TensorFlow takes it for an input of the "
        "input_signature. Call it self.",
    ),
    "integer_keys:IntegerKeys": (
        ["--spec", "None,2"],
        2,
        "IntegerKeys.__call__ (models/pitfalls/integer_keys.py, line 12) returns a dict with the "
        "key 0. Outputs have names: write it as text, '0'.",
    ),
    "wrong_rank:WrongRank": (
        ["--spec", "None,28"],
        5,
        "Calling WrongRank.__call__ with images float32 [2, 28] failed in "
        "models/pitfalls/wrong_rank.py, line 13, at 'return tf.nn.max_pool2d(images, ksize=2, "
        'strides=2, padding="VALID")\': InvalidArgumentError: Input must be 4 or 5-dimensional',
    ),
    "contradicted_signature:ContradictedSignature": (
        ["--spec", "None,5"],
        2,
        "Spec 'x=None,5:float32' is not within the input_signature of "
        "ContradictedSignature.__call__ (models/pitfalls/contradicted_signature.py, line 13), "
        "where 'x' is float32 [?, 4].",
    ),
}

# Saved all the same, with a warning: see below.
WARNED = {"python_function"}


@pytest.fixture(autouse=True)
def _in_the_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def test_every_pitfall_is_tested() -> None:
    files = {path.stem for path in (ROOT / "models" / "pitfalls").glob("*.py")} - {"__init__"}
    assert files == {target.partition(":")[0] for target in PITFALLS} | WARNED


@pytest.mark.parametrize("target", PITFALLS)
def test_a_pitfall_is_told_in_a_line(target: str, tfexport: Run, tmp_path: object) -> None:
    options, code, message = PITFALLS[target]
    outcome = tfexport(
        "save", f"models.pitfalls.{target}", *options, "-q", "-o", f"{tmp_path}/saved"
    )
    assert outcome == Outcome(code, "", f"Error: {message}\n")


def test_the_whole_text_of_tensorflow_is_shown_for_debugging(tfexport: Run) -> None:
    target, (options, _, message) = next(iter(PITFALLS.items()))
    outcome = tfexport("save", f"models.pitfalls.{target}", *options, "-q", "--debug")
    assert outcome.stderr.endswith(f"Error: {message}\n")
    assert "NotImplementedError: " in outcome.stderr
    assert "Traceback (most recent call last):" in outcome.stderr


def test_a_python_function_is_saved_with_a_warning(tfexport: Run, tmp_path: object) -> None:
    target = "models.pitfalls.python_function:PythonFunction"
    outcome = tfexport("save", target, "--spec", "None:string", "-q", "-o", f"{tmp_path}/saved")
    assert outcome.code == 0
    assert outcome.stderr == (
        "Warning: Signature 'serving_default' calls Python in models/pitfalls/python_function.py, "
        "line 15, at 'backwards = tf.py_function(': it runs in no other process, so it was not "
        "verified. Use TensorFlow's operations instead.\n"
    )
    assert "nothing: what was saved was not called" in outcome.stdout
