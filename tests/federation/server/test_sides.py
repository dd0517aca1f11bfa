"""Builds for servers and browsers that do not belong together: browsers render the remote, until they do."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from hanse import Federation
from hanse.federation.holdings import Good
from hanse.federation.server.sides import torn, uneven
from hanse.federation.server.supplies import Supply
from hanse.formats.container import Container
from hanse.formats.entry_structs import Absence
from hanse.formats.remote_entry import Expose, RemoteEntry
from hanse.formats.server_entry import ServerEntry
from hanse.net import digest
from hanse.web import Pages
from tests.federation.server.fairs import Fair, native, open_fair
from tests.federation.server.sites import card, open_site
from tests.federation.towns import entry, share, until

pytestmark = pytest.mark.anyio

FIRST, SECOND = entry("shop"), entry("shop", release=2)


def codes(federation: Federation) -> list[str]:
    return [one.code for one in federation.server_notices()]


async def modes(federation: Federation) -> tuple[str, str | None, str]:
    fragment = await federation.render("shop", "./Card")
    return fragment.mode, fragment.fallback, fragment.html


async def test_a_build_that_says_what_it_belongs_with_waits_for_that(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site, site.federation(modules="skip") as federation:
        await site.shop.deploy(card("first"), browser=digest(FIRST))
        await until(lambda: federation.server_health()[0].serial > 0 and not codes(federation))
        await renders(federation, "first")

        site.towns.put("shop", SECOND)
        await federation.refresh()
        assert await modes(federation) == ("browser", "torn", "")
        assert codes(federation) == ["server-torn"]
        assert federation.server_health()[0].status == "ok"

        await site.shop.deploy(card("second"), browser=digest(SECOND))
        await renders(federation, "second")
        assert codes(federation) == []


async def test_a_server_build_that_is_ahead_has_the_browsers_build_looked_at(tmp_path: Path) -> None:
    async with open_site(tmp_path) as site, site.federation(modules="skip") as federation:
        asked = site.towns.asked("shop")
        site.towns.put("shop", SECOND)
        await site.shop.deploy(card("second"), browser=digest(SECOND))
        await renders(federation, "second")
        assert site.towns.asked("shop") > asked
        assert codes(federation) == []


async def renders(federation: Federation, word: str) -> None:
    """Wait until the server renders the build with a word in it."""
    await until(lambda: federation.server_health()[0].status == "ok")
    for _ in range(200):
        if await modes(federation) == ("server", None, f"<b>{word} nobody</b>"):
            return
        await asyncio.sleep(0.05)
    raise TimeoutError(str(await modes(federation)))


def importing(name: str, *keys: str, **stand_ins: str) -> Good:
    """Return what browsers get of a remote that has stand-ins for modules of others."""
    absence = Absence({one.replace("__", "/"): file for one, file in stand_ins.items()})
    made = RemoteEntry(name, [Expose(key, "x.js") for key in keys], absence=absence)
    return Good(b"", "", made, f"https://{name}.example/remoteEntry.json", 0)


HOME = importing("home", "./Title", shop__Card="a.js")
SHOP = importing("shop", "./Card")
GATE = importing("gate", "./Arch", home__Title="b.js")


@pytest.mark.parametrize(
    ("goods", "here", "odd"),
    [
        ({"home": HOME, "shop": SHOP}, {}, {}),
        ({"home": HOME}, {"home": frozenset({"shop/Card"})}, {}),
        ({"home": HOME, "shop": SHOP}, {"home": frozenset({"shop/Card"})}, {"home": "on the server alone"}),
        ({"home": HOME}, {}, {"home": "for browsers alone"}),
        # Who shows a part of what differs, differs as well.
        ({"home": HOME, "gate": GATE}, {}, {"home": "for browsers alone", "gate": "for browsers alone"}),
        ({}, {}, {}),
    ],
)
def test_what_is_absent_on_one_side_alone_is_not_taken_over(
    goods: dict[str, Good], here: dict[str, frozenset[str]], odd: dict[str, str]
) -> None:
    found = uneven(goods, here)
    assert found.keys() == odd.keys()
    for name, text in odd.items():
        assert f"shop/Card is absent {text}" == found[name]


@pytest.fixture
async def fair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Fair]:
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    async with open_fair(tmp_path) as made:
        yield made


async def test_one_document_for_both_sides_tells_by_itself(fair: Fair) -> None:
    async with fair.federation() as federation:
        assert (await modes(federation))[0] == "server"
        fair.put("shop", native("second"))
        fair.towns.put("shop", entry("shop", share("left-pad", singleton=False), release=2))
        await federation.refresh()
        assert await modes(federation) == ("browser", "torn", "")
        await federation.server_settled()
        assert await modes(federation) == ("server", None, "<b>second nobody</b>")


SUPPLY = Supply(remote="shop", kind="container", url="https://shop.example/server/mf-manifest.json")
ENTRY = ServerEntry(schema=1, name="shop", version="1.0.0", build="sha384-x", serial=0, modules={})
GOOD = Good(b"", "sha384-here", RemoteEntry("shop"), "https://shop.example/mf-manifest.json", 0.0)


def container(version: str | None) -> Good:
    found = Container(name="shop", script=None, global_name="shop", build_version=version)
    return replace(GOOD, container=found)


def test_containers_are_told_apart_by_the_builds_they_say_they_are() -> None:
    assert torn(SUPPLY, ENTRY, container("1.0.0")) is None
    assert torn(SUPPLY, ENTRY, container(None)) is None
    assert torn(SUPPLY, ENTRY, None) is None
    assert torn(SUPPLY, ENTRY, container("1.0.1")) == "its server build is 1.0.0, but browsers get 1.0.1"


def test_nothing_is_compared_where_browsers_never_take_over() -> None:
    strange = Supply(remote="shop", kind="container", url=SUPPLY.url, trusted=False)
    assert torn(strange, ENTRY, container("1.0.1")) is None
    own = Supply(remote="shop", kind="delegate", url="./shop.js")
    assert torn(own, ENTRY, container("1.0.1")) is None


async def test_a_page_is_of_one_moment_though_a_deploy_comes_between_its_parts(fair: Fair) -> None:
    async with fair.federation() as federation:
        pages = Pages(federation)
        page = await pages.aopen()
        fair.put("shop", native("second"))
        fair.towns.put("shop", entry("shop", share("left-pad", singleton=False), release=2))
        await federation.refresh()
        await federation.server_settled()

        fragment = await page.render("shop", "./Card", {})
        late = await (await pages.aopen()).render("shop", "./Card", {})

    assert (fragment.mode, fragment.html) == ("server", "<b>usual nobody</b>")
    assert late.html == "<b>second nobody</b>"
    assert page.snapshot is not federation.snapshot
