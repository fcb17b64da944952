"""Which signature a spec is for: ``SIGNATURE/NAME=SHAPE:DTYPE``."""

from __future__ import annotations

from dataclasses import dataclass

from tfexport.errors import SpecError
from tfexport.spec import TensorSpec, parse_spec


@dataclass(frozen=True)
class InputSpec:
    """A tensor that a signature takes, as the user gave it.

    A ``signature`` of None is the only one, or the default one.
    """

    signature: str | None
    tensor: TensorSpec

    def __str__(self) -> str:
        prefix = "" if self.signature is None else f"{self.signature}/"
        return f"{prefix}{self.tensor}"


def parse_input_spec(text: str) -> InputSpec:
    """Read ``[SIGNATURE/][NAME=]DIM,DIM…[:DTYPE]``. Raises SpecError, in one line.

    >>> parse_input_spec("encode/x=None,5")
    InputSpec(signature='encode', tensor=TensorSpec(name='x', dtype='float32', shape=(None, 5)))
    """
    signature, slash, rest = text.rpartition("/")
    if slash and not signature:
        raise SpecError(f"Spec '{text}': no signature's name stands before the '/'.")
    return InputSpec(signature or None, parse_spec(rest))
