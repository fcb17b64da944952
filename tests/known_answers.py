"""SavedModels that other people made, where the folder with them is there, and their answers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parent.parent.parent / "shared" / "savedmodels"

needs_shared_models = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="the folder with other people's SavedModels is not here"
)


@dataclass(frozen=True)
class KnownAnswer:
    """What a signature of a model answers (None: the default signature).

    TensorFlow's Python loader refuses some models that the C library runs; ``refused`` is a
    pattern of what it says then.
    """

    model: str
    signature: str | None
    inputs: dict[str, Any]
    outputs: dict[str, Any]
    refused: str | None = None


HALF_PLUS_TWO = {"x": [[1.0], [2.0], [3.0]]}, {"y": [[2.5], [3.0], [3.5]]}

KNOWN_ANSWERS = (
    KnownAnswer("half_plus_two_v1", None, *HALF_PLUS_TWO),
    KnownAnswer("half_plus_two_pbtxt", None, *HALF_PLUS_TWO),
    KnownAnswer("half_plus_two_main_op", None, *HALF_PLUS_TWO),
    KnownAnswer("half_plus_two_tf2", None, {"x": [1.0]}, {"y": [2.5]}),
    KnownAnswer("half_plus_two_tf2", None, {}, {"y": [2.0]}),
    KnownAnswer(
        "half_plus_three",
        None,
        HALF_PLUS_TWO[0],
        {"y": [[3.5], [4.0], [4.5]]},
        refused="Shapes? must be",
    ),
    KnownAnswer("counter", "get_counter", {}, {"output": 0.0}, refused="has a reference type"),
    KnownAnswer(
        "counter",
        "incr_counter_by",
        {"delta": 3.0},
        {"output": 3.0},
        refused="has a reference type",
    ),
    KnownAnswer("vars_and_arithmetic", None, {"a": 1.0, "b": 1.0}, {"output_0": 7.0}),
    KnownAnswer("static_hash_table", None, {"word": ["hello world"]}, {"output_0": [-1]}),
    KnownAnswer("asset_module", None, {}, {"output_0": b"TEST ASSET FILE CONTENTS\n"}),
)
