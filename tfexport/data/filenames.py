"""File names for outputs: whatever a model calls one, its file stays inside the folder."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

# File systems take 255 bytes; the suffix and a hash need some of them.
_LONGEST = 200

_SAFE_IN_FILES = frozenset(" ()+,-=@[]_.")
_SAFE_IN_MEMBERS = _SAFE_IN_FILES | frozenset(":;!#$&'^`{}~")


def name_files(names: Iterable[str]) -> dict[str, str]:
    """A file name (without suffix) for each output name, no two alike.

    What is unsafe in a file's name is percent-encoded as UTF-8 (``a/b`` becomes ``a%2Fb``, and
    ``urllib.parse.unquote`` gives it back). A very long name, and one that differs from another
    only in case, ends in a hash of the whole.
    """
    files: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        file = _quote(name, _SAFE_IN_FILES)
        if len(file.encode()) > _LONGEST or file.casefold() in taken:
            file = f"{_shorten(file)}-{_hash(name)}"
        taken.add(file.casefold())
        files[name] = file
    return files


def name_members(names: Iterable[str]) -> dict[str, str]:
    """A member name (without suffix) of an .npz for each output name, no two alike.

    A member may lie in a folder (``a/b`` stays), but none outside of where the zip is unpacked.
    """
    return {
        name: "/".join(_quote(part, _SAFE_IN_MEMBERS) for part in name.split("/")) for name in names
    }


def _quote(name: str, safe: frozenset[str]) -> str:
    quoted = "".join(
        letter if letter.isalnum() or letter in safe else _encode(letter) for letter in name
    )
    # A leading dot would hide the file, and `.` and `..` are folders. `%` alone is no encoding,
    # so it can stand for a name without letters.
    return f"%2E{quoted[1:]}" if quoted.startswith(".") else quoted or "%"


def _encode(letter: str) -> str:
    return "".join(f"%{byte:02X}" for byte in letter.encode(errors="surrogatepass"))


def _shorten(file: str) -> str:
    return file.encode()[:_LONGEST].decode(errors="ignore")


def _hash(name: str) -> str:
    return hashlib.sha256(name.encode(errors="surrogatepass")).hexdigest()[:12]
