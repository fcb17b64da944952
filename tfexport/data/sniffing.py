"""Tells the format of a stream, which has no file name, by its first bytes."""

from __future__ import annotations

import json
from collections.abc import Sequence

from tfexport.data.places import Place

_MAGIC = {
    b"\x93NUMPY": "npy",
    b"PK\x03\x04": "npz",
    b"PAR1": "parquet",
    b"\x89PNG\r\n\x1a\n": "image",
    b"\xff\xd8\xff": "image",
}
_JSON_BEGINS = (b"{", b"[", b'"')


def detect_format(place: Place, names: Sequence[str], *, takes_text: bool) -> str:
    """The module of formats/ for a stream.

    After the formats with a magic number come TFRecord (whose first length has a checksum), JSON,
    and JSON Lines where the first line is a value of its own and more follow. What is none of
    these is CSV; for an input that takes text (``takes_text``) it is lines of text, unless its
    header has one of the inputs' ``names``.
    """
    head = place.peek_head()
    for magic, module in _MAGIC.items():
        if head.startswith(magic):
            return module
    if _begins_with_record(head):
        return "tfrecord"
    if head.lstrip()[:1] in _JSON_BEGINS or not takes_text:
        json_format = _tell_json(place.peek_lines(2), takes_text)
        if json_format is not None:
            return json_format
    header = head.partition(b"\n")[0].decode(errors="replace").split(",")
    has_input = {cell.strip().strip('"') for cell in header} & set(names)
    return "text_lines" if takes_text and not has_input else "csv_table"


def _tell_json(lines: Sequence[bytes], takes_text: bool) -> str | None:
    """Whether it is JSON Lines, a document, or (None) no JSON."""
    first = lines[0].strip() if lines else b""
    if first and _is_json(first):
        # A number alone is a row as well as a value; rows fit both.
        is_row = first[:1] not in (b"{", b"[") or b"".join(lines[1:]).strip()
        return "json_lines" if is_row else "json_document"
    begins_document = first[:1] in (b"{", b"[") and (not takes_text or first in (b"{", b"["))
    return "json_document" if begins_document else None


def _begins_with_record(head: bytes) -> bool:
    from tfexport.data.crc32c import masked_crc32c

    return len(head) >= 12 and int.from_bytes(head[8:12], "little") == masked_crc32c(head[:8])


def _is_json(line: bytes) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return False
    except RecursionError:
        return True
    return True
