"""Other apps' browser builds at this origin: what is listed, as it is listed, also when they are down."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from hanse.apps.mirror import FRESH, Mirror
from hanse.errors import HanseError, IntegrityError
from hanse.stream import digest_of
from tests.federation.towns import until
from tests.net.upstream import Upstream, reply, serve

pytestmark = pytest.mark.anyio

OLD = {"card-1.js": b"export default 'old';", "chunk-1.js": b"export const a = 1;", "card-1.css": b"a {}"}
NEW = {"card-2.js": b"export default 'new';", "chunk-1.js": b"export const a = 1;"}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@dataclass
class Shop:
    """Another app, and what mirrors it."""

    upstream: Upstream
    folder: Path

    def deploy(self, files: dict[str, bytes], *, also: dict[str, bytes] | None = None) -> bytes:
        """Serve a build, and nothing of the one before; return its entry."""
        digests = {name: digest_of(body) for name, body in files.items()}
        entry = {
            "name": "shop",
            "exposes": [],
            "integrity": {name: one for name, one in digests.items() if name.endswith(".js")},
            "assets": {name: one for name, one in digests.items() if not name.endswith(".js")},
        }
        body = json.dumps(entry).encode()
        served = {**files, **(also or {}), "remoteEntry.json": body}
        self.upstream.routes.clear()
        self.upstream.routes.update({f"/shop/{name}": reply(text) for name, text in served.items()})
        return body

    def mirror(self) -> Mirror:
        url = self.upstream.url("/shop/remoteEntry.json")
        return Mirror("home", {"shop": url, "team/shop": url}, self.folder)


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    async with serve({}) as upstream:
        yield Shop(upstream, tmp_path / "cache")


@asynccontextmanager
async def opened(shop: Shop) -> AsyncIterator[Mirror]:
    mirror = shop.mirror()
    try:
        yield mirror
    finally:
        await mirror.aclose()


async def warmed(mirror: Mirror, shop: Shop, names: set[str]) -> None:
    """Wait until files were asked for without anybody having asked."""
    wanted = {f"/shop/{name}" for name in names}
    await until(lambda: wanted <= {*shop.upstream.paths()})
    # What was asked for last is being kept.
    for name in names:
        await mirror.file("shop", name)


async def test_an_entry_is_passed_on_as_it_is_and_what_it_lists_is_had(shop: Shop) -> None:
    body = shop.deploy(OLD)
    async with opened(shop) as mirror:
        assert await mirror.entry("shop") == body
        await warmed(mirror, shop, {*OLD})
        asked = len(shop.upstream.asked)
        for name, content in OLD.items():
            found = await mirror.file("shop", name)
            assert found is not None
            assert (found.body, found.lasting) == (content, True)
        assert len(shop.upstream.asked) == asked


async def test_an_earlier_build_is_there_after_the_next_deploy_and_after_a_restart(shop: Shop) -> None:
    shop.deploy(OLD)
    async with opened(shop) as mirror:
        await mirror.entry("shop")
        await warmed(mirror, shop, {*OLD})
        shop.deploy(NEW)
        await asyncio.sleep(FRESH)
        await mirror.entry("shop")
        await warmed(mirror, shop, {*NEW})
    shop.upstream.routes.clear()
    async with opened(shop) as mirror:
        for name, content in {**OLD, **NEW}.items():
            found = await mirror.file("shop", name)
            assert found is not None
            assert found.body == content
        with pytest.raises(HanseError):
            await mirror.entry("shop")


async def test_what_no_entry_lists_is_not_there_whatever_the_app_has(shop: Shop) -> None:
    shop.deploy(OLD, also={"secret.js": b"secret", "index.html": b"<script>alert(1)</script>"})
    async with opened(shop) as mirror:
        await mirror.entry("shop")
        for name in ("secret.js", "index.html", "../shop/secret.js", "remoteEntry.json", ""):
            assert await mirror.file("shop", name) is None
    assert not {path for path in shop.upstream.paths() if "secret" in path or "index" in path}


async def test_a_file_with_other_bytes_than_are_listed_is_not_given(shop: Shop) -> None:
    shop.deploy(OLD)
    shop.upstream.routes["/shop/card-1.js"] = reply(b"export default 'bad';")
    async with opened(shop) as mirror:
        await mirror.entry("shop")
        with pytest.raises(IntegrityError):
            await mirror.file("shop", "card-1.js")


async def test_an_entry_that_is_none_changes_nothing(shop: Shop) -> None:
    shop.deploy(OLD)
    async with opened(shop) as mirror:
        await mirror.entry("shop")
        shop.upstream.routes["/shop/remoteEntry.json"] = reply(b"<html>")
        await asyncio.sleep(FRESH)
        with pytest.raises(HanseError):
            await mirror.entry("shop")
        assert await mirror.file("shop", "card-1.js") is not None


async def test_of_names_that_begin_alike_the_longest_counts(shop: Shop) -> None:
    async with opened(shop) as mirror:
        assert mirror.split("team/shop/card.js") == ("team/shop", "card.js")
        assert mirror.split("shop/a/card.js") == ("shop", "a/card.js")
        assert mirror.split("shopping/card.js") is None


async def test_what_was_kept_and_is_damaged_is_had_again(shop: Shop) -> None:
    shop.deploy(OLD)
    async with opened(shop) as mirror:
        await mirror.entry("shop")
        await warmed(mirror, shop, {*OLD})
        for file in (shop.folder / "files").iterdir():
            file.write_bytes(file.read_bytes()[:-1] + b"?")
        found = await mirror.file("shop", "card-1.js")
        assert found is not None
        assert found.body == OLD["card-1.js"]


async def test_this_apps_earlier_builds_are_kept_too(shop: Shop) -> None:
    entry = json.dumps({"name": "home", "exposes": [], "integrity": {"a-1.js": digest_of(b"1")}}).encode()
    async with opened(shop) as mirror:
        mirror.adopt(entry, {"a-1.js": b"1"})
    later = json.dumps({"name": "home", "exposes": [], "integrity": {"a-2.js": digest_of(b"2")}}).encode()
    async with opened(shop) as mirror:
        mirror.adopt(later, {"a-2.js": b"2"})
        assert mirror.keeps("a-1.js")
        assert not mirror.keeps("a-3.js")
        found = await mirror.own_file("a-1.js")
        assert found is not None
        assert found.body == b"1"


async def test_whoever_asks_often_does_not_have_the_other_app_asked(shop: Shop) -> None:
    shop.deploy(OLD)
    async with opened(shop) as mirror:
        for _ in range(20):
            await mirror.entry("shop")
    assert shop.upstream.paths().count("/shop/remoteEntry.json") == 1
