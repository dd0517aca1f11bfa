"""One round: ask the manifest and all remotes whether they have changed, and keep what was good before."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from hanse.errors import BreakerError, DeadlineError, HanseError, StatusError
from hanse.federation.containers import (
    NO_PAPERS,
    TAKEN_BACK,
    decode_container,
    exports_of,
    receive_all,
)
from hanse.federation.holdings import Good, Held, HeldManifest, Holdings, Outcome, hold_container
from hanse.federation.places import Place, widen
from hanse.federation.reading import Received, decode_entry, read
from hanse.federation.settings import Listed, Settings, access_of, places_of
from hanse.formats.manifest import Manifest, decode_manifest
from hanse.net import Client, digest

__all__ = ["Collector"]

LOG: Final = logging.getLogger("hanse.federation")

# Of the time that a round has left, a manifest that only servers need may use this part.
FOR_SERVERS: Final = 0.5


@dataclass(frozen=True, slots=True)
class Collector:
    """Asks for documents; a value, which keeps nothing from one round to the next.

    Attributes:
        settings: What to ask for.
        client: Asks the web; its access is set to what the manifest allows.
        clock: Unix time, in seconds.
        named: Called with a manifest as soon as it is here, before its remotes are asked.
    """

    settings: Settings
    client: Client
    clock: Callable[[], float]
    named: Callable[[Manifest], object] = lambda _: None

    async def collect(self, before: Holdings | None) -> Holdings:
        """Ask for everything.

        Args:
            before: The round before this one, or what was stored; its good documents stand in.

        Raises:
            HanseError: There is no manifest, and none from before.
        """
        limits = self.settings.limits
        ends = asyncio.get_running_loop().time() + limits.refresh_deadline
        manifest, listed = await self.manifest(before)
        self.named(manifest.manifest)
        known = {} if before is None else before.remotes
        order = sorted(listed, key=lambda one: turn(known.get(one.name)))
        gate = asyncio.Semaphore(limits.connections)
        async with asyncio.TaskGroup() as group:
            tasks = {
                one.name: group.create_task(self.renew(one, known.get(one.name), gate, ends)) for one in order
            }
        held = {one.name: tasks[one.name].result() for one in listed}
        return Holdings(manifest, self.settings.manifest_with_own(manifest.manifest), held)

    async def manifest(self, before: Holdings | None) -> tuple[HeldManifest, list[Listed]]:
        """Ask for the manifest, find the places it names, and allow their origins.

        Raises:
            HanseError: It could not be had, and there is none from before.
        """
        try:
            found = await self.read_manifest(before)
            listed = self.allow(found.manifest)
        except HanseError as error:
            if before is None:
                raise
            cause = first_cause(error, before.manifest.error)
            found = replace(before.manifest, error=cause, outcome=outcome_of(error))
            listed = self.allow(found.manifest)
        return found, listed

    async def read_manifest(self, before: Holdings | None) -> HeldManifest:
        """Read the manifest; one whose bytes have not changed is not decoded again."""
        settings, source = self.settings, self.settings.source
        if source.place is None:
            return HeldManifest(source.given)
        cap = settings.limits.manifest_bytes
        received = await read(source.place, self.client, cap=cap, integrity=source.integrity)
        outcome = came_to(received)
        if before is not None and received.body == before.manifest.body:
            return replace(before.manifest, error=received.trouble, outcome=outcome)
        manifest = decode_manifest(received.body, subject=source.label, limits=settings.limits)
        return HeldManifest(manifest, received.body, received.trouble, outcome)

    def allow(self, manifest: Manifest) -> list[Listed]:
        """List the remotes of a manifest, and let the client ask their origins and no others.

        Raises:
            FormatError: A remote has the name of the host.
        """
        listed = self.settings.listing(manifest)
        access = access_of(self.settings)
        named = places_of(listed)
        places = [place for place, local in named if not local]
        access = widen(access, places, self.settings.source.base)
        local = [place.url for place, own in named if own and place.file is None]
        self.client.access = access.with_urls(local, local=True)
        return listed

    async def renew(self, listed: Listed, held: Held | None, gate: asyncio.Semaphore, ends: float) -> Held:
        """Ask for one remote's entry; what goes wrong is noted, and the last good one stays.

        Its own deadline begins when its turn has come, so that those before it in the queue cannot use it up.
        """
        known = held is not None and held.listed.remote.type == listed.remote.type
        good = held.good if held is not None and known else None
        asked = False
        try:
            async with asyncio.timeout_at(ends), gate:
                asked = True
                return await self.ask(listed, good, ends)
        except TimeoutError:
            seconds = self.settings.limits.refresh_deadline
            late = DeadlineError(
                f"the refresh ended after {seconds:g} s before it was here",
                subject=listed.place.url,
                hint="too many remotes are slow at the same time",
            )
            return Held(listed, good, late, asked=asked, outcome="failed" if asked else "skipped")
        except HanseError as error:
            if isinstance(error, StatusError) and error.status in TAKEN_BACK:
                good = None
            cause = first_cause(error, None if held is None else held.error)
            outcome: Outcome = "skipped" if error is listed.fault else outcome_of(error)
            return Held(listed, good, cause, outcome=outcome)
        except Exception as error:
            # A mistake of ours, or of a library, that one remote brings to light must not cost the others.
            LOG.exception("remote %r brought something unexpected to light", listed.name)
            text = f"an unexpected {type(error).__name__}: {error}"
            return Held(listed, good, HanseError(text, subject=listed.place.url), outcome="failed")

    async def ask(self, listed: Listed, good: Good | None, ends: float) -> Held:
        """Read and decode one remote's entry; the decoded one stays where the bytes are the same.

        Raises:
            HanseError: It could not be had, or is not a proper one.
        """
        if listed.fault is not None:
            raise listed.fault
        if listed.remote.type == "mf":
            return await self.ask_container(listed, good, ends)
        limits = self.settings.limits
        received = await read(
            tagged(listed, self.settings),
            self.client,
            cap=limits.remote_entry_bytes,
            integrity=listed.remote.integrity,
            deadline=listed.deadline,
        )
        fetched_at = self.clock() - received.age
        url = listed.place.url
        if good is not None and received.body == good.body:
            if received.trouble is not None:
                fetched_at = good.fetched_at
            renewed = replace(good, url=url, fetched_at=fetched_at)
        else:
            origins = self.client.access.origins
            entry = await decode_entry(received.body, subject=url, limits=limits, origins=origins)
            renewed = Good(received.body, digest(received.body), entry, url, fetched_at)
        return Held(listed, renewed, received.trouble, outcome=came_to(received))

    async def ask_container(self, listed: Listed, good: Good | None, ends: float) -> Held:
        """Read and decode what there is of a container; what it comes to stays where the bytes are the same.

        The manifest of its build for servers gets part of the round's time, so that it cannot cost a browser
        its own.

        Raises:
            HanseError: Its manifest could not be had, or is not a proper one.
        """
        limits, url = self.settings.limits, listed.place.url
        known = NO_PAPERS if good is None else good.papers
        left = (ends - asyncio.get_running_loop().time()) * FOR_SERVERS
        received, papers = await receive_all(
            listed.place,
            listed.server,
            self.client,
            limits,
            integrity=listed.remote.integrity,
            before=known,
            deadline=listed.deadline,
            server_deadline=min(listed.deadline or limits.fetch_deadline, max(left, 0.0)),
        )
        fetched_at = self.clock() - received.age
        facades = listed.remote.facade
        same = (
            good is not None
            and good.container is not None
            and good.url == url
            and good.container.facades == exports_of(facades)
        )
        if good is not None and same and (received.body, papers) == (good.body, known):
            if received.trouble is not None:
                fetched_at = good.fetched_at
            return Held(
                listed, replace(good, fetched_at=fetched_at), received.trouble, outcome=came_to(received)
            )
        container = await decode_container(
            received.body,
            papers,
            name=listed.name,
            url=url,
            limits=limits,
            origins=self.client.access.origins,
            facades=facades,
        )
        base = self.settings.facade_base
        renewed = hold_container(container, received.body, papers, url, fetched_at, facade_base=base)
        return Held(listed, renewed, received.trouble, outcome=came_to(received))


def came_to(received: Received) -> Outcome:
    """Return what asking for a document came to, now that there is one."""
    if received.trouble is not None:
        return outcome_of(received.trouble)
    return "not_modified" if received.confirmed else "fetched"


def outcome_of(error: HanseError) -> Outcome:
    """Return what asking for a document came to that could not be had."""
    return "skipped" if isinstance(error, BreakerError) else "failed"


def turn(held: Held | None) -> int:
    """Return when it is a remote's turn: first who had none the last time, last who failed.

    So those that are slow do not use up the round's time for the others, round after round.
    """
    if held is None or held.error is None:
        return 1
    return 2 if held.asked else 0


def tagged(listed: Listed, settings: Settings) -> Place:
    """Append the orchestrator's cache tag to an entry's URL, where there is one."""
    tag = settings.policy.profile.cache_tag
    if listed.host and settings.host is not None:
        tag = settings.host.cache_tag or tag
    if not tag or listed.place.file is not None:
        return listed.place
    mark = "&" if "?" in listed.place.url else "?"
    return Place(f"{listed.place.url}{mark}cacheTag={tag}")


def first_cause(error: HanseError, earlier: HanseError | None) -> HanseError:
    """Return why a document failed in the first place, where its origin is only left alone for that."""
    return earlier if isinstance(error, BreakerError) and earlier is not None else error
