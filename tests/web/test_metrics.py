"""Metrics: every figure is read from the federation, and no stranger can make a series of their own."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from re import findall

import pytest
from prometheus_client.parser import text_string_to_metric_families

from hanse import LIMITS, Federation
from tests.federation.towns import entry, share
from tests.net.upstream import reply, tagged
from tests.web.site import ask, open_site

pytestmark = pytest.mark.anyio

HOME = entry("home")


async def test_remotes_by_status_and_each_ones_health() -> None:
    async with open_site(home=HOME, shop=entry("shop"), gone=reply(status=500)) as site:
        site.towns.put("shop", reply(status=500))
        await site.federation.refresh()
        for status in ("ok", "stale", "failed"):
            assert await site.sample(f'hanse_remotes{{status="{status}"}}') == 1
        assert await site.sample('hanse_remote_ok{remote="home"}') == 1
        assert await site.sample('hanse_remote_ok{remote="shop"}') == 0
        assert 0 <= (await site.sample('hanse_remote_age_seconds{remote="shop"}') or 0) < 60
        assert await site.sample('hanse_remote_age_seconds{remote="gone"}') is None
        assert await site.sample("hanse_healthy") == 0


async def test_packages_and_what_duplicates_cost() -> None:
    async with open_site(home=HOME, old=entry("old", share(version="18.3.1"))) as site:
        assert await site.sample("hanse_packages") == 1
        assert await site.sample("hanse_packages_duplicated") == 1
        assert await site.sample("hanse_extra_downloads") == 1
        assert await site.sample("hanse_notices") == 1


async def test_ages_and_readiness() -> None:
    async with open_site(home=HOME) as site:
        assert await site.sample("hanse_ready") == 1
        assert await site.sample("hanse_healthy") == 1
        await asyncio.sleep(0.02)
        changed = await site.sample("hanse_snapshot_age_seconds") or 0
        assert 0.02 <= changed < 60
        await site.federation.refresh()
        asked = await site.sample("hanse_refresh_age_seconds") or 0
        assert 0 <= asked < (await site.sample("hanse_snapshot_age_seconds") or 0)


async def test_without_a_snapshot_the_others_are_there() -> None:
    async with ask(Federation(manifest={})) as client:
        text = (await client.get("/metrics")).text
    assert "hanse_ready 0.0" in text
    assert "hanse_remotes" not in text


async def test_fetches_failures_and_breakers() -> None:
    async with open_site(home=HOME, gone=reply(status=500)) as site:
        assert await site.sample('hanse_fetches_total{outcome="fresh"}') == 2
        assert await site.sample('hanse_fetch_failures_total{code="HANSE-FETCH-STATUS"}') == 1
        origin = site.towns.upstream.origin
        assert await site.sample(f'hanse_breaker{{origin="{origin}",phase="closed"}}') == 1
        assert await site.sample(f'hanse_breaker{{origin="{origin}",phase="open"}}') == 0


async def test_a_failure_is_counted_when_it_begins_and_not_while_it_lasts() -> None:
    async with open_site(home=HOME, shop=entry("shop")) as site:
        count = 'hanse_remote_failures_total{{code="HANSE-{}",remote="shop"}}'.format
        good = site.towns.upstream.routes["/shop/remoteEntry.json"]
        for handler in (reply(status=500), reply(status=500), reply(b"{"), good, reply(status=404)):
            site.towns.put("shop", handler)
            await site.federation.refresh()
        assert await site.sample(count("FETCH-STATUS")) == 2
        assert await site.sample(count("FORMAT")) == 1
        assert await site.sample('hanse_remote_failures_total{code="HANSE-FORMAT",remote="home"}') is None


async def test_a_remote_that_failed_before_the_app_was_made_has_begun_to_fail() -> None:
    async with open_site(home=HOME, gone=reply(status=500)) as site:
        assert await site.sample('hanse_remote_failures_total{code="HANSE-FETCH-STATUS",remote="gone"}') == 1


async def test_another_map_is_counted_and_another_age_is_not() -> None:
    async with open_site(home=HOME) as site:
        await site.federation.refresh()
        assert await site.sample("hanse_map_changes_total") == 0
        site.towns.put("home", entry("home", share(version="19.2.0")))
        await site.federation.refresh()
        assert await site.sample("hanse_map_changes_total") == 1


async def test_what_came_of_asking_each_remote_is_counted() -> None:
    async with open_site(home=tagged(HOME, '"1"'), shop=entry("shop")) as site:
        count = 'hanse_remote_fetches_total{{outcome="{}",remote="{}"}}'.format
        await site.federation.refresh()
        site.towns.put("shop", reply(status=500))
        await site.federation.refresh()
        assert await site.sample(count("not_modified", "home")) == 2
        assert await site.sample(count("failed", "home")) is None
        assert await site.sample(count("fetched", "shop")) == 1
        assert await site.sample(count("failed", "shop")) == 1


async def test_how_long_refreshes_and_resolving_take() -> None:
    async with open_site(home=HOME) as site:
        site.towns.put("home", reply(HOME, delay=0.12))
        await site.federation.refresh()
        assert await site.sample("hanse_refresh_seconds_count") == 1
        assert await site.sample('hanse_refresh_seconds_bucket{le="0.1"}') == 0
        assert await site.sample('hanse_refresh_seconds_bucket{le="30.0"}') == 1
        assert await site.sample("hanse_resolve_seconds_count") == 0
        site.towns.put("home", entry("home", share(version="19.2.0")))
        await site.federation.refresh()
        assert await site.sample("hanse_refresh_seconds_count") == 2
        assert await site.sample("hanse_resolve_seconds_count") == 1
        assert 0 < (await site.sample("hanse_resolve_seconds_sum") or 0) < 10


async def test_no_manifest_can_make_series_without_end() -> None:
    limits = replace(LIMITS, remotes_metered=2)
    async with open_site(limits, home=HOME) as site:
        asked = 'hanse_remote_fetches_total{{outcome="{}",remote="{}"}}'.format
        began = 'hanse_remote_failures_total{{code="HANSE-FETCH-STATUS",remote="{}"}}'.format
        for number in range(3):
            site.towns.list("home", f"a-{number}", f"b-{number}", f"c-{number}")
            await site.federation.refresh()
            text = (await site.get("/metrics")).text
            # Two are counted one by one; those before them have left, and made room.
            names = {f"a-{number}", f"b-{number}", "all others"}
            assert {*findall(r'hanse_remote_f[a-z]+_total{.*remote="(.*)"}', text)} == names
            assert await site.sample(asked("failed", f"a-{number}")) == 1
            assert await site.sample(began(f"b-{number}")) == 1
        assert await site.sample(asked("fetched", "all others")) == 3
        assert await site.sample(asked("failed", "all others")) == 3
        assert await site.sample(began("all others")) == 3


async def test_requests_by_path_method_and_status() -> None:
    async with open_site(home=HOME) as site:
        for path in ("/explain/react", "/explain/react", "/explain/nobody", "/nothing/at/all", "/else"):
            await site.get(path)
        await site.client.request("BREW", "/importmap.json")
        count = 'hanse_http_requests_total{{method="{}",path="{}",status="{}"}}'.format
        assert await site.sample(count("GET", "/explain/{package:path}", 200)) == 2
        assert await site.sample(count("GET", "/explain/{package:path}", 404)) == 1
        assert await site.sample(count("GET", "other", 404)) == 2
        assert await site.sample(count("other", "/importmap.json", 405)) == 1
        assert await site.sample('hanse_http_request_seconds_count{path="/explain/{package:path}"}') == 3


async def test_each_app_counts_for_itself() -> None:
    async with open_site(home=HOME) as site, ask(site.federation) as other:
        await site.get("/healthz")
        text = (await other.get("/metrics")).text
    assert "/healthz" not in text


async def test_names_cannot_break_out_of_their_labels() -> None:
    name = 'x"}evil{y="'
    async with open_site(**{name: entry(name)}) as site:
        text = (await site.get("/metrics")).text
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert [sample.labels for sample in families["hanse_remote_ok"].samples] == [{"remote": name}]


async def test_the_format_that_is_asked_for() -> None:
    async with open_site(home=HOME) as site:
        plain = await site.get("/metrics")
        modern = await site.get("/metrics", accept="application/openmetrics-text; version=1.0.0")
    assert plain.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert modern.headers["content-type"].startswith("application/openmetrics-text")
    assert modern.text.endswith("# EOF\n")
