"""The server side in Hanse's own app: builds, refusals, breakers, fragments, processes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from hanse import Federation
from tests.federation.server.sites import Site, card, open_site
from tests.federation.towns import until
from tests.web.site import ask

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def opened(tmp_path: Path) -> AsyncIterator[tuple[Site, Federation, httpx2.AsyncClient]]:
    async with (
        open_site(tmp_path) as site,
        site.federation(modules="skip") as federation,
        ask(federation) as client,
    ):
        yield site, federation, client


async def document(client: httpx2.AsyncClient, path: str = "/snapshot.json") -> dict[str, Any]:
    return dict((await client.get(path)).json())


async def refuse(site: Site, federation: Federation) -> None:
    await site.shop.deploy("throw new Error('broken <b>')")
    await until(lambda: federation.server_health()[0].status == "stale")


async def test_the_document_has_the_build_in_use_and_what_came_of_it(tmp_path: Path) -> None:
    async with opened(tmp_path) as (_, federation, client):
        await federation.render("shop", "./Card")
        await federation.render("shop", "./Card", cache=60)
        await federation.render("shop", "./Card", cache=60)
        await federation.render("shop", "./None")
        (row,) = (await document(client))["servers"]
        health = federation.server_health()[0]
        assert (row["name"], row["status"], row["engine"]) == ("shop", "ok", "deno")
        assert (row["build"], row["serial"], row["breaker"]) == (health.build, health.serial, "closed")
        assert row["renders"] == {"rendered": 2, "cached": 1, "browser": 0, "fallback": 1}
        assert sum(row["reasons"].values()) == 1
        assert row["seconds"] > 0
        assert row["pool"]["calls"]["ok"] == 2
        assert row["pool"]["ready"] >= 1


async def test_a_refusal_is_told_until_after_the_next_good_build(tmp_path: Path) -> None:
    async with opened(tmp_path) as (site, federation, client):
        assert (await document(client))["servers"][0]["refusal"] is None
        await refuse(site, federation)
        found = await document(client)
        (row,) = found["servers"]
        assert (row["status"], row["refusals"]) == ("stale", 1)
        assert "broken" in row["error"]
        assert [one["code"] for one in found["notices"]] == ["server-stale"]
        await site.shop.deploy(card("again"))
        await until(lambda: federation.server_health()[0].status == "ok")
        found = await document(client)
        (row,) = found["servers"]
        assert (row["status"], row["error"]) == ("ok", None)
        assert "broken" in row["refusal"]
        assert found["notices"] == []


async def test_the_page_shows_the_server_side_and_its_notices_escaped(tmp_path: Path) -> None:
    async with opened(tmp_path) as (site, federation, client):
        await federation.render("shop", "./Card")
        await refuse(site, federation)
        page = (await client.get("/")).text
        assert 'id="servers"' in page
        assert "1 rendered" in page
        assert 'class="chip is-stale"' in page
        assert "server-stale" in page
        assert "broken &lt;b&gt;" in page
        assert "broken <b>" not in page
        assert "No remote has this" in (await client.get("/", params={"q": "nobody"})).text


async def test_a_federation_without_server_modules_has_no_such_table(tmp_path: Path) -> None:
    async with (
        open_site(tmp_path) as site,
        Federation({"shop": site.towns.url("shop")}) as federation,
        ask(federation) as client,
    ):
        assert 'id="servers"' not in (await client.get("/")).text
        assert (await document(client))["servers"] == []


async def test_readiness_counts_builds_by_status(tmp_path: Path) -> None:
    async with opened(tmp_path) as (site, federation, client):
        assert (await document(client, "/readyz"))["servers"] == {"ok": 1}
        await refuse(site, federation)
        found = await client.get("/readyz")
        assert (found.status_code, found.json()["servers"]) == (200, {"stale": 1})


async def test_metrics_of_builds_breakers_and_processes(tmp_path: Path) -> None:
    async with opened(tmp_path) as (site, federation, client):
        await federation.render("shop", "./Card")
        lines = set((await client.get("/metrics")).text.splitlines())
        health = federation.server_health()[0]
        for line in (
            'hanse_server_ok{remote="shop"} 1.0',
            f'hanse_server_build{{build="{health.build}",remote="shop"}} 1.0',
            'hanse_server_remotes{status="ok"} 1.0',
            'hanse_server_refused{remote="shop"} 0.0',
            'hanse_fragment_breaker{phase="closed",remote="shop"} 1.0',
            'hanse_pool_calls_total{group="deno",outcome="ok"} 1.0',
            'hanse_pool_busy{group="deno"} 0.0',
            "hanse_server_variants 0.0",
            "hanse_notices 0.0",
        ):
            assert line in lines
        (serial,) = (one for one in lines if one.startswith('hanse_server_serial{remote="shop"} '))
        assert float(serial.rpartition(" ")[2]) == health.serial
        await refuse(site, federation)
        lines = set((await client.get("/metrics")).text.splitlines())
        assert {
            'hanse_server_ok{remote="shop"} 0.0',
            'hanse_server_remotes{status="stale"} 1.0',
            'hanse_server_refused{remote="shop"} 1.0',
            "hanse_notices 1.0",
        } <= lines
