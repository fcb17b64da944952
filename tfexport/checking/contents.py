"""What a file is by its first bytes: an executable, a pickle, a script."""

from __future__ import annotations

import pickletools
import zipfile
from collections.abc import Iterator
from pathlib import Path

_HEAD = 1 << 16
_MOST_MEMBERS = 1000
_MOST_OPCODES = 2000

_MAGIC = (
    (b"\x7fELF", "an executable or shared library (ELF)"),
    (b"MZ", "an executable or shared library (Windows)"),
    (b"\xfe\xed\xfa\xce", "an executable or shared library (macOS)"),
    (b"\xfe\xed\xfa\xcf", "an executable or shared library (macOS)"),
    (b"\xce\xfa\xed\xfe", "an executable or shared library (macOS)"),
    (b"\xcf\xfa\xed\xfe", "an executable or shared library (macOS)"),
    (b"\xca\xfe\xba\xbe", "an executable (macOS) or Java bytecode"),
    (b"#!", "a script"),
    (b"\0asm", "a WebAssembly program"),
)
_SUFFIXES = {
    ".py": "Python code",
    ".pyc": "Python bytecode",
    ".sh": "a script",
    ".bat": "a script",
    ".ps1": "a script",
}
_NUMPY = b"\x93NUMPY"
# What a pickle needs to do anything: name a thing of a module, and call it.
_NAMES = frozenset({"GLOBAL", "STACK_GLOBAL", "INST"})
_PICKLE_STARTS = tuple(bytes([0x80, protocol]) for protocol in range(2, 6))
_OLD_PICKLE_STARTS = (b"(", b"c", b"]", b"}", b")")
_PICKLE_NAMES = (".pkl", ".pickle", ".joblib")


def recognise_program(path: Path) -> str | None:
    """What kind of program a file is, as a phrase, or None where it is none.

    Only its first bytes are looked at, and its name; nothing of it is run.
    """
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError:
        return None
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    if _is_pickle(head):
        return "a pickle, which runs code when it is loaded"
    if head.startswith(_NUMPY) and _holds_objects(head):
        return "an array of Python objects, a pickle, which runs code when it is loaded"
    if head.startswith(b"PK") and any(_pickles_of(path)):
        return "an archive with a pickle in it, which runs code when it is loaded"
    return _SUFFIXES.get(path.suffix.lower())


def _is_pickle(head: bytes) -> bool:
    is_new = head.startswith(_PICKLE_STARTS)
    if not is_new and not head.startswith(_OLD_PICKLE_STARTS):
        return False
    names = False
    opcodes = 0
    try:
        for opcode, _, _ in pickletools.genops(head):
            opcodes += 1
            names = names or opcode.name in _NAMES
            if opcode.name == "STOP":
                break
            if opcodes > _MOST_OPCODES:
                break
    except Exception:  # whatever the bytes make of its parser: they are no (whole) pickle
        return is_new and (names or opcodes > 3)
    return is_new or names


def _holds_objects(head: bytes) -> bool:
    return b"'descr': '|O'" in head[:256]


def _pickles_of(path: Path) -> Iterator[str]:
    try:
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist()[:_MOST_MEMBERS]:
                if name.lower().endswith(_PICKLE_NAMES):
                    yield name
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError):
        return
