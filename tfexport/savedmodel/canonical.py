"""A message as bytes that are always the same: as C++ writes it, its maps sorted by their keys.

protobuf's Python has an order of its own where it is asked to be deterministic: a key comes after
those that begin with it, and numbers run backwards. The bytes are otherwise equal, and equally
long, so that the entries of each map are put in order where they stand.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tfexport.savedmodel.wire import read_varint

Descriptor = Any
_Plan = dict[int, tuple[bool, "Descriptor | None"]]  # field: is it a map, the message in it

_KEY, _VALUE = 1, 2  # the fields of a map's entry
_STRING = 9  # FieldDescriptor.TYPE_STRING


def canonical_bytes(message: Any) -> bytes:
    """The message, its maps in C++'s order."""
    content = bytearray(message.SerializeToString(deterministic=True))
    _Sorter(content).sort(0, len(content), message.DESCRIPTOR)
    return bytes(content)


class _Sorter:
    def __init__(self, content: bytearray) -> None:
        self._content = content

    def sort(self, start: int, end: int, descriptor: Descriptor) -> None:
        plan = _plan_of(descriptor)
        maps: dict[int, list[tuple[int, int, int]]] = {}
        for number, begin, first, last in self._fields(start, end):
            if number not in plan:
                continue
            is_map, inside = plan[number]
            if is_map:
                maps.setdefault(number, []).append((begin, first, last))
            if inside is not None:
                self.sort(first, last, inside)
        for number, entries in maps.items():
            if len(entries) > 1:
                self._sort_entries(entries, descriptor.fields_by_number[number].message_type)

    def _sort_entries(self, entries: list[tuple[int, int, int]], entry: Descriptor) -> None:
        is_text = entry.fields_by_number[_KEY].type == _STRING
        keyed = [
            (self._key(first, last, is_text), bytes(self._content[begin:last]))
            for begin, first, last in entries
        ]
        # The entries follow each other: nothing else moves.
        self._content[entries[0][0] : entries[-1][2]] = b"".join(
            piece for _, piece in sorted(keyed)
        )

    def _key(self, first: int, last: int, is_text: bool) -> Any:
        for number, _, begin, end in self._fields(first, last):
            if number == _KEY:
                if is_text:
                    return bytes(self._content[begin:end])
                return read_varint(self._content, begin)[0]
        return b"" if is_text else 0

    def _fields(self, start: int, end: int) -> Iterator[tuple[int, int, int, int]]:
        """Each field's number, where it begins, and where its value does and ends."""
        content = self._content
        position = start
        while position < end:
            begin = position
            tag = content[position]
            position += 1
            if tag > 0x7F:
                tag, position = read_varint(content, begin)
            kind = tag & 7
            if kind == 2:
                size = content[position]
                position += 1
                if size > 0x7F:
                    size, position = read_varint(content, position - 1)
            elif kind == 0:
                size = read_varint(content, position)[1] - position
            else:
                size = 8 if kind == 1 else 4
            yield tag >> 3, begin, position, position + size
            position += size


_plans: dict[str, _Plan] = {}
_with_maps: dict[str, bool] = {}


def _plan_of(descriptor: Descriptor) -> _Plan:
    name = descriptor.full_name
    if name not in _plans:
        _plans[name] = dict(_make_plan(descriptor))
    return _plans[name]


def _make_plan(descriptor: Descriptor) -> Iterator[tuple[int, tuple[bool, Descriptor | None]]]:
    is_entry = descriptor.GetOptions().map_entry
    for field in descriptor.fields:
        inside = field.message_type
        if inside is None or (is_entry and field.number != _VALUE):
            continue
        is_map = inside.GetOptions().map_entry
        if is_map or _has_maps(inside):
            yield field.number, (is_map, inside if _has_maps(inside) else None)


def _has_maps(descriptor: Descriptor) -> bool:
    """Whether a map can stand anywhere below a message."""
    name = descriptor.full_name
    if name not in _with_maps:
        waiting, seen = [descriptor], {name}
        _with_maps[name] = False
        while waiting:
            for field in waiting.pop().fields:
                inside = field.message_type
                if inside is None:
                    continue
                if inside.GetOptions().map_entry:
                    _with_maps[name] = True
                    return True
                if inside.full_name not in seen:
                    seen.add(inside.full_name)
                    waiting.append(inside)
    return _with_maps[name]
