"""What a fetch gives, and what a client counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from hanse.errors import HanseError
from hanse.net.cache import Entry

__all__ = ["Document", "Reply", "Stats", "Status"]

Status = Literal["fresh", "revalidated", "cached", "stale"]


@dataclass(frozen=True, slots=True)
class Document:
    """A document, and how it was come by.

    Attributes:
        url: The URL that was asked for, normalised, without fragment.
        final_url: Where it was, after redirects.
        body: Its bytes, decoded.
        content_type: The header as it was sent; empty if there was none.
        etag: The entity tag, with its quotes; None if there was none.
        last_modified: The header as it was sent; None if there was none.
        age: Seconds since the origin made or confirmed it.
        fresh_for: Seconds for which it may still be used without asking; not below 0.
        status: `fresh` (just fetched), `revalidated` (the origin confirmed the copy), `cached` (the copy
            is fresh), `stale` (the copy is not, and could not be renewed yet).
        stale_reason: Why a stale copy could not be renewed; None while that is still being tried.
        headers: What the answer said to browsers, by names in lower case: `content-type`, `cache-control`,
            `access-control-allow-origin` and `vary`, as far as they are there and not longer than they
            ever need to be.
    """

    url: str
    final_url: str
    body: bytes
    content_type: str
    etag: str | None
    last_modified: str | None
    age: float
    fresh_for: float
    status: Status
    stale_reason: HanseError | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def stale(self) -> bool:
        """Tell whether this is an old copy."""
        return self.status == "stale"


@dataclass(frozen=True, slots=True)
class Reply:
    """What an origin answered to a request that is nobody else's.

    Attributes:
        status: 200, 203, or 304 where the caller's copy is still the current one.
        body: Its bytes, decoded; empty with 304.
        content_type: The header as it was sent; empty if there was none.
        etag: The entity tag, with its quotes; None if there was none.
    """

    status: int
    body: bytes = field(repr=False)
    content_type: str
    etag: str | None


@dataclass(frozen=True, slots=True)
class Stats:
    """Counts since the client was made, and how much it holds now.

    `errors` counts failed fetches by the `code` of their error, those answered by a stale copy included.
    """

    fresh: int
    revalidated: int
    cached: int
    stale: int
    errors: dict[str, int]
    in_flight: int
    cache_entries: int
    cache_bytes: int


def make_document(
    url: str, entry: Entry, *, now: float, status: Status, reason: HanseError | None = None
) -> Document:
    """Describe a copy as of now."""
    return Document(
        url=url,
        final_url=entry.final_url,
        body=entry.body,
        content_type=entry.content_type,
        etag=entry.etag,
        last_modified=entry.last_modified,
        age=entry.age(now),
        fresh_for=max(0.0, entry.fresh_for(now)),
        status=status,
        stale_reason=reason,
        headers=entry.headers,
    )
