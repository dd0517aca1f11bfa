"""What each remote really gets: the import map followed, entrypoint by entrypoint.

A plan says what was decided; this says what a browser makes of the map. The analyses judge by it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from hanse.formats.import_map import ImportMap
from hanse.resolve.dense import specifiers_of
from hanse.resolve.paths import scope_url
from hanse.resolve.plan import PackagePlan, Plan
from hanse.resolve.remote import Remote
from hanse.semver import satisfies

__all__ = ["Got", "Key", "Supply", "owners_of", "supplies", "supply_name"]

Key = tuple[str, str, str]
"""Share scope, package, remote."""


class Got(msgspec.Struct, frozen=True):
    """What one specifier leads to: a URL, the remote whose file that is, and the version of its build.

    All three are None where the map has no rule; remote and version are None for a file of nobody's.
    """

    specifier: str
    url: str | None
    remote: str | None
    version: str | None


class Supply(msgspec.Struct, frozen=True):
    """One remote's package: what it brought and demands, and what it gets.

    `provider` is the remote whose build is published to everybody, None where no build is.
    """

    scope: str
    package: str
    remote: str
    version: str
    required: str
    provider: str | None
    got: tuple[Got, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        """Return the specifiers that lead nowhere."""
        return tuple(one.specifier for one in self.got if one.url is None)

    @property
    def versions(self) -> tuple[str, ...]:
        """Return the versions that it gets, each once."""
        return tuple(dict.fromkeys(one.version for one in self.got if one.version is not None))

    @property
    def sources(self) -> tuple[str, ...]:
        """Return the remotes that it gets files of, each once."""
        return tuple(dict.fromkeys(one.remote for one in self.got if one.remote is not None))

    @property
    def rejected(self) -> tuple[str, ...]:
        """Return the versions that it gets although its range does not accept them."""
        return tuple(version for version in self.versions if not satisfies(version, self.required))

    @property
    def own(self) -> bool:
        """Tell whether it is served by itself alone, beside the published build."""
        return self.provider not in (None, self.remote) and self.sources == (self.remote,)


def supply_name(remote: Remote, plan: Plan) -> str:
    """Return the name a remote has in the packages of a plan: `compatible` goes by the entry's own."""
    by_entry = plan.policy.name == "compatible" and not remote.host
    return remote.entry.name if by_entry else remote.name


def folder_of(remote: Remote) -> str:
    """Return the URL of the folder that a remote's files lie in, with its slash."""
    return scope_url(remote.entry.url or remote.url)


def owners_of(plan: Plan) -> dict[str, str]:
    """Return URL -> the remote it is a file of; in a folder that two share, the first one listed."""
    owners: dict[str, str] = {}
    for remote in plan.remotes.values():
        name, base = supply_name(remote, plan), folder_of(remote).removesuffix("/") + "/"
        for file in files_of(remote):
            owners.setdefault(base + file.removeprefix("/"), name)
    return owners


def files_of(remote: Remote) -> Iterable[str]:
    """Yield every file that a remote entry names."""
    entry = remote.entry
    for expose in entry.exposes or ():
        yield expose.out_file_name
    for item in entry.shared or ():
        yield from specifiers_of(item).values()
    for files in (entry.chunks or {}).values():
        yield from files


def supplies(plan: Plan, packages: Iterable[PackagePlan] | None = None) -> dict[Key, Supply]:
    """Follow the map for every copy of some packages, or of all.

    Args:
        plan: Whose map is followed.
        packages: Packages of that plan; all where it is None.
    """
    wanted = list(plan.packages.values() if packages is None else packages)
    owners = owners_of(plan)
    tags = {
        (copy.remote, specifier): copy.version
        for package in plan.packages.values()
        for copy in package.copies
        for specifier in copy.specifiers
    }
    rules = {
        supply_name(remote, plan): rules_for(plan.import_map, folder_of(remote))
        for remote in plan.remotes.values()
    }
    found: dict[Key, Supply] = {}
    for package in wanted:
        for copy in package.copies:
            got = tuple(
                follow(specifier, rules.get(copy.remote, (plan.import_map.imports,)), owners, tags)
                for specifier in copy.specifiers
            )
            found[package.scope, package.package, copy.remote] = Supply(
                scope=package.scope,
                package=package.package,
                remote=copy.remote,
                version=copy.version,
                required=copy.required,
                provider=package.provider,
                got=got,
            )
    return found


def rules_for(import_map: ImportMap, folder: str) -> tuple[Mapping[str, str], ...]:
    """Return the tables that apply in a folder, the innermost first, as browsers go through them."""
    tables = []
    prefix = folder
    while prefix:
        if prefix in import_map.scopes:
            tables.append(import_map.scopes[prefix])
        prefix = prefix[: prefix.rstrip("/").rfind("/") + 1]
    return (*tables, import_map.imports)


def follow(
    specifier: str,
    tables: Iterable[Mapping[str, str]],
    owners: Mapping[str, str],
    tags: Mapping[tuple[str, str], str],
) -> Got:
    """Find what a specifier leads to by the first table that has a rule for it."""
    url = next((table[specifier] for table in tables if specifier in table), None)
    if url is None:
        return Got(specifier, None, None, None)
    owner = owners.get(url)
    return Got(specifier, url, owner, None if owner is None else tags.get((owner, specifier)))
