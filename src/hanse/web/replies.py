"""Answers: conditional requests, and the headers that every answer carries."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

__all__ = ["ALWAYS", "NO_CONTENT_POLICY", "PAGE_POLICY", "reply", "strong_etag"]

# What a page of ours may do: its own style, script and pictures, its own documents, and nothing else.
PAGE_POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'"
)

# A document that is no page does nothing, even where a browser is made to show it as one.
NO_CONTENT_POLICY: Final = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

ALWAYS: Final = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
}


def reply(
    request: Request | None,
    body: bytes,
    media_type: str,
    *,
    status: int = 200,
    cache: str = "no-cache",
    etag: str | None = None,
    public: bool = False,
    policy: str = NO_CONTENT_POLICY,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Make an answer, or 304 where the caller's copy is the same.

    Args:
        request: What is answered; None where its conditions do not count.
        body: The whole body.
        media_type: Its type; ` charset=utf-8` is written out where it is wanted.
        status: The status where it is not 304.
        cache: The `Cache-Control` header.
        etag: The entity tag, with its quotes; None where the answer has none.
        public: Whether pages of every origin may read it.
        policy: The content security policy.
        headers: More headers.
    """
    fields = {**ALWAYS, "content-security-policy": policy, "cache-control": cache, **(headers or {})}
    fields["cross-origin-resource-policy"] = "cross-origin" if public else "same-origin"
    if public:
        fields["access-control-allow-origin"] = "*"
        fields["access-control-expose-headers"] = "etag"
    if etag is not None:
        fields["etag"] = etag
        if request is not None and matches(request.headers.get("if-none-match", ""), etag):
            return Response(status_code=304, headers=fields)
    return Response(body, status_code=status, headers={**fields, "content-type": media_type})


def matches(condition: str, etag: str) -> bool:
    """Tell whether an `If-None-Match` header names this entity tag (RFC 9110 §13.1.2, weak comparison).

    Splitting at commas is right only for tags that have none in them, which is true of ours.
    """
    named = {item.strip().removeprefix("W/") for item in condition.split(",")}
    return etag in named or "*" in named


def strong_etag(body: bytes) -> str:
    """Return an entity tag that changes with every byte of the body."""
    digest = hashlib.sha256(body).digest()
    return f'"{base64.urlsafe_b64encode(digest).decode().rstrip("=")}"'
