"""Pages whose builds are decided for each request: what delegates are told, and by whom."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hanse.errors import NotFoundError, UsageError
from hanse.web import PageOptions, Pages
from hanse.web.blank import BlankPage
from tests.federation.server.fairs import Fair, open_fair

pytestmark = pytest.mark.anyio

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
async def fair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Fair]:
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    async with open_fair(tmp_path) as made:
        yield made


async def test_a_page_tells_delegates_of_its_request(fair: Fair) -> None:
    async with fair.federation() as federation:
        headers = {"host": "shop.example", "traceparent": TRACE}
        page = await Pages(federation).aopen(headers=headers, path="/cups")
        page.tell(tenant="shop-beta", experiments={"cart": "b"}, locale="de")
        fragments = [await page.render("shop", "./Card"), await page.render("basket", "./Card")]

        assert [one.html for one in fragments] == ["<b>beta nobody</b>", "<i><b>beta nobody</b></i>"]
        (told,) = fair.asked
        assert (told.remote, told.path, told.host) == ("shop", "/cups", "shop.example")
        assert told.traceparent == TRACE
        assert (told.tenant, dict(told.experiments), told.locale) == ("shop-beta", {"cart": "b"}, "de")


async def test_once_something_is_rendered_nothing_can_be_told_any_more(fair: Fair) -> None:
    async with fair.federation() as federation:
        page = await Pages(federation).aopen()
        await page.render("shop-beta", "./Card")
        with pytest.raises(UsageError, match="asked already"):
            page.tell(tenant="shop-beta")


async def test_two_pages_at_once_have_their_own_builds(fair: Fair) -> None:
    async with fair.federation() as federation:
        pages = Pages(federation)
        one, other = await pages.aopen(), await pages.aopen()
        one.tell(tenant="shop-beta")
        other.tell(tenant=fair.url("visby"))
        found = [
            (await page.render(remote, "./Card")).html
            for remote in ("shop", "basket")
            for page in (one, other)
        ]
        assert found == [
            "<b>beta nobody</b>",
            "<b>visby nobody</b>",
            "<i><b>beta nobody</b></i>",
            "<i><b>visby nobody</b></i>",
        ]


def test_a_page_without_a_snapshot_may_be_told_as_well() -> None:
    BlankPage(NotFoundError("none", subject="x"), PageOptions()).tell(tenant="a")
