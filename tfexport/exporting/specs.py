"""What users write of a signature: its method, specs, constants, names of outputs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tfexport.errors import SpecError, UsageError
from tfexport.exporting.arguments import parse_value
from tfexport.spec import TensorSpec, parse_spec

DENSE, RAGGED, SPARSE = "dense", "ragged", "sparse"
DEFAULT_SIGNATURE = "serving_default"


@dataclass(frozen=True)
class Entry:
    """A signature to be, and the method that it calls."""

    signature: str
    method: str


@dataclass(frozen=True)
class InputSpec:
    """A tensor that a signature takes, as the user gave it.

    A ``signature`` of None is the only one, or the default one. ``form`` is ``dense``, ``ragged``
    or ``sparse``. ``own`` is the ``tf.TypeSpec`` where the user gave one that says more than that.
    """

    signature: str | None
    tensor: TensorSpec
    form: str = DENSE
    own: Any = field(default=None, repr=False)

    def __str__(self) -> str:
        suffix = "" if self.form == DENSE else f":{self.form}"
        return f"{_prefix(self.signature)}{self.tensor}{suffix}"


@dataclass(frozen=True)
class Constant:
    """A Python value that a parameter has in a signature: ``training=False``."""

    signature: str | None
    name: str
    value: object

    def __str__(self) -> str:
        return f"{_prefix(self.signature)}{self.name}={self.value!r}"


@dataclass(frozen=True)
class OutputName:
    """A new name for an output. An ``old`` of None is the only output."""

    signature: str | None
    old: str | None
    new: str

    def __str__(self) -> str:
        old = "" if self.old is None else f"{self.old}="
        return f"{_prefix(self.signature)}{old}{self.new}"


def parse_input_spec(text: str) -> InputSpec:
    """Read ``[SIGNATURE/][NAME=]DIM,DIM…[:DTYPE][:ragged|:sparse]``.

    Raises SpecError, in one line.

    >>> parse_input_spec("encode/x=None,5")
    InputSpec(signature='encode', tensor=TensorSpec(name='x', dtype='float32', shape=(None, 5)), \
form='dense')
    >>> parse_input_spec("None,None:int64:ragged").form
    'ragged'
    """
    signature, rest = _split_signature(text, "Spec")
    start, colon, end = rest.rpartition(":")
    form = end.strip().lower() if colon and end.strip().lower() in (RAGGED, SPARSE) else DENSE
    tensor = parse_spec(rest if form == DENSE else start)
    _check_form(text, tensor, form)
    return InputSpec(signature, tensor, form)


def parse_constant(text: str) -> Constant:
    """Read ``[SIGNATURE/]NAME=VALUE``: a Python literal, else a string. Raises UsageError.

    >>> parse_constant("encode/training=False")
    Constant(signature='encode', name='training', value=False)
    """
    target, equals, value = text.partition("=")
    if not equals:
        raise UsageError(f"Constant '{text}': expected NAME=VALUE, as in 'training=False'.")
    return make_constant(target, parse_value(value))


def make_constant(target: str, value: object) -> Constant:
    """A constant for ``[SIGNATURE/]NAME``; a number of NumPy's becomes Python's.

    Raises UsageError for an array, which ``tf.function`` would make an input of, and for what is
    no parameter's name.
    """
    signature, name = _split_signature(target, "Constant")
    if not name.strip().isidentifier():
        raise UsageError(f"Constant '{target}={value!r}': '{name}' is no parameter's name.")
    return Constant(signature, name.strip(), _without_arrays(target, value))


def _without_arrays(target: str, value: Any) -> Any:
    if type(value) in (list, tuple):
        return type(value)(_without_arrays(target, item) for item in value)
    if isinstance(value, type) or not hasattr(value, "__array__"):
        return value
    if hasattr(value, "item") and value.shape == ():
        return value.item()
    raise UsageError(
        f"Constant '{target}' has an array, and TensorFlow makes an input of one. "
        "Give it a spec, or make it an attribute of the module."
    )


def parse_output_name(text: str) -> OutputName:
    """Read ``[SIGNATURE/][OLD=]NEW``; without OLD it is for the only output. Raises UsageError.

    >>> parse_output_name("output_0=scores")
    OutputName(signature=None, old='output_0', new='scores')
    """
    target, equals, new = text.rpartition("=")
    if equals:
        signature, old = _split_signature(target, "Output name")
        return OutputName(signature, old, new)
    signature, new = _split_signature(text, "Output name")
    return OutputName(signature, None, new)


def parse_entry(text: str) -> Entry:
    """Read ``[NAME=]METHOD``; ``__call__`` is named serving_default, any other like the method."""
    name, equals, method = text.rpartition("=")
    if not method or (equals and not name):
        raise UsageError(f"Signature '{text}': expected [NAME=]METHOD, as in 'encode'.")
    return Entry(name, method) if equals else default_entry(method)


def default_entry(method: str) -> Entry:
    """A method under the name that it has when none is given."""
    return Entry(DEFAULT_SIGNATURE if method == "__call__" else method, method)


def _prefix(signature: str | None) -> str:
    return "" if signature is None else f"{signature}/"


def _split_signature(text: str, kind: str) -> tuple[str | None, str]:
    signature, slash, rest = text.rpartition("/")
    if slash and not signature:
        raise SpecError(f"{kind} '{text}': no signature's name stands before the '/'.")
    return signature or None, rest


def _check_form(text: str, tensor: TensorSpec, form: str) -> None:
    if form == DENSE:
        return
    if tensor.shape is None:
        raise SpecError(f"Spec '{text}': a {form} tensor needs a rank, as in 'None,None:{form}'.")
    if form == RAGGED and None not in tensor.shape[1:]:
        raise SpecError(
            f"Spec '{text}': no dimension after the first is ragged. "
            f"Write it as None, as in 'None,None:{tensor.dtype}:ragged'."
        )
