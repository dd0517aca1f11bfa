"""A remote that joins a page which is already loaded: strictly additive.

The published map cannot change, so an already shared version stays authoritative and only the newcomer's
own copies are decided. The result is a delta map that names the new remote and nothing else.
Source: the native federation orchestrator 4.6, steps 8 and 9.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from hanse.errors import ResolveError
from hanse.formats.import_map import ImportMap
from hanse.formats.remote_entry import Shared
from hanse.resolve.acceptance import Acceptance
from hanse.resolve.dense import specifiers_of
from hanse.resolve.emit import EXPOSED_BUNDLE
from hanse.resolve.merge import (
    Arrival,
    Merging,
    add_to_row,
    evict,
    report_differing_range,
    row_at,
    sort_rows,
)
from hanse.resolve.paths import chunk_specifier, join, scope_url
from hanse.resolve.policy import Policy
from hanse.resolve.record import GLOBAL, STRICT, Action, Copy, External, Log, Record, Row, union

__all__ = ["Verdict", "fork", "join_record", "write_delta"]


class Verdict(msgspec.Struct):
    """What becomes of one package of the newcomer.

    `covered` are the specifiers somebody else serves, `override` maps specifiers to another remote's
    files, `same_version` says that the shared version is the newcomer's own. `alone` is the newcomer's copy
    where its version is known and yet published by nobody.
    """

    action: Action
    covered: list[str] | None = None
    override: dict[str, str] | None = None
    same_version: bool = False
    alone: Copy | None = None


def fork(record: Record, arrival: Arrival) -> Record:
    """Copy what the newcomer may change, so that a failure leaves the record as it was."""
    declared = {item.package_name for item in arrival.entry.shared or ()}
    if arrival.override:
        declared |= {
            package
            for packages in record.shared.values()
            for package, external in packages.items()
            if any(copy.name == arrival.name for row in external.rows for copy in row.copies)
        }
    shared = {
        scope: {
            package: clone(external) if package in declared else external
            for package, external in packages.items()
        }
        for scope, packages in record.shared.items()
    }
    return Record(
        remotes=dict(record.remotes),
        scoped={name: dict(packages) for name, packages in record.scoped.items()},
        shared=shared,
        chunks={name: dict(bundles) for name, bundles in record.chunks.items()},
        changed=set(record.changed),
    )


def clone(external: External) -> External:
    """Copy an external with its rows and copies."""
    rows = [
        Row(
            tag=row.tag,
            action=row.action,
            host=row.host,
            copies=[msgspec.structs.replace(copy) for copy in row.copies],
        )
        for row in external.rows
    ]
    return External(dirty=external.dirty, rows=rows)


def join_record(record: Record, arrival: Arrival, policy: Policy, log: Log | None) -> dict[str, Verdict]:
    """Merge the newcomer into the record; return package -> verdict.

    Raises:
        ResolveError: A strict option forbids it. The record is then half-merged: work on a fork.
    """
    verdicts: dict[str, Verdict] = {}
    if arrival.override:
        evict(record, {arrival.name})

    def place(arrival: Arrival, item: Shared, external: External, copy: Copy, tag: str) -> None:
        decision = Joining(record, arrival, item, external, copy, tag, policy, log)
        verdicts[item.package_name] = decision.settle()
        sort_rows(external)

    Merging(record, policy, place, log=log, step=8).register(arrival)
    if verdicts:
        record.changed.add("shared-externals")
    return verdicts


class Joining:
    """One package of the newcomer being decided."""

    def __init__(
        self,
        record: Record,
        arrival: Arrival,
        item: Shared,
        external: External,
        copy: Copy,
        tag: str,
        policy: Policy,
        log: Log | None,
    ) -> None:
        self.record = record
        self.arrival = arrival
        self.item = item
        self.external = external
        self.copy = copy
        self.tag = tag
        self.policy = policy
        self.log = log
        self.scope = GLOBAL if item.share_scope is None else item.share_scope
        self.shared = next((row for row in external.rows if row.action == "share"), None)

    def settle(self) -> Verdict:
        """Decide, put the copy into its row, and return the verdict."""
        action = self.verdict_on_version()
        provided: dict[str, Copy] | None = None
        same = False
        if self.shared is not None:
            # A global consumer resolves through the published map, so only published copies cover it; a
            # consumer in a named scope gets entries of its own and can use any copy.
            provided = union(self.shared, cached_only=not self.item.share_scope)
            same = self.shared.tag == self.tag
            if action == "skip" and not same:
                action = self.verdict_on_coverage(provided)
        row = row_at(self.external, self.tag)
        action = self.put(action)
        verdict = Verdict(action, same_version=same)
        if action == "skip" and self.shared is None and row is not None and row.action == "scope":
            verdict.alone = self.copy
        if action == "skip" and provided is not None:
            verdict.covered = list(provided)
            if self.item.share_scope:
                verdict.override = {
                    specifier: self.provider_url(copy.name, copy.entries[specifier])
                    for specifier, copy in provided.items()
                }
        return verdict

    def verdict_on_version(self) -> Action:
        """Skip onto the shared version, unless a strict newcomer rejects it."""
        if self.scope == STRICT:
            return "share"
        shared = self.shared
        if shared is None or not self.copy.strict:
            return "skip"
        if Acceptance([shared.tag]).accepts(self.copy.required, shared.tag):
            return "skip"
        text = (
            f"[{self.scope}][{self.arrival.name}] {self.item.package_name}@{self.item.version} Is not "
            f"compatible with existing {self.item.package_name}@{shared.tag} requiredRange "
            f"'{shared.copies[0].required}'"
        )
        self.report(text, strict=self.policy.strict.strict_external_compatibility)
        return "scope"

    def verdict_on_coverage(self, provided: Mapping[str, Copy]) -> Action:
        """Scope a copy whose entrypoints the shared version lacks, where the policy says so."""
        missing = [s for s in self.copy.entries if s not in provided]
        if not missing:
            return "skip"
        text = (
            f"[{self.scope}][{self.arrival.name}][{self.item.package_name}] Entrypoints not covered by the "
            f"shared version: {', '.join(missing)}."
        )
        if self.policy.strict.strict_entry_point_coverage:
            self.report(text, strict=True)
        return "scope" if self.policy.profile.scope_uncovered_entrypoints else "skip"

    def report(self, text: str, *, strict: bool) -> None:
        """Log a warning, or an error that is raised."""
        if self.log is not None:
            self.log("error" if strict else "warn", 8, text)
        if strict:
            name = self.arrival.name
            raise ResolveError(f"Could not process remote '{name}'", subject=name, hint=text)

    def put(self, action: Action) -> Action:
        """Put the copy into a row and return its final action."""
        rows = self.external.rows
        row = row_at(self.external, self.tag)
        if action == "scope":
            self.copy.cached = True
            scoped = next((r for r in rows if r.tag == self.tag and r.action == "scope"), None)
            if scoped is not None:
                scoped.copies.append(self.copy)
            else:
                rows.append(Row(tag=self.tag, action="scope", host=False, copies=[self.copy]))
        elif row is not None:
            if self.copy.strict and row.copies[0].required != self.copy.required:
                report_differing_range(
                    self.arrival.name, self.item, self.copy, row, self.policy, step=8, log=self.log
                )
            add_to_row(row, self.copy)
        else:
            if self.shared is None:
                action = "share"
            self.copy.cached = action != "skip"
            rows.append(Row(tag=self.tag, action=action, host=False, copies=[self.copy]))
        return action

    def provider_url(self, name: str, file: str) -> str:
        """Return the URL of another remote's file."""
        info = self.record.remotes.get(name)
        if info is None:
            what = f"{self.item.package_name}@{self.item.version}"
            text = f"[{self.scope}][{self.arrival.name}][{what}][override] Remote name not found in cache."
            self.report(text, strict=True)
            return ""
        return join(info.scope_url, file)


class DeltaWriter:
    """Collects the map that a loaded page adds."""

    def __init__(self, arrival: Arrival, policy: Policy, log: Log | None) -> None:
        self.arrival = arrival
        self.policy = policy
        self.log = log
        self.scope = scope_url(arrival.url)
        self.imports: dict[str, str] = {}
        self.own: dict[str, str] = {}
        self.integrity: dict[str, str] = {}

    def url(self, file: str) -> str:
        """Return the URL of one of the newcomer's files and note its digest."""
        url = join(self.scope, file)
        digest = (self.arrival.entry.integrity or {}).get(file)
        if digest:
            self.integrity[url] = digest
        return url

    def map_all(self, target: dict[str, str], entries: Mapping[str, str]) -> None:
        """Map every specifier to the newcomer's own file."""
        for specifier, file in entries.items():
            target[specifier] = self.url(file)

    def fill_gaps(self, item: Shared, covered: list[str], *, same_version: bool) -> None:
        """Serve from the newcomer what nobody covers, unless a coverage policy forbids it.

        Raises:
            ResolveError: Coverage or the map is strict.
        """
        known = set(covered)
        strict = self.policy.strict
        refuse = not same_version and (
            strict.strict_entry_point_coverage or self.policy.profile.scope_uncovered_entrypoints
        )
        for specifier, file in specifiers_of(item).items():
            if specifier in known:
                continue
            if refuse:
                self.warn_uncovered(item.package_name, specifier)
                continue
            self.own[specifier] = self.url(file)

    def warn_uncovered(self, package: str, specifier: str) -> None:
        """Report an entrypoint that the override lacks."""
        text = f"[{self.arrival.name}][{package}] Entrypoint '{specifier}' is not covered by the override."
        strict = self.policy.strict
        fatal = strict.strict_entry_point_coverage or strict.strict_import_map
        self.tell("error" if fatal else "warn", text)
        if fatal:
            raise ResolveError("Could not create ImportMap.", subject=self.arrival.name, hint=text)

    def tell(self, level: str, text: str) -> None:
        """Log a line of step 9."""
        if self.log is not None:
            self.log(level, 9, text)  # type: ignore[arg-type]

    def write(self, item: Shared, verdict: Verdict | None) -> bool:
        """Write one package; tell whether its bundle's chunks are needed."""
        entries = specifiers_of(item)
        if not item.singleton:
            self.map_all(self.own, entries)
            return True
        if verdict is None:
            self.tell(
                "warn",
                f"[{self.arrival.name}] No action defined for shared external '{item.package_name}', "
                "skipping.",
            )
            return False
        if verdict.action == "skip":
            self.write_skip(item, verdict)
            return False
        scoped = verdict.action == "scope" or bool(item.share_scope)
        self.map_all(self.own if scoped else self.imports, entries)
        return True

    def write_skip(self, item: Shared, verdict: Verdict) -> None:
        """Write a package that somebody else provides."""
        if verdict.override is not None:
            self.own.update(verdict.override)
            covered = verdict.covered if verdict.covered is not None else list(verdict.override)
            self.fill_gaps(item, covered, same_version=verdict.same_version)
        elif not item.share_scope:
            if verdict.covered is not None:
                self.fill_gaps(item, verdict.covered, same_version=verdict.same_version)
            elif verdict.alone is not None:
                # Everybody keeps this version to themselves, and so must the newcomer. (The orchestrator
                # counts on a published copy here that is not there, and maps it to nothing.)
                verdict.alone.cached = True
                self.map_all(self.own, specifiers_of(item))
        else:
            text = f"[{self.arrival.name}][{item.package_name}] shareScope skip has no override."
            self.tell("error", text)
            if self.policy.strict.strict_import_map:
                raise ResolveError("Could not create ImportMap.", subject=self.arrival.name, hint=text)
            self.map_all(self.own, specifiers_of(item))

    def finish(self) -> ImportMap:
        """Return the delta."""
        scopes = {self.scope: self.own} if self.own else {}
        return ImportMap(imports=self.imports, scopes=scopes, integrity=self.integrity)


def write_delta(
    record: Record, arrival: Arrival, verdicts: Mapping[str, Verdict], policy: Policy, log: Log | None
) -> ImportMap:
    """Build the map a loaded page adds for the newcomer.

    Raises:
        ResolveError: A strict option forbids it.
    """
    writer = DeltaWriter(arrival, policy, log)
    entry = arrival.entry
    bundles = {EXPOSED_BUNDLE: None}
    for item in entry.shared or ():
        if writer.write(item, verdicts.get(item.package_name)) and item.bundle:
            bundles[item.bundle] = None
    stored = record.chunks.get(arrival.name, {})
    for bundle in bundles:
        for file in stored.get(bundle, ()):
            writer.own[chunk_specifier(file)] = writer.url(file)
    for expose in entry.exposes or ():
        writer.imports[join(arrival.name, expose.key)] = writer.url(expose.out_file_name)
    return writer.finish()
