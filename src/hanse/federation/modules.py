"""Where an exposed module lies, and what a page should load along with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from hanse.errors import NotFoundError
from hanse.federation.snapshot import Snapshot
from hanse.formats.container import Container
from hanse.formats.import_map import ImportMap
from hanse.formats.remote_entry import Expose, Shared
from hanse.graph import place_on_page, walk, write_for_page
from hanse.resolve import Remote
from hanse.resolve.dense import specifiers_of
from hanse.resolve.paths import join, scope_url

__all__ = ["Preload", "RemoteModule", "find_module", "split_module"]

# A package with more entrypoints than this is a collection (icons, locales) of which a page needs few.
ENTRYPOINTS: Final = 4


@dataclass(frozen=True, slots=True)
class Preload:
    """A file a page will need: its URL as in the import map, and its digest where it is known.

    `kind` says how it is loaded: as a module, or as the classic script of a Module Federation container.
    """

    url: str
    integrity: str | None = None
    kind: Literal["module", "script"] = "module"


@dataclass(frozen=True, slots=True)
class RemoteModule:
    """An exposed module.

    Attributes:
        remote: The remote's name.
        key: The module's key, as the remote's entry writes it.
        specifier: What to import on a page that carries the snapshot's import map.
        url: Where it lies; relative to the page where the manifest's URLs are. Of a Module Federation
            container, where its script does.
        integrity: Its digest, where the remote's entry has one.
        preloads: The module itself, then all that it imports, breadth first. Where its files have not been
            read, then the shared packages that the import map gives to its remote. Of a container that
            is a classic script, that script.
    """

    remote: str
    key: str
    specifier: str
    url: str
    integrity: str | None
    preloads: tuple[Preload, ...]


def find_module(snapshot: Snapshot, remote: str, key: str) -> RemoteModule:
    """Find an exposed module; its key may be given with or without `./`.

    Raises:
        NotFoundError: There is no such remote, it is left out because it fails, or it has no such module.
    """
    if remote in snapshot.containers.containers:
        return find_in_container(snapshot.containers.containers[remote], key)
    found = find_remote(snapshot, remote)
    expose = find_expose(found, key)
    if expose is None:
        offered = ", ".join(sorted(item.key for item in found.entry.exposes or ())) or "nothing"
        raise NotFoundError(
            f"it exposes no module {key!r}", subject=remote, hint=f"it exposes {offered[:500]}"
        )
    import_map = snapshot.import_map
    scope = scope_url(found.entry.url or found.url)
    url = join(scope, expose.out_file_name)
    # The orchestrator's rules go by the entry's own name, and of two with one name the later counts.
    specifiers = [join(name, expose.key) for name in (found.name, found.entry.name)]
    specifier = next((one for one in specifiers if import_map.imports.get(one) == url), specifiers[0])
    needed_too = closure_urls(snapshot, specifier if specifier in import_map.imports else url)
    urls = dict.fromkeys(
        (url, *(shared_urls(import_map, found, scope) if needed_too is None else needed_too))
    )
    preloads = tuple(Preload(one, integrity_in(snapshot, one)) for one in urls)
    return RemoteModule(remote, expose.key, specifier, url, preloads[0].integrity, preloads)


def find_in_container(container: Container, key: str) -> RemoteModule:
    """Find an exposed module of a Module Federation container; the page's client opens that, and no import.

    Preloaded are the container script, and where that is a module what the exposed one needs: how a classic
    one asks for its chunks is its build's own choice, and a preload that differs loads them twice.

    Raises:
        NotFoundError: It has no such module.
    """
    wanted = key if key == "." else f"./{key.removeprefix('./')}"
    exposes = container.exposes
    if exposes is not None and wanted not in exposes:
        offered = ", ".join(sorted(exposes)) or "nothing"
        raise NotFoundError(
            f"it exposes no module {key!r}", subject=container.name, hint=f"it exposes {offered[:500]}"
        )
    files = () if exposes is None else exposes[wanted].js
    script = container.script or ""
    urls = dict.fromkeys((script, *files)) if container.type == "module" else (script,)
    return RemoteModule(
        remote=container.name,
        key=wanted,
        specifier=join(container.name, wanted),
        url=script,
        integrity=None,
        preloads=tuple(Preload(url, kind=container.type) for url in urls),
    )


def split_module(snapshot: Snapshot, module: str) -> tuple[str, str]:
    """Split a module's name, `team/mfe1/Button`, into the remote's name and the key.

    Of several remotes whose name it begins with, the longest name counts.

    Raises:
        NotFoundError: It begins with no remote's name.
    """
    names = {*snapshot.plan.remotes, *(one.name for one in snapshot.remotes)}
    names |= {remote.entry.name for remote in snapshot.plan.remotes.values()}
    end = module.rfind("/")
    while end > 0:
        if module[:end] in names:
            return module[:end], module[end + 1 :]
        end = module.rfind("/", 0, end)
    listed = ", ".join(sorted(snapshot.plan.remotes)) or "nobody"
    raise NotFoundError(
        "this begins with no remote's name", subject=module, hint=f"in the federation are {listed[:500]}"
    )


def closure_urls(snapshot: Snapshot, root: str) -> list[str] | None:
    """Return the URLs of what a module imports, without itself; None where it has not been read."""
    parsed = snapshot.files.parsed
    if parsed is None:
        return None
    steps = walk(snapshot.graph, parsed, [root]).steps
    if not steps or steps[0].file is None:
        return None
    return [step.url for step in steps[1:] if step.script]


def integrity_in(snapshot: Snapshot, url: str) -> str | None:
    """Return the digest that the import map has for a URL, in whichever spelling."""
    known = snapshot.import_map.integrity.get(url)
    if known is not None or snapshot.files.parsed is None:
        return known
    placed = place_on_page(url)
    if snapshot.locked and placed is not None:
        file = snapshot.graph.get(write_for_page(placed))
        return None if file is None else file.digest
    return None if placed is None else snapshot.files.parsed.integrity.get(placed)


def find_remote(snapshot: Snapshot, name: str) -> Remote:
    """Find a remote of the plan, by its name in the manifest or else by its entry's own.

    Raises:
        NotFoundError: It is not in the plan; the message says why.
    """
    plan = snapshot.plan
    found = plan.remotes.get(name) or next((r for r in plan.remotes.values() if r.entry.name == name), None)
    if found is not None:
        return found
    health = snapshot.health(name)
    if health is not None and not health.trusted:
        raise NotFoundError(
            "it is not trusted: browsers get nothing of it", subject=name, hint="render it on the server"
        )
    if health is not None:
        raise NotFoundError(
            f"it is left out of the federation: {health.error}", subject=name, hint="see that remote's origin"
        )
    names = ", ".join(sorted(plan.remotes)) or "nobody"
    raise NotFoundError("there is no such remote", subject=name, hint=f"in the federation are {names[:500]}")


def find_expose(remote: Remote, key: str) -> Expose | None:
    """Find a module by its key; as it was written comes before with or without `./`."""
    exposes = {expose.key: expose for expose in remote.entry.exposes or ()}
    bare = key.removeprefix("./")
    return exposes.get(key) or exposes.get(f"./{bare}") or exposes.get(bare)


def shared_urls(import_map: ImportMap, remote: Remote, scope: str) -> Iterator[str]:
    """Yield the URLs that the map gives to a remote for the packages it shares."""
    own = import_map.scopes.get(scope, {})
    for item in remote.entry.shared or ():
        for specifier in needed(item):
            url = own.get(specifier) or import_map.imports.get(specifier)
            if url:
                yield url


def needed(item: Shared) -> list[str]:
    """Return the entrypoints of a package that a page most likely needs."""
    specifiers = [*specifiers_of(item)]
    if len(specifiers) > ENTRYPOINTS and item.package_name in specifiers:
        return [item.package_name]
    return specifiers[:ENTRYPOINTS]
