"""Running what belongs to the federation's event loop, from whichever loop or thread somebody is in."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import TypeVar

from hanse.errors import UsageError
from hanse.federation import Federation
from hanse.federation.background import is_running_here, run_in
from hanse.web.starting import home_of

__all__ = ["at_home", "wait_at_home"]

T = TypeVar("T")


async def at_home(federation: Federation, coroutine: Coroutine[None, None, T]) -> T:
    """Await a coroutine on the federation's loop, wherever this one runs.

    Raises:
        Exception: What the coroutine raised.
    """
    home = home_of(federation)
    if is_running_here(home):
        return await coroutine
    return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(coroutine, home))


def wait_at_home(federation: Federation, coroutine: Coroutine[None, None, T]) -> T:
    """Run a coroutine on the federation's loop, and wait for it.

    Raises:
        UsageError: This is that loop's thread, which would wait for itself.
        Exception: What the coroutine raised.
    """
    home = home_of(federation)
    if is_running_here(home):
        coroutine.close()
        raise UsageError(
            "a template that does not await cannot render a fragment in the event loop",
            subject="hanse_render",
            hint="await page.render(…) in the view, write the view with `def`, or let the template await",
        )
    return run_in(home, coroutine)
