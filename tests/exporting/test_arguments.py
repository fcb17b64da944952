"""``--arg``: Python literals, else strings; nothing is evaluated."""

from __future__ import annotations

import pytest

from tfexport.exporting.arguments import Argument, parse_argument


@pytest.mark.parametrize(
    ("text", "argument"),
    [
        ("3", Argument(None, 3)),
        ("-1.5", Argument(None, -1.5)),
        ("units=3", Argument("units", 3)),
        ("widths=[16, 2]", Argument("widths", [16, 2])),
        ("shape=(1, 2)", Argument("shape", (1, 2))),
        ("options={'a': True}", Argument("options", {"a": True})),
        ("bias=None", Argument("bias", None)),
        ("activation=relu", Argument("activation", "relu")),
        ("activation='relu'", Argument("activation", "relu")),
        ("empty=", Argument("empty", "")),
        ("path=a=b", Argument("path", "a=b")),
        ("two words", Argument(None, "two words")),
        ("1x=2", Argument(None, "1x=2")),
        ("code=__import__('os').getcwd()", Argument("code", "__import__('os').getcwd()")),
        ("deep=" + "(" * 500, Argument("deep", "(" * 500)),
    ],
)
def test_an_argument_is_a_literal_or_a_string(text: str, argument: Argument) -> None:
    assert parse_argument(text) == argument
