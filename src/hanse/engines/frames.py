"""Frames between Python and a guest: length, secret, kind, call, length of the head; head as JSON, body.

The secret is drawn for each process, goes out with the first frame and comes back with every answer. What has
no secret, or is no answer to anything, was not written by the guest.
"""

from __future__ import annotations

import struct
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

import msgspec

__all__ = ["SECRET_BYTES", "Frame", "FrameError", "FrameReader", "Head", "Kind", "Place", "encode_frame"]

SECRET_BYTES: Final = 16
LENGTH: Final = struct.Struct(">I")
REST: Final = struct.Struct(">16sBII")


class FrameError(Exception):
    """What came is no frame of the guest's."""


class Kind(IntEnum):
    """What a frame says; those from sixteen on come from the guest."""

    OPEN = 1
    RENDER = 2
    STREAM = 3
    CALL = 4
    CANCEL = 5
    CREDIT = 6
    PREPARE = 7
    PING = 8
    READY = 16
    ANSWER = 17
    FAILURE = 18
    SHELL = 19
    PIECE = 20
    LOG = 21
    CANCELLED = 22
    TURN = 23
    PONG = 24


FROM_GUEST: Final = frozenset(kind.value for kind in Kind if kind >= Kind.READY)


class Head(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is said beside the body, each field by the frames that have it."""

    head: str = ""
    status: int = 200
    modules: tuple[str, ...] = ()
    seconds: float = 0.0
    reason: str = ""
    message: str = ""
    subject: str = ""
    hint: str = ""
    stack: str = ""
    level: str = ""
    module: str = ""
    remote: str = ""
    dropped: bool = False
    credit: int = 0


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame from the guest."""

    kind: Kind
    call: int
    head: Head
    body: bytes


@dataclass(frozen=True, slots=True)
class Place:
    """What a frame must have to be read: the secret, and at most so many bytes."""

    secret: bytes
    most: int


HEADS: Final = msgspec.json.Decoder(Head)


def encode_frame(
    kind: Kind, call: int, body: bytes = b"", *, secret: bytes, head: Head | None = None
) -> bytes:
    """Return a frame for the guest."""
    first = b"{}" if head is None else msgspec.json.encode(head)
    rest = REST.pack(secret, kind, call, len(first))
    return b"".join((LENGTH.pack(len(rest) + len(first) + len(body)), rest, first, body))


class FrameReader:
    """Finds the guest's frames in what it writes, however that is cut into pieces.

    Args:
        place: What its frames must have.
    """

    def __init__(self, place: Place) -> None:
        self._place = place
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Yield the frames that are whole now; all of them have to be taken.

        Raises:
            FrameError: One is too large, lacks the secret, or is no frame at all.
        """
        if not self._buffer:
            # Most often what comes is whole frames: they are read where they are.
            end = yield from self._find(data)
            self._buffer += data[end:]
        else:
            self._buffer += data
            end = yield from self._find(self._buffer)
            del self._buffer[:end]

    def _find(self, data: bytes | bytearray) -> Generator[Frame, None, int]:
        """Yield the frames that are whole; return where they end."""
        start, most = 0, self._place.most
        while len(data) - start >= LENGTH.size:
            (size,) = LENGTH.unpack_from(data, start)
            if not REST.size <= size <= most:
                raise FrameError(f"a frame of {size} bytes")
            end = start + LENGTH.size + size
            if len(data) < end:
                break
            yield decode_frame(data, start + LENGTH.size, end, self._place.secret)
            start = end
        return start


def decode_frame(data: bytes | bytearray, start: int, end: int, expected: bytes) -> Frame:
    """Read the frame that is between two places, behind its length.

    Raises:
        FrameError: It lacks the secret, or is no frame.
    """
    secret, kind, call, size = REST.unpack_from(data, start)
    if secret != expected:
        raise FrameError("a frame without the secret of this process")
    if kind not in FROM_GUEST:
        raise FrameError(f"a frame of kind {kind}, which no guest writes")
    first = start + REST.size
    if size > end - first:
        raise FrameError("a frame whose head is longer than itself")
    with memoryview(data) as view:
        try:
            head = HEADS.decode(view[first : first + size])
        except msgspec.DecodeError as error:
            raise FrameError(f"a frame with another head: {error}") from None
        return Frame(Kind(kind), call, head, bytes(view[first + size : end]))
