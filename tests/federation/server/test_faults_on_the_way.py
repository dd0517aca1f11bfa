"""A remote that cannot be had: its page is there in time with what is well, and whole again by itself.

Each row is a page of a real site with two remotes, of which one fails on the way of its modules.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from hanse.stream import Publisher
from tests.federation.server.doors import Flood, bomb, drop, hang, miss, script, truncate
from tests.federation.server.markets import LIMITS, Market, Stall, open_market, told
from tests.federation.server.memory import peak_since
from tests.federation.server.sites import card, write_server_build
from tests.federation.towns import until
from tests.net.upstream import Handler
from tests.stream.remotes import KEY, PRIVATE

pytestmark = pytest.mark.anyio

FAULTS: Mapping[str, Callable[[], Handler]] = {
    "500 with a JavaScript body": lambda: script,
    "404 with HTML": lambda: miss,
    "hang": lambda: hang,
    "drop": lambda: drop,
    "truncation": lambda: truncate,
    "200 MB": lambda: Flood(announced=True),
    "200 MB that nobody announced": lambda: Flood(announced=False),
    "gzip bomb": lambda: bomb,
}
# Megabytes that a fault may cost while it lasts: what is let in is held, opened and decoded.
COST = 48
# Bytes that leave before whoever sends them knows that nobody reads any more: the system holds some.
LET_IN = 24 << 20


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> AsyncIterator[Market]:
    """A site whose remote `shop` works."""
    texts = {"shop": card("first"), "stranger": card("first")}
    more = {"stranger": "trusted = false"}
    head = "[rendering]\nopening = 2.5"
    async with open_market(tmp_path_factory.mktemp("running"), texts, more=more, head=head) as market:
        yield market


@pytest.fixture(scope="module")
async def cold(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> AsyncIterator[Market]:
    """A site that was started while its remotes failed, each in a way of its own."""
    names = name_remotes()

    def fail(stalls: Mapping[str, Stall]) -> None:
        for fault, name in names.items():
            stalls[name].door.play(FAULTS[fault]())

    texts = {name: card(fault) for fault, name in names.items()}
    async with open_market(tmp_path_factory.mktemp("cold"), texts, prepare=fail) as market:
        # What browsers get of them is in order; with so much going on it may have come too late.
        async with asyncio.timeout(30):
            while not market.federation.snapshot.healthy:
                await market.federation.refresh()
                await asyncio.sleep(0.05)
        yield market


def name_remotes() -> dict[str, str]:
    """Return a remote for each fault."""
    return {fault: f"shop{number}" for number, fault in enumerate(FAULTS)}


def warnings_of(caplog: pytest.LogCaptureFixture, remote: str) -> list[str]:
    """Return what was logged about a remote's server modules."""
    return [
        record.getMessage()
        for record in caplog.records
        if record.name.startswith("hanse")
        and record.levelno >= logging.WARNING
        and remote in record.getMessage()
    ]


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_remote_that_was_never_there_costs_its_fragment(cold: Market, fault: str) -> None:
    name = name_remotes()[fault]
    page = await cold.suffer(name)

    assert page.other == told(name, "browser-only")
    assert cold.health(name).status in {"failed", "starting"}

    door = cold.stalls[name].door
    door.play(None)
    await cold.visit_until(name, f"<b>{fault} nobody</b>")
    await cold.until(name, "ok")


@pytest.mark.parametrize("only", ["", "/stream"], ids=["everything", "the stream"])
@pytest.mark.parametrize("fault", FAULTS)
async def test_a_remote_that_worked_before_goes_on_with_the_build_before(
    running: Market, fault: str, only: str, caplog: pytest.LogCaptureFixture
) -> None:
    shop, played, word = running.stalls["shop"], FAULTS[fault](), f"{fault} {only}".replace(" ", "-")
    await shop.deploy(card(f"before-{word}"))
    await running.visit_until("shop", f"before-{word}")
    await running.until("shop", "ok")

    with peak_since() as peak, caplog.at_level(logging.WARNING, "hanse"):
        shop.door.play(played, only=only)
        await shop.deploy(card(f"after-{word}"))
        await until(lambda: shop.door.played > 0)
        page = await running.suffer("shop")
        assert f"<b>before-{word} nobody</b>" in page.other
        await running.until("shop", "stale")
        page = await running.suffer("shop")
        assert f"<b>before-{word} nobody</b>" in page.other
    assert peak.megabytes < COST
    if isinstance(played, Flood):
        assert 0 < played.most < LET_IN
    assert any("could not be had" in line for line in warnings_of(caplog, "shop"))

    # The build that could not be had is, without another deploy.
    shop.door.play(None)
    await running.visit_until("shop", f"<b>after-{word} nobody</b>")
    await running.until("shop", "ok")


def forge(folder: Path) -> Publisher:
    """Publish with the shared key, and a signature of somebody else."""
    write_server_build(folder, {"card.js": card("FOREIGN")}, serial=2**50)
    return Publisher.from_folder(folder, key=KEY, private_key=b"p" * 32, limits=LIMITS)


def go_back(folder: Path) -> Publisher:
    """Publish an older build under its own serial."""
    write_server_build(folder, {"card.js": card("FOREIGN")}, serial=3)
    return Publisher.from_folder(folder, key=KEY, private_key=PRIVATE, limits=LIMITS)


@pytest.mark.parametrize("make", [forge, go_back])
async def test_a_build_that_must_not_be_used_is_not(
    running: Market, make: Callable[[Path], Publisher], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shop, word = running.stalls["shop"], make.__name__
    await shop.deploy(card(f"before-{word}"))
    await running.visit_until("shop", f"before-{word}")

    with caplog.at_level(logging.WARNING, "hanse"):
        shop.stand_in(make(tmp_path / "other"))
        await running.until("shop", "stale")
        page = await running.suffer("shop")
    assert f"<b>before-{word} nobody</b>" in page.other
    assert warnings_of(caplog, "shop")

    shop.stand_in(None)
    await running.until("shop", "ok")
    await shop.deploy(card(f"after-{word}"))
    await running.visit_until("shop", f"<b>after-{word} nobody</b>")


BROKEN = {
    "throws": "throw new Error('broken');",
    "no JavaScript": "export const render = ;",
    "imports what there is not": "import 'nowhere';",
    "floods memory": "const all = []; for (;;) all.push(new Array(100_000).fill(all.length));",
}


@pytest.mark.parametrize("kind", BROKEN)
async def test_a_build_that_does_not_run_leaves_the_one_before(
    running: Market, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    shop, word = running.stalls["shop"], kind.replace(" ", "-")
    await shop.deploy(card(f"before-{word}"))
    await running.visit_until("shop", f"before-{word}")
    await running.until("shop", "ok")

    with caplog.at_level(logging.WARNING, "hanse"):
        await shop.deploy(BROKEN[kind])
        # It is being tried meanwhile, or was refused.
        await running.until("shop", "starting", "stale")
        page = await running.suffer("shop")
        assert f"<b>before-{word} nobody</b>" in page.other
        await running.until("shop", "stale")
        page = await running.suffer("shop")
        assert f"<b>before-{word} nobody</b>" in page.other
    assert any("is refused" in line for line in warnings_of(caplog, "shop"))

    await shop.deploy(card(f"after-{word}"))
    await running.visit_until("shop", f"<b>after-{word} nobody</b>")


async def test_a_build_that_never_gets_ready_leaves_the_one_before(running: Market) -> None:
    # Both at once: each is waited for until the time for it is over.
    hostile = {"shop": "for (;;);", "stranger": "await new Promise(() => {});"}
    for remote, text in hostile.items():
        await running.stalls[remote].deploy(card("before-ready"))
        await running.visit_until(remote, "before-ready")
        await running.until(remote, "ok")
        await running.stalls[remote].deploy(text)
    for remote in hostile:
        await running.until(remote, "starting", "stale")
        assert "<b>before-ready nobody</b>" in (await running.suffer(remote)).other
    for remote in hostile:
        await running.until(remote, "stale")
        assert "<b>before-ready nobody</b>" in (await running.suffer(remote)).other
        await running.stalls[remote].deploy(card("after-ready"))
        await running.visit_until(remote, "<b>after-ready nobody</b>")


async def test_a_remote_that_is_there_again_with_the_same_build_is_not_pulled_again(running: Market) -> None:
    shop = running.stalls["shop"]
    await shop.deploy(card("same"))
    await running.visit_until("shop", "<b>same nobody</b>")
    await running.until("shop", "ok")
    before = running.health("shop")
    shop.door.play(drop)
    await running.until("shop", "stale")

    shop.door.play(drop, only="/stream")
    await running.until("shop", "ok")

    assert shop.door.played == 0
    assert running.health("shop").generation == before.generation
    assert running.health("shop").pool == before.pool
    shop.door.play(None)


async def test_who_has_failed_often_is_heard_of_when_he_is_asked_again(tmp_path: Path) -> None:
    # Elsewhere an origin that fails is left alone for longer than anybody here waits.
    limits = replace(LIMITS, breaker_open=60.0, breaker_open_most=300.0)

    def fail(stalls: Mapping[str, Stall]) -> None:
        stalls["shop"].door.play(drop)

    async with open_market(tmp_path, {"shop": card("late")}, prepare=fail, limits=limits) as market:
        door = market.stalls["shop"].door
        await until(lambda: door.played > 2 * limits.breaker_failures)
        door.play(None)
        await market.visit_until("shop", "<b>late nobody</b>")
