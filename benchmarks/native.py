"""The C program that the runs are measured against: compiled against the wheel's own headers."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

_SOURCE = Path(__file__).with_name("native_run.c")
NO_COMPILER = "Skipped: the C program, since there is no C compiler here."


@dataclass(frozen=True)
class Ends:
    """What the C program has to be told of a signature: names of operations."""

    input: str
    output: str


def compile_native(folder: Path) -> Path | None:
    """Compile the program into ``folder``; None where there is no C compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    spec = importlib.util.find_spec("tensorflow")
    if compiler is None or spec is None or not spec.submodule_search_locations:
        return None
    tensorflow = Path(spec.submodule_search_locations[0])
    program = folder / "native_run"
    words: list[str | Path] = [
        compiler,
        "-O2",
        "-o",
        program,
        _SOURCE,
        "-I",
        tensorflow / "include",
    ]
    words += ["-L", tensorflow, "-l:libtensorflow_cc.so.2", "-l:libtensorflow_framework.so.2"]
    subprocess.run([*map(str, words), f"-Wl,-rpath,{tensorflow}"], check=True)
    return program


def read_ends(directory: Path) -> Ends:
    """The operations of the first input and output of ``serving_default``, as inspect has them."""
    command = [sys.executable, "-m", "tfexport", "inspect", str(directory), "--json"]
    found = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    signature = {s["name"]: s for s in found["signatures"]}["serving_default"]
    names = [signature[side][0]["tensor_name"] for side in ("inputs", "outputs")]
    return Ends(*(name.partition(":")[0] for name in names))
