"""FarmHash's 64-bit fingerprint of some bytes, which TensorFlow puts into ``fingerprint.pb``.

``tsl::Fingerprint64`` of ``tsl/platform/fingerprint.h``: the hash that FarmHash's paper and code
(https://github.com/google/farmhash) call ``farmhashna::Hash64``, fixed for ever. In Python it does
some 8 MB a second.
"""

from __future__ import annotations

import struct

_MASK = (1 << 64) - 1
_K0, _K1, _K2 = 0xC3A5C85C97CB3127, 0xB492B66FBE98F273, 0x9AE16A3B2F90404F
_CONCATENATE = 0xC6A4A7935BD1E995
_BLOCK = struct.Struct("<8Q")

_Pair = tuple[int, int]


def fingerprint64(content: bytes) -> int:
    """The fingerprint as an unsigned number."""
    size = len(content)
    if size <= 16:
        return _hash_up_to_16(content)
    if size <= 32:
        return _hash_up_to_32(content)
    return _hash_up_to_64(content) if size <= 64 else _hash_long(content)


def concatenate_fingerprints(first: int, second: int) -> int:
    """One fingerprint of two, in their order (``tsl::FingerprintCat64``)."""
    mixed = _shift_mix(second * _CONCATENATE & _MASK) * _CONCATENATE & _MASK
    result = (first ^ _CONCATENATE ^ mixed) * _CONCATENATE & _MASK
    return _shift_mix(_shift_mix(result) * _CONCATENATE & _MASK)


def _rotate(value: int, by: int) -> int:
    value &= _MASK
    return (value >> by | value << 64 - by) & _MASK


def _shift_mix(value: int) -> int:
    return value ^ value >> 47


def _mix(first: int, second: int, factor: int) -> int:
    first &= _MASK
    second &= _MASK
    a = _shift_mix((first ^ second) * factor & _MASK)
    b = _shift_mix((second ^ a) * factor & _MASK)
    return b * factor & _MASK


def _word(content: bytes, at: int) -> int:
    return int.from_bytes(content[at : at + 8], "little")


def _hash_up_to_16(content: bytes) -> int:
    size = len(content)
    factor = (_K2 + size * 2) & _MASK
    if size >= 8:
        a, b = _word(content, 0) + _K2, _word(content, size - 8)
        return _mix(_rotate(b, 37) * factor + a, (_rotate(a, 25) + b) * factor, factor)
    if size >= 4:
        first, last = int.from_bytes(content[:4], "little"), content[size - 4 :]
        return _mix(size + (first << 3), int.from_bytes(last, "little"), factor)
    if size:
        y = content[0] + (content[size >> 1] << 8)
        z = size + (content[size - 1] << 2)
        return _shift_mix((y * _K2 ^ z * _K0) & _MASK) * _K2 & _MASK
    return _K2


def _hash_up_to_32(content: bytes) -> int:
    size = len(content)
    factor = (_K2 + size * 2) & _MASK
    a, b = _word(content, 0) * _K1, _word(content, 8)
    c, d = _word(content, size - 8) * factor, _word(content, size - 16) * _K2
    return _mix(_rotate(a + b, 43) + _rotate(c, 30) + d, a + _rotate(b + _K2, 18) + c, factor)


def _hash_up_to_64(content: bytes) -> int:
    size = len(content)
    factor = (_K2 + size * 2) & _MASK
    a, b = _word(content, 0) * _K2, _word(content, 8)
    c, d = _word(content, size - 8) * factor, _word(content, size - 16) * _K2
    y = _rotate(a + b, 43) + _rotate(c, 30) + d
    z = _mix(y, a + _rotate(b + _K2, 18) + c, factor)
    e, f = _word(content, 16) * factor, _word(content, 24)
    g = (y + _word(content, size - 32)) * factor
    h = (z + _word(content, size - 24)) * factor
    return _mix(_rotate(e + f, 43) + _rotate(g, 30) + h, e + _rotate(f + a, 18) + g, factor)


def _weak(words: tuple[int, int, int, int], a: int, b: int) -> _Pair:
    first, second, third, fourth = words
    a = (a + first) & _MASK
    b = _rotate(b + a + fourth, 21)
    end = (a + second + third) & _MASK
    return (end + fourth) & _MASK, (b + _rotate(end, 44) + a) & _MASK


def _hash_long(content: bytes) -> int:
    size = len(content)
    y = (81 * _K1 + 113) & _MASK
    z = _shift_mix((y * _K2 + 113) & _MASK) * _K2 & _MASK
    x = (81 * _K2 + _word(content, 0)) & _MASK
    v: _Pair = (0, 0)
    w: _Pair = (0, 0)
    whole = (size - 1) // 64 * 64
    for words in _BLOCK.iter_unpack(memoryview(content)[:whole]):
        x, y, z, v, w = _step(words, x, y, z, v, w, _K1, (1, 1))
    factor = (_K1 + ((z & 0xFF) << 1)) & _MASK
    rest = (size - 1) & 63
    w = (w[0] + rest) & _MASK, w[1]
    v = (v[0] + w[0]) & _MASK, v[1]
    w = (w[0] + v[0]) & _MASK, w[1]
    words = _BLOCK.unpack(content[-64:])
    x, y, z, v, w = _step(words, x, y, z, v, w, factor, (9, 9))
    return _mix(
        _mix(v[0], w[0], factor) + _shift_mix(y) * _K0 + z,
        _mix(v[1], w[1], factor) + x,
        factor,
    )


def _step(
    words: tuple[int, ...], x: int, y: int, z: int, v: _Pair, w: _Pair, factor: int, by: _Pair
) -> tuple[int, int, int, _Pair, _Pair]:
    x = _rotate(x + y + v[0] + words[1], 37) * factor & _MASK
    y = _rotate(y + v[1] + words[6], 42) * factor & _MASK
    x ^= w[1] * by[0] & _MASK
    y = (y + v[0] * by[1] + words[5]) & _MASK
    z = _rotate(z + w[0], 33) * factor & _MASK
    first, last = words[:4], words[4:]
    v = _weak((first[0], first[1], first[2], first[3]), v[1] * factor, x + w[0])
    w = _weak((last[0], last[1], last[2], last[3]), z + w[1], y + words[2])
    return z, y, x, v, w
