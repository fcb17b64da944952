"""Damage done to real files: bytes changed, cut off, spliced; messages changed field by field."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Any

from google.protobuf.descriptor import FieldDescriptor

NAMES = ("", "\x1b[31m", "[red]", "a\nb", "\u202e", "n" * 3000, "../x", "/etc/passwd", "^x", ":")
NUMBERS = (0, -1, 1, 2**31 - 1, -(2**31), 2**63 - 1, -(2**63), 100, 10**6)

_CHILDREN_VISITED = 12  # of each repeated field: enough to get everywhere in the end


def mutate_bytes(rng: random.Random, content: bytes, others: Sequence[bytes]) -> bytes:
    """The content with one to sixteen changes; ``others`` are what it may be spliced with."""
    changed = bytearray(content)
    for _ in range(rng.choice([1, 1, 1, 2, 4, 16])):
        if len(changed) < 2:
            break
        at = rng.randrange(len(changed))
        match rng.randrange(6):
            case 0:
                changed[at] ^= 1 << rng.randrange(8)
            case 1:
                changed[at : at + 9] = b"\xff" * rng.choice([1, 3, 9])
            case 2:
                del changed[at : at + rng.choice([1, 2, 8, 100, len(changed)])]
            case 3:
                changed[at:at] = rng.randbytes(rng.choice([1, 4, 40]))
            case 4:
                other = rng.choice(others)
                changed[at:] = other[rng.randrange(len(other)) :]
            case 5:
                start = rng.randrange(len(changed))
                changed[at:at] = changed[start : start + rng.choice([1, 10, 1000])]
    return bytes(changed)


def mutate_message(rng: random.Random, message: Any) -> None:
    """Change a message in place: fields cleared, doubled, or given a value that nobody expects."""
    for _ in range(rng.choice([1, 1, 2, 5, 10])):
        places = list(_walk(rng, message))
        if places:
            _mutate_field(rng, *rng.choice(places))


def _walk(rng: random.Random, message: Any) -> Iterator[tuple[Any, Any]]:
    waiting = [message]
    while waiting:
        parent = waiting.pop()
        for field, value in parent.ListFields():
            yield parent, field
            if field.type == FieldDescriptor.TYPE_MESSAGE:
                waiting += _children(rng, field, value)


def _children(rng: random.Random, field: Any, value: Any) -> list[Any]:
    if not field.is_repeated:
        return [value]
    if not field.message_type.GetOptions().map_entry:
        return rng.sample(list(value), min(len(value), _CHILDREN_VISITED))
    if field.message_type.fields_by_name["value"].type != FieldDescriptor.TYPE_MESSAGE:
        return []
    return [value[key] for key in list(value)[:_CHILDREN_VISITED]]


def _mutate_field(rng: random.Random, parent: Any, field: Any) -> None:
    value = getattr(parent, field.name)
    is_message = field.type == FieldDescriptor.TYPE_MESSAGE
    if rng.random() < 0.25:
        parent.ClearField(field.name)
    elif is_message and field.message_type.GetOptions().map_entry:
        _double_under_a_new_key(rng, field, value)
    elif is_message and field.is_repeated:
        value.add().CopyFrom(rng.choice(list(value)))
    elif is_message:
        value.Clear()
    elif field.is_repeated:
        value[rng.randrange(len(value))] = _unexpected(rng, field)
    else:
        setattr(parent, field.name, _unexpected(rng, field))


def _double_under_a_new_key(rng: random.Random, field: Any, value: Any) -> None:
    key, kept = field.message_type.fields_by_name["key"], field.message_type.fields_by_name["value"]
    texts = (FieldDescriptor.TYPE_STRING,)
    if key.type in texts and kept.type == FieldDescriptor.TYPE_MESSAGE:
        value[rng.choice(NAMES)].CopyFrom(value[rng.choice(list(value))])


def _unexpected(rng: random.Random, field: Any) -> Any:
    if field.type == FieldDescriptor.TYPE_STRING:
        return rng.choice(NAMES)
    if field.type == FieldDescriptor.TYPE_BYTES:
        return rng.randbytes(rng.randrange(40))
    if field.type in (FieldDescriptor.TYPE_FLOAT, FieldDescriptor.TYPE_DOUBLE):
        return rng.choice([0.0, float("nan"), float("inf"), 1e300])
    return rng.choice([number for number in NUMBERS if _fits(number, field)])


def _fits(number: int, field: Any) -> bool:
    low, high = {
        FieldDescriptor.TYPE_BOOL: (0, 1),
        FieldDescriptor.TYPE_UINT32: (0, 2**32 - 1),
        FieldDescriptor.TYPE_FIXED32: (0, 2**32 - 1),
        FieldDescriptor.TYPE_UINT64: (0, 2**64 - 1),
        FieldDescriptor.TYPE_FIXED64: (0, 2**64 - 1),
        FieldDescriptor.TYPE_INT64: (-(2**63), 2**63 - 1),
    }.get(field.type, (-(2**31), 2**31 - 1))
    return low <= number <= high
