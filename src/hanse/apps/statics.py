"""The files of an app's build for browsers, as any origin may have them."""

from __future__ import annotations

import mimetypes
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from hanse.apps.build.task import ENTRY
from hanse.web.replies import reply, strong_etag

__all__ = ["StaticFile", "answer_static", "read_static", "static_file"]

FOREVER: Final = "public, max-age=31536000, immutable"
ASK_AGAIN: Final = "no-cache"
TYPES: Final = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".json": "application/json",
    ".map": "application/json",
}


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file: its bytes, its type, and a tag that changes with it."""

    body: bytes
    kind: str
    etag: str
    lasting: bool


def read_static(folder: Path) -> dict[str, StaticFile]:
    """Read a build; all its names but the entry's have a digest in them."""
    found = {}
    for file in sorted(folder.iterdir()) if folder.is_dir() else ():
        if file.is_file():
            found[file.name] = static_file(file.name, file.read_bytes(), lasting=file.name != ENTRY)
    return found


def static_file(name: str, body: bytes, *, lasting: bool) -> StaticFile:
    """Return a file of a build as browsers get it; `lasting` where its name changes with what is in it."""
    guessed = mimetypes.guess_type(name)[0] or "application/octet-stream"
    kind = TYPES.get(Path(name).suffix) or guessed
    return StaticFile(body, kind, strong_etag(body), lasting)


def answer_static(file: StaticFile, request: Request) -> Response:
    """Answer with a file, or that the browser's copy is still the current one."""
    cache = FOREVER if file.lasting else ASK_AGAIN
    return reply(request, file.body, file.kind, cache=cache, etag=file.etag, public=True)
