"""A remote whose module fails while it renders: the page is there in time, with what is well beside it.

Each row is a page of a real site, with real engines: of a remote that is trusted, in Deno, and of a stranger,
in WebAssembly.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.attacks.strangers import HOSTILE, check
from tests.federation.server.markets import LIMITS, Market, open_market, told
from tests.federation.server.memory import Sampling, peak_since

pytestmark = pytest.mark.anyio

WRITTEN = "".join(f"<p>{one}</p>" for one in HOSTILE.values())
TEXT = (Path(__file__).parent / "failures.js").read_text().replace("HOSTILE", json.dumps(WRITTEN))
REASONS = {
    "loop": "timeout",
    "throw": "threw",
    "allocate": "memory",
    "write": "output",
    "pour": "output",
    "wait": "timeout",
    "chat": "timeout",
}
# Seconds for modules that use all they are given.
SHORT = 0.4
# Whoever is left alone here stays so until the next build.
LEFT_ALONE = replace(LIMITS, breaker_open=60.0, breaker_open_most=60.0)
# Megabytes that a module may have, and what an engine, or this process, may take beside them.
MEMORY = 64
BESIDE = 160


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def market(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> AsyncIterator[Market]:
    """A site with the module that fails when it is asked to: as a trusted remote's, and as a stranger's."""
    async with open_market(
        tmp_path_factory.mktemp("market"),
        {"shop": TEXT, "stranger": TEXT},
        more={"stranger": "trusted = false"},
        head=f"[rendering]\nmemory = {MEMORY}\nprocesses = 2",
        limits=LEFT_ALONE,
    ) as market:
        for remote in ("shop", "stranger"):
            await market.visit_until(remote, "hello nobody")
        yield market


def reasons_of(caplog: pytest.LogCaptureFixture) -> set[tuple[str, str]]:
    """Return which remotes were logged as not rendered, and why."""
    return {
        (vars(record)["remote"], vars(record)["reason"])
        for record in caplog.records
        if record.name == "hanse.render" and record.levelno >= logging.WARNING
    }


@pytest.mark.parametrize("fault", REASONS)
@pytest.mark.parametrize("remote", ["shop", "stranger"])
async def test_a_module_that_fails_costs_its_fragment(
    market: Market, remote: str, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    with Sampling() as engines, peak_since() as peak, caplog.at_level(logging.WARNING, "hanse"):
        seconds = SHORT if REASONS[fault] == "timeout" else None
        page = await market.suffer(remote, seconds=seconds, fault=fault)

    assert page.other == told(remote, REASONS[fault])
    assert reasons_of(caplog) == {(remote, REASONS[fault])}
    assert peak.megabytes < MEMORY + BESIDE
    assert engines.most < MEMORY + BESIDE
    # The next visitor has what the remote gives when it is well.
    await market.visit_until(remote, "<b>hello Ada</b>", name="Ada")


@pytest.mark.parametrize("remote", ["shop", "stranger"])
async def test_a_module_that_goes_on_looping_is_soon_left_alone(market: Market, remote: str) -> None:
    reasons: list[str] = []
    while reasons[-1:] != ["breaker"]:
        assert len(reasons) <= LIMITS.breaker_failures
        page = await market.suffer(remote, fault="loop", seconds=0.1)
        reasons.append(page.other.partition("reason=")[2].partition('"')[0])
        # A visitor now and then: the process that loops is ended a moment after its call.
        await asyncio.sleep(0.15)
    assert reasons == ["timeout"] * LIMITS.breaker_failures + ["breaker"]
    await market.stalls[remote].deploy(f"{TEXT}\n// mended")
    await market.visit_until(remote, "<b>hello nobody</b>")


async def test_hostile_html_of_a_stranger_is_harmless_in_its_page(market: Market) -> None:
    page = await market.suffer("stranger", fault="lie")
    assert "data-hanse-fallback" not in page.other
    opened, _, inside = page.other.partition(">")
    assert opened == '<div data-hanse-remote="stranger" data-hanse-rendered="stranger/./Card"'
    check(inside.removesuffix("</div>"))
