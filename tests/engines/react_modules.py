"""React, as a generation's modules: the CommonJS files of its npm package, as they are."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from hanse.engines import Generation, RenderCall, Source
from hanse.engines.base import JSON, Target

PACKAGES = Path(__file__).resolve().parents[2] / "examples" / "basic" / "catalog" / "node_modules"
FILES = {
    "react": "react/cjs/react.production.js",
    "react/jsx-runtime": "react/cjs/react-jsx-runtime.production.js",
    "react-dom": "react-dom/cjs/react-dom.production.js",
    "react-dom/server.edge": "react-dom/cjs/react-dom-server.edge.production.js",
    "react-dom/server.legacy": "react-dom/cjs/react-dom-server-legacy.browser.production.js",
}
ADAPTER = """
import { createElement } from "react";
import { renderToReadableStream } from "react-dom/server.edge";
import { renderToString } from "react-dom/server.legacy";
const options = ({ identifierPrefix, nonce }, more) => ({ identifierPrefix, nonce, ...more });
export async function render(component, props, context) {
  if (context.plain) return renderToString(createElement(component, props), options(context));
  const stream = await renderToReadableStream(createElement(component, props), options(context));
  await stream.allReady;
  return stream;
}
export function stream(component, props, context) {
  return renderToReadableStream(createElement(component, props), options(context, { onError() {} }));
}
"""
TABLE = """
import { createElement as h, useId, useState, useMemo } from "react";
function Row({ at }) {
  const [count] = useState(at);
  const cells = [h("td", { key: 1 }, count), h("td", { key: 2, title: "row " + at }, "item & " + at)];
  return h("tr", { className: "row" }, cells, h("td", null, "x"));
}
export default function Table({ rows, title }) {
  const id = useId();
  const items = useMemo(() => Array.from({ length: rows }, (_, at) => at), [rows]);
  const list = items.map((at) => h(Row, { key: at, at }));
  return h("table", { id }, h("caption", null, title), h("tbody", null, list));
}
"""


def react_sources() -> dict[str, Source]:
    """Return React's modules, and an adapter for it."""
    files = {
        f"react/{file}": Source(text=(PACKAGES / file).read_text(), remote="react", format="cjs")
        for file in FILES.values()
    }
    return {**files, "react/adapter.js": Source(text=ADAPTER, remote="react")}


def react_generation(
    modules: Mapping[str, str],
    *,
    imports: Mapping[str, Target] | None = None,
    warm: tuple[str, ...] = ("react/adapter.js",),
) -> Generation:
    """Return a generation of React and of a remote `shop` with these files."""
    own = {f"shop/{file}": Source(text=text, remote="shop") for file, text in modules.items()}
    return Generation(
        id="react-1",
        modules={**react_sources(), **own},
        imports={**{name: f"react/{file}" for name, file in FILES.items()}, **(imports or {})},
        warm=warm,
    )


def react_call(module: str, props: Mapping[str, JSON] | None = None, **context: JSON) -> RenderCall:
    """Return a call that renders a React component."""
    return RenderCall(module=module, props=props or {}, adapter="react/adapter.js", context=context)
