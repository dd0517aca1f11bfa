"""Many visitors of a page whose trusted remote loops: each has what the other one gives, unblamed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.federation.server.markets import Market, open_market, told

pytestmark = pytest.mark.anyio

SHOP = "export const render = ({ fault }) => { if (fault) for (;;); return '<b>shop is well</b>'; };"


@pytest.fixture
async def market(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> AsyncIterator[Market]:
    """A site with two processes, or so many, and a remote whose module loops where it is asked to."""
    head = f"[rendering]\nprocesses = {getattr(request, 'param', 2)}"
    async with open_market(tmp_path_factory.mktemp("market"), {"shop": SHOP}, head=head) as market:
        await market.visit_until("shop", "<b>shop is well</b>")
        yield market


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.mark.parametrize(("visitors", "seconds"), [(32, 0.5), (32, None)])
async def test_every_visitor_has_what_is_well(market: Market, visitors: int, seconds: float | None) -> None:
    for _ in range(2):
        visits = (market.suffer("shop", seconds=seconds, fault="loop") for _ in range(visitors))
        pages = await asyncio.gather(*visits)
        assert {page.other for page in pages} <= {told("shop", "timeout"), told("shop", "breaker")}
    home = market.federation.renderer.breakers()["home"]
    assert (home.phase, home.failures) == ("closed", 0)
    await market.visit_until("shop", "<b>shop is well</b>")


@pytest.mark.parametrize("market", [1], indirect=True)
async def test_one_process_is_enough_for_that(market: Market) -> None:
    pages = await asyncio.gather(*(market.suffer("shop", fault="loop") for _ in range(8)))
    assert {page.other for page in pages} == {told("shop", "timeout")}
    home = market.federation.renderer.breakers()["home"]
    assert (home.phase, home.failures) == ("closed", 0)


async def test_visitors_who_come_all_the_time_have_what_is_well(market: Market) -> None:
    async def come(number: int) -> float:
        await asyncio.sleep(number * 0.03)
        fault = {"fault": "loop"} if number % 3 == 0 else {}
        return (await market.suffer("shop", seconds=1.0, **fault)).seconds

    await asyncio.gather(*map(come, range(100)))
    home = market.federation.renderer.breakers()["home"]
    assert (home.phase, home.failures) == ("closed", 0)
