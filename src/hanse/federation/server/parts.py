"""Parts: exposed modules as one stage has them, with what their HTML needs in a page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from hanse.engines.base import module_name
from hanse.errors import NotFoundError
from hanse.federation.modules import RemoteModule, find_module, find_remote
from hanse.federation.server.supplies import Supply
from hanse.federation.snapshot import Snapshot
from hanse.formats.import_map import ParsedImportMap
from hanse.formats.server_entry import ServerEntry
from hanse.graph import place_on_page
from hanse.render.adapters import REACT, Choice
from hanse.render.hydration import hydration_urls
from hanse.render.stage import Part
from hanse.resolve.containers import ContainerPlan
from hanse.resolve.paths import join, scope_url

if TYPE_CHECKING:
    # What builds need is in extras; types need nothing.
    from hanse.federation.generations import Assembly

__all__ = ["browser_part", "expose_of", "refused_part", "server_part", "styles_of", "withheld_part"]

NO_SERVER = "its remote has no server modules"


def expose_of(entry: ServerEntry, key: str) -> str | None:
    """Return an exposed module's key as its entry writes it; it may be given with or without `./`."""
    bare = key.removeprefix("./")
    return next((one for one in (key, f"./{bare}", bare) if one in entry.exposes), None)


def browser_module(snapshot: Snapshot, remote: str, key: str) -> RemoteModule | None:
    """Return what the browser would run for a module; None where it cannot."""
    try:
        return find_module(snapshot, remote, key)
    except NotFoundError:
        return None


def browser_part(snapshot: Snapshot, remote: str, key: str, *, reason: str = NO_SERVER) -> Part:
    """Return the part of a module that the browser alone can run.

    Raises:
        NotFoundError: It cannot either.
    """
    found = find_module(snapshot, remote, key)
    return Part(
        remote=remote,
        key=found.key,
        specifier=found.specifier,
        browser_only=reason,
        browser=found.specifier,
    )


def refused_part(remote: str, key: str, reason: str) -> Part:
    """Return the part of a module that nobody may run, for its delegate gave no build."""
    bare = key.removeprefix("./")
    return Part(
        remote=remote,
        key=f"./{bare}",
        specifier=f"{remote}/./{bare}",
        browser_only=reason,
        fault="delegate",
    )


def withheld_part(remote: str, key: str, reason: str) -> Part:
    """Return the part of a module that only this server may run, and cannot."""
    return replace(refused_part(remote, key, reason), fault="browser-only", trusted=False)


def server_part(
    snapshot: Snapshot,
    supply: Supply,
    key: str,
    *,
    assembly: Assembly,
    choice: Choice,
    entry: ServerEntry,
    browser: str | None,
    styles: Mapping[str, tuple[str, ...]],
    torn: str | None = None,
) -> Part:
    """Return the part of a module that a generation has.

    Args:
        snapshot: What pages get.
        supply: Where the remote's modules come from, and what may be done with them.
        key: Its key, as the server entry writes it.
        assembly: Its generation.
        choice: Its remote's adapter.
        entry: Its remote's server entry.
        browser: The remote whose module browsers run; None where they have to let the HTML be.
        styles: The style sheets of all modules of the generation, by the modules' names.
        torn: How the builds of the remote differ; None where they belong together.
    """
    found = browser_module(snapshot, browser, key) if supply.trusted and browser is not None else None
    broken = torn is not None and found is not None
    return Part(
        remote=supply.remote,
        key=key,
        specifier=f"{supply.remote}/./{key.removeprefix('./')}",
        build=entry.build,
        generation=assembly.generation.id,
        adapter=choice.adapter,
        adapter_missing=choice.reason,
        trusted=supply.trusted,
        engine=supply.engine,
        layer=supply.layer,
        browser_only=torn if broken else None if browser is None else assembly.reason(browser, key),
        fault="torn" if broken else "browser-only",
        deadline=supply.deadline,
        browser=None if found is None else found.specifier,
        hydration={} if found is None else hydration_of(snapshot, found),
        styles=styles,
        scripts={} if found is None else scripts_of(supply.remote, key, entry, found),
    )


def hydration_of(snapshot: Snapshot, found: RemoteModule) -> Mapping[str, str]:
    """Return what React means to a module in the browser."""
    parsed = snapshot.files.parsed
    if parsed is None:
        return {}
    if found.remote not in snapshot.containers.containers:
        return hydration_urls(parsed, found.url)
    react = elected_react(snapshot.containers, found.remote)
    return {} if react is None else companions(parsed, react)


def elected_react(containers: ContainerPlan, name: str) -> str | None:
    """Return the URL of the React that a container takes from the page; None where it has its own."""
    for use in containers.uses:
        if (use.container, use.package, use.action) == (name, REACT, "elected"):
            rows = containers.shares.get(use.scope, {}).get(REACT, ())
            return next(
                (
                    row.url
                    for row in rows
                    if (row.version, row.provider) == (use.served_version, use.served_by)
                ),
                None,
            )
    return None


def companions(parsed: ParsedImportMap, react: str) -> Mapping[str, str]:
    """Return a React with what hydrates its components: nothing where that would be for another one."""
    urls = hydration_urls(parsed, react)
    known = urls.get(REACT)
    return urls if known is not None and place_on_page(known) == place_on_page(react) else {}


def scripts_of(remote: str, key: str, entry: ServerEntry, found: RemoteModule) -> dict[str, tuple[str, ...]]:
    """Return what the browser loads in place of an exposed module: the module, and all that it imports."""
    if key not in entry.exposes:
        return {}
    name = module_name(remote, entry.exposes[key])
    return {name: tuple(one.url for one in found.preloads if one.kind == "module")}


def styles_of(
    snapshot: Snapshot, supply: Supply, entry: ServerEntry, *, browser: str | None
) -> dict[str, tuple[str, ...]]:
    """Return the style sheets of a build's modules, by the modules' names; they lie in the browser's build.

    Those of a container are its exposed modules', as its manifest has them. A build that browsers do not run
    has them beside its own document.
    """
    if browser is None:
        return dict(placed_styles(scope_url(supply.url), supply.remote, entry))
    container = snapshot.containers.containers.get(browser)
    if container is not None:
        exposes = container.exposes or {}
        return {
            module_name(supply.remote, file): exposes[key].css
            for key, file in entry.exposes.items()
            if key in exposes
        }
    try:
        found = find_remote(snapshot, browser)
    except NotFoundError:
        return {}
    scope = scope_url(found.entry.url or found.url)
    return dict(placed_styles(scope, supply.remote, entry))


def placed_styles(scope: str, remote: str, entry: ServerEntry) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the name of each module that has style sheets, and their URLs."""
    for file, module in entry.modules.items():
        if module.styles:
            yield module_name(remote, file), tuple(place(scope, module.styles))


def place(scope: str, files: Iterable[str]) -> Iterator[str]:
    """Yield the URLs of files of a browser build."""
    for file in files:
        yield join(scope, file)
