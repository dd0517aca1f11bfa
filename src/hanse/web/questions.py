"""Requests for an ASGI app, as other frameworks hand them over, and its answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from starlette.types import Scope

from hanse.web.streams import Flow

__all__ = ["Answer", "Question"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A request for the app.

    `path` is what follows `root_path`, the path that the app is mounted under; both are decoded. `headers`
    are pairs, their names in lower case. `body` may be cut off one byte after the app's cap: then the app
    itself finds that it is too large.
    """

    method: str = "GET"
    path: str = "/"
    root_path: str = ""
    query: bytes = b""
    headers: tuple[tuple[bytes, bytes], ...] = ()
    body: bytes = b""
    scheme: str = "http"
    client: tuple[str, int] | None = None

    @classmethod
    def from_environ(
        cls, environ: Mapping[str, object], *, path: str, root_path: str, scheme: str, body: bytes
    ) -> Self:
        """Make a question of a WSGI environment, or of Django's `META`, which has the same shape.

        Args:
            environ: The environment; its own paths do not count.
            path: The path below the mount.
            root_path: The path of the mount.
            scheme: `http` or `https`, as the framework found it out.
            body: The body, which was read already.
        """
        address = environ.get("REMOTE_ADDR")
        return cls(
            method=str(environ.get("REQUEST_METHOD", "GET")),
            path=path,
            root_path=root_path,
            query=str(environ.get("QUERY_STRING", "")).encode("latin-1", "replace"),
            headers=tuple(headers_of(environ)),
            body=body,
            scheme=scheme,
            client=(str(address), 0) if address else None,
        )

    def scope(self) -> Scope:
        """Return the request as ASGI has it."""
        path = f"{self.root_path}{self.path}"
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": self.method,
            "scheme": self.scheme,
            "path": path,
            "raw_path": path.encode("utf-8", "replace"),
            "root_path": self.root_path,
            "query_string": self.query,
            "headers": list(self.headers),
            "client": self.client,
            "server": None,
        }


def headers_of(environ: Mapping[str, object]) -> list[tuple[bytes, bytes]]:
    """Return the headers that a WSGI environment holds."""
    found = []
    for name, text in environ.items():
        plain = name.removeprefix("HTTP_")
        if isinstance(text, str) and text and (plain != name or name in {"CONTENT_TYPE", "CONTENT_LENGTH"}):
            header = plain.lower().replace("_", "-").encode("latin-1", "replace")
            found.append((header, text.encode("latin-1", "replace")))
    return found


@dataclass(frozen=True, slots=True)
class Answer:
    """What the app answered; where it streams, `stream` is the body, and has to be closed."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""
    stream: Flow | None = None
