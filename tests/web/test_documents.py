"""The documents: import map, manifest, health, packages, reasons; their tags and their headers."""

from __future__ import annotations

import asyncio
import json
import xml.etree.ElementTree as ET

import pytest

from hanse import Federation, Snapshot
from hanse.limits import LIMITS
from hanse.web import documents, endpoints
from hanse.web.shelf import Maker
from tests.federation.towns import entry, share
from tests.net.upstream import reply
from tests.web.site import ask, open_site

pytestmark = pytest.mark.anyio

HOME, SHOP = entry("home"), entry("shop", share(version="19.0.0"))
PUBLIC = ("/importmap.json", "/manifest.json")
DOCUMENTS = (
    "/",
    *PUBLIC,
    "/snapshot.json",
    "/packages.json",
    "/explain/react",
    "/graph.svg",
    "/graph.json",
    "/healthz",
    "/readyz",
    "/metrics",
)


async def test_the_import_map_is_the_snapshots() -> None:
    async with open_site(home=HOME, shop=SHOP) as site:
        answer = await site.get("/importmap.json")
        snapshot = site.federation.snapshot
    assert answer.status_code == 200
    assert answer.content == snapshot.import_map_json
    assert answer.headers["content-type"] == "application/importmap+json"
    assert answer.headers["etag"] == snapshot.etag
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize(
    "path", ["/importmap.json", "/manifest.json", "/packages.json", "/explain/react", "/static/hanse.css"]
)
async def test_whoever_has_it_already_gets_304(path: str) -> None:
    async with open_site(home=HOME) as site:
        tag = (await site.get(path)).headers["etag"]
        for condition in (tag, f"W/{tag}", f'"other", {tag}', "*"):
            again = await site.get(path, if_none_match=condition)
            assert (again.status_code, again.content) == (304, b"")
            assert again.headers["etag"] == tag
            assert again.headers["cache-control"] == "no-cache"
        for condition in ('"other"', tag.strip('"'), ""):
            assert (await site.get(path, if_none_match=condition)).status_code == 200
    assert tag.startswith('"')


async def test_the_tag_changes_with_the_map_and_not_with_the_time() -> None:
    async with open_site(home=HOME) as site:
        first = await site.get("/importmap.json")
        await site.federation.refresh()
        second = await site.get("/importmap.json", if_none_match=first.headers["etag"])
        site.towns.put("home", entry("home", share(version="19.2.0")))
        await site.federation.refresh()
        third = await site.get("/importmap.json", if_none_match=first.headers["etag"])
    assert second.status_code == 304
    assert third.status_code == 200
    assert b"react-19.2.0.js" in third.content


async def test_a_304_may_be_read_by_every_page_as_the_map_may() -> None:
    async with open_site(home=HOME) as site:
        again = await site.get("/importmap.json", if_none_match="*", origin="https://page.example")
    assert again.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("path", DOCUMENTS)
async def test_head_is_get_without_the_body(path: str) -> None:
    async with open_site(home=HOME) as site:
        head, get = await site.client.head(path), await site.get(path)
    assert head.status_code == get.status_code == 200
    assert head.headers["content-type"] == get.headers["content-type"]
    assert head.headers.get("etag") == get.headers.get("etag")


@pytest.mark.parametrize("path", [*DOCUMENTS, "/nothing", "/explain/nothing", "/static/hanse.js", "/delta"])
async def test_every_answer_has_the_headers_that_guard_it(path: str) -> None:
    async with open_site(home=HOME) as site:
        headers = (await site.get(path)).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-frame-options"] == "DENY"
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize("path", sorted({*DOCUMENTS} - {*PUBLIC}))
async def test_only_what_pages_need_is_readable_from_other_origins(path: str) -> None:
    async with open_site(home=HOME) as site:
        headers = (await site.get(path, origin="https://page.example")).headers
    assert "access-control-allow-origin" not in headers
    assert headers["cross-origin-resource-policy"] == "same-origin"


async def test_the_manifest_is_the_one_in_use() -> None:
    async with open_site(home=HOME, shop=SHOP) as site:
        answer = await site.get("/manifest.json")
        expected = {name: site.towns.url(name) for name in ("home", "shop")}
    assert answer.json() == expected


async def test_health_names_each_remote_and_what_is_wrong_with_it() -> None:
    async with open_site(home=HOME, shop=SHOP, gone=reply(status=500)) as site:
        site.towns.put("shop", reply(status=503))
        await site.federation.refresh()
        answer = await site.get("/snapshot.json")
        url = site.towns.url("gone")
        digest = site.federation.snapshot.digest
    document = answer.json()
    assert document["digest"] == digest
    assert (document["policy"], document["healthy"]) == ("coherent", False)
    home, shop, gone = document["remotes"]
    assert (home["status"], home["error"], home["modules"]) == ("ok", None, ["home/./Card"])
    assert home["age"] < 60
    assert (shop["status"], shop["error_code"]) == ("stale", "HANSE-FETCH-STATUS")
    assert (gone["status"], gone["url"], gone["age"], gone["modules"]) == ("failed", url, None, [])
    assert "500" in gone["error"]
    assert document["totals"]["stale"] == document["totals"]["failed"] == 1
    assert {notice["code"] for notice in document["notices"]} == {"stale-remote", "failed-remote"}


async def test_packages_come_with_verdicts_and_reasons() -> None:
    private = share("clsx", "2.1.0", singleton=False)
    old = entry("old", share(version="18.3.1"), private)
    async with open_site(home=HOME, shop=SHOP, old=old) as site:
        document = (await site.get("/packages.json")).json()
    (react,) = document["packages"]
    assert (react["package"], react["version"], react["provider"]) == ("react", "19.1.0", "home")
    assert (react["builds"], react["downloads"]) == (2, 1)
    verdicts = {copy["remote"]: (copy["action"], copy["reason"]["code"]) for copy in react["copies"]}
    assert verdicts["home"][0] == "share"
    assert verdicts["shop"] == ("skip", "accepted")
    assert verdicts["old"] == ("scope", "rejects-version")
    assert document["private"] == [{"package": "clsx", "version": "2.1.0", "remotes": ["old"]}]


@pytest.mark.parametrize(
    ("path", "maker"), [("/packages.json", "packages_document"), ("/graph.svg", "graph_drawing")]
)
async def test_what_is_costly_is_made_once_for_a_plan(
    path: str, maker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    original: Maker = getattr(documents, maker)

    def make(snapshot: Snapshot) -> bytes:
        made.append(snapshot.digest)
        return original(snapshot)

    monkeypatch.setattr(endpoints, maker, make)
    async with open_site(home=HOME) as site:
        answers = await asyncio.gather(*(site.get(path) for _ in range(20)))
        assert {answer.status_code for answer in answers} == {200}
        assert len({answer.content for answer in answers}) == len(made) == 1
        await site.federation.refresh()
        await site.get(path)
        assert len(made) == 1
        site.towns.put("home", entry("home", share(version="19.9.0")))
        await site.federation.refresh()
        assert b"19.9.0" in (await site.get(path)).content
    assert len(made) == 2


async def test_the_graph_is_drawn_and_told() -> None:
    async with open_site(home=HOME, shop=SHOP) as site:
        drawn, told = await site.get("/graph.svg"), await site.get("/graph.json")
    assert drawn.headers["content-type"] == "image/svg+xml"
    words = "".join(ET.fromstring(drawn.content).itertext())
    graph = told.json()
    assert [remote["name"] for remote in graph["remotes"]] == ["home", "shop"]
    assert [edge["kind"] for edge in graph["edges"]] == ["serves", "uses"]
    assert all(edge["sentence"] in words for edge in graph["edges"])


@pytest.mark.parametrize("name", ["react", "@scope/kit", "@scope/kit/deep/entry", "constructor", "toString"])
async def test_a_package_is_explained_whatever_its_name(name: str) -> None:
    async with open_site(home=entry("home", share(name)), shop=entry("shop", share(name, "19.0.0"))) as site:
        answer = await site.get(f"/explain/{name}")
    document = answer.json()
    assert answer.status_code == 200
    assert document["package"] == name
    (scope,) = document["scopes"]
    assert (scope["version"], scope["provider"], scope["why"]["code"]) == (
        "19.1.0",
        "home",
        "fewest-downloads",
    )
    assert [one["version"] for one in scope["versions"]] == ["19.1.0", "19.0.0"]
    assert [one["reason"]["code"] for one in scope["consumers"]] == ["fewest-downloads", "accepted"]


async def test_an_entrypoint_is_explained_with_its_package() -> None:
    dense = share(
        "react-dom", outFileName=None, entries={"react-dom": "dom.js", "react-dom/client": "client.js"}
    )
    async with open_site(home=entry("home", dense)) as site:
        document = (await site.get("/explain/react-dom/client")).json()
    assert [scope["package"] for scope in document["scopes"]] == ["react-dom"]


async def test_a_private_package_is_explained() -> None:
    async with open_site(home=entry("home", share("clsx", "2.1.0", singleton=False))) as site:
        document = (await site.get("/explain/clsx")).json()
    assert document["scopes"][0]["private"] == [{"remote": "home", "version": "2.1.0"}]


@pytest.mark.parametrize("length", [LIMITS.text_length, LIMITS.text_length + 1, 50_000])
async def test_a_name_that_nobody_could_have(length: int) -> None:
    async with open_site(home=HOME) as site:
        answer = await site.get("/explain/" + "r" * length)
    assert answer.status_code == 404
    assert len(answer.content) < 5_000


async def test_nobody_shares_it() -> None:
    async with open_site(home=HOME) as site:
        answer = await site.get("/explain/@nobody/has%20this")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "HANSE-NOT-FOUND"
    assert answer.json()["subject"] == "@nobody/has this"


async def test_before_the_first_snapshot_only_the_process_is_well() -> None:
    async with ask(Federation(manifest={})) as client:
        assert (await client.get("/healthz")).status_code == 200
        assert (await client.get("/metrics")).status_code == 200
        for path in ("/readyz", "/importmap.json", "/snapshot.json", "/packages.json", "/explain/react"):
            answer = await client.get(path)
            assert answer.status_code == 503
            assert answer.headers["retry-after"] == "1"
            assert answer.headers["content-type"] == "application/problem+json"
        page = await client.get("/")
        assert page.status_code == 503
        assert "No snapshot yet" in page.text


async def test_a_federation_of_nobody_is_ready() -> None:
    async with Federation(manifest={}, refresh_interval=None) as federation, ask(federation) as client:
        assert (await client.get("/readyz")).json()["ready"] is True
        assert (await client.get("/importmap.json")).json() == {"imports": {}}
        assert "names no remotes" in (await client.get("/")).text


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/snapshot.json/",
        "/static/nothing.css",
        "/static/../server.py",
        "/static/%2e%2e/pages.py",
        "/STATIC",
    ],
)
async def test_an_unknown_path_is_a_problem(path: str) -> None:
    async with open_site(home=HOME) as site:
        answer = await site.get(path)
    problem = answer.json()
    assert answer.status_code == problem["status"] == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert (problem["type"], problem["title"], problem["code"]) == ("about:blank", "Not Found", "HTTP-404")


async def test_a_method_that_a_path_does_not_have_is_a_problem() -> None:
    async with open_site(home=HOME) as site:
        answer = await site.client.request("DELETE", "/importmap.json")
    assert answer.status_code == answer.json()["status"] == 405
    assert {method.strip() for method in answer.headers["allow"].split(",")} == {"GET", "HEAD"}


async def test_an_unexpected_fault_keeps_its_text_to_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> bytes:
        raise RuntimeError("the password is swordfish")

    monkeypatch.setattr("hanse.web.endpoints.packages_document", fail)
    async with open_site(home=HOME) as site:
        answer = await site.get("/packages.json")
        counted = await site.sample(
            'hanse_http_requests_total{method="GET",path="/packages.json",status="500"}'
        )
    assert answer.status_code == 500
    assert answer.json()["code"] == "HTTP-500"
    assert "swordfish" not in answer.text
    assert counted == 1


async def test_documents_are_json_whatever_the_remotes_say() -> None:
    hostile = entry("home", share("</script>", "1.0.0", requiredVersion='\u2028"<!--', outFileName="x.js"))
    async with open_site(home=hostile) as site:
        for path in (
            "/importmap.json",
            "/manifest.json",
            "/snapshot.json",
            "/packages.json",
            "/explain/%3C%2Fscript%3E",
        ):
            answer = await site.get(path)
            assert answer.status_code == 200
            json.loads(answer.content)
            assert answer.headers["x-content-type-options"] == "nosniff"
