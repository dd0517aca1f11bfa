"""A coherent decision written as the orchestrator's record, and copies of records.

A browser orchestrator can then be seeded with what the server decided.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from hanse.formats.remote_entry import Shared
from hanse.resolve.coherent import Workings, members_of
from hanse.resolve.decide import Decision
from hanse.resolve.dense import specifiers_of
from hanse.resolve.dynamic import clone
from hanse.resolve.kinds import Kind
from hanse.resolve.merge import sort_rows
from hanse.resolve.notices import standing_version
from hanse.resolve.offers import Declaration
from hanse.resolve.record import GLOBAL, Action, Copy, External, Record, RemoteInfo, Row, ScopedVersion
from hanse.semver import valid

__all__ = ["clone_record", "record_of"]


def clone_record(record: Record) -> Record:
    """Copy a record so that the copy can be changed."""
    return Record(
        remotes={name: msgspec.structs.replace(info) for name, info in record.remotes.items()},
        scoped={
            name: {package: msgspec.structs.replace(version) for package, version in packages.items()}
            for name, packages in record.scoped.items()
        },
        shared={
            scope: {package: clone(external) for package, external in packages.items()}
            for scope, packages in record.shared.items()
        },
        chunks={
            name: {bundle: list(files) for bundle, files in bundles.items()}
            for name, bundles in record.chunks.items()
        },
        changed=set(),
    )


def record_of(work: Workings) -> Record:
    """Write a coherent result as a record."""
    record = Record(shared={GLOBAL: {}}, remotes={}, scoped={}, chunks={}, changed=set())
    for name, offer in work.offers.items():
        entry = offer.remote.entry
        record.remotes[name] = RemoteInfo(
            scope_url=offer.scope,
            exposes=[(expose.key, expose.out_file_name) for expose in entry.exposes or ()],
            integrity=None if entry.integrity is None else dict(entry.integrity),
        )
        if entry.chunks:
            record.chunks[name] = {bundle: list(files) for bundle, files in entry.chunks.items()}
        for item in entry.shared or ():
            if not item.singleton:
                add_private(record.scoped.setdefault(name, {}), item)
    for decision in work.decisions.values():
        for package in decision.family[1]:
            packages = record.shared.setdefault(decision.family[0], {})
            packages[package] = external_of(work, decision, package)
    return record


def add_private(packages: dict[str, ScopedVersion], item: Shared) -> None:
    """Write a package that a remote keeps to itself; it may come in several items."""
    tag = item.version if item.version and valid(item.version) else standing_version(item)
    known = packages.get(item.package_name)
    entries = ({} if known is None else known.entries) | specifiers_of(item)
    bundle = item.bundle if known is None or item.bundle else known.bundle
    packages[item.package_name] = ScopedVersion(tag, entries, bundle)


def external_of(work: Workings, decision: Decision, package: str) -> External:
    """Write one package's rows; the published copy is the first of its row.

    Of two builds that the strict scope publishes at one version, the first has the row, the other its own.
    """
    basis: dict[str, str] = {}
    for one in decision.rounds:
        for found in one.kind.find_all(package):
            basis.setdefault(found.version, one.winner)
    rows: dict[tuple[str, Action], Row] = {}
    members = members_of(work, decision.family)
    for name in sorted(members, key=lambda name: not decision.published(name)):
        offer = work.offers[name]
        provider = decision.provider(name, members[name])
        for declaration in members[name].find_all(package):
            action: Action = "scope" if provider == name else "skip"
            if basis.get(declaration.version) == provider:
                action = "share"
            key = (declaration.version, action)
            row = rows.setdefault(key, Row(declaration.version, action, offer.remote.host, []))
            row.copies.append(
                Copy(
                    name=name,
                    entries=dict(offer.files(declaration)),
                    required=declaration.required,
                    strict=declaration.strict,
                    cached=provider == name,
                    bundle=offer.bundle(declaration),
                    pool=declaration.pool,
                    served_by=None
                    if provider == name
                    else anchor_of(decision, provider, members[provider], declaration, basis),
                )
            )
    external = External(dirty=False, rows=list(rows.values()))
    sort_rows(external)
    return external


def anchor_of(
    decision: Decision, provider: str, build: Kind, declaration: Declaration, basis: Mapping[str, str]
) -> str | None:
    """Return the remote to name as a copy's anchor, where rows alone would not lead to its provider.

    They do where the provider has the same package with all of the copy's entrypoints. It may have them as
    other packages, flat where the copy is dense or the other way round.
    """
    if len(decision.rounds) > 1 and basis.get(declaration.version) != provider:
        return provider
    same = build.find_all(declaration.package)
    covered = {specifier for one in same for specifier in one.specifiers}
    return None if covered.issuperset(declaration.specifiers) else provider
