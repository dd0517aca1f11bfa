"""One developer's remotes in the place of the federation's: snapshots that nobody else's pages come from."""

from __future__ import annotations

import asyncio
import math
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import ada_url

from hanse import resolve
from hanse.errors import FormatError, HanseError, OverrideError, UsageError
from hanse.federation.containers import ServerPaper, decode_container, is_script, read_papers, receive
from hanse.federation.files import Files
from hanse.federation.holdings import Good, Held, Holdings, hold_container
from hanse.federation.hub import Override
from hanse.federation.ledger import Ledger
from hanse.federation.places import Place, is_loopback
from hanse.federation.reading import decode_entry, read
from hanse.federation.settings import Listed, Settings
from hanse.federation.settling import settle
from hanse.federation.snapshot import Snapshot
from hanse.federation.telling import tell
from hanse.formats.manifest import Remote
from hanse.formats.mf_places import MANIFEST_NAME
from hanse.names import check_remote_name
from hanse.net import Access, Client, Flights, digest
from hanse.urls import is_web, normalise

__all__ = ["Overriding"]

SUBJECT: Final = "override"
# What builds call their entry, where nobody says otherwise.
ENTRY: Final = "remoteEntry.json"

Wanted = tuple[Override, ...]
"""Overrides, sorted by name."""


@dataclass(frozen=True, slots=True)
class Made:
    """The outcome of some overrides: the entries they came to, and what these were resolved beside.

    `looked_at` is when the entries were last asked for, `error` why that came to nothing.
    """

    looked_at: float
    goods: Mapping[str, Good]
    base: Snapshot | None = None
    snapshot: Snapshot | None = None
    error: HanseError | None = None


class Overriding:
    """Makes snapshots with overrides, for one federation on its event loop, and keeps the last ones.

    Args:
        settings: What the federation goes by.
        ledger: What it knows.
        client: Asks the web.
        used: Called with the remotes of each set of overrides that is used.
        known: Says what is known of the files behind a snapshot; None where files are let be.
    """

    def __init__(
        self,
        settings: Settings,
        ledger: Ledger,
        client: Client,
        used: Callable[[Iterable[resolve.Remote]], object],
        known: Callable[[Holdings, Snapshot], Awaitable[Files]] | None = None,
    ) -> None:
        self._settings = settings
        self._limits = settings.limits
        self._ledger = ledger
        self._client = client
        self._used = used
        self._known = known
        self._made: OrderedDict[Wanted, Made] = OrderedDict()
        self._flights: Flights[Snapshot] = Flights()
        self._places = asyncio.Semaphore(settings.limits.overrides_at_once)

    async def snapshot(self, remotes: Mapping[str, str]) -> Snapshot:
        """Return the current snapshot with some remotes replaced or added.

        Raises:
            OverrideError: An entry cannot be had, or a strict option forbids the outcome.
            HanseError: A name or URL is none, or there are too many.
        """
        current = self._ledger.require()
        wanted = check_wanted(remotes, self._limits.overrides_per_page)
        if not wanted:
            return current
        made = self._made.get(wanted)
        if made is not None and self._is_young(made):
            if made.error is not None:
                raise made.error.with_traceback(None)
            if made.snapshot is not None and made.base is current:
                self._made.move_to_end(wanted)
                return made.snapshot
        return await self._flights.join(wanted, lambda: self._make(wanted))

    def forget(self, override: Override) -> None:
        """Look at an override's entry anew the next time, however young the last look is."""
        for wanted, made in self._made.items():
            if override in wanted:
                self._made[wanted] = replace(made, looked_at=-math.inf)

    async def aclose(self) -> None:
        """End what is under way."""
        await self._flights.cancel()

    def _is_young(self, made: Made) -> bool:
        now = asyncio.get_running_loop().time()
        return now - made.looked_at < self._limits.override_fresh

    async def _make(self, wanted: Wanted) -> Snapshot:
        """Look at the entries, resolve where they or the federation have changed, and keep the outcome."""
        async with self._places:
            before = self._made.get(wanted)
            looked_at = asyncio.get_running_loop().time()
            goods = {} if before is None else before.goods
            try:
                goods = await self._ask_all(wanted, goods)
                made = await self._settle(goods, before)
            except HanseError as error:
                self._keep(wanted, Made(looked_at, goods, error=error))
                raise
            self._keep(wanted, replace(made, looked_at=looked_at))
            snapshot = made.snapshot or self._ledger.require()
            self._ledger.history.keep_beside(snapshot)
            remotes = snapshot.plan.remotes
            self._used(remotes[name] for name in goods if name in remotes)
            return snapshot

    def _keep(self, wanted: Wanted, made: Made) -> None:
        self._made[wanted] = made
        self._made.move_to_end(wanted)
        while len(self._made) > self._limits.overrides_kept:
            self._made.popitem(last=False)

    async def _ask_all(self, wanted: Wanted, known: Mapping[str, Good]) -> Mapping[str, Good]:
        """Ask for all entries; of those that fail, the first is told of.

        Raises:
            OverrideError: One of them cannot be had.
        """
        asked = [self._ask(name, url, known.get(name)) for name, url in wanted]
        found = await asyncio.gather(*asked, return_exceptions=True)
        goods: dict[str, Good] = {}
        for (name, _), one in zip(wanted, found, strict=True):
            if isinstance(one, HanseError):
                raise blame(one, name) from one
            if isinstance(one, BaseException):
                raise one
            goods[name] = one
        return goods

    async def _ask(self, name: str, url: str, known: Good | None) -> Good:
        """Ask for one entry; the decoded one stays where the bytes are the same.

        Raises:
            HanseError: It cannot be had now, whatever it was a moment ago.
        """
        access = widen(self._client.access, url)
        if self._is_container(name, url):
            return await self._ask_container(name, url, known, access)
        received = await read(Place(url), self._client, cap=self._limits.remote_entry_bytes, access=access)
        if received.trouble is not None:
            raise received.trouble
        if known is not None and known.body == received.body and known.url == url:
            return known
        entry = await decode_entry(received.body, subject=url, limits=self._limits, origins=access.origins)
        return Good(received.body, digest(received.body), entry, url, self._ledger.clock())

    async def _ask_container(self, name: str, url: str, known: Good | None, access: Access) -> Good:
        """Ask for a container's documents; what they came to stays where the bytes are the same.

        Raises:
            HanseError: They cannot be had now, whatever they were a moment ago.
        """
        place, limits = Place(url), self._limits
        received = await receive(place, self._client, limits, access=access)
        if received.trouble is not None:
            raise received.trouble
        papers = await read_papers(place, self._client, limits, access=access)
        papers = replace(papers, server=self._deployed_server(name))
        if known is not None and known.url == url and (known.body, known.papers) == (received.body, papers):
            return known
        container = await decode_container(
            received.body, papers, name=name, url=url, limits=limits, origins=access.origins
        )
        now, base = self._ledger.clock(), self._settings.facade_base
        return hold_container(container, received.body, papers, url, now, facade_base=base)

    def _deployed_server(self, name: str) -> ServerPaper | None:
        """Return the manifest of the build for servers that stays deployed, whatever browsers get instead."""
        holdings = self._ledger.holdings
        held = None if holdings is None else holdings.remotes.get(name)
        return None if held is None or held.good is None else held.good.papers.server

    def _is_container(self, name: str, url: str) -> bool:
        """Tell whether an override is a container: by its URL, or else by what it takes the place of."""
        file = url.partition("?")[0].rpartition("/")[2]
        if is_script(url) or file == MANIFEST_NAME:
            return True
        holdings = self._ledger.holdings
        held = None if holdings is None else holdings.remotes.get(name)
        return held is not None and held.listed.remote.type == "mf" and file != ENTRY

    async def _settle(self, goods: Mapping[str, Good], before: Made | None) -> Made:
        """Resolve the federation with these entries in it.

        Raises:
            OverrideError: A strict option forbids the outcome.
        """
        base, holdings = self._ledger.require(), self._ledger.holdings
        if holdings is None:
            raise UsageError("the federation holds nothing to override", subject=SUBJECT)
        if before is not None and before.base is base and before.snapshot and same(before.goods, goods):
            return before
        previous = base if before is None or before.snapshot is None else before.snapshot
        replaced = replace_remotes(holdings, goods)
        try:
            snapshot = await settle(replaced, self._settings.policy, previous, self._ledger.clock())
        except HanseError as error:
            raise blame(error, ", ".join(goods)) from error
        if self._known is not None and snapshot.plan is not previous.plan:
            # Those of the override itself are not read: they change all the time.
            files = await self._known(replaced, snapshot)
            snapshot = replace(snapshot, files=replace(files, unread=()))
        return Made(0.0, goods, base=base, snapshot=snapshot)


def check_wanted(remotes: Mapping[str, str], most: int) -> Wanted:
    """Check and sort overrides.

    Raises:
        HanseError: A name or URL is none, or there are more than may be.
    """
    if len(remotes) > most:
        raise UsageError(f"{len(remotes)} overrides are too many", subject=SUBJECT, hint=f"{most} may be")
    wanted = []
    for name, url in remotes.items():
        check_remote_name(name, subject=SUBJECT, path=f"$.{name[:60]}")
        whole = normalise(url)
        if whole is None or not is_web(whole):
            raise FormatError(
                "this is no address on the web",
                subject=SUBJECT,
                path=f"$.{name[:60]}",
                found=repr(url[:60]),
                expected="an absolute http: or https: URL",
            )
        wanted.append((name, whole.partition("#")[0]))
    return tuple(sorted(wanted))


def widen(access: Access, url: str) -> Access:
    """Allow one more URL's origin, for one fetch.

    It may be `http:`, and it may have a private address where its URL says so. What is `https:` and has a
    name has to be public, so that a list of origins with a wildcard opens nobody's network.
    """
    parsed = ada_url.URL(url)
    named = parsed.protocol == "https:" and parsed.host_type == ada_url.HostType.DEFAULT
    return access.with_urls([url], local=not named or is_loopback(url))


def same(before: Mapping[str, Good], now: Mapping[str, Good]) -> bool:
    """Tell whether these are the very same entries."""
    return before.keys() == now.keys() and all(before[name] is good for name, good in now.items())


def replace_remotes(holdings: Holdings, goods: Mapping[str, Good]) -> Holdings:
    """Put entries in the place of those the federation holds; new ones come last, before the host."""
    held = {name: one for name, one in holdings.remotes.items() if not one.listed.host}
    hosts = {name: one for name, one in holdings.remotes.items() if one.listed.host}
    listing = dict(holdings.listing)
    for name, good in goods.items():
        before = holdings.remotes.get(name)
        server = None if good.papers.server is None or before is None else before.listed.remote.server
        remote = Remote(good.url, server=server, type="native" if good.container is None else "mf")
        (hosts if name in hosts else held)[name] = Held(
            Listed(
                name,
                remote,
                Place(good.url),
                host=name in hosts,
                local=True,
                trusted=before is None or before.listed.trusted,
            ),
            good,
        )
        if name not in hosts:
            listing[name] = remote
    return replace(holdings, listing=listing, remotes={**held, **hosts})


def blame(error: HanseError, names: str) -> OverrideError:
    """Say whose override it is that cannot be used, and why."""
    return OverrideError(
        f"its override cannot be used: {tell(error)}",
        subject=names,
        hint=error.hint or "open a page with ?hanse-override=none to end it",
    )
