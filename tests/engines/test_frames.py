"""Frames are found in what a guest writes, however that is cut into pieces."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hanse.engines.frames import Frame, FrameError, FrameReader, Head, Kind, Place, encode_frame

SECRET = bytes(range(16))
PLACE = Place(SECRET, 1 << 16)
FRAMES = st.builds(
    Frame,
    kind=st.sampled_from([Kind.ANSWER, Kind.PIECE, Kind.TURN, Kind.LOG]),
    call=st.integers(0, 2**32 - 1),
    head=st.builds(Head, head=st.text(max_size=5), status=st.integers(100, 599)),
    body=st.binary(max_size=60),
)


def written(frame: Frame) -> bytes:
    return encode_frame(frame.kind, frame.call, frame.body, secret=SECRET, head=frame.head)


def read(reader: FrameReader, *pieces: bytes) -> list[Frame]:
    return [frame for piece in pieces for frame in reader.feed(piece)]


@given(st.lists(FRAMES, max_size=6), st.lists(st.integers(0, 500), max_size=8))
def test_they_are_the_same_wherever_they_are_cut(frames: list[Frame], cuts: list[int]) -> None:
    text = b"".join(map(written, frames))
    places = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    reader = FrameReader(PLACE)
    assert read(reader, *(text[start:end] for start, end in pairwise(places))) == frames


@pytest.mark.parametrize("cut", [0, 3, 20, 29, 40])
@pytest.mark.parametrize(
    "frame",
    [
        encode_frame(Kind.ANSWER, 1, b"x" * 50, secret=bytes(16)),
        encode_frame(Kind.RENDER, 1, b"x" * 50, secret=SECRET),
        encode_frame(Kind.ANSWER, 1, b"x" * (1 << 16), secret=SECRET),
        b"\0\0\0\1" + bytes(50),
    ],
    ids=["secret", "kind", "large", "short"],
)
def test_what_is_no_frame_is_refused_wherever_it_is_cut(frame: bytes, cut: int) -> None:
    reader = FrameReader(PLACE)
    good = encode_frame(Kind.TURN, 1, secret=SECRET)
    with pytest.raises(FrameError):
        read(reader, good + frame[:cut], frame[cut:])
