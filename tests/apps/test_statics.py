"""Files for browsers: types, tags, and the encodings that a browser takes."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from starlette.requests import Request

from hanse.apps.statics import StaticFile, answer_static, compressed, read_static, static_file

BODY = b"export const all = [" + b"1234567890," * 200 + b"];"


def ask(file: StaticFile, **headers: str) -> tuple[int, dict[str, str], bytes]:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    response = answer_static(file, Request({"type": "http", "method": "GET", "headers": raw}))
    return response.status_code, dict(response.headers), bytes(response.body)


@pytest.fixture
def file(tmp_path: Path) -> StaticFile:
    (tmp_path / "card-1.js").write_bytes(BODY)
    (tmp_path / "card-1.js.br").write_bytes(b"brotli")
    (tmp_path / "card-1.js.gz").write_bytes(gzip.compress(BODY))
    (tmp_path / "archive.gz").write_bytes(b"no variant of anything")
    files = read_static(tmp_path)
    assert {*files} == {"card-1.js", "archive.gz"}
    return files["card-1.js"]


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip", "gzip"),
        ("BR;q=0.5", "br"),
        ("br;q=0, gzip;q=0.1", "gzip"),
        ("br; q=0", None),
        ("identity", None),
        ("", None),
        ("zstd", None),
    ],
)
def test_a_browser_gets_the_smallest_that_it_takes(
    file: StaticFile, accepted: str, encoding: str | None
) -> None:
    status, headers, body = ask(file, accept_encoding=accepted)
    assert (status, headers.get("content-encoding")) == (200, encoding)
    assert headers["vary"] == "accept-encoding"
    assert headers["content-type"] == "text/javascript"
    assert headers["cache-control"] == "public, max-age=31536000, immutable"
    if encoding != "br":
        assert (gzip.decompress(body) if encoding else body) == BODY


def test_other_bytes_have_another_tag(file: StaticFile) -> None:
    tags = {ask(file, accept_encoding=one)[1]["etag"] for one in ("br", "gzip", "")}
    assert len(tags) == 3
    for encoding in ("br", "gzip", ""):
        etag = ask(file, accept_encoding=encoding)[1]["etag"]
        status, headers, body = ask(file, accept_encoding=encoding, if_none_match=etag)
        assert (status, body) == (304, b"")
        assert headers["etag"] == etag


def test_what_gets_no_smaller_is_left_alone() -> None:
    assert compressed("card.js", b"export {};") == {}
    assert compressed("photo.png", BODY) == {}
    made = compressed("card.js", BODY)
    assert gzip.decompress(made["gzip"]) == BODY
    assert made == compressed("card.js", BODY)
    assert "vary" not in ask(static_file("photo.png", BODY, lasting=True))[1]
