"""Pages with containers, their data written by hand from what the real toolchains wrote."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route

from examples.basic.remotes import serve_app
from examples.containers.remotes import REMOTES
from hanse.html import inline_json
from hanse.web.client import CONTAINERS, LOADER
from tests.browser.client.stage import POLICY

__all__ = ["Haven", "describe_containers", "describe_shared", "open_haven", "write_import_map"]

FOLDERS = {remote.name: remote.folder for remote in REMOTES}


def read(name: str, entry: str) -> Any:
    return json.loads((FOLDERS[name] / entry).read_text())


def write_import_map(entries: Mapping[str, str]) -> dict[str, Any]:
    """Write the map that Hanse writes for the one native remote."""
    entry, base = read("harbour", "remoteEntry.json"), entries["harbour"].removesuffix("remoteEntry.json")
    shared = {item["packageName"]: base + item["outFileName"] for item in entry["shared"]}
    exposes = {f"harbour/{item['key']}": base + item["outFileName"] for item in entry["exposes"]}
    return {"imports": {**shared, **exposes}}


def describe_shared() -> dict[str, Any]:
    """Describe what the native remote shares."""
    shared = {
        item["packageName"]: {
            item["version"]: {
                "specifier": item["packageName"],
                "singleton": item["singleton"],
                "requiredVersion": item["requiredVersion"],
                "strictVersion": item["strictVersion"],
                "from": "harbour",
            }
        }
        for item in read("harbour", "remoteEntry.json")["shared"]
        if not item["packageName"].startswith("@nf-internal/")
    }
    return {"default": shared}


def describe_containers(entries: Mapping[str, str]) -> dict[str, Any]:
    """Describe the containers, as their manifests do."""
    return {name: describe(name, entries[name]) for name in ("ferry", "lighthouse")}


def describe(name: str, entry: str) -> dict[str, Any]:
    manifest, base = read(name, "mf-manifest.json"), entry.removesuffix("mf-manifest.json")
    data = manifest["metaData"]
    return {
        "script": base + data["remoteEntry"]["name"],
        "type": "module" if data["remoteEntry"]["type"] == "module" else "script",
        "global": data["globalName"],
        "exposes": {
            item["path"]: {
                kind: [base + file for file in item["assets"][kind]["sync"]] for kind in ("js", "css")
            }
            for item in manifest["exposes"]
        },
        "scopes": ["default"],
    }


@dataclass
class Haven:
    """A page with containers; a test changes it before it is opened.

    Attributes:
        url: Where it is.
        imports: Its import map.
        data: The containers' data block.
        body: What stands in the body.
        before: HTML that stands in the head before the clients, `{nonce}` in it replaced.
        policy: The content security policy.
        folders: Folders of more files, by the first part of their paths.
    """

    url: str = ""
    imports: dict[str, Any] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    body: str = ""
    before: str = ""
    policy: str = POLICY
    folders: dict[str, Path] = field(default_factory=dict)

    def answer(self, request: Request) -> Response:
        """Answer any request."""
        _, first, *rest = request.url.path.split("/")
        if first in self.folders:
            return FileResponse(self.folders[first].joinpath(*rest), media_type="text/javascript")
        if request.url.path != "/":
            return Response(status_code=404)
        nonce = secrets.token_urlsafe(18)
        opening = f'<script nonce="{nonce}"'
        html = "".join(
            (
                "<!doctype html><html lang=en><head><meta charset=utf-8><title>A haven</title>",
                '<link rel="icon" href="data:,">',
                f'{opening} type="importmap">{inline_json(self.imports)}</script>',
                f'{opening} type="application/json" id="hanse-containers">{inline_json(self.data)}</script>',
                self.before.replace("{nonce}", nonce),
                f'{opening} type="module">{CONTAINERS}</script>',
                f'{opening} type="module">{LOADER}</script>',
                f"</head><body>{self.body}</body></html>",
            )
        )
        return HTMLResponse(html, headers={"content-security-policy": self.policy.format(nonce=nonce)})

    def reset(self) -> None:
        """Go back to an empty page at the same place."""
        fresh = Haven(url=self.url)
        for name, value in vars(fresh).items():
            setattr(self, name, value)


@contextmanager
def open_haven(port: int) -> Iterator[Haven]:
    """Serve a page while the block runs."""
    haven = Haven()
    app = Starlette(routes=[Route("/{path:path}", haven.answer)])
    with serve_app(app, port) as url:
        haven.url = url
        yield haven
