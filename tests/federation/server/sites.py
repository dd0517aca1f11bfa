"""A site whose remote publishes server modules, for real, on loopback."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hanse import Federation
from hanse.formats.server_entry import build_digest
from hanse.stream import Publisher, digest_of, public_key, write_key
from tests.federation.towns import Towns, entry, serve_towns
from tests.stream.remotes import KEY, PRIVATE, serve, site

__all__ = ["CARD", "Shop", "Site", "card", "deno_children", "open_site", "write_server_build"]

KEYS = {
    "SHOP_KEY": write_key(KEY, "key"),
    "SHOP_PUBLIC": write_key(public_key(PRIVATE), "public"),
}


def card(word: str) -> str:
    """Write a module that renders itself, and says which build it is of."""
    return f"export const render = ({{ name = 'nobody' }}) => `<b>{word} ${{name}}</b>`;"


CARD = card("hello")


def write_server_build(
    folder: Path, files: Mapping[str, str], *, name: str = "shop", version: str = "1.0.0", **said: Any
) -> None:
    """Write a server build whose modules import nothing, its entry last."""
    folder.mkdir(parents=True, exist_ok=True)
    document: dict[str, Any] = {
        "schema": 1,
        "name": name,
        "version": version,
        "build": "",
        "serial": 0,
        "exposes": {"./Card": "card.js"},
        "modules": {
            file: {"digest": digest_of(text.encode()), "size": len(text.encode())}
            for file, text in files.items()
        },
        **said,
    }
    document["build"] = build_digest(json.dumps(document).encode(), subject="build")
    for file, text in files.items():
        (folder / file).write_text(text)
    part = folder / "server-entry.json.part"
    part.write_text(json.dumps(document))
    part.replace(folder / "server-entry.json")


@dataclass(frozen=True)
class Shop:
    """The remote: its server build's folder, and the publisher of it."""

    folder: Path
    publisher: Publisher
    url: str

    async def deploy(self, text: str, **said: Any) -> None:
        """Publish a build whose one module has this text."""
        write_server_build(self.folder, {"card.js": text}, **said)
        await self.publisher.refresh()


@dataclass(frozen=True)
class Site:
    """The towns that have the remotes' entries, the shop, and the file that a federation is made of."""

    towns: Towns
    shop: Shop
    toml: Path

    def federation(self, **said: Any) -> Federation:
        """Make the federation; nothing is started."""
        return Federation.from_toml(self.toml, environ=KEYS, **said)


@asynccontextmanager
async def open_site(
    folder: Path, text: str = CARD, *, more: str = "", before: Callable[[Any], Any] = lambda app: app
) -> AsyncIterator[Site]:
    """Open a site with a shop that publishes one module.

    `more` is written into `[remotes.shop]`; `before` puts an app before that of the publisher.
    """
    write_server_build(folder / "server", {"card.js": text})
    publisher = Publisher.from_folder(
        folder / "server", record=folder / "record", key=KEY, private_key=PRIVATE
    )
    async with AsyncExitStack() as stack:
        towns = await stack.enter_async_context(serve_towns())
        url = await stack.enter_async_context(serve(before(site(publisher))))
        towns.put("shop", entry("shop"))
        toml = folder / "hanse.toml"
        toml.write_text(
            "[federation]\n"
            f'cache_folder = "{folder / "cache"}"\n'
            f'[remotes.shop]\nurl = "{towns.url("shop")}"\nserver = "{url}"\n'
            f'key = "env:SHOP_KEY"\npublic_key = "env:SHOP_PUBLIC"\n{more}'
        )
        yield Site(towns, Shop(folder / "server", publisher, url), toml)


def deno_children() -> list[int]:
    """Return the ids of the Deno processes that this process has started."""
    found = []
    for task in Path("/proc/self/task").iterdir():
        # Threads and processes end while they are being looked at.
        with suppress(FileNotFoundError, ProcessLookupError):
            for child in (task / "children").read_text().split():
                command = Path(f"/proc/{child}/cmdline").read_bytes()
                if b"deno" in command.split(b"\0")[0]:
                    found.append(int(child))
    return found
