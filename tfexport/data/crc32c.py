"""CRC-32C (Castagnoli) as TFRecord files and checkpoints store it.

The mask is that of ``tensorflow/core/lib/hash/crc32c.h``.
"""

from __future__ import annotations

from google_crc32c import value

_MASK_DELTA = 0xA282EAD8


def mask(checksum: int) -> int:
    """A CRC as it is stored: rotated and added to, so that no CRC of CRCs is computed."""
    return (checksum >> 15 | checksum << 17) + _MASK_DELTA & 0xFFFFFFFF


def masked_crc32c(data: bytes) -> int:
    """The masked CRC-32C of ``data``."""
    return mask(value(data))
