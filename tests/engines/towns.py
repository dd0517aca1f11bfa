"""Generations to render: React from the npm package of an example, and modules written here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Literal

from hanse.engines import ContainerSource, Generation, SharedCopy, Source, Target

__all__ = ["REACT", "REACT_VERSION", "ferry", "generation", "modules", "react_generation"]

ROOT = Path(__file__).resolve().parents[2]
FERRY = ROOT / "examples" / "containers" / "ferry"
PACKAGES = FERRY / "node_modules"
REACT_VERSION = "19.2.9"

Format = Literal["esm", "cjs", "json"]
FORMATS: dict[str, Format] = {".js": "esm", ".cjs": "cjs", ".json": "json"}
REACT: Mapping[str, Target] = {
    "react": "react/react.cjs",
    "react/jsx-runtime": "react/jsx-runtime.cjs",
    "react-dom": "react/react-dom.cjs",
    "react-dom/server": "react/server.cjs",
}
FILES = {
    "react/react.cjs": "react/cjs/react.production.js",
    "react/jsx-runtime.cjs": "react/cjs/react-jsx-runtime.production.js",
    "react/react-dom.cjs": "react-dom/cjs/react-dom.production.js",
    "react/server.cjs": "react-dom/cjs/react-dom-server.edge.production.js",
    "react/legacy.cjs": "react-dom/cjs/react-dom-server-legacy.browser.production.js",
}

ADAPTER = """
import { createElement } from 'react';
import { renderToReadableStream } from 'react-dom/server';
import { renderToString } from './legacy.cjs';

export const render = (component, props, { identifierPrefix }) =>
  renderToString(createElement(component, props), { identifierPrefix });

export const stream = (component, props, { identifierPrefix, nonce, signal }) =>
  renderToReadableStream(createElement(component, props), {
    identifierPrefix, nonce, signal, onError: (error) => console.error(error),
  });
"""


def modules(**files: str) -> dict[str, Source]:
    """Return modules by names such as `shop__card_js`: `__` is a slash, the last `_` a dot."""
    made = {}
    for key, text in files.items():
        remote, _, rest = key.partition("__")
        file, _, suffix = rest.replace("__", "/").rpartition("_")
        made[f"{remote}/{file}.{suffix}"] = Source(text=text, remote=remote, format=FORMATS[f".{suffix}"])
    return made


def generation(files: Mapping[str, Source], **fields: object) -> Generation:
    """Return a generation of these modules."""
    made = Generation(id="g1", modules=files)
    return replace(made, **fields)  # type: ignore[arg-type]


@cache
def react_modules() -> dict[str, Source]:
    """Return React and the adapter that these tests render it with."""
    found = {
        name: Source(text=(PACKAGES / file).read_text(), remote="react", format="cjs")
        for name, file in FILES.items()
    }
    return {**found, "react/adapter.js": Source(text=ADAPTER, remote="react")}


def react_generation(
    files: Mapping[str, Source], *, imports: Mapping[str, Target] | None = None, **fields: object
) -> Generation:
    """Return a generation that has React beside its modules."""
    return generation({**react_modules(), **files}, imports={**REACT, **(imports or {})}, **fields)


def ferry() -> tuple[dict[str, Source], ContainerSource, tuple[SharedCopy, ...]]:
    """Return the server build of the example's ferry, its container, and the host's React for it."""
    folder = FERRY / "dist" / "server"
    files = {
        f"ferry/{file.name}": Source(text=file.read_text(), remote="ferry", format="cjs")
        for file in folder.glob("*.js")
    }
    container = ContainerSource(script="ferry/remoteEntry.js", global_name="ferry", base="ferry/")
    shared = tuple(
        SharedCopy(package=package, version=REACT_VERSION, module=str(module), provider="react")
        for package, module in REACT.items()
    )
    return files, container, shared
