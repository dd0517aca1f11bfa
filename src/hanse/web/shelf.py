"""Documents that are made once for a plan, however many ask for them."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool

from hanse.federation import Snapshot
from hanse.resolve import Plan
from hanse.web.replies import strong_etag

__all__ = ["Made", "Maker", "Shelf"]

Maker = Callable[[Snapshot], bytes]
"""Makes a document of which the plan and the digest are all that counts."""


@dataclass(frozen=True, slots=True)
class Made:
    """A document, and what it was made of."""

    plan: Plan
    digest: str
    body: bytes
    etag: str


class Shelf:
    """Keeps the latest document of each maker; they are made off the event loop, one at a time."""

    def __init__(self) -> None:
        self._made: dict[Maker, Made] = {}
        self._locks: dict[Maker, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def take(self, make: Maker, snapshot: Snapshot) -> Made:
        """Return the document for a snapshot, made now if it is not there.

        Raises:
            HanseError: What the maker raised.
        """
        async with self._locks[make]:
            made = self._made.get(make)
            if made is None or made.plan is not snapshot.plan or made.digest != snapshot.digest:
                body = await run_in_threadpool(make, snapshot)
                made = self._made[make] = Made(snapshot.plan, snapshot.digest, body, strong_etag(body))
            return made
