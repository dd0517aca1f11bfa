"""Merging remote entries into the record: the second step of a resolution.

Nothing is decided here; a package that gains or loses a copy is marked dirty for the election.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from hanse.errors import ResolveError
from hanse.formats.entry_structs import Entries, RemoteEntry, Shared
from hanse.resolve.dense import group_flat, specifiers_of
from hanse.resolve.paths import scope_url
from hanse.resolve.policy import Policy
from hanse.resolve.record import (
    GLOBAL,
    STRICT,
    Action,
    Copy,
    External,
    Log,
    Record,
    RemoteInfo,
    Row,
    ScopedVersion,
)
from hanse.semver import min_version, parse_loose, valid

__all__ = ["Arrival", "Merging", "add_to_row", "arrive", "evict", "merge", "row_at", "sort_rows"]


class Arrival(msgspec.Struct, frozen=True):
    """A fetched remote entry on its way into the record."""

    name: str
    url: str
    entry: RemoteEntry
    host: bool = False
    override: bool = False


def arrive(
    name: str, url: str, entry: RemoteEntry, policy: Policy, *, host: bool = False, override: bool = False
) -> Arrival:
    """Prepare an entry for merging: flat items are grouped where the policy says so."""
    if policy.feature.convert_flat_shared_info and entry.shared:
        entry = msgspec.structs.replace(entry, shared=group_flat(entry.shared))
    return Arrival(name, url, entry, host, override)


Place = Callable[[Arrival, Shared, External, Copy, str], Row | None]
"""Puts one copy of a shared package, at a version, into its external.

Returns the row that copies of equal items may be added to without another question, None where there is none.
"""


def merge(record: Record, arrivals: Sequence[Arrival], policy: Policy, log: Log | None = None) -> None:
    """Evict what is overridden, then merge all entries.

    Raises:
        ResolveError: A strict option forbids a version or a differing range.
    """
    names = [arrival.name for arrival in arrivals]
    repeated = {name for name in names if names.count(name) > 1} if len(set(names)) < len(names) else set()
    evict(record, {a.name for a in arrivals if a.override} - repeated)
    touched: set[int] = set()
    externals: list[External] = []

    silent = log is None and not policy.strict.strict_external_same_version_compatibility

    def place(arrival: Arrival, item: Shared, external: External, copy: Copy, tag: str) -> Row | None:
        if id(external) not in touched:
            touched.add(id(external))
            externals.append(external)
            external.dirty = external.dirty or item.share_scope != STRICT
        row = (external.by_tag or index_rows(external)).get(tag)
        if row is None:
            action: Action = "share" if item.share_scope == STRICT else "skip"
            row = Row(tag=tag, action=action, host=arrival.host, copies=[copy])
            external.rows.append(row)
            index_rows(external)[tag] = row
            return row if silent else None
        if copy.strict and row.copies[0].required != copy.required:
            report_differing_range(arrival.name, item, copy, row, policy, step=2, log=log)
        add_to_row(row, copy, host=arrival.host)
        return row if silent else None

    merging = Merging(record, policy, place, log=log, step=2)
    for arrival in arrivals:
        if arrival.override and arrival.name in repeated:
            evict(record, {arrival.name})
            merging.standing.clear()
        merging.register(arrival)
    for external in externals:
        sort_rows(external)
    if externals:
        record.changed.add("shared-externals")


def report_differing_range(
    name: str, item: Shared, copy: Copy, row: Row, policy: Policy, *, step: int, log: Log | None
) -> None:
    """Warn of, or refuse, a strict copy whose range differs in text from its version's basis."""
    strict = policy.strict.strict_external_same_version_compatibility
    if log is None and not strict:
        return
    version = "undefined" if item.version is None else item.version
    text = (
        f"[{name}][{item.package_name}@{version}] Required version-range '{copy.required}' does not "
        f"match cached version-range '{row.copies[0].required}'"
    )
    if log is not None:
        log("error" if strict else "warn", step, text)
    if strict:
        raise ResolveError(f"Could not process remote '{name}'", subject=name, hint=text)


def row_at(external: External, tag: str) -> Row | None:
    """Find the row of a version, preferring one that is not scoped."""
    return index_rows(external).get(tag)


def index_rows(external: External) -> dict[str, Row]:
    """Return version -> row; made when it is first needed, dropped when rows are sorted."""
    index = external.by_tag
    if index is None:
        index = external.by_tag = {}
        for row in external.rows:
            known = index.get(row.tag)
            if known is None or (known.action == "scope" and row.action != "scope"):
                index[row.tag] = row
    return index


def add_to_row(row: Row, copy: Copy, *, host: bool = False) -> None:
    """Add a copy: first when it is the host's, or a better basis of a row without the host's copy.

    Better is what a map has published already, else what has more entrypoints.
    """
    copies = row.copies
    if row.host:
        copies.append(copy)
        return
    if host:
        row.host = True
        copies.insert(0, copy)
        return
    if copies:
        basis = copies[0]
        larger = len(copy.entries) > len(basis.entries)
        if copy.cached if basis.cached != copy.cached else larger:
            copies.insert(0, copy)
            return
    copies.append(copy)


def sort_rows(external: External) -> None:
    """Sort rows by version, latest first; equal versions keep their order of arrival."""
    external.by_tag = None
    if len(external.rows) > 1:
        external.rows.sort(key=row_key, reverse=True)


def row_key(row: Row) -> tuple[object, ...]:
    """Return the sort key of a row's version; a tag that is no version at all sorts lowest."""
    version = parse_loose(row.tag)
    return () if version is None else version.key


class Standing(msgspec.Struct, frozen=True, gc=False):
    """What the copies of one item have in common: their row, and what they consist of.

    It has the item, so that no other object can come to lie where that is.
    """

    item: Shared
    row: Row
    entries: dict[str, str]
    required: str
    pool: str | None


class Merging:
    """Entries being merged into a record, shared packages through `place`.

    `standing` has the decoded items that were placed before, by their identity: a federation repeats few of
    them, and most of what is equal in it is one object.
    """

    def __init__(self, record: Record, policy: Policy, place: Place, *, log: Log | None, step: int) -> None:
        self.record = record
        self.policy = policy
        self.place = place
        self.log = log
        self.step = step
        self.valid: set[str | None] = set()
        self.standing: dict[int, Standing] = {}

    def register(self, arrival: Arrival) -> None:
        """Merge one entry: where the remote lies, its packages, its chunks.

        Raises:
            ResolveError: A version is not semver and `strict_external_version` is set.
        """
        record, entry, name = self.record, arrival.entry, arrival.name
        record.remotes[name] = RemoteInfo(
            scope_url=scope_url(arrival.url),
            exposes=[(expose.key, expose.out_file_name) for expose in entry.exposes or ()],
            integrity=entry.integrity,
        )
        record.changed.add("remotes")
        shared = entry.shared or []
        for item, standing in zip(shared, self.find_standing(arrival), strict=True):
            if standing is None:
                self.register_item(arrival, item)
            else:
                add_standing(name, item, standing)
        if entry.chunks is not None:
            record_chunks(record, name, entry.chunks)

    def find_standing(self, arrival: Arrival) -> list[Standing | None]:
        """Return for each item of an entry what was placed of it before; a host's are a case by itself."""
        shared = arrival.entry.shared or []
        return [None] * len(shared) if arrival.host else list(map(self.standing.get, map(id, shared)))

    def register_item(self, arrival: Arrival, item: Shared) -> None:
        """Merge one package.

        Raises:
            ResolveError: Its version is not semver and `strict_external_version` is set.
        """
        record, name = self.record, arrival.name
        tag = item.version
        if tag not in self.valid:
            tag = self.tag_of(name, item)
        if tag is None:
            return
        if item.singleton:
            self.register_shared(arrival, item, tag)
            return
        scoped = ScopedVersion(tag=tag, bundle=item.bundle, entries=specifiers_of(item))
        record.scoped.setdefault(name, {})[item.package_name] = scoped
        record.changed.add("scoped-externals")

    def tag_of(self, name: str, item: Shared) -> str | None:
        """Return the declared version where it is one, what stands for it otherwise."""
        version = item.version
        if version and valid(version):
            self.valid.add(version)
            return version
        return substitute_version(name, item, self.policy, self.step, self.log)

    def register_shared(self, arrival: Arrival, item: Shared, tag: str) -> None:
        """Make the copy of a shared item and hand it to `place`."""
        scope = item.share_scope
        required = item.required_version
        if scope == STRICT or not required or required is True:
            required = tag
        entries = item.entries
        copy = Copy(
            arrival.name,
            specifiers_of(item) if entries is None else entries,
            required,
            item.strict_version,
            False,
            item.bundle,
            item.pool if item.pool and item.pool.strip() else None,
        )
        packages = self.record.shared.get(GLOBAL if scope is None else scope)
        external = None if packages is None else packages.get(item.package_name)
        new = external is None
        external = external or External(dirty=False, rows=[])
        row = self.place(arrival, item, external, copy, tag)
        if new:
            # Stored only now: an entry that `place` refuses must not leave an empty external behind.
            self.record.shared.setdefault(GLOBAL if scope is None else scope, {})[item.package_name] = (
                external
            )
        if row is not None and isinstance(entries, Entries) and item.dev is None:
            self.standing[id(item)] = Standing(item, row, entries, copy.required, copy.pool)


def add_standing(name: str, item: Shared, standing: Standing) -> None:
    """Add a copy of an item that was placed before for another remote."""
    row, required, strict = standing.row, standing.required, item.strict_version
    copy = Copy(name, standing.entries, required, strict, False, item.bundle, standing.pool)
    # An equal copy is in the row already, and so its basis has as many entrypoints.
    row.copies.append(copy)


def record_chunks(record: Record, name: str, chunks: dict[str, list[str]]) -> None:
    """Store a remote's chunk files by bundle."""
    for bundle, files in chunks.items():
        record.chunks.setdefault(name, {})[bundle] = files
        record.changed.add("shared-chunks")


def substitute_version(name: str, item: Shared, policy: Policy, step: int, log: Log | None) -> str | None:
    """Decide what stands for a version that is not semver: the range's minimum, or nothing.

    Raises:
        ResolveError: `strict_external_version` is set.
    """
    shown = "undefined" if item.version is None else item.version
    text = f"[{name}][{item.package_name}] Version '{shown}' is not a valid version."
    if policy.strict.strict_external_version:
        if log is not None:
            log("error", step, text)
        raise ResolveError(f"Could not process remote '{name}'", subject=name, hint=text)
    skip = policy.profile.skip_invalid_external_versions
    if log is not None:
        log("warn", step, f"{text} Skipping external." if skip else text)
    if skip:
        return None
    least = min_version(item.required_version) if isinstance(item.required_version, str) else None
    return "0.0.0" if least is None else str(least)


def evict(record: Record, names: set[str]) -> None:
    """Remove remotes with all they brought; what loses a copy is marked dirty."""
    if not names:
        return
    stores: tuple[tuple[dict[str, Any], str], ...] = (
        (record.remotes, "remotes"),
        (record.scoped, "scoped-externals"),
        (record.chunks, "shared-chunks"),
    )
    for name in names:
        for store, key in stores:
            if store.pop(name, None) is not None:
                record.changed.add(key)
    for packages in record.shared.values():
        for package in list(packages):
            if evict_copies(packages[package], names):
                record.changed.add("shared-externals")
                if not packages[package].rows:
                    del packages[package]


def evict_copies(external: External, names: set[str]) -> bool:
    """Remove the remotes' copies from one package; tell whether there were any."""
    removed = False
    for row in external.rows:
        host = row.copies[0].name if row.host and row.copies else None
        kept = [copy for copy in row.copies if copy.name not in names]
        if len(kept) == len(row.copies):
            continue
        removed = True
        row.copies = kept
        if host is not None and host in names:
            row.host = False
    if removed:
        external.rows = [row for row in external.rows if row.copies]
        external.by_tag = None
        external.dirty = True
    return removed
