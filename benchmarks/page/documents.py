"""The pages of the three sides: alike but for what brings the modules.

Each shows three modules in three elements. Marks tell when a module has run.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape
from pathlib import Path

from benchmarks.page.by_hand import list_closure, specifier_of, write_map
from benchmarks.page.federation import Federation

__all__ = ["PEER", "PEER_FILES", "by_hand", "hanse_template", "quickstart", "with_storage"]

PEER = Path(__file__).parents[1] / "node_modules" / "@softarc" / "native-federation-orchestrator"
# What the page's origin serves of the peer: path to file.
PEER_FILES = {
    "/quickstart.mjs": PEER / "quickstart.mjs",
    "/orchestrator.mjs": PEER / "fesm2022" / "@softarc" / "native-federation-orchestrator.mjs",
    "/options.mjs": PEER / "fesm2022" / "options.mjs",
}
SHOW = "const show=(place,module)=>module.mount(document.getElementById(place),{label:'Market'})"


def write_page(head: str, elements: str) -> str:
    """Write a page."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Market</title>'
        f'<link rel="icon" href="data:,">{head}</head><body><h1>Market</h1>{elements}</body></html>'
    )


def write_elements(federation: Federation) -> str:
    """Write an element for each module that is shown."""
    return "".join(f'<div id="place-{number}"></div>' for number in range(len(federation.shown)))


def by_hand(federation: Federation, origins: Sequence[str]) -> str:
    """Write the page of someone who knows everything: a finished map, every file preloaded, no loader."""
    imports, scopes = write_map(federation, origins)
    document = json.dumps({"imports": imports, "scopes": scopes}, separators=(",", ":"))
    preloads = "".join(
        f'<link rel="modulepreload" href="{escape(url)}">'
        for url in list_closure(federation, imports, scopes, origins)
    )
    start = "".join(
        f"import({json.dumps(specifier_of(remote, key))}).then(module=>show('place-{number}',module));"
        for number, (remote, key) in enumerate(federation.shown)
    )
    head = (
        f'<script type="importmap">{document}</script>{preloads}<script type="module">{SHOW};{start}</script>'
    )
    return write_page(head, write_elements(federation))


def quickstart(federation: Federation, origins: Sequence[str]) -> str:
    """Write the page as the orchestrator's README has it."""
    loads = write_loads(federation, "event.detail")
    start = f"addEventListener('mfe-loader-available',event=>{{{loads}}},{{once:true}})"
    manifest = json.dumps(federation.manifest(origins))
    head = (
        f'<script type="application/json" id="mfe-manifest">{manifest}</script>'
        f'<script>{SHOW};{start}</script><script src="/quickstart.mjs"></script>'
    )
    return write_page(head, write_elements(federation))


def with_storage(federation: Federation, origins: Sequence[str]) -> str:
    """Write a page with an orchestrator of one's own that keeps what it knows in the session's storage.

    The quickstart has no such option. Its two files are preloaded, and it has no es-module-shims to start.
    """
    start = (
        "import{initFederation}from'/orchestrator.mjs';import{sessionStorageEntry}from'/options.mjs';"
        f"{SHOW};const manifest={json.dumps(federation.manifest(origins))};"
        "const loader=await initFederation(manifest,{storage:sessionStorageEntry});"
        f"{write_loads(federation, 'loader')}"
    )
    preloads = "".join(
        f'<link rel="modulepreload" href="/{name}.mjs">' for name in ("orchestrator", "options")
    )
    return write_page(f'{preloads}<script type="module">{start}</script>', write_elements(federation))


def write_loads(federation: Federation, loader: str) -> str:
    """Write the calls that load and show each module through an orchestrator."""
    return "".join(
        f"{loader}.loadRemoteModule({json.dumps(remote.name)},{json.dumps(key)})"
        f".then(module=>show('place-{number}',module));"
        for number, (remote, key) in enumerate(federation.shown)
    )


def hanse_template(federation: Federation) -> str:
    """Write the template of the page that Hanse serves; its names are those of every framework."""
    names = [specifier_of(remote, key) for remote, key in federation.shown]
    elements = "".join(f'{{{{ hanse_mount({json.dumps(name)}, label="Market") }}}}' for name in names)
    return write_page(f"{{{{ hanse_head(modules={json.dumps(names)}) }}}}", elements)
