"""Makes what the benchmarks work on, in processes of their own: models by tfexport, and arrays."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

_ROWS = """
import sys
import numpy
path, rows, features = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
out = numpy.lib.format.open_memmap(path, "w+", "float32", (rows, features))
generator = numpy.random.default_rng(0)
for start in range(0, rows, 65536):
    part = out[start : start + 65536]
    part[...] = generator.random(part.shape, "float32")
out.flush()
"""

_READ = """
import sys
buffer = bytearray(1 << 20)
for name in sys.argv[1:]:
    with open(name, "rb", buffering=0) as file:
        while file.readinto(buffer):
            pass
"""

# Runs the rest of its command line after the files have been taken out of the page cache.
_COLD = """
import os
import sys
end = sys.argv.index("--")
for name in sys.argv[1:end]:
    file = os.open(name, os.O_RDONLY)
    os.fsync(file)
    os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(file)
os.execv(sys.argv[end + 1], sys.argv[end + 1:])
"""


def save(target: str, directory: Path, *options: str) -> Path:
    """Save a module with ``tfexport save`` and give the directory. Raises CalledProcessError."""
    command = [sys.executable, "-m", "tfexport", "save", target, "-o", directory, *options]
    subprocess.run([*map(str, command), "--quiet"], check=True, stdout=subprocess.DEVNULL)
    return directory


def make_large(directory: Path, kind: str, size: int) -> Path:
    """Write a SavedModel of ``size`` bytes, of a kind of large_models, and give the directory."""
    words = [sys.executable, "-m", "benchmarks.large_models", kind, str(directory), str(size)]
    subprocess.run(words, check=True, capture_output=True)
    return directory


def write_rows(path: Path, rows: int, features: int) -> Path:
    """Write an .npy of random float32 [rows, features]; the same values each time."""
    subprocess.run([sys.executable, "-c", _ROWS, path, str(rows), str(features)], check=True)
    return path


def tfexport(*words: str | Path) -> list[str | Path]:
    """The command line of tfexport as the environment that runs this has it."""
    return [sys.executable, "-m", "tfexport", *words]


def read_all(*files: Path) -> list[str | Path]:
    """A command that reads files from their beginning to their end, and does nothing else."""
    return [sys.executable, "-c", _READ, *files]


def from_disk(command: Sequence[str | Path], *files: Path) -> list[str | Path]:
    """The command, begun when nothing of the files is in memory."""
    return [sys.executable, "-c", _COLD, *files, "--", *command]


def from_memory(command: Sequence[str | Path], *files: Path) -> list[str | Path]:
    """The command as it is: files that were read before are still in memory."""
    return list(command)


def compile_package() -> None:
    """Compile tfexport to bytecode, as an installation does and an editable one may not."""
    package = importlib.util.find_spec("tfexport")
    assert package is not None and package.submodule_search_locations is not None
    words = [sys.executable, "-m", "compileall", "-q", *package.submodule_search_locations]
    subprocess.run(words, check=True)
