"""What each remote offers and demands, in a form that equal remotes share.

A thousand remotes make few different declarations: each is interned once, with its version parsed and its
family edges found, so that everything after this costs by kinds and not by remotes.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from hanse.errors import ResolveError
from hanse.formats.remote_entry import Shared
from hanse.resolve.dense import specifiers_of
from hanse.resolve.emit import EXPOSED_BUNDLE
from hanse.resolve.paths import chunk_specifier, join, scope_url
from hanse.resolve.policy import Policy
from hanse.resolve.record import GLOBAL, STRICT
from hanse.resolve.remote import Remote
from hanse.semver import min_version, valid

__all__ = ["Catalogue", "Declaration", "Offer", "Part", "make_offer"]


class Declaration(msgspec.Struct, frozen=True, eq=False):
    """One kind of shared package: who declares the same is the same to the resolver.

    Compared by identity, for a catalogue holds each kind once. `required` is a range, `specifiers` are in
    the order of the entry, `fault` says what was wrong with the declared version.
    """

    scope: str
    package: str
    version: str
    required: str
    strict: bool
    specifiers: tuple[str, ...]
    pool: str | None = None
    fault: str | None = None


class Part(msgspec.Struct, frozen=True, gc=False):
    """A piece of an import map: specifier -> URL, and URL -> digest for those that have one."""

    urls: dict[str, str]
    integrity: dict[str, str]


class Offer(msgspec.Struct, eq=False):
    """One remote, read once: where it lies, and what it declares by package.

    `shared` has for every singleton package its kind and files; `exposed`, `private` (scoped packages and
    the chunks its own modules import) are finished parts of the map. `parts` remembers the URL parts of
    single families, made when first needed.
    """

    remote: Remote
    scope: str
    base: str
    shared: dict[tuple[str, str], tuple[Declaration, dict[str, str], str | None]]
    exposed: Part
    private: Part
    stakes: dict[object, object] = {}
    parts: dict[object, Part] = {}

    def url(self, file: str) -> str:
        """Return the URL of a file."""
        return self.base + file.removeprefix("/")

    def part(self, entries: Iterable[tuple[str, str]]) -> Part:
        """Make a part of the map from pairs of specifier and file."""
        digests = self.remote.entry.integrity
        urls: dict[str, str] = {}
        integrity: dict[str, str] = {}
        for specifier, file in entries:
            url = urls[specifier] = self.base + (file[1:] if file[:1] == "/" else file)
            if digests is not None and file in digests:
                integrity[url] = digests[file]
        return Part(urls, integrity)

    def chunks(self, bundles: Iterable[str]) -> list[tuple[str, str]]:
        """Return pairs of specifier and file for the chunks of bundles."""
        stored = self.remote.entry.chunks or {}
        return [(chunk_specifier(file), file) for bundle in bundles for file in stored.get(bundle, ())]


class Catalogue:
    """Every kind of declaration seen, each once."""

    def __init__(self) -> None:
        self.declarations: dict[tuple[object, ...], Declaration | None] = {}

    def intern(self, item: Shared, entries: dict[str, str], policy: Policy) -> Declaration | None:
        """Return the kind of a shared item; None for one whose version is invalid and skipped.

        Raises:
            ResolveError: The version is invalid and `strict_external_version` is set.
        """
        key = (
            item.package_name,
            item.version,
            item.required_version,
            item.strict_version,
            item.share_scope,
            item.pool,
            *entries,
        )
        try:
            return self.declarations[key]
        except KeyError:
            made = self.declarations[key] = declare(item, tuple(entries), policy)
            return made


def declare(item: Shared, specifiers: tuple[str, ...], policy: Policy) -> Declaration | None:
    """Make the kind of a shared item.

    Raises:
        ResolveError: The version is invalid and `strict_external_version` is set.
    """
    scope = GLOBAL if item.share_scope is None else item.share_scope
    version, fault = item.version or "", None
    if not valid(version):
        fault = f"version {item.version!r} of {item.package_name} is not a semver version"
        if policy.strict.strict_external_version:
            raise ResolveError(fault, subject=item.package_name)
        if policy.profile.skip_invalid_external_versions:
            return None
        least = min_version(item.required_version) if isinstance(item.required_version, str) else None
        version = "0.0.0" if least is None else str(least)
    required = item.required_version if isinstance(item.required_version, str) else ""
    return Declaration(
        scope=scope,
        package=item.package_name,
        version=version,
        required=version if scope == STRICT or not required else required,
        strict=bool(item.strict_version) or scope == STRICT,
        specifiers=specifiers,
        pool=item.pool.strip() or None if item.pool else None,
        fault=fault,
    )


def make_offer(remote: Remote, policy: Policy, catalogue: Catalogue) -> Offer:
    """Read one remote.

    Raises:
        ResolveError: A version is invalid and `strict_external_version` is set.
    """
    entry = remote.entry
    scope = scope_url(entry.url or remote.url)
    shared: dict[tuple[str, str], tuple[Declaration, dict[str, str], str | None]] = {}
    private: dict[str, str] = {}
    bundles: dict[str, None] = {EXPOSED_BUNDLE: None}
    intern = catalogue.intern
    for item in entry.shared or ():
        entries = item.entries if item.entries is not None else specifiers_of(item)
        if not item.singleton:
            private.update(entries)
            if item.bundle:
                bundles[item.bundle] = None
            continue
        kind = intern(item, entries, policy)
        if kind is not None:
            shared[kind.scope, kind.package] = (kind, entries, item.bundle)
    empty = Part({}, {})
    offer = Offer(remote, scope, scope.removesuffix("/") + "/", shared, empty, empty, {}, {})
    offer.exposed = offer.part(
        (join(remote.name, expose.key), expose.out_file_name) for expose in entry.exposes or ()
    )
    offer.private = offer.part([*private.items(), *offer.chunks(bundles)])
    return offer
