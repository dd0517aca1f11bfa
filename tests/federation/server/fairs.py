"""Remotes as plain native builds, one of which a delegate in Python decides about."""

from __future__ import annotations

import importlib
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hanse import Federation
from hanse.render import RequestContext
from tests.federation.towns import Towns, entry, serve_towns, share
from tests.net.upstream import reply

__all__ = ["Fair", "native", "open_fair"]

DECIDE = """\
import asyncio

asked = []

async def shop(context):
    asked.append(context)
    if context.tenant == 'broken':
        raise KeyError('tenant')
    if context.tenant is None:
        return None
    return context.tenant

async def hangs(context):
    await asyncio.sleep(60)
"""


def native(word: str) -> str:
    return f"export const render = ({{ name = 'nobody' }} = {{}}) => `<b>{word} ${{name}}</b>`;"


NESTING = (
    "import * as card from 'shop/Card'; export const render = (props) => `<i>${card.render(props)}</i>`;"
)


@dataclass(frozen=True)
class Fair:
    """Towns whose remotes are plain native builds, for browsers and servers alike."""

    towns: Towns
    toml: Path
    asked: list[RequestContext]

    def put(self, name: str, text: str, *, told: str | None = None) -> None:
        """Put a remote up, or a build of it that is in no manifest."""
        self.towns.put(name, entry(told or name, share("left-pad", singleton=False)))
        javascript = {"Content-Type": "text/javascript", "Access-Control-Allow-Origin": "*"}
        self.towns.upstream.routes[f"/{name}/Card.js"] = reply(text.encode(), headers=javascript)
        self.towns.upstream.routes[f"/{name}/left-pad-19.1.0.js"] = reply(
            b"export default 1;", headers=javascript
        )

    def federation(self, **said: Any) -> Federation:
        return Federation.from_toml(self.toml, refresh_interval=None, modules="skip", **said)

    def url(self, name: str) -> str:
        return self.towns.url(name)


@asynccontextmanager
async def open_fair(tmp_path: Path) -> AsyncIterator[Fair]:
    """Open a fair; its folder is where modules are imported from.

    `basket` shows the card of `shop`, `visby` is a build of `shop` that no manifest names.
    """
    (tmp_path / "fair_delegates.py").write_text(DECIDE)
    async with serve_towns() as towns:
        lines = ["[federation]", f'allowed_origins = ["{towns.upstream.url("").rstrip("/")}"]']
        for name in ("shop", "shop-beta", "basket"):
            lines += [f"[remotes.{name}]", f'url = "{towns.url(name)}"', f'server = "{towns.url(name)}"']
            if name == "shop":
                lines.append('delegate = "fair_delegates:shop"')
        (tmp_path / "hanse.toml").write_text("\n".join(lines))
        made = Fair(towns, tmp_path / "hanse.toml", importlib.import_module("fair_delegates").asked)
        made.put("shop", native("usual"))
        made.put("shop-beta", native("beta"))
        made.put("basket", NESTING)
        made.put("visby", native("visby"), told="shop")
        try:
            yield made
        finally:
            sys.modules.pop("fair_delegates", None)
