"""The files of an app's build for browsers, as any origin may have them, compressed for those who take it."""

from __future__ import annotations

import gzip
import mimetypes
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from hanse.apps.build.task import ENTRY
from hanse.web.replies import reply, strong_etag

__all__ = ["StaticFile", "answer_static", "compressed", "read_static", "static_file"]

FOREVER: Final = "public, max-age=31536000, immutable"
ASK_AGAIN: Final = "no-cache"
TYPES: Final = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".json": "application/json",
    ".map": "application/json",
}
# Encodings by the endings of files that a build has beside its own, the smallest first.
ENCODINGS: Final = {".br": "br", ".gz": "gzip"}
TEXTS: Final = (".js", ".css", ".json", ".map", ".svg", ".txt")
# What is smaller travels in one packet anyway.
SMALL: Final = 1024


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file: its bytes, its type, and a tag that changes with it.

    `encoded` has the same bytes by encoding, the smallest first; `lasting` says that the name changes with
    what is in it.
    """

    body: bytes
    kind: str
    etag: str
    lasting: bool
    encoded: Mapping[str, bytes] = field(default_factory=dict)


def read_static(folder: Path) -> dict[str, StaticFile]:
    """Read a build; all its names but the entry's have a digest in them."""
    files = sorted(folder.iterdir()) if folder.is_dir() else []
    bodies = {file.name: file.read_bytes() for file in files if file.is_file()}
    found = {}
    for name, body in bodies.items():
        if not any(name.endswith(ending) and name.removesuffix(ending) in bodies for ending in ENCODINGS):
            encoded = {
                encoding: bodies[f"{name}{ending}"]
                for ending, encoding in ENCODINGS.items()
                if f"{name}{ending}" in bodies
            }
            found[name] = static_file(name, body, lasting=name != ENTRY, encoded=encoded)
    return found


def static_file(
    name: str, body: bytes, *, lasting: bool, encoded: Mapping[str, bytes] | None = None
) -> StaticFile:
    """Return a file of a build as browsers get it."""
    guessed = mimetypes.guess_type(name)[0] or "application/octet-stream"
    kind = TYPES.get(Path(name).suffix) or guessed
    return StaticFile(body, kind, strong_etag(body), lasting, encoded or {})


def compressed(name: str, body: bytes) -> dict[str, bytes]:
    """Compress a file that nobody has compressed yet; nothing where that is of no use. Takes a while."""
    if len(body) < SMALL or not name.endswith(TEXTS):
        return {}
    return {"gzip": gzip.compress(body, 6, mtime=0)}


def answer_static(file: StaticFile, request: Request) -> Response:
    """Answer with a file, or that the browser's copy is still the current one."""
    cache = FOREVER if file.lasting else ASK_AGAIN
    headers = {"vary": "accept-encoding"} if file.encoded else {}
    body, etag = file.body, file.etag
    wanted = set(accepted(request.headers.get("accept-encoding", "")))
    encoding = next((one for one in file.encoded if one in wanted), None)
    if encoding is not None:
        headers["content-encoding"] = encoding
        # Other bytes have another tag (RFC 9110 §8.8.3).
        body, etag = file.encoded[encoding], f'{etag[:-1]}-{encoding}"'
    return reply(request, body, file.kind, cache=cache, etag=etag, public=True, headers=headers)


def accepted(header: str) -> Iterator[str]:
    """Yield the encodings that an `Accept-Encoding` header names and does not forbid."""
    for item in header.split(","):
        name, _, weight = item.partition(";")
        if weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000"):
            yield name.strip().lower()
