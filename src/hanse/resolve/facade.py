"""Facades: ES modules that hand a container's own copy of a package to native remotes.

A Module Federation container gives its copy only at run time, and nobody can tell what it exports. Where the
operator has written that down, a module can be written that asks the page's client for the copy and exports
those names; the resolver then treats it as a build like any other.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from hanse.errors import FormatError
from hanse.formats.container import Container, SharedUse
from hanse.formats.entry_structs import RemoteEntry, Shared
from hanse.names import export_name_fault
from hanse.resolve.paths import join
from hanse.resolve.record import GLOBAL
from hanse.resolve.remote import Remote
from hanse.resolve.shares import DEFAULT

__all__ = ["FACADES", "Facades", "facade", "facade_of", "find_facade"]

FACADES: Final = "/_hanse/facade/"
"""Where facades are served unless the site says otherwise."""

ODD: Final = re.compile(r"[^A-Za-z0-9._-]+")


class Facades(msgspec.Struct, frozen=True):
    """The facades of one container: it as a native remote that shares them, and their texts by URL."""

    remote: Remote
    texts: Mapping[str, str]


def facade(
    package: str, container: str, exports: Iterable[str], *, version: str, scope: str = DEFAULT
) -> str:
    """Write the ES module that re-exports names from a container's copy of a package.

    Its text depends on nothing but the arguments. It needs the client that pages with containers carry.

    Args:
        package: The package, or a specifier of it.
        container: The container's name in the federation.
        exports: The names to export; `default` is there anyway.
        version: The version of the copy.
        scope: The share scope that the copy is in.

    Raises:
        FormatError: One of the names is none that a module can export.
    """
    names = [name for name in dict.fromkeys(exports) if name != "default"]
    for name in names:
        if fault := export_name_fault(name):
            raise FormatError(
                f"this cannot be an export: {fault}",
                subject=package,
                found=repr(name[:60]),
                expected="a name",
            )
    where = {"from": container, "version": version, "scope": scope}
    lines = [f"const share = await self.hanse.containers.share({quote(package)}, {quote(where)});"]
    lines += [f"const e{index} = share.{name};" for index, name in enumerate(names)]
    if names:
        pairs = ", ".join(f"e{index} as {name}" for index, name in enumerate(names))
        lines.append(f"export {{ {pairs} }};")
    return "\n".join([*lines, "export default share.default;", ""])


def quote(value: str | dict[str, str]) -> str:
    """Write a value as JavaScript; what would end a script element is escaped."""
    return msgspec.json.encode(value).decode().replace("<", "\\u003c")


def facade_of(container: Container, *, base: str = FACADES) -> Facades | None:
    """Return a container's facades; None where it has none.

    Only copies that it brings can be handed on. They are shared as native builds are: what it accepts counts
    when a version is chosen.

    Args:
        container: The container; `facades` has the export names of its packages.
        base: The folder that facades are served in, with a slash at the end.
    """
    brought = {use.package: use for use in container.shared or () if use.version is not None}
    chosen = {package: names for package, names in container.facades.items() if package in brought}
    if not chosen:
        return None
    folder = f"{base}{short(container.name)}/"
    shared, texts, integrity = [], dict[str, str](), dict[str, str]()
    for package, names in chosen.items():
        use = brought[package]
        text = facade(package, container.name, names, version=use.version or "", scope=use.scopes[0])
        file = f"{ODD.sub('-', package).strip('-.') or 'package'}.{short(text)}.js"
        texts[join(folder, file)] = text
        integrity[file] = "sha384-" + base64.b64encode(hashlib.sha384(text.encode()).digest()).decode()
        shared.append(shared_item(use, file))
    entry = RemoteEntry(container.name, shared=shared, integrity=integrity)
    return Facades(Remote(container.name, f"{folder}remoteEntry.json", entry), texts)


def shared_item(use: SharedUse, file: str) -> Shared:
    """Describe a facade as native remotes describe what they share."""
    scope = use.scopes[0]
    return Shared(
        package_name=use.package,
        version=use.version,
        required_version=use.required or False,
        singleton=True,
        strict_version=use.strict,
        share_scope=None if scope in (DEFAULT, GLOBAL) else scope,
        entries={use.package: file},
    )


def short(text: str) -> str:
    """Return a few characters that tell one text from another."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def find_facade(containers: Iterable[Container], path: str) -> str | None:
    """Return the text of a facade; None where there is no such file.

    Args:
        containers: Those of a snapshot.
        path: The file's path below the folder that facades are served in.
    """
    folder = path.partition("/")[0]
    for container in containers:
        if container.facades and short(container.name) == folder:
            found = facade_of(container, base="")
            return None if found is None else found.texts.get(path)
    return None
