"""Streams that were changed at random, sealed and opened: none is taken for another one, and none is slow.

A few thousand of each kind in the usual run; with `HANSE_SOAK=1` in the environment it is 10⁵ of each.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from hanse.errors import HanseError
from hanse.stream import open_sealed, pack_module, read_stream, seal
from hanse.stream.seal import CHUNK_BYTES
from tests.soak.counts import often
from tests.stream.streams import BINDING, MODULES, PUBLISHERS, RING, stream

COUNT = often(2_500, soak=100_000)
# Processor time of this thread, so that nothing depends on what else the machine does.
SLOW = 0.05
NUMBERS = (b"\x00\x00\x00\x00", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\x00\x00\x00\x01")

NOISE = random.Random(7).randbytes(CHUNK_BYTES + 5000)
SMALL = stream()
LARGE = stream(*MODULES.values(), pack_module("noise.js", NOISE))
SEALED = tuple(seal(plain, ring=RING, binding=BINDING, nonce=b"s" * 16) for plain in (SMALL, LARGE))


def flip(data: bytearray, chance: random.Random) -> bytes:
    at = chance.randrange(len(data))
    data[at] ^= 1 << chance.randrange(8)
    return bytes(data)


def cut(data: bytearray, chance: random.Random) -> bytes:
    return bytes(data[: chance.randrange(len(data))])


def drop(data: bytearray, chance: random.Random) -> bytes:
    start = chance.randrange(len(data))
    del data[start : start + chance.randrange(1, 40)]
    return bytes(data)


def repeat(data: bytearray, chance: random.Random) -> bytes:
    start = chance.randrange(len(data))
    part = data[start : start + chance.randrange(1, 400)]
    data[start:start] = part
    return bytes(data)


def insert(data: bytearray, chance: random.Random) -> bytes:
    data[chance.randrange(len(data)) : 0] = chance.randbytes(chance.randrange(1, 40))
    return bytes(data)


def swap(data: bytearray, chance: random.Random) -> bytes:
    size = chance.choice((4, 16, 64, 80))
    first, second = (chance.randrange(max(1, len(data) - size)) for _ in range(2))
    part = data[first : first + size]
    data[first : first + size] = data[second : second + size]
    data[second : second + size] = part
    return bytes(data)


def renumber(data: bytearray, chance: random.Random) -> bytes:
    at = chance.randrange(len(data))
    data[at : at + 4] = chance.choice(NUMBERS)
    return bytes(data)


def extend(data: bytearray, chance: random.Random) -> bytes:
    return bytes(data + chance.randbytes(chance.randrange(1, 100)))


CHANGES = (flip, cut, drop, repeat, insert, swap, renumber, extend)


def torture(whole: tuple[bytes, ...], use: Callable[[bytes], object]) -> int:
    """Use changed bytes, again and again; return how many were refused."""
    chance, refused, slowest = random.Random(11), 0, 0.0
    originals = [use(data) for data in whole]
    for _ in range(COUNT):
        which = chance.randrange(len(whole))
        changed = whole[which]
        for _ in range(chance.choice((1, 1, 1, 2, 5))):
            changed = chance.choice(CHANGES)(bytearray(changed or b"\0"), chance)
        began = time.thread_time()
        try:
            found = use(changed)
        except HanseError:
            refused += 1
        else:
            # A swap of equal parts changes nothing; what is accepted is what was sent.
            assert found == originals[which]
        slowest = max(slowest, time.thread_time() - began)
    assert slowest < SLOW
    return refused


def test_no_changed_seal_opens() -> None:
    refused = torture(SEALED, lambda data: open_sealed(data, ring=RING, binding=BINDING))
    assert refused > 0.98 * COUNT


def test_no_changed_container_is_taken_for_another() -> None:
    """Of somebody who has the shared key, and not the one that signs."""

    def use(data: bytes) -> object:
        pulled = read_stream(data, remote="shop", publishers=PUBLISHERS, nonce="n-1", now=999.0)
        return pulled.header, dict(pulled.modules)

    assert torture((SMALL, LARGE), use) > 0.95 * COUNT
