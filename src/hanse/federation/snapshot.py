"""What is served: an immutable snapshot of the federation, and how its remotes are doing."""

from __future__ import annotations

import base64
import hashlib
import time
from dataclasses import dataclass
from typing import Literal

import msgspec

from hanse.errors import UsageError
from hanse.federation.files import NO_FILES, Files
from hanse.formats.import_map import ImportMap
from hanse.formats.manifest import Manifest
from hanse.graph import Graph
from hanse.resolve import Notice, Plan, Policy
from hanse.resolve.containers import NO_CONTAINERS, ContainerPlan

__all__ = ["Health", "RemoteHealth", "Snapshot", "digest_of"]

Health = Literal["ok", "stale", "failed"]
"""`ok`: as its origin has it; `stale`: the last good one, since its origin fails; `failed`: never had."""


@dataclass(frozen=True, slots=True)
class RemoteHealth:
    """How one remote is doing; times are Unix times in seconds.

    Attributes:
        name: Its name in the manifest.
        url: Where the manifest says that its remote entry lies.
        status: `failed` remotes are not in the plan; all others are, where they are trusted.
        error: Why it could not be renewed, in a sentence that names the document; None if it could.
        error_code: The stable code of that error.
        fetched_at: When its origin last gave or confirmed the entry that is in use.
        trusted: Whether browsers get anything of it.
    """

    name: str
    url: str
    status: Health
    error: str | None = None
    error_code: str | None = None
    fetched_at: float | None = None
    trusted: bool = True

    @property
    def age(self) -> float | None:
        """Seconds since its origin last confirmed the entry in use; None if there is none."""
        return None if self.fetched_at is None else max(0.0, time.time() - self.fetched_at)


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """One state of a federation, never changed; times are Unix times in seconds.

    Attributes:
        digest: Names the import map together with the policy and what containers are handed, as `sha384-` and
            URL-safe base64; equal in every process that has the same documents.
        plan: The resolution with its reasons.
        import_map_json: The finished import map as compact JSON.
        made_at: When the plan was made.
        refreshed_at: When all origins were last asked; 0 if they have not been since the process began.
        manifest: Name -> remote, in the manifest's order, with those of the configuration.
        manifest_status: Whether the manifest is as its origin has it.
        manifest_error: Why it is not.
        remotes: The health of each remote, in the manifest's order; the host's comes last.
        error: Why the latest documents could not be resolved, and this is still the plan before them.
        files: What is known of the files behind the import map.
        locked_map: The import map with the integrity of every file that can be reached; None where the
            plan's own is served.
        containers: What Module Federation containers get, and what a page has to hand them.
    """

    digest: str
    plan: Plan
    import_map_json: bytes
    made_at: float
    refreshed_at: float
    manifest: Manifest
    manifest_status: Literal["ok", "stale"]
    manifest_error: str | None
    remotes: tuple[RemoteHealth, ...]
    error: str | None = None
    files: Files = NO_FILES
    locked_map: ImportMap | None = None
    containers: ContainerPlan = NO_CONTAINERS

    @property
    def import_map(self) -> ImportMap:
        """The import map that is served."""
        return self.plan.import_map if self.locked_map is None else self.locked_map

    @property
    def locked(self) -> bool:
        """Whether the import map has the integrity of every file that can be reached by it."""
        return self.locked_map is not None

    @property
    def graph(self) -> Graph:
        """The files behind the import map by their URLs, as far as they have been read."""
        return self.files.graph

    @property
    def etag(self) -> str:
        """The strong entity tag of `import_map_json`, with its quotes."""
        return f'"{self.digest}"'

    @property
    def healthy(self) -> bool:
        """Whether everything is as its origin has it, and resolved."""
        return (
            self.error is None
            and self.manifest_status == "ok"
            and all(remote.status == "ok" for remote in self.remotes)
        )

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What the owners of remotes should know: who fails, what cannot be read, what the plan reports.

        Worked out when first asked for, which takes time where there are thousands of remotes.
        """
        failing = (health_notice(remote) for remote in self.remotes if remote.error)
        return (*failing, *self.files.notices(), *self.plan.notices, *self.containers.notices)

    def health(self, name: str) -> RemoteHealth | None:
        """Return the health of one remote, None if there is no such remote."""
        return next((remote for remote in self.remotes if remote.name == name), None)

    def vitals(self) -> tuple[object, ...]:
        """Return what listeners are told about when it changes: everything but times.

        Plans are told apart by identity, since comparing two of them works out all their reasons.
        """
        remotes = tuple((one.name, one.url, one.status, one.error_code) for one in self.remotes)
        return self.digest, id(self.plan), id(self.containers), self.manifest_status, self.error, remotes


def health_notice(remote: RemoteHealth) -> Notice:
    """Say that a remote fails, as a notice."""
    what = "its last good entry is used" if remote.status == "stale" else "it is left out"
    return Notice(f"{remote.status}-remote", remote.name, "", f"{what}: {remote.error}")


def digest_of(import_map_json: bytes, policy: Policy, containers: ContainerPlan = NO_CONTAINERS) -> str:
    """Return the digest of a snapshot.

    Args:
        import_map_json: Its import map.
        policy: How it was resolved.
        containers: What is handed to containers; where there are none, they leave no trace in the digest.

    Raises:
        UsageError: The policy holds a text that is not Unicode.
    """
    found = hashlib.sha384(fingerprint(policy).encode("ascii"))
    found.update(import_map_json)
    found.update(containers.document_json())
    return "sha384-" + base64.urlsafe_b64encode(found.digest()).decode("ascii")


def fingerprint(policy: Policy) -> str:
    """Return a text that differs wherever two policies do.

    Raises:
        UsageError: The policy holds a text that is not Unicode.
    """
    try:
        return hashlib.sha384(msgspec.json.encode(policy)).hexdigest()
    except (TypeError, ValueError) as error:
        raise UsageError(f"the policy cannot be written down: {error}", subject="policy") from error
