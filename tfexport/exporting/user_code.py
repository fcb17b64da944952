"""Exceptions from the user's own code: which of their lines, and the cause in one line."""

from __future__ import annotations

import linecache
import re
import sysconfig
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tfexport.errors import TfexportError, UserCodeError
from tfexport.exporting.explaining import explain

_PACKAGE = str(Path(__file__).parents[1])
_LIBRARIES = tuple(
    {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
)
_FRAME = re.compile(r'File "(?P<file>[^"]+)", line (?P<line>\d+)')


@dataclass(frozen=True)
class Place:
    """A line of the user's code."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{_shown_path(self.file)}, line {self.line}"

    @property
    def source(self) -> str:
        """The text of the line, stripped; empty where it cannot be read."""
        return linecache.getline(self.file, self.line).strip()


@contextmanager
def guarded(doing: str) -> Iterator[None]:
    """Turn an exception of the user's code into a UserCodeError that starts with ``doing``.

    Errors of tfexport's own pass as they are; so do KeyboardInterrupt and the like.
    """
    try:
        yield
    except TfexportError:
        raise
    except SystemExit as error:
        reason = f"it exits with sys.exit({error.code!r})."
        raise UserCodeError(f"{doing} failed{show_place(find_place(error))}: {reason}") from error
    except Exception as error:
        place = find_place(error)
        raise UserCodeError(
            f"{doing} failed{show_place(place)}: {_explain_or_describe(error, place)}",
            detail=str(error),
        ) from error


def find_place(error: BaseException) -> Place | None:
    """The innermost line of the user's code that ``error`` went through."""
    if isinstance(error, SyntaxError) and error.filename and error.lineno:
        return Place(error.filename, error.lineno)
    frames = [Place(f.filename, f.lineno or 0) for f in traceback.extract_tb(error.__traceback__)]
    places = [place for place in frames + _places_in(str(error)) if is_users_file(place.file)]
    return places[-1] if places else None


def describe(error: BaseException) -> str:
    """The exception's type and the line of its message that says what is wrong."""
    text = str(error.msg) if isinstance(error, SyntaxError) else _cause_line(str(error))
    name = type(error).__name__
    return f"{name}: {text}" if text else f"{name}."


def _explain_or_describe(error: BaseException, place: Place | None) -> str:
    file, line = (None, None) if place is None else (place.file, place.line)
    return explain(error, file, line) or describe(error)


def _places_in(message: str) -> list[Place]:
    """The lines that TensorFlow's messages name: while tracing, they are not in the traceback."""
    return [Place(m["file"], int(m["line"])) for m in _FRAME.finditer(message)]


def is_users_file(file: str) -> bool:
    """Whether a file is neither Python's, nor an installed package's, nor generated."""
    if file.startswith("<") or "__autograph_generated_file" in file:
        return False
    return not file.startswith((_PACKAGE, *_LIBRARIES))


def show_place(place: Place | None) -> str:
    """`` in file.py, line 3, at 'its text'`` with its leading space; nothing for None."""
    if place is None:
        return ""
    return f" in {place}" + (f", at '{place.source}'" if place.source else "")


def _shown_path(file: str) -> str:
    path = Path(file)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else file


def _cause_line(message: str) -> str:
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    if lines[:1] == ["in user code:"]:
        # Autograph's own traceback; its last frame is followed by "Type: message".
        last = max((i for i, line in enumerate(lines) if _FRAME.search(line)), default=0)
        lines = [line for line in lines[last + 2 :] if not line.startswith("^")] or lines[-1:]
        return re.sub(r"^\w+: ", "", lines[0])
    return _without_places_in_the_graph(lines[0]) if lines else ""


def _without_places_in_the_graph(message: str) -> str:
    """``Incompatible shapes: [2] vs. [3]`` without the nodes and devices around it."""
    message = re.sub(r"\{\{.*?\}\}\s*", "", message)
    return re.sub(r"\s*\[Op:\w+\]( name:.*)?\Z", "", message)
