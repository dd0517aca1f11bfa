"""Following a remote: hearing of each build that it publishes, through all its failures."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable

from hanse.errors import HanseError
from hanse.limits import LIMITS, Limits
from hanse.net import Client
from hanse.stream.pull import Announced, Supplier, read_entry

__all__ = ["HearBuild", "watch"]

HearBuild = Callable[[Announced | HanseError], Awaitable[object]]
"""Called with each other build that is announced, and with each failure.

What it raises of `HanseError` for a build is such a failure: the build is announced again.
"""


async def watch(
    client: Client,
    supplier: Supplier,
    hear: HearBuild,
    *,
    etag: str | None = None,
    now: Callable[[], float] = time.time,
    limits: Limits = LIMITS,
) -> None:
    """Ask a remote for its builds until this is cancelled.

    The remote is asked to hold each request until it has another build, so that one is known within a second
    or two of its deploy. A remote that answers at once is asked again after `build_interval`, one that fails
    later each time, up to `build_interval_most`; half of each wait is by chance. After a failure its build is
    announced even if it is the one before: whoever hears knows then that the remote is well.

    Args:
        client: Sends the requests.
        supplier: The remote.
        hear: Called in order, and waited for: the next question comes after it.
        etag: That of the build that is known; without one the first answer is a build.
        now: Seconds of Unix time.
        limits: The intervals, and `publisher_wait`.
    """
    failures, last = 0, ("", -1)
    while True:
        began = asyncio.get_running_loop().time()
        try:
            wait = limits.publisher_wait
            found = await read_entry(client, supplier, etag=etag, wait=wait, now=now, limits=limits)
            # A server that gives no tags announces the same build again and again.
            if found is not None and (found.entry.build, found.entry.serial) != last:
                await hear(found)
            failures = 0
        except HanseError as error:
            failures += 1
            etag, last = None, ("", -1)
            await hear(error)
        else:
            if found is not None:
                etag, last = found.etag, (found.entry.build, found.entry.serial)
        base = limits.build_interval * 2.0 ** min(failures, 16)
        pause = min(base, limits.build_interval_most) * random.uniform(0.5, 1.0)  # noqa: S311 - no secret
        spent = asyncio.get_running_loop().time() - began
        held = not failures and spent >= limits.build_interval
        await asyncio.sleep(0 if held else pause)
