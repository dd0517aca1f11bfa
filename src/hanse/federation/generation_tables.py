"""What bare specifiers mean in a generation: packages as the resolver decides, exposed modules by name."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import msgspec

from hanse.engines.base import Exposed, Source, Target, module_name
from hanse.formats.remote_entry import Expose, RemoteEntry, Shared
from hanse.formats.server_entry import ServerEntry
from hanse.resolve import Plan, Policy, Remote, Strict, resolve
from hanse.resolve.dense import specifiers_of
from hanse.share.layers import layer_named
from hanse.stream.builds import Build

__all__ = [
    "CLIENT_ONLY",
    "OWN",
    "ROOT",
    "Tables",
    "client_stubs",
    "expose_modules",
    "lookup",
    "resolve_layers",
    "spellings",
]

ROOT: Final = "hanse:///"
"""Where the resolver finds the modules of a generation."""

MAIN_LAYER: Final = "ssr"

CLIENT_ONLY: Final[Mapping[str, tuple[str, ...]]] = {
    "react-dom/client": ("createRoot", "hydrateRoot"),
    "react-dom/profiling": ("createRoot", "hydrateRoot"),
}
"""What modules import at their top and only use in browsers, with its exports.

On a server it would load a second renderer, and tear a family apart whose server build has no need of it.
"""

# No remote can be called so.
OWN: Final = "hanse:"


@dataclass(slots=True)
class Tables:
    """The import table while it is being made; `versions` has that of each module of a shared package."""

    imports: dict[str, Target] = field(default_factory=dict)
    scopes: dict[str, dict[str, Target]] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)


def lookup(tables: Tables, remote: str, specifier: str) -> Target | None:
    """Return what a bare specifier means to a remote's modules; None where it means nothing."""
    own = tables.scopes.get(remote, {})
    return own.get(specifier, tables.imports.get(specifier))


def resolve_layers(
    builds: Mapping[str, Build],
    modules: Mapping[str, Source],
    policy: Policy,
    *,
    hosts: Collection[str],
) -> tuple[Plan, Tables]:
    """Decide who gets whose copy of each package, in every layer by itself.

    What code for rendering (`ssr`, and code without a layer) shares is in the table of everybody; what
    another layer shares is in those of its own remotes, which find everything else there as well.
    """
    policy = msgspec.structs.replace(policy, strict=Strict())
    tables = Tables()
    layers: dict[str, dict[str, Build]] = {MAIN_LAYER: {}}
    for name, build in builds.items():
        layers.setdefault(layer_of(build.entry), {})[name] = build
        tables.versions.update(versions_of(name, build.entry))
    plans = {layer: resolve(natives(members, hosts), policy) for layer, members in layers.items()}
    for layer, plan in plans.items():
        add_plan(tables, plan, [*layers[layer]], modules, main=layer == MAIN_LAYER)
    return plans[MAIN_LAYER], tables


def layer_of(entry: ServerEntry) -> str:
    """Return the layer that a build's packages are shared in."""
    return layer_named(entry.layer) or MAIN_LAYER


def natives(builds: Mapping[str, Build], hosts: Collection[str]) -> list[Remote]:
    """Describe the builds that consist of plain modules."""
    return [as_remote(one, build, host=one in hosts) for one, build in builds.items() if is_native(build)]


def is_native(build: Build) -> bool:
    """Tell whether a build consists of plain modules."""
    return build.entry.container is None


def as_remote(name: str, build: Build, *, host: bool) -> Remote:
    """Describe a build as the resolver wants it."""
    entry = build.entry
    shared = [one for item in entry.shared if (one := without_client(item)) is not None]
    exposes = [Expose(key, file) for key, file in entry.exposes.items()]
    url = f"{ROOT}{module_name(name, 'remoteEntry.json')}"
    return Remote(name, url, RemoteEntry(name, exposes, shared), host)


def without_client(item: Shared) -> Shared | None:
    """Return a shared package without what only browsers use; None where nothing is left."""
    files = {one: file for one, file in specifiers_of(item).items() if one not in CLIENT_ONLY}
    if not files:
        return None
    return item if item.entries is None else msgspec.structs.replace(item, entries=files)


def versions_of(name: str, entry: ServerEntry) -> Iterator[tuple[str, str]]:
    """Yield module and version of what a build shares."""
    for item in entry.shared:
        for file in specifiers_of(item).values():
            yield module_name(name, file), item.version or ""


def add_plan(
    tables: Tables, plan: Plan, names: list[str], modules: Mapping[str, Source], *, main: bool
) -> None:
    """Read the resolver's import map back into names of modules."""
    found = read_rules(plan.import_map.imports, modules)
    tables.imports.update({one: name for one, name in found.items() if main or is_exposed(one, names)})
    for name in names:
        own = tables.scopes.setdefault(name, {})
        if not main:
            own.update({one: module for one, module in found.items() if not is_exposed(one, names)})
        own.update(read_rules(plan.import_map.scopes.get(f"{ROOT}{module_name(name, '')}", {}), modules))


def read_rules(rules: Mapping[str, str], modules: Mapping[str, Source]) -> dict[str, Target]:
    """Return specifier -> name of a module, of those that lead to one."""
    named = {one: url.removeprefix(ROOT) for one, url in rules.items()}
    return {one: name for one, name in named.items() if name in modules}


def is_exposed(specifier: str, names: list[str]) -> bool:
    """Tell whether a specifier names what one of some remotes exposes."""
    return any(specifier.startswith(name + "/") for name in names)


def spellings(remote: str, key: str) -> tuple[str, ...]:
    """Return how an exposed module may be written: `shop/./Card` and `shop/Card`; `shop` for the key `.`."""
    bare = key.removeprefix("./")
    if bare in ("", "."):
        return (f"{remote}/.", remote)
    return (f"{remote}/./{bare}", f"{remote}/{bare}")


def expose_modules(
    tables: Tables, builds: Mapping[str, Build], asked: Mapping[str, Mapping[str, None]]
) -> None:
    """Add every exposed module in both spellings, for everybody, and to its remote by its own name too.

    A package of the same name wins, as in the browser's map.
    """
    for name, build in builds.items():
        entry = build.entry
        targets: dict[str, Target] = {}
        for key, file in entry.exposes.items():
            targets[key] = module_name(name, file) if is_native(build) else Exposed(name, key)
        for key in asked.get(name, {}):
            if key not in targets:
                targets[key] = Exposed(name, key)
        own = {entry.name, *(() if entry.container is None else (entry.container.global_name,))}
        for key, target in targets.items():
            for specifier in spellings(name, key):
                tables.imports.setdefault(specifier, target)
            for alias in sorted(own - {name} - builds.keys()):
                for specifier in spellings(alias, key):
                    tables.scopes.setdefault(name, {}).setdefault(specifier, target)


def client_stubs(tables: Tables) -> dict[str, Source]:
    """Put modules into the table that stand in for what only browsers use, and return them."""
    made: dict[str, Source] = {}
    for specifier, names in CLIENT_ONLY.items():
        name = module_name(OWN, f"{specifier}.js")
        owner = tables.imports.get(specifier.partition("/")[0])
        version = tables.versions.get(owner, "") if isinstance(owner, str) else ""
        made[name] = Source(text=write_stub(specifier, names, version), remote=OWN)
        tables.imports[specifier] = name
        tables.versions[name] = version
        for own in tables.scopes.values():
            own.pop(specifier, None)
    return made


def write_stub(specifier: str, names: tuple[str, ...], version: str) -> str:
    """Write a module whose functions throw when they are called."""
    lines = [
        f"const none = (name) => () => {{ throw new Error(`{specifier}: ${{name}} is for browsers`); }};",
        *(f"export const {name} = none('{name}');" for name in names),
        f"export const version = {msgspec.json.encode(version).decode()};",
        f"export default {{ {', '.join(names)}, version }};",
    ]
    return "\n".join(lines) + "\n"
