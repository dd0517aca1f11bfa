"""Pages of federations with Module Federation containers: what they carry, and pages without any."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest

from hanse.web import PageOptions, Pages, create_app
from hanse.web.client import CONTAINERS
from tests.federation.test_containers import container, list_mf, put, use
from tests.federation.towns import Towns, entry, serve_towns
from tests.web.heads import read_elements

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@asynccontextmanager
async def open_with_container(
    document: bytes, options: PageOptions | None = None
) -> AsyncIterator[tuple[Towns, Pages]]:
    """Serve a native remote and a container, and open their pages."""
    async with serve_towns(home=entry("home")) as towns:
        put(towns, "/shop/mf-manifest.json", document)
        list_mf(towns, "home", shop="/shop/mf-manifest.json")
        async with towns.federation() as federation:
            yield towns, Pages(federation, options)


async def test_a_page_carries_its_containers_before_the_loader() -> None:
    async with open_with_container(container()) as (_, pages):
        page = pages.open()
        scripts = [one for one in read_elements(page.head()) if one.name == "script"]
        expected = json.loads(page.snapshot.containers.document_json())
    assert [one.attributes.get("id") or one.attributes["type"] for one in scripts] == [
        "importmap",
        "hanse-page",
        "hanse-containers",
        "module",
        "module",
    ]
    assert json.loads(scripts[2].text) == expected
    assert scripts[3].text == CONTAINERS
    assert {one.attributes["nonce"] for one in scripts} == {page.nonce}


async def test_a_page_without_containers_carries_nothing_of_it() -> None:
    async with serve_towns(home=entry("home")) as towns, towns.federation() as federation:
        head = Pages(federation).open().head()
    assert "hanse-containers" not in head
    assert CONTAINERS not in head


async def test_a_name_that_would_end_the_element_is_written_in_another_way() -> None:
    name = "</script><script>alert(1)</script>"
    async with open_with_container(container(globalName=name)) as (_, pages):
        elements = read_elements(pages.open().head())
    (data,) = [one for one in elements if one.attributes.get("id") == "hanse-containers"]
    assert json.loads(data.text)["containers"]["shop"]["global"] == name
    assert not [one for one in elements if one.text == "alert(1)"]


async def test_a_page_that_is_scoped_has_the_whole_map_where_containers_may_ask_for_any() -> None:
    async with open_with_container(container(), PageOptions(scoped=True)) as (_, pages):
        page = pages.open()
        head = page.prepare(["home/Card"])
    assert not head.scoped
    assert "containers" in head.unscoped_because


async def test_a_containers_module_is_mounted_like_any_other() -> None:
    async with open_with_container(container()) as (towns, pages):
        page = pages.open()
        assert page.mount("shop/Card") == (
            '<div data-hanse-module="shop/./Card" data-hanse-remote="shop"></div>'
        )
        assert page.url("shop/./Card") == towns.upstream.url("/shop/remoteEntry.js")
        script = towns.upstream.url("/shop/remoteEntry.js")
        head = page.prepare(["shop/Card"])
        assert [(one.url, one.kind) for one in head.preloads] == [(script, "script")]
        (element,) = [one for one in read_elements(head.write(page.nonce)) if one.name == "link"]
        assert element.attributes == {"rel": "preload", "as": "script", "href": script, "nonce": page.nonce}
        assert "reason=unknown" in page.mount("shop/Gone")


async def test_link_headers_ask_for_the_script_as_its_element_will() -> None:
    async with open_with_container(container(), PageOptions(link_headers="always")) as (towns, pages):
        page = pages.open()
        page.head(["shop/Card"])
        (value,) = [value for name, value in page.response_headers() if name == "Link"]
        script = towns.upstream.url("/shop/remoteEntry.js")
    assert value == f'<{script}>; rel=preload; as=script; nonce="{page.nonce}"'


async def test_what_is_a_module_is_preloaded_as_one() -> None:
    script = {"name": "entry.js", "path": "", "type": "module"}
    async with open_with_container(container("shop", use(), remoteEntry=script)) as (towns, pages):
        preloads = pages.open().prepare(["shop/Card"]).preloads
        base = towns.upstream.url("/shop/")
    assert [one.url for one in preloads] == [f"{base}entry.js", f"{base}__federation_expose_Card.js"]


async def test_facades_are_served_for_good() -> None:
    async with serve_towns(home=entry("home")) as towns:
        put(towns, "/shop/mf-manifest.json", container("shop", use("lit", "3.3.0")))
        item = {"url": towns.upstream.url("/shop/mf-manifest.json"), "type": "mf"}
        towns.list("home", shop={**item, "facade": {"lit": ["html"]}})
        async with towns.federation() as federation:
            url = federation.snapshot.import_map.imports["lit"].removeprefix("/_hanse")
            transport = httpx2.ASGITransport(create_app(federation))
            async with httpx2.AsyncClient(transport=transport, base_url="http://site") as client:
                answer = await client.get(url)
                missing = await client.get("/facade/x/y.js")
                carried = (await client.get("/containers.json")).json()
                health = (await client.get("/snapshot.json")).json()
                explained = (await client.get("/explain/lit")).json()
            assert carried == json.loads(federation.snapshot.containers.document_json())
            assert health["remotes"][1]["modules"] == ["shop/./Card"]
            assert [one["container"] for one in explained["containers"]] == ["shop"]
    assert answer.status_code == 200
    assert answer.text == federation.facade(url.removeprefix("/facade/"))
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert missing.status_code == 404
