from __future__ import annotations

from dataclasses import replace

import pytest

from hanse.errors import FormatError, StreamError, UsageError
from hanse.limits import Limits
from hanse.stream import Binding, key_ring, open_sealed, rotate, seal
from hanse.stream.seal import CHUNK_BYTES
from tests.stream.streams import BINDING, RING, SALT

PLAIN = b"export const card = 1;"
SEALED = seal(PLAIN, ring=RING, binding=BINDING, nonce=SALT)


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES])
def test_what_was_sealed_opens(size: int) -> None:
    plain = b"x" * size
    sealed = seal(plain, ring=RING, binding=BINDING, nonce=SALT)
    assert open_sealed(sealed, ring=RING, binding=BINDING) == plain
    assert not size or plain[:20] not in sealed


@pytest.mark.parametrize(
    "other",
    [
        replace(BINDING, remote="cart"),
        replace(BINDING, version="1.4.1"),
        replace(BINDING, direction="request"),
        # The same letters, cut elsewhere.
        Binding(remote="shop1", version=".4.0"),
    ],
)
def test_a_seal_opens_for_its_remote_version_and_direction_alone(other: Binding) -> None:
    with pytest.raises(StreamError) as caught:
        open_sealed(SEALED, ring=RING, binding=other)
    assert caught.value.reason == "seal"
    assert "another remote, version or direction" in str(caught.value)


def test_an_earlier_key_opens_while_it_is_known() -> None:
    newer = rotate(RING, b"n" * 32)
    assert newer.in_use != RING.in_use
    assert open_sealed(SEALED, ring=newer, binding=BINDING) == PLAIN
    newest = rotate(newer, b"m" * 32)
    with pytest.raises(StreamError) as caught:
        open_sealed(SEALED, ring=newest, binding=BINDING)
    assert caught.value.reason == "key"
    assert RING.in_use in str(caught.value)


def test_another_key_under_the_same_id_opens_nothing() -> None:
    forged = replace(RING, keys={RING.in_use: b"f" * 32})
    with pytest.raises(StreamError) as caught:
        open_sealed(SEALED, ring=forged, binding=BINDING)
    assert caught.value.reason == "seal"


def test_what_is_too_large_is_refused_before_it_is_opened() -> None:
    limits = Limits(stream_bytes=len(PLAIN) - 1)
    with pytest.raises(FormatError, match="too large"):
        open_sealed(SEALED[:-1] + b"?", ring=RING, binding=BINDING, limits=limits)
    assert open_sealed(SEALED, ring=RING, binding=BINDING, limits=Limits(stream_bytes=len(PLAIN))) == PLAIN


@pytest.mark.parametrize("data", [b"", b"{}", SEALED[:20], b"hanse-sealed-1\n" + b"\xff" * 60])
def test_what_is_no_sealed_stream_is_called_so(data: bytes) -> None:
    with pytest.raises(FormatError):
        open_sealed(data, ring=RING, binding=BINDING)


def test_the_nonce_has_its_length_and_changes_everything() -> None:
    with pytest.raises(UsageError):
        seal(PLAIN, ring=RING, binding=BINDING, nonce=b"short")
    assert seal(PLAIN, ring=RING, binding=BINDING, nonce=b"1" * 16)[-16:] != SEALED[-16:]


def test_a_ring_shows_no_key() -> None:
    assert "kkkk" not in repr(key_ring([b"k" * 32]))
