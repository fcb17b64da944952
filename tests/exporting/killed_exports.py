"""Exports in child processes that are killed at random moments; run by test_kills.py.

``python -m tests.exporting.killed_exports DIRECTORY COUNT``: TensorFlow is imported once, and each
export runs in a fork of this process. Every one saves another number, so what stands at the
destination tells which of them finished. Prints a JSON list of what was found after each kill.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from pathlib import Path
from typing import Any

from tfexport.exporting.saving import save_module
from tfexport.exporting.starting import start_tensorflow
from tfexport.savedmodel.reader import read_description

tf = start_tensorflow()
import tfexport.exporting.export  # noqa: E402  so that the children need not import it
import tfexport.runtime.session  # noqa: E402, F401

KEY = "number/.ATTRIBUTES/VARIABLE_VALUE"


class Numbered(tf.Module):  # type: ignore[misc, name-defined]
    """Gives the number that it was made with. Without AutoGraph it is traced in no time."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = tf.Variable(number)
        self.ballast = tf.Variable(tf.zeros([1 << 18]))

    @tf.function(input_signature=[tf.TensorSpec([], tf.int32, name="x")], autograph=False)
    def __call__(self, x: Any) -> Any:
        return self.number + x + tf.cast(self.ballast[0], tf.int32)


def start_export(directory: Path, number: int) -> int:
    """Fork a process that saves ``number``; gives its id."""
    process = os.fork()
    if process:
        return process
    try:
        save_module(Numbered(number), directory, force=True)
    finally:
        os._exit(0)


def read_number(directory: Path) -> int:
    """The number in a SavedModel that is whole; anything else raises."""
    description = read_description(directory)
    assert not description.warnings, description.warnings
    assert (directory / "assets.extra/tfexport/manifest.json").is_file()
    return int(tf.train.load_checkpoint(str(directory / "variables/variables")).get_tensor(KEY))


def main(directory: Path, count: int) -> None:
    """Kill ``count`` exports, and print what stood there after each."""
    start = time.monotonic()
    os.waitpid(start_export(directory, 0), 0)
    duration = time.monotonic() - start
    found = [read_number(directory)]
    for number in range(1, count + 1):
        process = start_export(directory, number)
        time.sleep(random.uniform(0, 1.05 * duration))
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        found.append(read_number(directory))
    stray = sorted(path.name for path in directory.parent.iterdir())
    os.waitpid(start_export(directory, count + 1), 0)
    left = sorted(path.name for path in directory.parent.iterdir())
    found.append(read_number(directory))
    print(json.dumps({"found": found, "stray": len(stray) - 1, "left": left}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
