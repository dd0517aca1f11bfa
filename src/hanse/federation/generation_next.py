"""Next.js: what the components of its builds for pages look for in the runtime of its server.

Such a build does not contain that runtime; it asks its host for it. It is a server of its own and is not run
here. Of it, components need contexts alone, and those are made anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Final
from urllib.parse import quote

from hanse.engines.base import Source, module_name
from hanse.federation.generation_tables import OWN, Tables, lookup
from hanse.stream.builds import Build

__all__ = ["next_stand_ins"]

RUNTIMES: Final = (
    "next/dist/compiled/next-server/pages.runtime.prod.js",
    "next/dist/compiled/next-server/pages.runtime.dev.js",
)


def next_stand_ins(builds: Mapping[str, Build], tables: Tables) -> Iterator[tuple[str, Source]]:
    """Put what stands in for Next.js's runtime into the tables of those who ask for it, and yield it.

    Each has its own, with its own React.
    """
    for remote, build in builds.items():
        asked = {name for module in build.entry.modules.values() for name in module.externals}
        wanted = [one for one in RUNTIMES if one in asked and lookup(tables, remote, one) is None]
        if wanted:
            # Not in the build's own folder: there everything is taken for its chunks.
            name = module_name(OWN, f"next/{quote(remote, safe='')}.js")
            yield name, Source(text=read_stand_in(), remote=remote, format="cjs")
            tables.scopes.setdefault(remote, {}).update(dict.fromkeys(wanted, name))


@cache
def read_stand_in() -> str:
    """Return the text of what stands in."""
    return files("hanse.render").joinpath("js", "next.js").read_text(encoding="utf-8")
