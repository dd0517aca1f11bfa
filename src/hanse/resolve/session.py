"""The orchestrator's life on one page, step by step and without I/O.

A session begins with an earlier page's storage, is initialised with a manifest, and may then be asked to add
remotes and to find modules. Documents come from a function that is handed in; what would be written to the
browser (import maps, storage, log lines) is collected. Recorded cases are replayed on it.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping

import msgspec

from hanse.errors import HanseError, NotFoundError, ResolveError
from hanse.formats.import_map import ImportMap
from hanse.formats.remote_entry import RemoteEntry
from hanse.resolve.dynamic import fork, join_record, write_delta
from hanse.resolve.elect import elect_all
from hanse.resolve.emit import emit
from hanse.resolve.merge import Arrival, arrive, merge
from hanse.resolve.paths import join
from hanse.resolve.policy import Policy
from hanse.resolve.pool import pool_all
from hanse.resolve.pool_dynamic import pool_newcomer
from hanse.resolve.pool_graph import mark_pools
from hanse.resolve.record import Log, Record, in_script_order

__all__ = ["Answer", "Fetch", "HostEntry", "Options", "Session"]


class Answer(msgspec.Struct, frozen=True):
    """What came back for a URL: a body, or the fault there was instead.

    `rank` orders faults by how early a browser notices them: 0 no connection, 1 a bad status.
    """

    body: bytes = b""
    fault: str | None = None
    rank: int = 0


Fetch = Callable[[str], Answer]

DIGESTS = ("sha256", "sha384", "sha512")


class HostEntry(msgspec.Struct, frozen=True):
    """The host's own remote entry."""

    url: str
    name: str = "__NF-HOST__"
    cache_tag: str | None = None
    integrity: str | None = None


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """A session's settings beside its policy."""

    policy: Policy = Policy(name="compatible")
    host: HostEntry | None = None
    manifest_integrity: str | None = None


class Wanted(msgspec.Struct, frozen=True):
    """A remote of the manifest: where its entry lies and what it must hash to."""

    name: str
    url: str
    integrity: str | None = None
    override: bool = False


class Missing(msgspec.Struct, frozen=True):
    """A remote whose entry could not be had, and how early that showed."""

    name: str
    fault: str
    rank: int


class Session:
    """One page's federation. `record` is its state, `written` the stores that a commit would write."""

    def __init__(self, record: Record, options: Options, fetch: Fetch, log: Log | None = None) -> None:
        self.record = record
        self.options = options
        self.policy = options.policy
        self.fetch = fetch
        self.log = log

    def tell(self, level: str, step: int, text: str) -> None:
        """Log a line."""
        if self.log is not None:
            self.log(level, step, text)  # type: ignore[arg-type]

    # --- init -----------------------------------------------------------------------------------------

    def init(self, manifest: str | Mapping[str, object] | None) -> ImportMap:
        """Fetch, resolve, and return the page's import map.

        Args:
            manifest: A URL, or name -> URL or `{"url", "integrity"}`.

        Raises:
            ResolveError: The manifest cannot be had, or a strict option forbids the outcome. The record is
                then of no further use.
        """
        arrivals = self.collect(self.read_manifest(manifest))
        merge(self.record, arrivals, self.policy, self.log)
        mark_pools(self.record, self.policy, self.log)
        touched = elect_all(self.record, self.policy, self.log)
        pool_all(self.record, touched, self.policy, self.log)
        before = cached_marks(self.record)
        result = emit(self.record, self.policy, self.log)
        if cached_marks(self.record) != before:
            self.record.changed.add("shared-externals")
        return result

    def read_manifest(self, manifest: str | Mapping[str, object] | None) -> dict[str, object]:
        """Return the manifest as an object, fetched where it is a URL, with the host's entry added.

        Raises:
            ResolveError: It cannot be fetched, or is no JSON object.
        """
        if manifest is None:
            found: dict[str, object] = {}
        elif isinstance(manifest, str):
            try:
                body = self.read(manifest, self.options.manifest_integrity)
                found = msgspec.json.decode(body, type=dict[str, object])
            except (HanseError, msgspec.DecodeError) as error:
                self.tell("error", 1, "Could not fetch manifest.")
                raise ResolveError("Failed to fetch manifest", subject=manifest, hint=str(error)) from error
        else:
            found = dict(manifest)
        host = self.options.host
        if host is not None:
            found[host.name] = {"url": host.url, "integrity": host.integrity} if host.integrity else host.url
        return found

    def read(self, url: str, integrity: str | None) -> bytes:
        """Fetch one document and check its digest.

        Raises:
            ResolveError: It cannot be had, or has another digest.
        """
        answer = self.fetch(url)
        if answer.fault is not None:
            raise ResolveError(f"Fetch of '{url}' returned {answer.fault}", subject=url)
        if integrity:
            check_digest(answer.body, integrity)
        return answer.body.removeprefix(b"\xef\xbb\xbf")

    def collect(self, manifest: Mapping[str, object]) -> list[Arrival]:
        """Fetch the entries of a manifest that the record does not hold already.

        Raises:
            ResolveError: `strict_remote_entry` and one cannot be had.
        """
        arrivals: list[Arrival] = []
        missing: list[Missing] = []
        for name in in_script_order(manifest):
            wanted = self.wanted(name, manifest[name])
            if wanted is None:
                continue
            outcome = self.receive(wanted)
            if isinstance(outcome, Missing):
                missing.append(outcome)
            else:
                arrivals.append(outcome)
        if missing and self.policy.strict.strict_remote_entry:
            # All are fetched at once, and the one whose fault shows first is the one reported.
            first = min(missing, key=lambda fault: fault.rank)
            raise ResolveError(f"Could not fetch remote '{first.name}'", subject=first.name, hint=first.fault)
        return arrivals

    def wanted(self, name: str, descriptor: object) -> Wanted | None:
        """Decide whether to fetch a remote of the manifest; None where the cached one stays."""
        table = descriptor if isinstance(descriptor, Mapping) else {"url": descriptor}
        url, integrity = table.get("url"), table.get("integrity")
        url = url if isinstance(url, str) else str(url)
        cached = self.record.remotes.get(name)
        override = False
        if cached is not None:
            profile = self.policy.profile
            same = url == join(cached.scope_url, "remoteEntry.json")
            keep = profile.override_cached_remotes == "never" or (
                same and not profile.override_cached_remotes_if_url_matches
            )
            if keep:
                self.tell("debug", 1, f"Found remote '{name}' in storage, omitting fetch.")
                return None
            self.tell("debug", 1, f"Overriding existing remote '{name}' with '{url}'.")
            override = True
        digest = integrity if isinstance(integrity, str) else None
        return Wanted(name, self.tagged(name, url), digest, override)

    def tagged(self, name: str, url: str) -> str:
        """Append the cache tag to a remote entry's URL."""
        host = self.options.host
        tag = self.policy.profile.cache_tag
        if host is not None and name == host.name and host.cache_tag:
            tag = host.cache_tag
        return f"{url}{'&' if '?' in url else '?'}cacheTag={tag}" if tag else url

    def receive(self, wanted: Wanted) -> Arrival | Missing:
        """Fetch and read one entry of the manifest; a fault is logged and returned."""
        try:
            entry = read_entry(self.read(wanted.url, wanted.integrity), wanted.url)
            return self.named(wanted, entry)
        except HanseError as error:
            strict = self.policy.strict.strict_remote_entry
            text = f"Could not fetch remote '{wanted.name}'."
            self.tell("error" if strict else "warn", 1, text if strict else f"{text} skipping init.")
            return Missing(wanted.name, error.message, self.fault_rank(wanted))

    def fault_rank(self, wanted: Wanted) -> int:
        """Return how early a browser notices that a remote is at fault.

        First a connection that fails, then a bad status, then a document; hashing takes longest.
        """
        answer = self.fetch(wanted.url)
        if answer.fault is not None:
            return answer.rank
        return 3 if (wanted.integrity or "").partition("-")[0] in DIGESTS else 2

    def named(self, wanted: Wanted, entry: RemoteEntry) -> Arrival:
        """Give the entry its name: the host's is forced, another's mismatch reported and kept.

        Raises:
            ResolveError: `strict_remote_entry` and the names differ.
        """
        host = self.options.host is not None and wanted.name == self.options.host.name
        name = wanted.name if host else entry.name
        if name != wanted.name:
            text = f"Fetched remote '{name}' does not match requested '{wanted.name}'."
            if self.policy.strict.strict_remote_entry:
                raise ResolveError(text, subject=wanted.name)
            self.tell("warn", 1, f"{text} Omitting expected name.")
        url = entry.url or wanted.url
        return arrive(name, url, entry, self.policy, host=host, override=wanted.override)

    # --- afterwards -----------------------------------------------------------------------------------

    def init_remote_entry(
        self, url: str, name: str | None = None, integrity: str | None = None
    ) -> ImportMap | None:
        """Add a remote to the loaded page and return the delta map; None where it is there already.

        Raises:
            ResolveError: It cannot be had, or a strict option forbids it. The record is left as it was.
        """
        if name and self.keeps_cached(url, name):
            self.tell("debug", 7, f"Found remote '{name}' in storage, omitting fetch.")
            return None
        arrival = self.receive_newcomer(url, name, integrity)
        record = fork(self.record, arrival)
        verdicts = join_record(record, arrival, self.policy, self.log)
        pool_newcomer(record, arrival, verdicts, self.policy, self.log)
        delta = write_delta(record, arrival, verdicts, self.policy, self.log)
        self.record = record
        return delta

    def keeps_cached(self, url: str, name: str) -> bool:
        """Tell whether a remote that is there already is left alone."""
        cached = self.record.remotes.get(name)
        if cached is None:
            return False
        profile = self.policy.profile
        same = url == join(cached.scope_url, "remoteEntry.json")
        return profile.override_cached_remotes != "always" or (
            same and not profile.override_cached_remotes_if_url_matches
        )

    def receive_newcomer(self, url: str, name: str | None, integrity: str | None) -> Arrival:
        """Fetch and read a newcomer's entry.

        Raises:
            ResolveError: It cannot be had, or `strict_remote_entry` and it has another name.
        """
        try:
            entry = read_entry(self.read(url, integrity), url)
            if name and entry.name != name:
                text = f"Fetched remote '{entry.name}' does not match requested '{name}'."
                if self.policy.strict.strict_remote_entry:
                    self.tell("error", 7, text)
                    raise ResolveError("Could not fetch remote entry", subject=name, hint=text)
                self.tell("warn", 7, f"{text} Omitting expected name.")
        except HanseError as error:
            self.tell("error", 7, f"[{name or 'unknown'}] Could not fetch remoteEntry from {url}.")
            raise ResolveError(
                f"[{name or url}] Could not fetch remoteEntry.", subject=url, hint=error.message
            ) from error
        override = entry.name in self.record.remotes
        return arrive(entry.name, entry.url or url, entry, self.policy, override=override)

    def load_remote_module(self, remote: str, module: str) -> str:
        """Return the URL of a remote's exposed module.

        Raises:
            NotFoundError: There is no such remote, or it exposes no such module.
        """
        info = self.record.remotes.get(remote)
        if info is not None:
            for name, file in info.exposes:
                if name == module:
                    return join(info.scope_url, file)
        self.tell("error", 6, f"Failed to load module {join(remote, module)}: ")
        what = f"exposes no module '{module}'" if info is not None else "is not initialized"
        raise NotFoundError(
            f"Failed to load module {join(remote, module)}", subject=remote, hint=f"'{remote}' {what}"
        )


def read_entry(body: bytes, url: str) -> RemoteEntry:
    """Read a remote entry as tolerantly as the orchestrator does.

    A document that is no object, or has no name, makes a remote called `undefined` without anything to
    share; `exposes` may be an object of items.

    Raises:
        ResolveError: It is not JSON, is null, or has parts of other types.
    """
    try:
        document = msgspec.json.decode(body)
        if document is None:
            raise ResolveError(f"Fetch of '{url}' returned null", subject=url)
        table = document if isinstance(document, dict) else {}
        exposes = table.get("exposes")
        if isinstance(exposes, dict):
            exposes = list(exposes.values())
        named = {**table, "name": table.get("name", "undefined"), "exposes": exposes}
        return msgspec.convert(named, RemoteEntry)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ResolveError(f"Fetch of '{url}' returned {error}", subject=url) from error


def check_digest(body: bytes, integrity: str) -> None:
    """Compare a body with the one digest the orchestrator understands.

    Raises:
        ResolveError: Another digest, or an integrity text of another form.
    """
    algorithm, _, expected = integrity.partition("-")
    if algorithm not in DIGESTS:
        raise ResolveError(f"Unsupported integrity prefix in '{integrity}'")
    actual = base64.b64encode(hashlib.new(algorithm, body).digest()).decode()
    if actual != expected:
        raise ResolveError(f"Integrity mismatch: expected {integrity}, got {algorithm}-{actual}")


def cached_marks(record: Record) -> list[bool]:
    """Return every copy's cached mark, in order."""
    return [
        copy.cached
        for packages in record.shared.values()
        for external in packages.values()
        for row in external.rows
        for copy in row.copies
    ]
