"""What a federation holds: its manifest, and of each remote the last good entry and what is wrong now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from hanse.errors import HanseError
from hanse.federation.containers import NO_PAPERS, Papers
from hanse.federation.settings import Listed
from hanse.federation.snapshot import Health, RemoteHealth
from hanse.federation.telling import tell
from hanse.formats.container import Container
from hanse.formats.manifest import Manifest
from hanse.formats.remote_entry import RemoteEntry
from hanse.net import digest
from hanse.resolve import Remote
from hanse.resolve.facade import Facades, facade_of

__all__ = ["Good", "Held", "HeldManifest", "Holdings", "Outcome", "hold_container"]

Outcome = Literal["fetched", "not_modified", "failed", "skipped"]
"""What one round of asking for a document came to.

`fetched`: its origin sent it, or it was read from its file; `not_modified`: its origin confirmed the copy at
hand; `failed`: no good document came of it; `skipped`: nobody was asked, since the round had ended before,
its origin is left alone for a while, or it has no proper address.
"""


@dataclass(frozen=True, slots=True)
class Good:
    """A good entry: its bytes, their digest and what they say, the URL it was at, and when it was confirmed.

    The decoded object stays the same as long as the bytes do: the resolver tells by it what has changed. Of a
    Module Federation container `container` is what it comes to, `papers` what lies beside its manifest, and
    `facades` what native remotes may be given of it; its `entry` has nothing in it.
    """

    body: bytes
    digest: str
    entry: RemoteEntry
    url: str
    fetched_at: float
    container: Container | None = None
    papers: Papers = NO_PAPERS
    facades: Facades | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """One remote: where it should be, its last good entry, and why that could not be renewed.

    `asked` is False where the round had ended before it was its turn; `outcome` is what this round came to.
    """

    listed: Listed
    good: Good | None
    error: HanseError | None = None
    asked: bool = True
    outcome: Outcome = "skipped"

    @property
    def health(self) -> RemoteHealth:
        """How it is doing."""
        status: Health = "failed" if self.good is None else "stale" if self.error else "ok"
        return RemoteHealth(
            name=self.listed.name,
            url=self.listed.place.url,
            status=status,
            error=None if self.error is None else tell(self.error),
            error_code=None if self.error is None else self.error.code,
            fetched_at=None if self.good is None else self.good.fetched_at,
            trusted=self.listed.trusted,
        )

    @property
    def remote(self) -> Remote | None:
        """What is resolved for browsers, if there is anything: nothing of a remote nobody vouches for."""
        if self.good is None or not self.listed.trusted:
            return None
        if self.good.container is not None:
            return None if self.good.facades is None else self.good.facades.remote
        return Remote(self.listed.name, self.good.url, self.good.entry, host=self.listed.host)


@dataclass(frozen=True, slots=True)
class HeldManifest:
    """The last good manifest, and why it could not be renewed; `body` is None where it was given in place.

    `outcome` is what asking for it came to in this round.
    """

    manifest: Manifest
    body: bytes | None = None
    error: HanseError | None = None
    outcome: Outcome = "skipped"


@dataclass(frozen=True, slots=True)
class Holdings:
    """Everything of one round; `listing` is the manifest together with the remotes of the configuration."""

    manifest: HeldManifest
    listing: Manifest = field(default_factory=dict)
    remotes: Mapping[str, Held] = field(default_factory=dict)

    def resolvable(self) -> list[Remote]:
        """Return all remotes of which there is a good entry, in the manifest's order."""
        return [remote for held in self.remotes.values() if (remote := held.remote) is not None]

    def unlisted(self) -> frozenset[str]:
        """Return the remotes whose exposed modules are not to be seen in entries: they are containers."""
        return frozenset(name for name, held in self.remotes.items() if held.listed.remote.type == "mf")

    def containers(self) -> list[Container]:
        """Return all containers of which there is a good manifest."""
        goods = (held.good for held in self.remotes.values() if held.listed.trusted)
        return [good.container for good in goods if good is not None and good.container is not None]


def hold_container(
    container: Container, body: bytes, papers: Papers, url: str, fetched_at: float, *, facade_base: str
) -> Good:
    """Hold a container, with the facades that its copies of packages have."""
    facades = facade_of(container, base=facade_base)
    entry = RemoteEntry(container.name)
    return Good(body, digest(body), entry, url, fetched_at, container, papers, facades)
