"""Tells the format of a stream, which has no file name, by its first bytes."""

from __future__ import annotations

import json
from collections.abc import Sequence

_MAGIC = {
    b"\x93NUMPY": "npy",
    b"PK\x03\x04": "npz",
    b"PAR1": "parquet",
    b"\x89PNG\r\n\x1a\n": "image",
    b"\xff\xd8\xff": "image",
}


def detect_format(head: bytes, names: Sequence[str], *, takes_text: bool) -> str:
    """The module of formats/ for a stream that begins with ``head``.

    After the formats with a magic number come TFRecord (whose first length has a checksum), JSON,
    and JSON Lines where the first line is a value of its own and more follow. What is none of
    these is CSV; for an input that takes text (``takes_text``) it is lines of text, unless its
    header has one of the inputs' ``names``.
    """
    for magic, module in _MAGIC.items():
        if head.startswith(magic):
            return module
    if _begins_with_record(head):
        return "tfrecord"
    first, newline, rest = head.lstrip().partition(b"\n")
    if _is_json(first) and (first[:1] in b'[{"' or not takes_text):
        return "json_lines" if newline and rest.strip() else "json_document"
    if first[:1] in (b"{", b"[") and not (takes_text and newline):
        return "json_document"
    header = [cell.strip().strip('"') for cell in first.decode(errors="replace").split(",")]
    return "text_lines" if takes_text and not set(header) & set(names) else "csv_table"


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
