"""A stage made by hand over a real engine: React from an npm package, and remotes that a test writes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from hanse.engines import EngineLimits, Generation, Realm, Source, Target
from hanse.engines.deno import DenoEngine
from hanse.errors import NotFoundError
from hanse.formats.server_entry import ServerEntry, ServerModule
from hanse.limits import LIMITS, Limits
from hanse.render import Part, Renderer
from hanse.render.adapters import place_adapters

__all__ = ["CARD", "PACKAGES", "ROOT", "RealStage", "entry_of", "open_stage", "react_modules"]

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ROOT / "examples" / "basic" / "catalog" / "node_modules"
REACT: Mapping[str, Target] = {
    "react": "host/react.cjs",
    "react/jsx-runtime": "host/jsx-runtime.cjs",
    "react-dom": "host/react-dom.cjs",
    "react-dom/server": "host/server.cjs",
    "scheduler": "host/scheduler.cjs",
}
FILES = {
    "host/react.cjs": "react/cjs/react.production.js",
    "host/jsx-runtime.cjs": "react/cjs/react-jsx-runtime.production.js",
    "host/react-dom.cjs": "react-dom/cjs/react-dom.production.js",
    "host/scheduler.cjs": "scheduler/cjs/scheduler.production.js",
    "host/edge.cjs": "react-dom/cjs/react-dom-server.edge.production.js",
    "host/legacy.cjs": "react-dom/cjs/react-dom-server-legacy.browser.production.js",
}
# As the package's own `server.edge.js` has it.
SERVER = """
const legacy = require('./legacy.cjs'), edge = require('./edge.cjs');
exports.renderToString = legacy.renderToString;
exports.renderToReadableStream = edge.renderToReadableStream;
"""
CARD = """
import { createElement as h, useId, useState, useEffect } from 'react';
export default function Card({ name }) {
  const id = useId();
  const [count, setCount] = useState(0);
  const [ready, setReady] = useState(false);
  useEffect(() => setReady(true), []);
  return h('section', { 'data-ready': ready },
    h('label', { htmlFor: id }, name, ': '),
    h('button', { id, onClick: () => setCount(count + 1) }, count));
}
"""


def react_modules(packages: Path = PACKAGES) -> dict[str, Source]:
    """Return React as a host's server build has it, from a folder of npm packages."""
    files = {name: read_package(packages / file) for name, file in FILES.items()}
    return {
        name: Source(text=text, remote="host", format="cjs")
        for name, text in {**files, "host/server.cjs": SERVER}.items()
    }


def read_package(file: Path) -> str:
    """Read a file of React; that of version 18 has another name."""
    older = file.with_name(file.name.replace("edge", "browser")).with_suffix(".min.js")
    return (file if file.exists() else older).read_text()


def entry_of(remote: str, *externals: str, **exposes: str) -> ServerEntry:
    """Return the entry of a small server build."""
    module = ServerModule(digest="sha384-x", size=1, externals=externals)
    return ServerEntry(
        schema=1,
        name=remote,
        version="1.0.0",
        build=f"sha384-{remote}",
        serial=1,
        exposes={f"./{key}": file for key, file in exposes.items()},
        modules=dict.fromkeys(exposes.values(), module),
    )


@dataclass
class RealStage:
    """A stage over one realm."""

    generation: Generation
    realm: Realm
    parts: dict[tuple[str, str], Part]
    limits: Limits = LIMITS
    development: bool = False
    renderer: Renderer = field(init=False)

    def __post_init__(self) -> None:
        self.renderer = Renderer(lambda: self, limits=self.limits, development=self.development)

    def find(self, remote: str, key: str) -> Part:
        part = self.parts.get((remote, f"./{key.removeprefix('./')}"))
        if part is None:
            raise NotFoundError("there is no such module", subject=f"{remote}/{key}")
        return part

    @asynccontextmanager
    async def enter(self, part: Part) -> AsyncIterator[Realm]:
        yield self.realm

    def change(self, remote: str, key: str, **changes: object) -> None:
        """Change what is known of a module."""
        self.parts[remote, key] = replace(self.parts[remote, key], **changes)  # type: ignore[arg-type]


@asynccontextmanager
async def open_stage(
    modules: Mapping[str, str],
    limits: Limits = LIMITS,
    *,
    development: bool = False,
    engine: EngineLimits | None = None,
    packages: Path = PACKAGES,
) -> AsyncIterator[RealStage]:
    """Open a stage with these modules: `shop__Card` is the key `./Card` of the remote `shop`.

    What they expose can be had in browsers, too, by its specifier; nothing says how it is hydrated.
    """
    sources, exposed = react_modules(packages), dict[tuple[str, str], str]()
    for name, text in modules.items():
        remote, _, key = name.partition("__")
        exposed[remote, f"./{key}"] = f"{remote}/{key}.js"
        sources[f"{remote}/{key}.js"] = Source(text=text, remote=remote)
    entries = {
        remote: entry_of(remote, *(["react"] if "react" in sources[file].text else []), **{key[2:]: file})
        for (remote, key), file in exposed.items()
    }
    named: dict[str, Target] = {f"{remote}/{key}": file for (remote, key), file in exposed.items()}
    generation, choices = place_adapters(
        Generation(id="one", modules=sources, imports={**REACT, **named}), entries
    )
    deno = DenoEngine()
    try:
        realm = await deno.open(generation, engine or EngineLimits(call=10.0, open=30.0))
        parts = {
            (remote, key): Part(
                remote=remote,
                key=key,
                specifier=f"{remote}/{key}",
                build=f"sha384-{remote}",
                generation="one",
                adapter=choices[remote].adapter,
                adapter_missing=choices[remote].reason,
                browser=f"{remote}/{key}",
            )
            for remote, key in exposed
        }
        yield RealStage(generation, realm, parts, limits=limits, development=development)
    finally:
        await deno.close()
