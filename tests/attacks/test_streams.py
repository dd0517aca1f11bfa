"""A publisher that is trusted, and hostile, gets a clear error, and nothing of its stream is used."""

from __future__ import annotations

import hashlib
import json
import tracemalloc
import zlib
from base64 import b64encode
from typing import Any

import pytest

from hanse.errors import FormatError, HanseError, IntegrityError
from hanse.limits import LIMITS, Limits
from hanse.stream import digest_of, read_stream, sign
from tests.stream.streams import BUILD, CARD, PRIVATE, PUBLISHERS, pull, stream

CODE = b"export {}"
ROW = {"name": "a.js", "digest": digest_of(CODE), "size": len(CODE), "imports": []}
OTHER = {"name": "b.js", "digest": digest_of(CARD), "size": len(CARD), "imports": ["a.js"]}
THIRD = {"name": "c.js", "digest": digest_of(b""), "size": 0, "imports": ["b.js"]}
THIRD_ALONE = {**THIRD, "imports": []}
SHORTER = "sha256-" + b64encode(hashlib.sha256(CODE).digest()).decode()


def number(value: int) -> bytes:
    return value.to_bytes(4, "big")


def frame(row: int, content: bytes) -> bytes:
    deflated = zlib.compress(content)
    return number(row) + number(len(deflated)) + deflated


def forge(*frames: bytes, rows: Any = (ROW,), **said: object) -> bytes:
    """Sign any header, and put any frames behind it."""
    header = {
        "remote": "shop",
        "version": "1.4.0",
        "build": BUILD,
        "serial": 17,
        "expires": 1000,
        "nonce": "n-1",
        "modules": rows,
        **said,
    }
    return signed(json.dumps(header).encode(), *frames)


def signed(header: bytes, *frames: bytes) -> bytes:
    signature = sign(header, private=PRIVATE)
    head = b"hanse-stream-1\n" + number(len(header)) + header
    return head + signature.key.encode() + signature.value + b"".join(frames)


def test_an_honest_forgery_is_read() -> None:
    assert pull(forge(frame(0, CODE))).modules == {"a.js": CODE}


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("__proto__/a.js", "__proto__"),
        ("../a.js", "plain relative path"),
        ("/etc/a.js", "plain relative path"),
        ("a/../../b.js", "plain relative path"),
        ("https://evil.example/a.js", "plain relative path"),
        ("a%2e.js?x", "plain relative path"),
        ("a\x00.js", "control"),
        ("", "empty"),
        ("a.exe", "plain relative path"),
    ],
)
def test_a_name_that_is_no_file_of_a_build_is_refused(name: str, why: str) -> None:
    with pytest.raises(FormatError, match=why) as caught:
        pull(forge(frame(0, CODE), rows=[{**ROW, "name": name}]))
    assert caught.value.path == "$.modules[0].name"


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([ROW, ROW], "there twice"),
        ([OTHER, ROW], "`b.js` comes before `a.js`"),
        ([ROW, THIRD, OTHER], "`c.js` comes before `b.js`"),
        ([{**ROW, "imports": ["b.js"]}, THIRD_ALONE, OTHER], "`b.js` is apart from"),
        ([{**ROW, "imports": ["__proto__"]}], "does not name"),
        ([{**ROW, "size": -1}], "too large"),
        ([{**ROW, "size": LIMITS.module_bytes + 1}], "too large"),
        ([{**ROW, "name": f"{i}.js", "size": LIMITS.module_bytes} for i in range(17)], "too large together"),
        ([ROW, {**ROW, "name": "b.js", "size": 1}], "different sizes"),
        ([{**ROW, "digest": "sha384-AAAA"}], "has 48 bytes"),
        ([{**ROW, "digest": digest_of(CODE).replace("384", "256")}], "has 32 bytes"),
        ([{**ROW, "digest": SHORTER}], "not sha384"),
        ([{**ROW, "size": 9.5}], "wrong type"),
        ([{"name": "a.js"}], "missing"),
        ({"a.js": ROW}, "wrong type"),
    ],
)
def test_a_hostile_table_is_refused(rows: object, why: str) -> None:
    with pytest.raises(FormatError, match=why.replace(".", r"\.")):
        pull(forge(frame(0, CODE), rows=rows))


def test_too_many_modules_are_refused() -> None:
    rows = [{**ROW, "name": f"{i}.js"} for i in range(LIMITS.stream_modules + 1)]
    with pytest.raises(FormatError, match="too many modules"):
        pull(forge(frame(0, CODE), rows=rows))


def test_a_header_that_is_no_header_is_refused() -> None:
    for header in (b"", b"[]", b"[" * 100_000, b"\xff", b'{"remote": "shop"}'):
        with pytest.raises(FormatError):
            pull(signed(header))


TWO = (ROW, OTHER)


@pytest.mark.parametrize(
    ("frames", "why"),
    [
        ((), "ends within the frame of `a.js`"),
        ((frame(0, CODE),), "ends within the frame of `b.js`"),
        ((frame(1, CARD), frame(0, CODE)), "out of order"),
        ((frame(0, CODE), frame(0, CODE)), "there twice"),
        ((frame(0, CODE), frame(1, CARD), frame(1, CARD)), "follows the last module"),
        ((frame(0, CODE), frame(1, CARD), b"\0"), "follows the last module"),
        ((frame(0, CODE), frame(2**32 - 1, CARD)), "row 4294967295"),
        ((number(0) + number(2**32 - 1) + b"x",), "ends within"),
        ((number(0) + number(0),), "not the size"),
        ((number(0) + number(3) + b"raw",), "cannot be inflated"),
        ((frame(0, CODE + b"!"),), "not the size"),
        ((frame(0, CODE[:-1]),), "not the size"),
    ],
)
def test_hostile_frames_are_refused(frames: tuple[bytes, ...], why: str) -> None:
    with pytest.raises(FormatError, match=why.replace(".", r"\.")):
        pull(forge(*frames, rows=TWO))


def test_another_content_of_the_same_size_is_refused() -> None:
    with pytest.raises(IntegrityError, match=r"`a\.js` has not the digest"):
        pull(forge(frame(0, CODE.upper())))


def test_something_behind_the_deflated_content_is_refused() -> None:
    deflated = zlib.compress(CODE)
    for hidden in (deflated + b"more", deflated[:-1]):
        with pytest.raises(FormatError, match="does not end with it"):
            pull(forge(number(0) + number(len(hidden)) + hidden))


def test_a_bomb_is_inflated_no_further_than_was_signed() -> None:
    bomb = zlib.compress(b"\0" * (64 << 20), 9)
    container = forge(number(0) + number(len(bomb)) + bomb)
    tracemalloc.start()
    try:
        with pytest.raises(FormatError, match="not the size"):
            pull(container)
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def test_a_header_is_not_read_beyond_its_cap() -> None:
    data = b"hanse-stream-1\n" + number(2**32 - 1) + b"{}"
    with pytest.raises(FormatError, match="too large"):
        pull(data)
    whole = stream()
    with pytest.raises(FormatError, match="too large"):
        read_stream(
            whole,
            remote="shop",
            publishers=PUBLISHERS,
            nonce="n-1",
            now=0.0,
            limits=Limits(stream_header_bytes=100),
        )


def test_nothing_of_an_unsigned_header_is_looked_at() -> None:
    header = b"\xff not even JSON"
    head = b"hanse-stream-1\n" + number(len(header)) + header
    with pytest.raises(IntegrityError, match="not trusted"):
        pull(head + b"A" * 16 + bytes(64))


def test_a_stream_cut_anywhere_gives_an_error_of_ours() -> None:
    whole = stream()
    for end in range(len(whole)):
        with pytest.raises(HanseError):
            pull(whole[:end])
