"""Every fault of an import map, and of a manifest."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from hanse.formats.decoding import key_path, shorten
from hanse.formats.digests import digest_fault, integrity_fault
from hanse.formats.json_tree import Fault, Pairs, Tree
from hanse.formats.lint_parts import (
    Fields,
    count_faults,
    field_faults,
    items_of,
    name_faults,
    text_of,
    type_fault,
)
from hanse.formats.manifest import SOME_PAGE, facade_faults
from hanse.formats.map_document import TOP_LEVEL, url_like
from hanse.limits import Limits
from hanse.names import POISON, remote_name_fault
from hanse.urls import join

__all__ = ["manifest_faults", "map_faults"]

REMOTE: Final[Fields] = {
    "url": ("!", "str"),
    "integrity": ("str", "null"),
    "server": ("str", "null"),
    "type": ("str",),
    "facade": ("object", "null"),
}


def map_faults(tree: Tree) -> Iterator[Fault]:
    """Yield every fault of an import map, as a browser would meet it on any page."""
    if not isinstance(tree, Pairs):
        yield type_fault(tree, "$", ("object",))
        return
    for key, value in tree:
        path = key_path("$", key)
        if key not in TOP_LEVEL:
            yield Fault(
                path=path,
                message="browsers ignore this part",
                found=repr(shorten(key)),
                expected=", ".join(TOP_LEVEL),
                severity="warning",
            )
        elif not isinstance(value, Pairs):
            yield type_fault(value, path, ("object",))
    yield from rule_faults(items_of(tree, "imports"), "$.imports")
    for scope, rules in items_of(tree, "scopes"):
        yield from scope_faults(scope, rules, key_path("$.scopes", scope))
    for url, digest in items_of(tree, "integrity"):
        yield from map_integrity_faults(url, digest, key_path("$.integrity", url))


def scope_faults(scope: str, rules: Tree, path: str) -> Iterator[Fault]:
    """Yield the faults of one scope."""
    if join(SOME_PAGE, scope) is None:
        yield Fault(
            path=path, message="this scope cannot be parsed", found=repr(shorten(scope)), expected="a URL"
        )
    if isinstance(rules, Pairs):
        yield from rule_faults(rules, path)
    else:
        yield type_fault(rules, path, ("object",))


def rule_faults(rules: Pairs, path: str) -> Iterator[Fault]:
    """Yield the faults of one table of specifiers and addresses."""
    seen: dict[str, str] = {}
    for specifier, address in rules:
        place = key_path(path, specifier)
        normalised = url_like(specifier, SOME_PAGE) or specifier
        yield from name_faults(specifier, place, specifier_fault, "a specifier")
        if seen.setdefault(normalised, specifier) != specifier:
            yield Fault(
                path=place,
                message=f"this URL is the same as {shorten(seen[normalised])!r}, and takes its place",
                found=repr(shorten(specifier)),
                expected="one rule for one URL",
            )
        if not isinstance(address, str):
            yield type_fault(address, place, ("str",))
        else:
            yield from name_faults(address, place, address_fault, "an address")
            if specifier.endswith("/") and not address.endswith("/"):
                yield Fault(
                    path=place,
                    message="a specifier that ends in a slash needs an address that does",
                    found=repr(shorten(address)),
                    expected="a URL that ends in a slash",
                )


def specifier_fault(specifier: str) -> str | None:
    """Say why a specifier is of no use."""
    if not specifier:
        return "it is empty"
    return f"`{POISON}` is not a name" if POISON in specifier.split("/") else None


def address_fault(address: str) -> str | None:
    """Say why an address blocks its specifier."""
    if url_like(address, SOME_PAGE) is not None:
        return None
    if join(SOME_PAGE, address) is None:
        return "it cannot be parsed as a URL"
    return "a relative URL must begin with `/`, `./` or `../`"


def map_integrity_faults(url: str, digest: Tree, path: str) -> Iterator[Fault]:
    """Yield the faults of one line of `integrity`."""
    yield from name_faults(url, path, address_fault, "a URL")
    if isinstance(digest, str):
        yield from name_faults(digest, path, integrity_fault, "a digest")
    else:
        yield type_fault(digest, path, ("str",))


def manifest_faults(tree: Tree, limits: Limits) -> Iterator[Fault]:
    """Yield every fault of a manifest."""
    if not isinstance(tree, Pairs):
        yield type_fault(tree, "$", ("object",))
        return
    yield from count_faults(len(tree), "$", limits.remotes_per_manifest)
    for name, item in tree:
        path = key_path("$", name)
        yield from name_faults(name, path, remote_name_fault, "a remote's name")
        if isinstance(item, str):
            yield from name_faults(item, path, url_fault, "a URL")
        elif isinstance(item, Pairs):
            yield from remote_faults(item, path)
        else:
            yield type_fault(item, path, ("str", "object"))


def remote_faults(item: Pairs, path: str) -> Iterator[Fault]:
    """Yield the faults of one remote that is given as an object."""
    yield from field_faults(item, path, REMOTE)
    yield from name_faults(text_of(item, "url"), f"{path}.url", url_fault, "a URL")
    yield from name_faults(text_of(item, "server"), f"{path}.server", url_fault, "a URL")
    yield from name_faults(text_of(item, "integrity"), f"{path}.integrity", digest_fault, "a digest")
    yield from name_faults(text_of(item, "type"), f"{path}.type", type_fault_of, "a type of remote")
    yield from written_facade_faults(items_of(item, "facade"), text_of(item, "type") or "native", path)


def written_facade_faults(facade: Pairs, kind: str, path: str) -> Iterator[Fault]:
    """Yield the faults of a remote's facades."""
    named: dict[str, list[str]] = {}
    for package, names in facade:
        place = key_path(f"{path}.facade", package)
        if not isinstance(names, list):
            yield type_fault(names, place, ("array",))
            continue
        for index, name in enumerate(names):
            if not isinstance(name, str):
                yield type_fault(name, f"{place}[{index}]", ("str",))
        named[package] = [name for name in names if isinstance(name, str)]
    for where, text, fault in facade_faults(named, kind):
        yield Fault(
            path=f"{path}.facade{where}",
            message=f"this cannot be a facade: {fault}",
            found=repr(shorten(text)),
            expected="a package of a container, and the names that it exports",
        )


def url_fault(url: str) -> str | None:
    """Say why nobody could follow this URL."""
    return None if url.strip() and join(SOME_PAGE, url) else "it cannot be parsed"


def type_fault_of(kind: str) -> str | None:
    """Say that a remote is of no type Hanse knows."""
    return None if kind in ("native", "mf") else "it is neither `native` nor `mf`"
