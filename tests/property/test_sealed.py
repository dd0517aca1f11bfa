"""Whatever is done to a sealed stream, it does not open; a container gives out what was signed, or nothing.

`HANSE_STREAM_CASES` asks for more cases than the usual few hundred.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hanse.errors import HanseError
from hanse.stream import open_sealed, seal
from hanse.stream.seal import CHUNK_BYTES, ENVELOPE_BYTES, SEALED_CHUNK
from tests.stream.streams import BINDING, RING, SALT, pull, stream

CASES = int(os.environ.get("HANSE_STREAM_CASES", "300"))
PLAIN = {
    0: b"",
    1: b"export const card = 1;",
    2: bytes(range(256)) * 257,
    3: b"c" * (3 * CHUNK_BYTES),
}
SEALED = {count: seal(plain, ring=RING, binding=BINDING, nonce=SALT) for count, plain in PLAIN.items()}
CONTAINER = stream()
PULLED = pull(CONTAINER)

sealed_streams = st.sampled_from(list(SEALED.values()))


def check_refused(changed: bytes, original: bytes) -> None:
    if changed != original:
        with pytest.raises(HanseError):
            open_sealed(changed, ring=RING, binding=BINDING)


def chunks_of(sealed: bytes) -> list[bytes]:
    return [
        sealed[start : start + SEALED_CHUNK] for start in range(ENVELOPE_BYTES, len(sealed), SEALED_CHUNK)
    ]


def flip(data: bytes, place: int) -> bytes:
    place %= len(data) * 8
    changed = bytearray(data)
    changed[place // 8] ^= 1 << place % 8
    return bytes(changed)


def test_what_nobody_touched_opens() -> None:
    for count, sealed in SEALED.items():
        assert open_sealed(sealed, ring=RING, binding=BINDING) == PLAIN[count]


def test_every_flipped_bit_of_a_short_stream_is_refused() -> None:
    for place in range(len(SEALED[1]) * 8):
        check_refused(flip(SEALED[1], place), SEALED[1])


@settings(max_examples=CASES)
@given(sealed=sealed_streams, place=st.integers(0, 2**21))
def test_a_flipped_bit_is_refused(sealed: bytes, place: int) -> None:
    check_refused(flip(sealed, place), sealed)


@settings(max_examples=CASES)
@given(sealed=sealed_streams, start=st.integers(0, 2**18), size=st.integers(1, 2**17))
def test_a_cut_is_refused(sealed: bytes, start: int, size: int) -> None:
    start %= len(sealed)
    check_refused(sealed[:start] + sealed[start + size :], sealed)


@settings(max_examples=CASES)
@given(sealed=sealed_streams, place=st.integers(0, 2**18), more=st.binary(min_size=1, max_size=40))
def test_an_insertion_is_refused(sealed: bytes, place: int, more: bytes) -> None:
    place %= len(sealed) + 1
    check_refused(sealed[:place] + more + sealed[place:], sealed)


@settings(max_examples=CASES)
@given(sealed=sealed_streams, order=st.lists(st.integers(0, 3), max_size=6))
def test_chunks_in_any_other_order_and_number_are_refused(sealed: bytes, order: list[int]) -> None:
    chunks = chunks_of(sealed)
    moved = b"".join(chunks[index % len(chunks)] for index in order)
    check_refused(sealed[:ENVELOPE_BYTES] + moved, sealed)


@settings(max_examples=CASES)
@given(first=sealed_streams, second=st.sampled_from(list(PLAIN.values())), count=st.integers(0, 4))
def test_chunks_of_two_streams_do_not_mix(first: bytes, second: bytes, count: int) -> None:
    other = seal(second, ring=RING, binding=BINDING, nonce=b"2" * 16)
    mixed = chunks_of(first)[:count] + chunks_of(other)[count:]
    for whole in (first, other):
        check_refused(whole[:ENVELOPE_BYTES] + b"".join(mixed), whole)


def check_nothing_else(changed: bytes) -> None:
    """Refused, or what was signed: deflated bytes have padding, and more than one form."""
    try:
        pulled = pull(changed)
    except HanseError:
        return
    assert pulled == PULLED


@settings(max_examples=CASES)
@given(place=st.integers(0, 2**20))
def test_a_flipped_bit_in_a_container_changes_nothing_that_is_given_out(place: int) -> None:
    check_nothing_else(flip(CONTAINER, place))


def test_padding_that_was_changed_gives_out_what_was_signed() -> None:
    accepted = []
    for place in range(len(CONTAINER) * 8):
        try:
            accepted.append(pull(flip(CONTAINER, place)))
        except HanseError:
            continue
    assert len(accepted) < 50
    assert all(pulled == PULLED for pulled in accepted)


@settings(max_examples=CASES)
@given(start=st.integers(0, 2**14), size=st.integers(0, 2**12), more=st.binary(max_size=20))
def test_a_container_that_was_cut_or_continued_gives_out_nothing_else(
    start: int, size: int, more: bytes
) -> None:
    start %= len(CONTAINER) + 1
    check_nothing_else(CONTAINER[:start] + more + CONTAINER[start + size :])
