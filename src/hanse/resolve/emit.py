"""From the record to the import map: the fourth step of a resolution.

The order of building is the orchestrator's: scoped packages, named share scopes, the global one, exposed
modules, chunks; within `imports` the first writer of a specifier keeps it. Every copy whose file the map
publishes is marked cached.
"""

from __future__ import annotations

from operator import attrgetter

from hanse.errors import ResolveError
from hanse.formats.import_map import ImportMap
from hanse.resolve.paths import chunk_specifier, join
from hanse.resolve.policy import Policy
from hanse.resolve.record import GLOBAL, Copy, External, Log, Record, Row, in_script_order, union

__all__ = ["EXPOSED_BUNDLE", "MapBuilder", "emit"]

SERVED_BY = attrgetter("served_by")

EXPOSED_BUNDLE = "mapping-or-exposed"
"""The bundle whose chunks a remote's own modules import."""


class MapBuilder:
    """Collects one import map.

    Holds the places every file of a remote is written to, so that a URL, its digest and the bundle it
    needs are noted in one call.
    """

    def __init__(self, record: Record, policy: Policy, log: Log | None) -> None:
        self.record = record
        self.policy = policy
        self.log = log
        self.imports: dict[str, str] = {}
        self.scopes: dict[str, dict[str, str]] = {}
        self.integrity: dict[str, str] = {}
        self.bundles: dict[str, dict[str, None]] = {}
        self.bases: dict[str, tuple[str, str, dict[str, str] | None]] = {}

    def place(self, name: str) -> tuple[str, str, dict[str, str] | None]:
        """Return a remote's scope URL, the base of its files, and its digests.

        Raises:
            ResolveError: The record refers to a remote it does not have.
        """
        known = self.bases.get(name)
        if known is None:
            info = self.record.remotes.get(name)
            if info is None:
                self.tell("error", f"[{name}] Remote name not found in cache.")
                raise ResolveError(
                    "Could not create ImportMap.",
                    subject=name,
                    hint=f"a stored package belongs to the remote '{name}', which the storage lacks",
                )
            known = (info.scope_url, info.scope_url.removesuffix("/") + "/", info.integrity)
            self.bases[name] = known
        return known

    def url(self, name: str, file: str) -> str:
        """Return the URL of a remote's file and note its digest."""
        _, base, digests = self.bases.get(name) or self.place(name)
        url = base + (file[1:] if file[:1] == "/" else file)
        if digests is not None:
            digest = digests.get(file)
            if digest:
                self.integrity[url] = digest
        return url

    def into_scope(self, consumer: str) -> dict[str, str]:
        """Return the map of a consumer's URL scope, to write into."""
        return self.scopes.setdefault(self.place(consumer)[0], {})

    def own_entries(self, copy: Copy) -> None:
        """Map a copy's entrypoints to its own files, for its own remote."""
        if copy.entries:
            target = self.into_scope(copy.name)
            for specifier, file in copy.entries.items():
                target[specifier] = self.url(copy.name, file)

    def need_bundle(self, name: str, bundle: str | None) -> None:
        """Note that the chunks of a remote's bundle are needed."""
        if bundle:
            self.bundles.setdefault(name, {})[bundle] = None

    def tell(self, level: str, text: str, step: int = 4) -> None:
        """Log a line of this step."""
        if self.log is not None:
            self.log(level, step, text)  # type: ignore[arg-type]

    def fail(self, text: str, subject: str) -> ResolveError:
        """Log an error and return the exception that says the same."""
        self.tell("error", text)
        return ResolveError("Could not create ImportMap.", subject=subject, hint=text)

    def uncovered(self, scope: str, package: str, remote: str, specifier: str) -> None:
        """Report an entrypoint that a coverage policy should have dealt with: stale storage.

        Raises:
            ResolveError: Coverage or the map is strict.
        """
        text = (
            f"[{scope}][{package}][{remote}] Entrypoint '{specifier}' is not covered by the shared version."
        )
        strict = self.policy.strict
        if strict.strict_entry_point_coverage or strict.strict_import_map:
            raise self.fail(text, remote)
        self.tell("warn", text)

    @property
    def covers(self) -> bool:
        """Tell whether a coverage policy is set, so that nothing may fill its own gaps."""
        return (
            self.policy.strict.strict_entry_point_coverage or self.policy.profile.scope_uncovered_entrypoints
        )

    def finish(self) -> ImportMap:
        """Return the map."""
        return ImportMap(imports=self.imports, scopes=self.scopes, integrity=self.integrity)


def emit(record: Record, policy: Policy, log: Log | None = None) -> ImportMap:
    """Build the import map of the record and mark what it publishes.

    Raises:
        ResolveError: A strict option forbids the map, or the storage has copies of an unknown remote.
    """
    builder = MapBuilder(record, policy, log)
    emit_scoped(builder)
    for scope in in_script_order(record.shared):
        if scope != GLOBAL:
            emit_share_scope(builder, scope)
    emit_global(builder)
    for name in in_script_order(record.remotes):
        emit_exposed(builder, name)
        builder.need_bundle(name, EXPOSED_BUNDLE)
    emit_chunks(builder)
    return builder.finish()


def emit_scoped(builder: MapBuilder) -> None:
    """Map what remotes keep to themselves."""
    for name in in_script_order(builder.record.scoped):
        for version in builder.record.scoped[name].values():
            target = builder.into_scope(name)
            for specifier, file in version.entries.items():
                target[specifier] = builder.url(name, file)
            builder.need_bundle(name, version.bundle)


def emit_exposed(builder: MapBuilder, name: str) -> None:
    """Map a remote's exposed modules, as `remote/./Key`."""
    for module, file in builder.record.remotes[name].exposes:
        builder.imports[join(name, module)] = builder.url(name, file)


def emit_chunks(builder: MapBuilder) -> None:
    """Map the chunk files of every bundle that something published needs."""
    for name in in_script_order(builder.bundles):
        stored = builder.record.chunks.get(name)
        if not stored:
            continue
        for bundle in builder.bundles[name]:
            for file in stored.get(bundle, ()):
                builder.into_scope(name)[chunk_specifier(file)] = builder.url(name, file)


# --- the global share scope ---------------------------------------------------------------------------


def emit_global(builder: MapBuilder) -> None:
    """Map the global packages: shared ones into `imports`, scoped ones into their remotes' scopes."""
    packages = builder.record.shared.get(GLOBAL, {})
    anchors = AnchorFiles(packages)
    for package in in_script_order(packages):
        external = packages[package]
        for row in external.rows:
            if row.action == "scope":
                for copy in row.copies:
                    builder.own_entries(copy)
                    copy.cached = True
                    builder.need_bundle(copy.name, copy.bundle)
            elif row.action == "share":
                emit_global_share(builder, package, row)
        for row in external.rows:
            if row.action == "skip":
                fill_gaps(builder, package, row)
    if anchors.any:
        emit_anchored(builder, packages, anchors)


def emit_global_share(builder: MapBuilder, package: str, row: Row) -> None:
    """Publish the union of a shared version's entrypoints.

    Raises:
        ResolveError: `strict_import_map` and the package is published already.
    """
    if package in builder.imports:
        if builder.policy.strict.strict_import_map:
            text = f"[{package}] Shared external has multiple shared versions."
            raise builder.fail(text, row.copies[0].name)
        builder.tell("warn", f"Singleton external {package} has multiple shared versions.")
        return
    published: set[str] = set()
    for specifier, copy in union(row).items():
        if specifier in builder.imports:
            builder.tell(
                "debug",
                f"[{GLOBAL}][{package}][{copy.name}] Entrypoint '{specifier}' is already mapped by another "
                f"external, keeping '{builder.imports[specifier]}'.",
            )
            continue
        if copy.name not in published:
            # A remote may have two copies in a row (grouped flat items); its first stands for both.
            published.add(copy.name)
            copy.cached = True
            builder.need_bundle(copy.name, copy.bundle)
        builder.imports[specifier] = builder.url(copy.name, copy.entries[specifier])


def fill_gaps(builder: MapBuilder, package: str, row: Row) -> None:
    """Publish the entrypoints of skipping copies that nobody else provides."""
    imports = builder.imports
    covered: dict[str, str] | None = None
    for copy in row.copies:
        # Equal items have one table of entries, and mostly come in a row.
        if copy.entries is covered or copy.served_by:
            continue
        if copy.entries.keys() <= imports.keys():
            covered = copy.entries
            continue
        for specifier, file in copy.entries.items():
            if specifier in imports:
                continue
            if builder.covers:
                builder.uncovered(GLOBAL, package, copy.name, specifier)
                continue
            imports[specifier] = builder.url(copy.name, file)
            builder.need_bundle(copy.name, copy.bundle)
            copy.cached = True


class AnchorFiles:
    """Where each build serves a specifier from, across the packages of one share scope.

    Built only where a copy is anchored. Across packages, because an anchor may serve a consumer's
    specifier as an entry of another package.
    """

    def __init__(self, packages: dict[str, External]) -> None:
        self.any = any(
            any(map(SERVED_BY, row.copies)) for external in packages.values() for row in external.rows
        )
        self.files: dict[str, dict[str, Copy]] = {}
        if not self.any:
            return
        for package in in_script_order(packages):
            for row in packages[package].rows:
                for copy in row.copies:
                    own = self.files.setdefault(copy.name, {})
                    for specifier in copy.entries:
                        own.setdefault(specifier, copy)

    def source(self, anchor: str, specifier: str) -> Copy | None:
        """Return the anchor's copy that has the specifier."""
        return self.files.get(anchor, {}).get(specifier)


def emit_anchored(builder: MapBuilder, packages: dict[str, External], anchors: AnchorFiles) -> None:
    """Map the copies that another build serves, where `imports` does not say the same already."""
    for package in in_script_order(packages):
        for row in packages[package].rows:
            if row.action == "scope":
                continue
            for copy in row.copies:
                if copy.served_by:
                    emit_anchored_copy(builder, package, copy, copy.served_by, anchors)


def emit_anchored_copy(
    builder: MapBuilder, package: str, copy: Copy, anchor: str, anchors: AnchorFiles
) -> None:
    """Map one anchored copy's specifiers to its anchor's files."""
    for specifier in copy.entries:
        source = anchors.source(anchor, specifier)
        if source is None:
            builder.tell(
                "warn", f"[{GLOBAL}][{package}][{copy.name}] '{anchor}' does not serve '{specifier}'."
            )
            continue
        _, base, digests = builder.place(anchor)
        file = source.entries[specifier]
        url = base + file.removeprefix("/")
        if builder.imports.get(specifier) == url:
            continue
        builder.into_scope(copy.name)[specifier] = url
        if digests and digests.get(file):
            builder.integrity[url] = digests[file]
        builder.need_bundle(anchor, source.bundle)
        source.cached = True


# --- named share scopes -------------------------------------------------------------------------------


def emit_share_scope(builder: MapBuilder, scope: str) -> None:
    """Map one named share scope: everything goes into the consumers' URL scopes."""
    packages = builder.record.shared[scope]
    anchors = AnchorFiles(packages)
    for package in in_script_order(packages):
        external = packages[package]
        override: list[Row] | None = None
        for row in external.rows:
            if row.action == "scope":
                for copy in row.copies:
                    builder.own_entries(copy)
                    builder.need_bundle(copy.name, copy.bundle)
                    copy.cached = True
                continue
            serving = row
            if row.action == "skip":
                if override is None:
                    override = shared_rows(builder, scope, package, external)
                if override:
                    serving = override[0]
            row.copies[0].cached = serving is row
            emit_consumers(builder, scope, package, row, serving, anchors)


def shared_rows(builder: MapBuilder, scope: str, package: str, external: External) -> list[Row]:
    """Find the rows that may serve skipping ones; more than one, or none, is reported.

    Raises:
        ResolveError: `strict_import_map` and there is not exactly one.
    """
    shared = [row for row in external.rows if row.action == "share"]
    strict = builder.policy.strict.strict_import_map
    if len(shared) > 1:
        if strict:
            text = f"[{scope}.{package}] ShareScope external has multiple shared versions."
            raise builder.fail(text, shared[1].copies[0].name)
        builder.tell("warn", f"ShareScope external {scope}.{package} has multiple shared versions.")
    if not shared:
        if strict:
            text = f"[{scope}][{package}] shareScope has no override version."
            raise builder.fail(text, external.rows[0].copies[0].name)
        builder.tell(
            "debug", f"[{scope}][{package}] shareScope has no override version, scoping override versions."
        )
    return shared


def emit_consumers(
    builder: MapBuilder, scope: str, package: str, row: Row, serving: Row, anchors: AnchorFiles
) -> None:
    """Map every consumer of a row to the serving row's files, or to its anchor's."""
    provided = union(serving)
    for copy in provided.values():
        copy.cached = True
        if row.action == "share":
            builder.need_bundle(copy.name, copy.bundle)
    mapped = {
        specifier: builder.url(copy.name, copy.entries[specifier]) for specifier, copy in provided.items()
    }
    for copy in row.copies:
        if anchors.any and copy.served_by:
            emit_anchored_consumer(builder, copy, copy.served_by, anchors)
            continue
        if mapped:
            builder.into_scope(copy.name).update(mapped)
        if copy.entries.keys() <= mapped.keys():
            continue
        for specifier, file in copy.entries.items():
            if specifier in mapped:
                continue
            if builder.covers:
                builder.uncovered(scope, package, copy.name, specifier)
                continue
            builder.into_scope(copy.name)[specifier] = builder.url(copy.name, file)
            copy.cached = True


def emit_anchored_consumer(builder: MapBuilder, copy: Copy, anchor: str, anchors: AnchorFiles) -> None:
    """Map one anchored consumer inside a named share scope."""
    for specifier in copy.entries:
        source = anchors.source(anchor, specifier)
        if source is None:
            continue
        builder.into_scope(copy.name)[specifier] = builder.url(anchor, source.entries[specifier])
        builder.need_bundle(anchor, source.bundle)
        source.cached = True
