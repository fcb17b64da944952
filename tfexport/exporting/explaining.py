"""What TensorFlow says at length when it traces Python, said in a sentence, with the remedy."""

from __future__ import annotations

import ast
import re
from pathlib import Path

# What a message has in it: what is meant, and what to do.
_EXPLANATIONS = {
    r"Cannot convert a symbolic (tf\.)?Tensor": (
        "NumPy is called on a tensor, which has no value yet while it is traced. "
        "Use the function of TensorFlow for it, such as tf.reduce_mean for np.mean."
    ),
    r"only supports singleton tf\.Variables|tried to create variables on (a )?non-first call": (
        "a variable is made in every call, and a graph cannot make any. "
        "Make it once, in __init__ or where an attribute is still None."
    ),
    r"as a Python `?bool`?": (
        "Python asks whether a tensor is true, which has no value yet while it is traced, and "
        "AutoGraph does not reach there. Use tf.where or tf.cond, or an if statement of its own."
    ),
    r"Iterating over a symbolic": (
        "Python iterates over a tensor, which has no value yet while it is traced, and AutoGraph "
        "does not reach there. Use tf.map_fn or tf.unstack, or a for statement of its own."
    ),
}


def explain(error: BaseException, file: str | None, line: int | None) -> str | None:
    """A sentence on a TensorFlow error that is long by itself, or None for any other."""
    message = str(error)
    if "input_signature" in message and file is not None and line is not None:
        return _explain_first_parameter(file, line)
    for pattern, explanation in _EXPLANATIONS.items():
        if re.search(pattern, message):
            return explanation
    return None


def _explain_first_parameter(file: str, line: int) -> str | None:
    """TensorFlow leaves the first parameter out of the signature where it is called ``self``."""
    function = _find_method(file, line)
    if function is None or not function.args.args:
        return None
    first = function.args.args[0].arg
    if first == "self" or any(_name(d) == "staticmethod" for d in function.decorator_list):
        return None
    return (
        f"the first parameter of {function.name} is called '{first}', and TensorFlow takes it for "
        f"an input of the input_signature. Call it self."
    )


def _find_method(file: str, line: int) -> ast.FunctionDef | None:
    """The method in whose decorators or first line ``line`` lies."""
    try:
        tree = ast.parse(Path(file).read_text(encoding="utf-8"))
    except (OSError, ValueError, SyntaxError):
        return None
    for owner in ast.walk(tree):
        for node in owner.body if isinstance(owner, ast.ClassDef) else ():
            if isinstance(node, ast.FunctionDef) and _first_line(node) <= line <= node.lineno:
                return node
    return None


def _first_line(node: ast.FunctionDef) -> int:
    return min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else ""
