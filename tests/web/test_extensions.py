"""`/delta` for pages whose map was cut to their modules: one more module, one more remote."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from hanse.limits import LIMITS
from hanse.web import Pages
from tests.federation.towns import entry, serve_towns, share
from tests.net.upstream import reply
from tests.web.heads import read_json
from tests.web.site import Site, open_site
from tests.web.site import ask as make_client

pytestmark = pytest.mark.anyio

JS = {"content-type": "text/javascript"}
FILES = {
    "/home/Card.js": "import 'react'; import './part.js'; import('late')",
    "/home/part.js": "",
    "/home/react-19.1.0.js": "",
    "/home/late-1.0.0.js": "",
    "/home/alone-1.0.0.js": "",
    "/shop/Card.js": "import 'react'; import 'alone'",
    "/shop/react-19.1.0.js": "",
}
HOME = entry("home", share(), share("late", "1.0.0"), share("alone", "1.0.0"))
SHOP = entry("shop", share())


@asynccontextmanager
async def open_scoped(**changed: str) -> AsyncIterator[Site]:
    """Open a site whose files have been read."""
    async with serve_towns(home=HOME, shop=SHOP) as towns:
        files = {**FILES, **{f"/{name.replace('__', '/')}.js": text for name, text in changed.items()}}
        for path, text in files.items():
            towns.upstream.routes[path] = reply(text.encode(), headers=JS)
        async with towns.federation(modules="read") as federation, make_client(federation) as client:
            await federation.modules_read()
            yield Site(towns, federation, client)


async def ask(site: Site, **query: object) -> Any:
    asked = {"snapshot": site.federation.snapshot.digest, **query}
    return await site.client.get("/delta", params=asked)  # type: ignore[arg-type]


def page_map(site: Site, *modules: str) -> dict[str, Any]:
    page = Pages(site.federation).open()
    assert page.prepare(modules, scoped=True).unscoped_because == ""
    found: dict[str, Any] = read_json(page.head(modules, scoped=True), "importmap")
    return found


async def test_a_page_and_its_deltas_are_the_map_of_both() -> None:
    async with open_scoped() as site:
        home = page_map(site, "home/Card")
        delta = (await ask(site, module="shop/Card", have=["home/./Card"])).json()
        both = page_map(site, "home/Card", "shop/Card")
    assert set(home["imports"]) == {"home/./Card", "home/Card", "react", "late"}
    assert set(delta["import_map"]["imports"]) == {"shop/./Card", "shop/Card", "alone"}
    assert home["imports"] | delta["import_map"]["imports"] == both["imports"]
    assert (delta["name"], delta["snapshot"]) == ("shop", site.federation.snapshot.digest)
    assert "digest" not in delta


async def test_without_a_word_of_what_there_is_the_module_gets_all_it_needs() -> None:
    async with open_scoped() as site:
        delta = (await ask(site, module="shop/./Card")).json()
    assert set(delta["import_map"]["imports"]) == {"shop/./Card", "shop/Card", "alone", "react"}


async def test_a_module_that_may_need_anything_gets_everything() -> None:
    async with open_scoped(shop__Card="import(window.name)") as site:
        delta = (await ask(site, module="shop/Card", have=["home/./Card"])).json()
        whole = site.federation.snapshot.import_map.imports
        nothing = (await ask(site, module="home/Card", have=["shop/./Card"])).json()
    assert delta["import_map"]["imports"] == {
        name: url for name, url in whole.items() if name not in {"home/./Card", "home/Card", "react", "late"}
    }
    # A page with such a module has the whole map already.
    assert nothing["import_map"] == {"imports": {}}


async def test_one_more_remote_comes_with_the_rules_it_inherits() -> None:
    late = entry("late-one", share("alone", "1.0.0"))
    async with open_scoped() as site:
        site.towns.put("late-one", late)
        asked = {"url": site.towns.url("late-one"), "name": "late-one"}
        plain = (await ask(site, **asked)).json()["import_map"]["imports"]
        digest = site.federation.snapshot.digest
        scoped = (await ask(site, **asked, page=digest, have=["home/./Card"])).json()["import_map"]["imports"]
    assert set(plain) == {"late-one/./Card", "late-one/Card"}
    assert {*plain, "alone", "shop/./Card"} <= set(scoped)
    assert not {"react", "late", "home/./Card"} & set(scoped)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"module": "nobody/Card"}, 404),
        ({"module": "home/Nothing"}, 404),
        ({"module": "home/Card", "snapshot": "sha384-of-another-time"}, 410),
        ({"module": ""}, 400),
        ({"module": "x" * (LIMITS.text_length + 1)}, 400),
        ({"module": ["home/Card", "shop/Card"]}, 400),
        ({"module": "home/Card", "have": ["x"] * (LIMITS.page_modules + 1)}, 400),
        ({"url": "https://a.example/x.json", "name": "a", "have": ["x"] * (LIMITS.page_modules + 1)}, 400),
    ],
)
async def test_what_cannot_be_answered_is_refused(query: dict[str, Any], status: int) -> None:
    async with open_site(home=entry("home")) as site:
        answer = await ask(site, **query)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


async def test_modules_that_are_not_there_any_more_are_no_hindrance() -> None:
    async with open_scoped() as site:
        delta = (await ask(site, module="shop/Card", have=["nobody/Card", "home/./Card"])).json()
    assert "react" not in delta["import_map"]["imports"]
