"""Build notifications of remotes under development: one connection upstream, however many pages listen.

Native federation's dev servers offer server-sent events at the `buildNotificationsEndpoint` of a remote's
entry. A browser that watched them itself would use up one of its six connections to an origin with every tab.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Final

import msgspec

from hanse.errors import HanseError
from hanse.federation.hub import Hub, News
from hanse.federation.snapshot import Snapshot
from hanse.federation.telling import tell
from hanse.limits import Limits
from hanse.net import Client, Event, Interrupted, Opened
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

Reread = Callable[[str], Awaitable[Snapshot]]
"""Reads a remote's documents now, and returns the snapshot they are in."""


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
        reread: Called when a remote was built anew, once at a time for each remote.
        limits: `event_streams` is used.
    """

    def __init__(self, client: Client, hub: Hub, reread: Reread, limits: Limits) -> None:
        self._client = client
        self._hub = hub
        self._reread = reread
        self._limits = limits
        self._loop = asyncio.get_running_loop()
        self._watched: dict[str, tuple[str, ...]] = {}
        self._streams: dict[str, asyncio.Task[None]] = {}
        self._readings: dict[str, asyncio.Task[None]] = {}
        self._again: set[str] = set()
        self._announced: set[str] = set()
        self._ended = False

    def compare(self, new: Snapshot, old: Snapshot | None) -> None:
        """Look at a snapshot and the one before it: what is to be watched, and whose health has changed.

        In the loop's own thread.
        """
        if self._ended:
            return
        self._reconcile(new.plan.remotes)
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

    def _reconcile(self, remotes: Mapping[str, Remote]) -> None:
        """Watch each endpoint that there is now, and no other."""
        found: dict[str, list[str]] = {}
        for remote in remotes.values():
            url = endpoint_of(remote)
            if url is not None:
                found.setdefault(url, []).append(remote.name)
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
            await self._client.watch(url, partial(self._hear, url))
            LOG.info("%s has said that it will notify of no more builds", url)
        except HanseError as error:
            LOG.warning("builds are not notified of any more: %s", error)
        except Exception:
            LOG.exception("builds are not notified of any more: %s", url)

    def _hear(self, url: str, heard: Event | Opened | Interrupted) -> None:
        names = self._watched.get(url, ())
        if isinstance(heard, Interrupted):
            LOG.debug("%s: builds are not watched for %.1f s: %s", url, heard.retry_in, heard.error)
        elif isinstance(heard, Opened):
            LOG.info("%s: builds of %s are watched", url, ", ".join(names))
            if heard.again:
                # Builds may have ended meanwhile: what has changed is found by looking.
                for name in names:
                    self._read(name, announce=False)
        else:
            self._obey(heard.data, names)

    def _obey(self, data: str, names: tuple[str, ...]) -> None:
        """Do what a message asks for; one that nobody knows is ignored, as the orchestrator does."""
        try:
            message = MESSAGE.decode(data.encode("utf-8", "replace"))
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            LOG.debug("a notification of %s cannot be read: %s", ", ".join(names), error)
            return
        if message.type == COMPLETE:
            for name in names:
                self._read(name, announce=True)
        elif message.type in FAILURES:
            said = (message.error or message.message or "").strip()[:REASON_LENGTH]
            reason = f"{FAILURES[message.type]}: {said}" if said else FAILURES[message.type]
            for name in names:
                self._hub.publish(News("failing", name, reason=reason))

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
        task = self._readings[name] = self._loop.create_task(self._reread_all(name))
        task.add_done_callback(lambda _: self._readings.pop(name, None))

    async def _reread_all(self, name: str) -> None:
        """Read a remote anew, and once more as long as builds have ended meanwhile."""
        self._again.add(name)
        while name in self._again:
            self._again.discard(name)
            announced = name in self._announced
            try:
                snapshot = await self._reread(name)
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
