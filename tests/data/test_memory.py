"""Memory does not grow with the number of rows, whatever the format."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.data.feeds import feed
from tfexport.data.writing import open_sink
from tfexport.spec import parse_spec

ROWS, WIDTH, SIZE = 8_000, 64, 64
WHOLE = ROWS * WIDTH * 4
VALUES = np.arange(ROWS * WIDTH, dtype=np.float32).reshape(ROWS, WIDTH) % 1000
SPEC = f"x=None,{WIDTH}"


def save_csv(path: Path) -> None:
    header = ",".join(f"x[{at}]" for at in range(WIDTH))
    np.savetxt(path, VALUES, "%g", ",", header=header, comments="")


def save_jsonl(path: Path) -> None:
    path.write_text("".join(f"{json.dumps({'x': row})}\n" for row in VALUES.tolist()))


def measure(run: Callable[[], None]) -> int:
    """The most bytes that Python and numpy held at once."""
    run()  # what is imported or built once for good is not what grows
    tracemalloc.start()
    try:
        run()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("name", "save"),
    [
        ("x.npy", lambda path: np.save(path, VALUES)),
        ("x.npz", lambda path: np.savez(path, x=VALUES)),
        ("x.csv", save_csv),
        ("x.jsonl", save_jsonl),
    ],
)
def test_reading_in_batches_holds_a_few_of_them(
    tmp_path: Path, name: str, save: Callable[[Path], None]
) -> None:
    save(tmp_path / name)

    def run() -> None:
        rows = sum(len(batch["x"]) for batch in feed(tmp_path / name, SPEC).batches(SIZE))
        assert rows == ROWS

    assert measure(run) < WHOLE / 4


@pytest.mark.parametrize("name", ["o.npy", "o.npz", "o.csv", "o.jsonl", "o.json", "folder"])
def test_writing_in_batches_holds_a_few_of_them(tmp_path: Path, name: str) -> None:
    def run() -> None:
        with open_sink(tmp_path / name, [parse_spec(SPEC)], with_rows={"x"}, force=True) as sink:
            for start in range(0, ROWS // 2, SIZE):
                sink.write({"x": VALUES[start : start + SIZE]})

    assert measure(run) < WHOLE / 4
