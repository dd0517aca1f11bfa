"""`/delta`: what a loaded page adds for one more remote, and who is refused."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from hanse import Federation
from hanse.limits import LIMITS
from tests.federation.towns import QUICK, entry, share
from tests.net.upstream import reply, serve
from tests.web.site import Site, ask, open_site

pytestmark = pytest.mark.anyio

HOME, LATE = entry("home"), entry("late", share(version="19.0.0"))


def wish(site: Site, **more: str) -> dict[str, str]:
    """Ask for the remote `late` on behalf of a page of the current snapshot."""
    return {
        "url": site.towns.url("late"),
        "name": "late",
        "snapshot": site.federation.snapshot.digest,
        **more,
    }


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_page_gets_what_it_has_to_add(method: str) -> None:
    async with open_site(home=HOME) as site:
        site.towns.put("late", LATE)
        asked = wish(site)
        if method == "GET":
            answer = await site.client.get("/delta", params=asked, headers={"origin": "https://page.example"})
        else:
            answer = await site.client.post("/delta", json=asked)
        origin = site.towns.upstream.origin
    delta = answer.json()
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cache-control"] == "no-store"
    assert (delta["name"], delta["snapshot"]) == ("late", asked["snapshot"])
    assert delta["digest"] != asked["snapshot"]
    assert delta["import_map"]["imports"]["late/./Card"] == f"{origin}/late/Card.js"
    assert "react" not in delta["import_map"]["imports"]


async def test_the_answer_continues_from_the_page_with_the_last_one() -> None:
    async with open_site(home=HOME) as site:
        site.towns.put("late", LATE)
        first = (await site.client.get("/delta", params=wish(site))).json()
        again = await site.client.get("/delta", params=wish(site, snapshot=first["digest"]))
    assert again.json()["import_map"] == {"imports": {}}


async def test_without_a_name_the_remote_has_the_one_of_its_entry() -> None:
    async with open_site(home=HOME) as site:
        site.towns.put("late", LATE)
        asked = {name: text for name, text in wish(site).items() if name != "name"}
        answer = await site.client.get("/delta", params=asked)
    assert (answer.status_code, answer.json()["name"]) == (200, "late")


async def test_an_entry_without_its_digest_is_refused() -> None:
    digest = base64.b64encode(hashlib.sha384(LATE).digest()).decode()
    async with open_site(home=HOME) as site:
        site.towns.put("late", LATE)
        fits = await site.client.get("/delta", params=wish(site, integrity=f"sha384-{digest}"))
        site.towns.put("other", LATE + b" ")
        changed = wish(site, integrity=f"sha384-{digest}", url=site.towns.url("other"))
        other = await site.client.get("/delta", params=changed)
        none = await site.client.get("/delta", params=wish(site, integrity="md5-abc"))
    assert fits.status_code == 200
    assert (other.status_code, other.json()["code"]) == (502, "HANSE-INTEGRITY")
    assert (none.status_code, none.json()["path"]) == (400, "$.integrity")


async def test_only_origins_that_the_operator_allows_are_asked() -> None:
    async with open_site(home=HOME) as site, serve({"*": reply(LATE)}) as stranger:
        for url in (
            stranger.url("/remoteEntry.json"),
            "http://169.254.169.254/x.json",
            "https://localhost/x.json",
        ):
            answer = await site.client.get("/delta", params=wish(site, url=url))
            assert answer.status_code == 403
            assert answer.json()["code"] == "HANSE-FETCH-BLOCKED"
        assert stranger.asked == []


async def test_no_file_of_this_machine_is_read(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("{}")
    (tmp_path / "remoteEntry.json").write_bytes(LATE)
    async with (
        Federation(tmp_path / "manifest.json", refresh_interval=None) as federation,
        ask(federation) as client,
    ):
        for url in (
            "remoteEntry.json",
            "./remoteEntry.json",
            (tmp_path / "remoteEntry.json").as_uri(),
            "//localhost/x",
        ):
            asked = {"url": url, "name": "late", "snapshot": federation.snapshot.digest}
            answer = await client.get("/delta", params=asked)
            assert (answer.status_code, answer.json()["path"]) == (400, "$.url")


async def test_a_snapshot_that_is_not_kept_is_gone() -> None:
    async with open_site(home=HOME) as site:
        site.towns.put("late", LATE)
        answer = await site.client.get("/delta", params=wish(site, snapshot="sha384-of-another-time"))
    assert answer.status_code == 410
    assert (answer.json()["code"], answer.json()["subject"]) == ("HANSE-GONE", "sha384-of-another-time")


@pytest.mark.parametrize(
    ("handler", "status", "code"),
    [
        (reply(status=500), 502, "HANSE-FETCH-STATUS"),
        (reply(b"no json"), 502, "HANSE-FORMAT"),
        (reply(LATE, delay=5), 504, "HANSE-FETCH-DEADLINE"),
    ],
    ids=["500", "no JSON", "slow"],
)
async def test_a_newcomer_at_fault_is_named(handler: object, status: int, code: str) -> None:
    async with open_site(LIMITS, QUICK, home=HOME) as site:
        site.towns.put("late", handler)  # type: ignore[arg-type]
        answer = await site.client.get("/delta", params=wish(site))
        url = site.towns.url("late")
    assert (answer.status_code, answer.json()["code"], answer.json()["subject"]) == (status, code, url)


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"name": "__proto__"}, "$.name"),
        ({"name": "https://x"}, "$.name"),
        ({"name": ""}, "$.name"),
        ({"url": "javascript:alert(1)"}, "$.url"),
        ({"url": "https://x.example/" + "a" * LIMITS.text_length}, "$.url"),
        ({"snapshot": "x" * (LIMITS.text_length + 1)}, "$.snapshot"),
    ],
)
async def test_what_cannot_be_meant_is_refused_before_anything_is_fetched(
    change: dict[str, str], path: str
) -> None:
    async with open_site(home=HOME) as site:
        before = len(site.towns.upstream.asked)
        answer = await site.client.post("/delta", json={**wish(site), **change})
        assert len(site.towns.upstream.asked) == before
    assert (answer.status_code, answer.json()["path"], answer.json()["code"]) == (400, path, "HANSE-FORMAT")


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"{", b'{"url": 1}', b"\xff", b"[" * 10_000], ids=repr)
async def test_a_body_that_is_no_request_is_refused(body: bytes) -> None:
    async with open_site(home=HOME) as site:
        answer = await site.client.post("/delta", content=body)
    assert (answer.status_code, answer.json()["subject"]) == (400, "request")


async def test_a_query_that_says_two_things_is_refused() -> None:
    async with open_site(home=HOME) as site:
        answer = await site.client.get("/delta", params=[*wish(site).items(), ("name", "another")])
    assert (answer.status_code, answer.json()["path"]) == (400, "$.name")


async def test_a_body_is_read_up_to_its_cap() -> None:
    async with open_site(home=HOME) as site:
        answer = await site.client.post("/delta", content=b" " * (LIMITS.request_bytes + 1))
    assert answer.status_code == answer.json()["status"] == 413


async def test_a_body_that_drips_is_given_up() -> None:
    async def drip() -> AsyncIterator[bytes]:
        while True:
            yield b" "
            await asyncio.sleep(0.01)

    async with open_site(replace(LIMITS, request_deadline=0.1), home=HOME) as site:
        async with asyncio.timeout(5):
            answer = await site.client.post("/delta", content=drip())
    assert answer.status_code == answer.json()["status"] == 408


async def test_a_flood_is_turned_away_and_nobody_else() -> None:
    async with open_site(replace(LIMITS, deltas_at_once=2), home=HOME) as site:
        site.towns.put("late", reply(LATE, delay=0.2))
        asked = wish(site)
        answers = await asyncio.gather(*(site.client.get("/delta", params=asked) for _ in range(5)))
        assert sorted(answer.status_code for answer in answers) == [200, 200, 503, 503, 503]
        assert all(answer.headers["retry-after"] == "1" for answer in answers if answer.status_code == 503)
        assert (await site.client.get("/delta", params=asked)).status_code == 200


async def test_before_the_start_there_is_nothing_to_add_to() -> None:
    async with ask(Federation(manifest={})) as client:
        asked = {"url": "https://a.example/x.json", "name": "a", "snapshot": "x"}
        answer = await client.post("/delta", json=asked)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")


async def test_pages_of_other_origins_may_read_why_they_were_refused() -> None:
    async with open_site(home=HOME) as site:
        answer = await site.get("/delta?url=x", origin="https://page.example")
    assert answer.status_code == 400
    assert answer.headers["access-control-allow-origin"] == "*"
    assert json.loads(answer.content)["expected"]
