"""The last good documents on disk, so that a restart with everything down still serves.

One file holds all of a federation: the manifest, and of each remote the last good entry, byte for byte.
It is replaced as a whole (written beside, synced, renamed), so that several processes may write it and a
reader gets the one or the other. All of it is checked when it is read back; what is damaged is left out.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Final

import msgspec

from hanse.errors import FetchError, FormatError, HanseError
from hanse.federation.containers import Papers, ServerPaper, with_facades, work_out
from hanse.federation.holdings import Good, Held, HeldManifest, Holdings, hold_container
from hanse.federation.reading import at_home, read_file
from hanse.federation.sealed import replace_file, seal, unseal
from hanse.federation.settings import Listed, Settings, access_of, places_of
from hanse.federation.snapshot import fingerprint
from hanse.formats.manifest import decode_manifest
from hanse.formats.remote_entry import decode_remote_entry
from hanse.net import digest, verify_integrity

__all__ = ["Store"]

LOG: Final = logging.getLogger("hanse.federation")

# The file is this line, the digest of all that follows, a line feed, and the stored documents as MessagePack.
MAGIC: Final = b"hanse last good 1\n"
# When nothing changes, the times in the file are brought up to date this often, in seconds.
KEPT_UP: Final = 600.0


class StoredEntry(msgspec.Struct, frozen=True):
    """A remote's good entry: its digest, where it was, and when it was last confirmed there.

    `listed` is where the manifest said it was: it is used again for a remote that is still said to be there.
    `kind` says for which system it was built; `papers` are the digests of what there is beside a container's
    manifest, `server` is where that of its build for servers was.
    """

    listed: str
    url: str
    digest: str
    fetched_at: float
    kind: str = "native"
    papers: dict[str, str] = {}
    server: str = ""


class Stored(msgspec.Struct, frozen=True):
    """Everything of one federation; `bodies` maps digests to documents, `policy` is its fingerprint."""

    source: str
    policy: str
    manifest: bytes | None
    entries: dict[str, StoredEntry]
    bodies: dict[str, bytes]


class Store:
    """The file of one federation in a folder that several federations may share.

    Args:
        settings: Whose; `cache_folder` has to be set.
    """

    def __init__(self, settings: Settings, folder: Path) -> None:
        self._settings = settings
        self._folder = folder
        name = hashlib.sha256(settings.identity.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        self.file = folder / f"last-good-{name}.hanse"
        self._written: tuple[object, ...] = ()
        self._written_at = 0.0
        self._complained = False

    def write(self, holdings: Holdings) -> None:
        """Store what is held, if it differs from what was stored last; a failure is logged, once."""
        stored = pack(holdings, self._settings)
        now = time.monotonic()
        if without_times(stored) == self._written and now - self._written_at < KEPT_UP:
            return
        try:
            content = encode(self._complete(stored, holdings))
            replace_file(self.file, content, cap=self._settings.limits.stored_bytes)
            self._written, self._written_at, self._complained = without_times(stored), now, False
        except (OSError, HanseError) as error:
            if not self._complained:
                LOG.warning("the last good documents cannot be stored in %s: %s", self._folder, error)
            self._complained = True

    def read(self) -> Holdings | None:
        """Read back what is good of what was stored; None where that is nothing."""
        if not self.file.exists():
            return None
        try:
            stored = self._load()
            if stored.policy != fingerprint(self._settings.policy):
                LOG.info("what was stored under another policy is resolved under the present one")
            return self._unpack(stored)
        except HanseError as error:
            LOG.warning("what was stored is not used: %s", error)
            return None

    def _load(self) -> Stored:
        """Read the file.

        Raises:
            HanseError: It cannot be read, is damaged, or belongs to another manifest.
        """
        cap = self._settings.limits.stored_bytes
        stored = decode(read_file(self.file, folder=None, cap=cap), str(self.file))
        if stored.source != self._settings.identity:
            raise FormatError("it belongs to another manifest", subject=str(self.file), found=stored.source)
        return stored

    def _complete(self, stored: Stored, holdings: Holdings) -> Stored:
        """Keep what another process has stored of remotes that this one never had."""
        missing = [name for name, held in holdings.remotes.items() if held.good is None]
        if not missing or not self.file.exists():
            return stored
        try:
            there = self._load()
        except HanseError:
            return stored
        kept = {
            name: there.entries[name]
            for name in missing
            if name in there.entries and there.entries[name].listed == holdings.remotes[name].listed.place.url
        }
        named = {digest for one in kept.values() for digest in (one.digest, *one.papers.values())}
        bodies = {digest: there.bodies[digest] for digest in named if digest in there.bodies}
        return msgspec.structs.replace(
            stored, entries={**kept, **stored.entries}, bodies={**bodies, **stored.bodies}
        )

    def _unpack(self, stored: Stored) -> Holdings:
        """Check and decode what was stored.

        Raises:
            HanseError: The manifest is not good.
        """
        settings, source = self._settings, self._settings.source
        if source.place is None or stored.manifest is None:
            manifest = HeldManifest(source.given)
        else:
            if source.integrity is not None:
                verify_integrity(stored.manifest, source.integrity, subject=str(self.file))
            decoded = decode_manifest(stored.manifest, subject=source.label, limits=settings.limits)
            manifest = HeldManifest(decoded, stored.manifest, not_asked(source.label))
        listing = settings.listing(manifest.manifest)
        urls = [place.url for place, _ in places_of(listing)]
        origins = access_of(settings).with_urls(urls, local=False).origins
        held = {
            listed.name: Held(listed, self._good(stored, listed, origins), not_asked(listed.place.url))
            for listed in listing
        }
        return Holdings(manifest, settings.manifest_with_own(manifest.manifest), held)

    def _good(self, stored: Stored, listed: Listed, origins: Collection[str]) -> Good | None:
        """Return a remote's good entry; None, with a warning, where it is damaged."""
        entry = stored.entries.get(listed.name)
        body = None if entry is None else stored.bodies.get(entry.digest)
        if entry is None or body is None or entry.listed != listed.place.url:
            return None
        if entry.kind != listed.remote.type:
            return None
        try:
            if entry.kind == "mf":
                return self._good_container(stored, entry, body, listed, origins)
            verify_integrity(body, entry.digest, subject=entry.url)
            decoded = decode_remote_entry(body, subject=entry.url, limits=self._settings.limits)
            decoded = at_home(decoded, entry.url, origins) if decoded.url else decoded
        except HanseError as error:
            LOG.warning("the stored entry of %s is not used: %s", listed.name, error)
            return None
        return Good(body, entry.digest, decoded, entry.url, entry.fetched_at)

    def _good_container(
        self, stored: Stored, entry: StoredEntry, body: bytes, listed: Listed, origins: Collection[str]
    ) -> Good:
        """Return a container's good documents.

        Raises:
            HanseError: One of them is damaged.
        """
        verify_integrity(body, entry.digest, subject=entry.url)
        found = {name: stored.bodies[one] for name, one in entry.papers.items() if one in stored.bodies}
        for name, paper in found.items():
            verify_integrity(paper, entry.papers[name], subject=entry.url)
        server = None if listed.server is None else ServerPaper(listed.server.place.url)
        if server is not None and server.url == entry.server:
            server = replace(server, body=found.get("server"))
        papers = Papers(found.get("stats"), found.get("federated"), server)
        limits = self._settings.limits
        container = work_out(body, papers, listed.name, entry.url, limits, origins)
        container = with_facades(container, listed.remote.facade)
        base = self._settings.facade_base
        return hold_container(container, body, papers, entry.url, entry.fetched_at, facade_base=base)


def pack(holdings: Holdings, settings: Settings) -> Stored:
    """Put together what is to be stored."""
    entries: dict[str, StoredEntry] = {}
    bodies: dict[str, bytes] = {}
    for name, held in holdings.remotes.items():
        if held.good is not None:
            good, named = held.good, held.good.digest
            kind = "native" if good.container is None else "mf"
            server = good.papers.server or ServerPaper("")
            beside = {
                "stats": good.papers.stats,
                "federated": good.papers.federated,
                "server": server.body,
            }
            papers = {label: digest(body) for label, body in beside.items() if body is not None}
            place = held.listed.place.url
            entries[name] = StoredEntry(place, good.url, named, good.fetched_at, kind, papers, server.url)
            bodies[named] = good.body
            bodies.update({papers[label]: body for label, body in beside.items() if body is not None})
    return Stored(settings.identity, fingerprint(settings.policy), holdings.manifest.body, entries, bodies)


def without_times(stored: Stored) -> tuple[object, ...]:
    """Return what of the stored documents makes a difference worth writing."""
    places = {
        name: (entry.listed, entry.url, entry.digest, entry.server, *entry.papers.items())
        for name, entry in stored.entries.items()
    }
    return stored.source, stored.policy, stored.manifest, places


def encode(stored: Stored) -> bytes:
    """Write the stored documents as the content of a file."""
    return seal(MAGIC, msgspec.msgpack.encode(stored))


def decode(content: bytes, subject: str) -> Stored:
    """Read the content of a file.

    Raises:
        FormatError: It is damaged, or no such file.
    """
    try:
        return msgspec.msgpack.decode(unseal(MAGIC, content, subject), type=Stored)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"it cannot be read: {error}", subject=subject) from error


def not_asked(subject: str) -> FetchError:
    """Say that a document is from the disk."""
    return FetchError("it has not been asked for since this process began", subject=subject)
