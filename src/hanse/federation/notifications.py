"""Build notifications of remotes under development: one connection upstream, however many pages listen.

Native federation's dev servers offer server-sent events at the `buildNotificationsEndpoint` of a remote's
entry. A browser that watched them itself would use up one of its six connections to an origin with every tab.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from typing import Final

import msgspec

from hanse.errors import HanseError
from hanse.federation.hub import Hub, News, Override
from hanse.federation.overriding import widen
from hanse.federation.snapshot import Snapshot
from hanse.federation.telling import tell
from hanse.limits import Limits
from hanse.net import Access, Client, Event, Interrupted, Opened
from hanse.resolve import Remote
from hanse.resolve.paths import join, scope_url
from hanse.urls import is_web, normalise

__all__ = ["Notifications", "endpoint_of"]

LOG: Final = logging.getLogger("hanse.federation")

COMPLETE: Final = "federation-rebuild-complete"
FAILURES: Final = {
    "federation-rebuild-error": "it could not be built",
    "federation-rebuild-cancelled": "its build was cancelled",
}
# What a build says of itself is shown on pages: no more than somebody would read there.
REASON_LENGTH: Final = 2000

ReadBuild = Callable[[str], Awaitable[Snapshot]]
"""Reads a remote's documents now, and returns the snapshot they are in."""


Watched = tuple[str, Override | None]
"""A remote's name, and the override it is in, if any."""


class Message(msgspec.Struct, frozen=True):
    """What a dev server says; other fields are ignored."""

    type: str
    error: str | None = None
    message: str | None = None


MESSAGE: Final = msgspec.json.Decoder(Message)


class Notifications:
    """Watches the remotes of a federation on its event loop, and tells a hub what becomes of them.

    Args:
        client: Opens the streams.
        hub: Who is told.
        read_build: Called when a remote was built anew, once at a time for each remote.
        forget: Called when an override's remote was built anew.
        limits: `event_streams` and `overrides_kept` are used.
    """

    def __init__(
        self,
        client: Client,
        hub: Hub,
        read_build: ReadBuild,
        *,
        forget: Callable[[Override], object],
        limits: Limits,
    ) -> None:
        self._client = client
        self._hub = hub
        self._read_build = read_build
        self._forget = forget
        self._limits = limits
        self._loop = asyncio.get_running_loop()
        self._remotes: Mapping[str, Remote] = {}
        self._overrides: OrderedDict[Override, Remote] = OrderedDict()
        self._watched: dict[str, tuple[Watched, ...]] = {}
        self._streams: dict[str, asyncio.Task[None]] = {}
        self._readings: dict[str, asyncio.Task[None]] = {}
        self._again: set[str] = set()
        self._announced: set[str] = set()
        self._late: dict[str, News] = {}
        self._ended = False

    def compare(self, new: Snapshot, old: Snapshot | None) -> None:
        """Look at a snapshot and the one before it: what is to be watched, and whose health has changed.

        In the loop's own thread.
        """
        if self._ended:
            return
        self._remotes = new.plan.remotes
        self._reconcile()
        self._tell_health(new, old)
        for name in sorted(changed_entries(new, old) - self._announced):
            self._hub.publish(News("reload", name, snapshot=new.digest))

    async def aclose(self) -> None:
        """Hang up everywhere; idempotent."""
        self._ended = True
        tasks = [*self._streams.values(), *self._readings.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def watch_overrides(self, remotes: Iterable[Remote]) -> None:
        """Watch the builds of remotes that a developer works with, too, until others have come after them."""
        for remote in remotes:
            override = (remote.name, remote.url)
            self._overrides[override] = remote
            self._overrides.move_to_end(override)
        while len(self._overrides) > self._limits.overrides_kept:
            self._overrides.popitem(last=False)
        if not self._ended:
            self._reconcile()

    def _reconcile(self) -> None:
        """Watch each endpoint that there is now, and no other."""
        found: dict[str, list[Watched]] = {}
        mine = [(remote, override) for override, remote in self._overrides.items()]
        for remote, override in [*((one, None) for one in self._remotes.values()), *mine]:
            url = endpoint_of(remote)
            if url is not None:
                found.setdefault(url, []).append((remote.name, override))
        most = self._limits.event_streams
        if len(found) > most:
            LOG.warning("%d remotes notify of builds, and %d of them are watched", len(found), most)
        self._watched = {url: tuple(names) for url, names in [*found.items()][:most]}
        for url in self._streams.keys() - self._watched.keys():
            self._streams.pop(url).cancel()
        for url in self._watched.keys() - self._streams.keys():
            self._streams[url] = self._loop.create_task(self._watch(url))

    async def _watch(self, url: str) -> None:
        try:
            await self._client.watch(url, partial(self._hear, url), access=self._access(url))
            LOG.info("%s has said that it will notify of no more builds", url)
        except HanseError as error:
            LOG.warning("builds are not notified of any more: %s", error)
        except Exception:
            LOG.exception("builds are not notified of any more: %s", url)

    def _access(self, url: str) -> Access | None:
        """Return the origins that may be asked for a stream: with an override's only where it is for that."""
        overrides = [override for _, override in self._watched.get(url, ())]
        if not overrides or None in overrides:
            return None
        access = self._client.access
        for override in overrides:
            access = access if override is None else widen(access, override[1])
        return access

    def _hear(self, url: str, heard: Event | Opened | Interrupted) -> None:
        watched = self._watched.get(url, ())
        if isinstance(heard, Interrupted):
            LOG.debug("%s: builds are not watched for %.1f s: %s", url, heard.retry_in, heard.error)
        elif isinstance(heard, Opened):
            LOG.info("%s: builds of %s are watched", url, ", ".join(name for name, _ in watched))
            for name, override in watched if heard.again else ():
                # Builds may have ended meanwhile: what has changed is found by looking.
                if override is None:
                    self._read(name, announce=False)
        else:
            self._obey(heard.data, watched)

    def _obey(self, data: str, watched: tuple[Watched, ...]) -> None:
        """Do what a message asks for; one that nobody knows is ignored, as the orchestrator does."""
        try:
            message = MESSAGE.decode(data.encode("utf-8", "replace"))
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            LOG.debug("a notification about %s cannot be read: %s", watched, error)
            return
        if message.type == COMPLETE:
            for name, override in watched:
                self._obey_build(name, override)
        elif message.type in FAILURES:
            said = (message.error or message.message or "").strip()[:REASON_LENGTH]
            reason = f"{FAILURES[message.type]}: {said}" if said else FAILURES[message.type]
            for name, override in watched:
                self._say_failing(News("failing", name, reason=reason, override=override))

    def _obey_build(self, name: str, override: Override | None) -> None:
        """Read a remote's build; one in an override is read when its developer's page is opened."""
        if override is None:
            self._late.pop(name, None)
            self._read(name, announce=True)
        else:
            self._forget(override)
            self._hub.publish(News("reload", name, override=override))

    def _say_failing(self, news: News) -> None:
        """Tell that a build failed; not before the build that came before it has been read and told of."""
        if news.override is None and news.remote in self._readings:
            self._late[news.remote] = news
        else:
            self._hub.publish(news)

    def _read(self, name: str, *, announce: bool) -> None:
        """Read a remote anew; while that is being done, a second build is read after it, and a third is not.

        Args:
            name: The remote.
            announce: Whether everybody is told, also where its entry is the same as before.
        """
        if self._ended:
            return
        if announce:
            self._announced.add(name)
        if name in self._readings:
            self._again.add(name)
            return
        self._readings[name] = self._loop.create_task(self._read_builds(name))

    async def _read_builds(self, name: str) -> None:
        """Read a remote anew, and once more as long as builds have ended meanwhile."""
        self._again.add(name)
        while name in self._again:
            self._again.discard(name)
            announced = name in self._announced
            try:
                snapshot = await self._read_build(name)
            except HanseError as error:
                self._hub.publish(News("failing", name, reason=tell(error)))
            except Exception as error:
                LOG.exception("%s was built, and could not be read", name)
                self._hub.publish(News("failing", name, reason=f"an unexpected {type(error).__name__}"))
            else:
                if announced:
                    self._announce(name, snapshot)
            if name not in self._again:
                self._announced.discard(name)
        del self._readings[name]
        if (late := self._late.pop(name, None)) is not None:
            self._hub.publish(late)

    def _announce(self, name: str, snapshot: Snapshot) -> None:
        """Tell everybody that a remote was built, or why its new build cannot be had."""
        health = snapshot.health(name)
        if health is not None and health.error is not None:
            self._hub.publish(News("failing", name, reason=health.error))
        else:
            self._hub.publish(News("reload", name, snapshot=snapshot.digest))

    def _tell_health(self, new: Snapshot, old: Snapshot | None) -> None:
        earlier = {} if old is None else {one.name: one for one in old.remotes}
        for remote in new.remotes:
            before = earlier.get(remote.name)
            if remote.status != "ok":
                if before is None or (before.status, before.error_code) != (remote.status, remote.error_code):
                    self._hub.publish(News("failing", remote.name, reason=remote.error or remote.status))
            elif before is not None and before.status != "ok":
                self._hub.publish(News("healed", remote.name))


def endpoint_of(remote: Remote) -> str | None:
    """Return the URL at which a remote notifies of its builds; None where it does not, or not on the web.

    It is relative to the folder of the remote's files, by the orchestrator's arithmetic on text.
    """
    endpoint = remote.entry.build_notifications_endpoint
    if not endpoint:
        return None
    whole = endpoint if is_web(endpoint) else join(scope_url(remote.entry.url or remote.url), endpoint)
    return normalise(whole) if is_web(whole) else None


def changed_entries(new: Snapshot, old: Snapshot | None) -> set[str]:
    """Return the names of the remotes whose entry is another one than before."""
    if old is None or new.plan is old.plan:
        return set()
    before = old.plan.remotes
    return {
        name
        for name, remote in new.plan.remotes.items()
        if name in before and before[name].entry is not remote.entry
    }
