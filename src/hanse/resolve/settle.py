"""A coherent decision written as the orchestrator's record, and copies of records.

A browser orchestrator can then be seeded with what the server decided.
"""

from __future__ import annotations

from hanse.resolve.coherent import Workings
from hanse.resolve.decide import Decision
from hanse.resolve.dense import specifiers_of
from hanse.resolve.dynamic import clone
from hanse.resolve.merge import sort_rows
from hanse.resolve.record import GLOBAL, Action, Copy, External, Record, RemoteInfo, Row, ScopedVersion

__all__ = ["clone_record", "record_of"]


def clone_record(record: Record) -> Record:
    """Copy a record so that the copy can be changed."""
    return Record(
        remotes=dict(record.remotes),
        scoped={name: dict(packages) for name, packages in record.scoped.items()},
        shared={
            scope: {package: clone(external) for package, external in packages.items()}
            for scope, packages in record.shared.items()
        },
        chunks={name: dict(bundles) for name, bundles in record.chunks.items()},
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
            integrity=entry.integrity,
        )
        if entry.chunks:
            record.chunks[name] = dict(entry.chunks)
        for item in entry.shared or ():
            if not item.singleton:
                version = ScopedVersion(item.version or "0.0.0", dict(specifiers_of(item)), item.bundle)
                record.scoped.setdefault(name, {})[item.package_name] = version
    for decision in work.decisions.values():
        for package in decision.family[1]:
            packages = record.shared.setdefault(decision.family[0], {})
            packages[package] = external_of(work, decision, package)
    return record


def external_of(work: Workings, decision: Decision, package: str) -> External:
    """Write one package's rows; the published copy is the first of its row."""
    published = {found.version for one in decision.rounds if (found := one.kind.find(package)) is not None}
    rows: dict[tuple[str, Action], Row] = {}
    for name in sorted(decision.members, key=lambda name: not decision.published(name)):
        declaration = decision.members[name].find(package)
        if declaration is None:
            continue
        offer = work.offers[name]
        own = decision.provider(name) == name
        action: Action = "skip"
        if decision.published(name) or (not own and declaration.version in published):
            action = "share"
        elif own:
            action = "scope"
        key = (declaration.version, action)
        row = rows.setdefault(key, Row(declaration.version, action, offer.remote.host, []))
        row.copies.append(
            Copy(
                name=name,
                entries=dict(offer.files(declaration)),
                required=declaration.required,
                strict=declaration.strict,
                cached=own,
                bundle=offer.bundle(declaration),
                pool=declaration.pool,
            )
        )
    external = External(dirty=False, rows=list(rows.values()))
    sort_rows(external)
    return external
