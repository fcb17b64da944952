"""``python -m tfexport`` and the console command."""

import gc
import io
import os
import sys
from typing import NoReturn


def main() -> None:
    """Run the command line and end the process with its exit code."""
    # The default, 700, searches for cycles some 30 times while modules are imported: 8 ms of 110.
    gc.set_threshold(100_000)
    _write_anything()
    try:
        from tfexport.cli.main import run_command_line
    except KeyboardInterrupt:  # half of the time that --help takes is spent here
        sys.stderr.write("Error: Interrupted.\n")
        _exit(130)

    _exit(run_command_line(own_process=True))


def _write_anything() -> None:
    # To a place that takes ASCII only, a box or a name from a model is written as an escape.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _exit(code: int) -> NoReturn:
    # Taking the interpreter apart object by object takes 10 ms, and nothing here needs it.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
