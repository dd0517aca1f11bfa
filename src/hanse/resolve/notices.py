"""What is odd about remotes themselves, whatever was decided: names, folders, versions, missing files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from hanse.formats.remote_entry import RemoteEntry, Shared
from hanse.resolve.catalogue import Catalogue
from hanse.resolve.dense import specifiers_of
from hanse.resolve.offers import Offer
from hanse.resolve.plan import Notice
from hanse.resolve.policy import Policy
from hanse.resolve.record import GLOBAL
from hanse.semver import min_version, valid
from hanse.urls import normalise

__all__ = ["entry_notices", "folder_notices", "offer_notices", "standing_version"]


def standing_version(item: Shared) -> str:
    """Return what stands for an invalid version: the least one that the range accepts, or 0.0.0."""
    least = min_version(item.required_version) if isinstance(item.required_version, str) else None
    return "0.0.0" if least is None else str(least)


def entry_notices(name: str, entry: RemoteEntry, policy: Policy) -> Iterator[Notice]:
    """Report the versions that are none, and the packages that have no file.

    Args:
        name: The remote's name in the plan.
        entry: Its entry.
        policy: Whether such packages are left out.
    """
    for item in entry.shared or ():
        package = item.package_name
        if item.entries is None and not item.out_file_name:
            yield Notice("no-file", name, package, f"{package} names no file: nobody can load it")
        if item.version and valid(item.version):
            continue
        text = f"version {item.version!r} of {package} is not a semver version"
        if not item.singleton and policy.name == "coherent":
            text += "; nothing depends on it, for the remote keeps the package to itself"
        elif policy.profile.skip_invalid_external_versions:
            text += "; the package is left out"
        else:
            text += f"; it counts as {standing_version(item)}"
        yield Notice("invalid-version", name, package, text)


def folder_notices(scopes: Iterable[tuple[str, str]]) -> Iterator[Notice]:
    """Report remotes that lie in one folder.

    Args:
        scopes: Pairs of a remote's name and its URL scope, the first of a folder first.
    """
    first: dict[str, str] = {}
    for name, scope in scopes:
        other = first.setdefault(normalise(scope) or scope, name)
        if other != name:
            text = f"lies in the same folder as '{other}' ({scope}): the browser cannot tell them apart"
            yield Notice("same-folder", name, "", text)


def offer_notices(offers: Mapping[str, Offer], catalogue: Catalogue, policy: Policy) -> Iterator[Notice]:
    """Report what is odd about the remotes of a coherent plan.

    Args:
        offers: The remotes, in the order of names.
        catalogue: Knows which packages belong together.
        policy: The plan's policy.
    """
    yield from folder_notices((name, offer.scope) for name, offer in offers.items())
    packages = {
        specifier for offer in offers.values() for one in offer.declared for specifier in one.specifiers
    }
    owners = module_owners(offers)
    for name, offer in offers.items():
        entry = offer.remote.entry
        if entry.name != name and not offer.remote.host:
            text = f"its remote entry is called '{entry.name}'; the manifest's name '{name}' counts"
            yield Notice("foreign-name", name, "", text)
        yield from module_notices(name, offer, packages, owners)
        yield from entry_notices(name, entry, policy)
        yield from repeated_notices(name, entry)
        yield from split_notices(name, offer, catalogue)


def module_owners(offers: Mapping[str, Offer]) -> dict[str, str]:
    """Return specifier -> the remote whose exposed module it reaches: written with `./` before without."""
    short = {specifier: name for name, offer in offers.items() for specifier in offer.aliases}
    return short | {specifier: name for name, offer in offers.items() for specifier in offer.exposed.urls}


def module_notices(
    name: str, offer: Offer, packages: set[str], owners: Mapping[str, str]
) -> Iterator[Notice]:
    """Report exposed modules of which a specifier leads somewhere else."""
    for specifier in sorted(offer.aliases.keys() | offer.exposed.urls.keys()):
        short = specifier in offer.aliases
        if specifier in packages:
            text = f"'{specifier}' is a package's specifier, and the package counts"
            text += "; the module is reached with './' in it" if short else ""
            yield Notice("shadowed-module", name, specifier, text)
        elif owners[specifier] != name:
            text = f"'{specifier}' is also a module of '{owners[specifier]}', which counts"
            text += "; this one is reached with './' in it" if short else ""
            yield Notice("same-module", name, specifier, text)


def repeated_notices(name: str, entry: RemoteEntry) -> Iterator[Notice]:
    """Report entrypoints that an entry declares in ways that cannot all count."""
    ways: dict[str, list[str]] = {}
    for item in entry.shared or ():
        scope = GLOBAL if item.share_scope is None else item.share_scope
        way = "as its own" if not item.singleton else f"in the share scope '{scope}'"
        for specifier in specifiers_of(item):
            ways.setdefault(specifier, []).append("shared" if way.endswith(f"'{GLOBAL}'") else way)
    for specifier, found in ways.items():
        if len(found) > 1:
            how = f"{' and '.join(dict.fromkeys(found))}" if len({*found}) > 1 else f"{len(found)} times"
            text = f"'{specifier}' is declared {how}; a module of the remote can get only one"
            yield Notice("declared-twice", name, specifier, text)


def split_notices(name: str, offer: Offer, catalogue: Catalogue) -> Iterator[Notice]:
    """Report families that a remote has put into several share scopes: nothing holds them together."""
    parts: dict[object, dict[str, str]] = {}
    for declaration in offer.declared:
        for line in catalogue.lines_of((declaration.package,)):
            parts.setdefault(line, {}).setdefault(declaration.scope, declaration.package)
    for found in parts.values():
        if len(found) > 1:
            where = " and ".join(f"{found[scope]} in '{scope}'" for scope in sorted(found))
            text = f"belong together and are shared apart: {where}; they may come from different builds"
            yield Notice("split-family", name, found[min(found)], text)
