"""A remote that is deployed again and again while its page is asked for: no page is lost, none is stale."""

from __future__ import annotations

import asyncio
import gc
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.federation.server.markets import Market, open_market
from tests.federation.server.memory import children, resident
from tests.federation.towns import until
from tests.soak.counts import often

pytestmark = pytest.mark.anyio

COUNT = often(6, soak=1000)
# The first ones fill caches that are kept for good.
SETTLING = often(1, soak=50)
VISITORS = 3
PAUSE = 0.03
# Megabytes that may be left behind by all of them.
GROWTH = 20.0
BUILD = re.compile(r"<b>build (\d+) <")


def card(number: int) -> str:
    """Write a module that says which build it is of; no two builds share a module."""
    return f"export const render = () => '<b>build {number} </b>'; // {'x' * 2000}"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@dataclass
class Story:
    """What visitors have seen."""

    pages: int = 0
    lost: list[str] = field(default_factory=list)
    stale: list[tuple[int, int]] = field(default_factory=list)
    newest: int = 0
    over: bool = False

    async def visit(self, market: Market) -> None:
        """Visit until it is over; nobody sees an older build than was shown before he asked."""
        while not self.over:
            known = self.newest
            page = await market.visit("shop")
            found = BUILD.search(page.other)
            self.pages += 1
            if page.status != 200 or not page.home or found is None:
                self.lost.append(page.other)
            else:
                number = int(found[1])
                if number < known:
                    self.stale.append((number, known))
                self.newest = max(self.newest, number)
            await asyncio.sleep(PAUSE)


async def redeploy(market: Market, story: Story, numbers: range) -> None:
    """Deploy one build after the other, each when the one before is shown."""
    for number in numbers:
        await market.stalls["shop"].deploy(card(number))
        async with asyncio.timeout(30):
            while story.newest < number:  # noqa: ASYNC110 - visitors tell nobody
                await asyncio.sleep(0.005)


async def settle() -> float:
    """Wait until what drains has ended; return the megabytes that this process holds."""
    async with asyncio.timeout(30):
        # Two processes at work, and two that wait for the next build.
        while len(children()) > 4:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.05)
    gc.collect()
    return resident()


@pytest.fixture(autouse=True)
def _frozen() -> Iterator[None]:
    """Let collections look at these tests alone: all of a long run takes seconds, in which nobody answers."""
    gc.freeze()
    yield
    gc.unfreeze()


async def test_a_remote_is_deployed_again_and_again(tmp_path: Path, report: Callable[[str], None]) -> None:
    head = "[rendering]\nprocesses = 2"
    async with open_market(tmp_path, {"shop": card(0)}, head=head) as market:
        await market.visit_until("shop", "build 0")
        story = Story()
        async with asyncio.TaskGroup() as group:
            for _ in range(VISITORS):
                group.create_task(story.visit(market))
            await redeploy(market, story, range(1, SETTLING + 1))
            before = await settle()
            await redeploy(market, story, range(SETTLING + 1, SETTLING + COUNT + 1))
            after = await settle()
            story.over = True
        assert story.lost == []
        assert story.stale == []
        assert story.pages > COUNT
        assert after - before < GROWTH
        report(f"{COUNT} redeploys, {story.pages} pages, none lost or stale, {after - before:+.1f} MB")
        # On a busy machine a question may have met its deadline just now; it is asked again.
        await until(lambda: market.health("shop").status == "ok")
    assert children() == []


async def test_processes_end_with_the_last_page_of_their_build(tmp_path: Path) -> None:
    async with open_market(tmp_path, {"shop": card(0)}, head="[rendering]\nprocesses = 2") as market:
        await market.visit_until("shop", "build 0")
        gc.collect()
        # Nobody has to look for pages that nobody holds.
        gc.disable()
        try:
            for number in (1, 2, 3):
                await market.stalls["shop"].deploy(card(number))
                await market.visit_until("shop", f"build {number}")
            async with asyncio.timeout(10):
                while len(children()) > 4:  # noqa: ASYNC110 - nothing tells of it
                    await asyncio.sleep(0.05)
        finally:
            gc.enable()
