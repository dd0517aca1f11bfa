"""What is wrong with a generation, and which of its fragments would not hydrate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

import msgspec

from hanse.engines.base import Exposed, Source, Target, module_name
from hanse.federation.generation_tables import CLIENT_ONLY, Tables, is_native, lookup
from hanse.formats.server_entry import ServerEntry
from hanse.resolve import Plan
from hanse.resolve.containers import NO_CONTAINERS, ContainerPlan
from hanse.resolve.dense import CHUNK_PREFIX, specifiers_of
from hanse.resolve.supply import supplies
from hanse.stream.builds import Build

__all__ = [
    "BrowserOnly",
    "BrowserSide",
    "GenerationFinding",
    "compare_sides",
    "find_missing",
    "find_torn",
]

RENDERERS: Final[Mapping[str, tuple[str, ...]]] = {
    "react": ("react-dom", "react-dom/server", "react-dom/server.browser", "react-dom/server.edge"),
    "vue": ("@vue/server-renderer", "vue/server-renderer"),
}
"""What has to be of exactly the version of the first."""

FindingCode = Literal["missing", "require-mended", "require-stub", "torn"]
"""`missing`: an import that the generation has nothing for. `require-stub`: an external that is required by a
function that only throws; `require-mended` where it no longer does. `torn`: a framework and its renderer of
different versions."""


class GenerationFinding(msgspec.Struct, frozen=True):
    """Something that will fail in a generation, or was mended.

    Attributes:
        code: What it is, a stable word.
        remote: Whose module it is.
        module: The module's name in the generation; empty where all of the remote's are concerned.
        specifier: What it imports.
        text: A sentence.
    """

    code: FindingCode
    remote: str
    module: str
    specifier: str
    text: str


class BrowserOnly(msgspec.Struct, frozen=True):
    """A fragment that is rendered in the browser alone, for there a package has another version.

    `server` and `browser` are the versions of `package` on either side.
    """

    remote: str
    key: str
    package: str
    server: str
    browser: str
    text: str


@dataclass(frozen=True, slots=True)
class BrowserSide:
    """What the browser gets: the plan, and what containers get."""

    plan: Plan
    containers: ContainerPlan = NO_CONTAINERS


def find_missing(
    builds: Mapping[str, Build], modules: Mapping[str, Source], tables: Tables
) -> Iterator[GenerationFinding]:
    """Yield a finding for each import that leads nowhere, a remote's imports of one name once."""
    seen: set[tuple[str, str]] = set()
    for name, build in builds.items():
        for file, module in build.entry.modules.items():
            importer = module_name(name, file)
            for specifier in module.externals if importer in modules else ():
                if lookup(tables, name, specifier) is None and (name, specifier) not in seen:
                    seen.add((name, specifier))
                    text = f"{importer} imports {specifier!r}, which nobody in this generation provides"
                    yield GenerationFinding("missing", name, importer, specifier, text)


def find_torn(builds: Mapping[str, Build], tables: Tables) -> Iterator[GenerationFinding]:
    """Yield a finding for each remote whose framework and renderer are not of one version."""
    for name in builds:
        for framework, renderers in RENDERERS.items():
            own = version_of(lookup(tables, name, framework), tables)
            for renderer in renderers if own else ():
                other = version_of(lookup(tables, name, renderer), tables)
                if other and other != own:
                    text = f"it gets {framework}@{own} and {renderer}@{other}, which do not work together"
                    yield GenerationFinding("torn", name, "", renderer, text)


def version_of(target: Target | None, tables: Tables) -> str:
    """Return the version of the package that a target is of; empty where it is of none."""
    return tables.versions.get(target, "") if isinstance(target, str) else ""


def compare_sides(
    builds: Mapping[str, Build], tables: Tables, uses: ContainerPlan, browser: BrowserSide
) -> Iterator[BrowserOnly]:
    """Yield the fragments that use a singleton which has another version in the browser."""
    theirs = browser_versions(browser)
    for name, build in builds.items():
        there = theirs.get(name, {})
        if not is_native(build):
            here = {use.package: use.served_version or "" for use in uses.uses if use.container == name}
            packages = {use.package for use in uses.uses if use.container == name and use.singleton}
            for key in build.entry.exposes:
                yield from differing(name, key, packages, here, there)
            continue
        for key, file in build.entry.exposes.items():
            used = used_by(builds, name, file, tables)
            here = {one: version_of(lookup(tables, name, one), tables) for one in used}
            packages = {one for one in used if one not in CLIENT_ONLY and is_singleton(one, builds, here)}
            yield from differing(name, key, packages, here, there)


def differing(
    remote: str, key: str, packages: set[str], here: Mapping[str, str], there: Mapping[str, str]
) -> Iterator[BrowserOnly]:
    """Yield the first package of a fragment that differs."""
    for package in sorted(packages):
        server, browser = here.get(package, ""), there.get(package, "")
        if server and browser and server != browser:
            text = f"{package} is {server} on the server and {browser} in the browser: it would not hydrate"
            yield BrowserOnly(remote, key, package, server, browser, text)
            return


def browser_versions(browser: BrowserSide) -> dict[str, dict[str, str]]:
    """Return remote -> specifier -> version, as browsers get them."""
    found: dict[str, dict[str, str]] = {}
    for (_, _, remote), supply in supplies(browser.plan).items():
        for one in supply.got:
            if one.version is not None:
                found.setdefault(remote, {})[one.specifier] = one.version
    for use in browser.containers.uses:
        if use.served_version is not None:
            found.setdefault(use.container, {})[use.package] = use.served_version
    return found


def used_by(builds: Mapping[str, Build], remote: str, file: str, tables: Tables) -> dict[str, None]:
    """Return the bare specifiers that a module and all that it imports of its own remote use.

    What it loads of other remotes is those remotes' affair.
    """
    entry = builds[remote].entry
    own = own_files(remote, entry)
    waiting, seen, used = [file], {file}, dict[str, None]()
    while waiting:
        module = entry.modules.get(waiting.pop())
        if module is None:
            continue
        upcoming = list(module.imports)
        for specifier in module.externals:
            target = lookup(tables, remote, specifier)
            if not specifier.startswith(CHUNK_PREFIX) and not isinstance(target, Exposed):
                used[specifier] = None
            if isinstance(target, str) and target in own:
                upcoming.append(own[target])
        fresh = [one for one in upcoming if one not in seen]
        seen.update(fresh)
        waiting.extend(fresh)
    return used


def own_files(remote: str, entry: ServerEntry) -> dict[str, str]:
    """Return name in the generation -> file of a remote's modules."""
    return {module_name(remote, file): file for file in entry.modules}


def is_singleton(specifier: str, builds: Mapping[str, Build], here: Mapping[str, str]) -> bool:
    """Tell whether anybody shares a specifier as a singleton, in the version that is used."""
    return any(
        item.singleton and item.version == here[specifier]
        for build in builds.values()
        for item in build.entry.shared
        if specifier in specifiers_of(item)
    )
