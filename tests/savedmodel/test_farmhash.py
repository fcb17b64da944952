"""FarmHash gives what TensorFlow's own gives."""

from __future__ import annotations

import random

import pytest

from tfexport.runtime.farmhash import find_fingerprint64
from tfexport.runtime.library import open_library
from tfexport.savedmodel.farmhash import concatenate_fingerprints, fingerprint64

# By TensorFlow 2.21 (farmhashna::Hash64), of the bytes 0, 1, 2 …
KNOWN = [
    (0, 11160318154034397263),
    (1, 13718060045003475796),
    (3, 10709908609026466970),
    (4, 9421527712639018304),
    (8, 12491318377461660568),
    (16, 1080060857502750420),
    (17, 13526182118996909852),
    (32, 1917831512995979081),
    (33, 16750416167695635022),
    (64, 17691551913807367243),
    (65, 14313328211205373374),
    (128, 2037963038260878803),
    (200, 525935771297148851),
]


@pytest.mark.parametrize(("size", "fingerprint"), KNOWN)
def test_known_answers(size: int, fingerprint: int) -> None:
    assert fingerprint64(bytes(range(size))) == fingerprint


def test_two_fingerprints_make_one_in_their_order() -> None:
    assert concatenate_fingerprints(1, 2) == 14454907135238785252
    assert concatenate_fingerprints(2, 1) != concatenate_fingerprints(1, 2)


def test_the_librarys_own_hash_gives_the_same() -> None:
    native = find_fingerprint64(open_library())
    if native is None:
        pytest.skip("this TensorFlow does not export it")
    generator = random.Random(1)
    for size in [*range(300), 4096, 100_001]:
        content = generator.randbytes(size)
        assert native(content) == fingerprint64(content)


def test_a_library_without_it_has_none() -> None:
    import _ctypes
    import ctypes

    # Not CDLL(None): that also sees what other tests of this process have loaded.
    assert find_fingerprint64(ctypes.CDLL(_ctypes.__file__)) is None
