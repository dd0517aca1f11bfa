"""Variants: what runs beside the federation as it is, because delegates have decided otherwise for a request.

Each set of decisions has a selection of builds of its own. Whatever imports a module of a remote gets that of
the build that was decided on, so that no page has two builds of it.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import tempfile
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Final

from hanse.errors import HanseError
from hanse.federation.delegates import Decision
from hanse.federation.holdings import Good
from hanse.federation.server.casts import Cast
from hanse.federation.server.groups import Surroundings
from hanse.federation.server.stock import Held, Stock
from hanse.federation.server.supplies import Supply
from hanse.federation.server.verdicts import Verdict
from hanse.federation.server.views import Role, View
from hanse.federation.snapshot import Snapshot
from hanse.federation.telling import tell
from hanse.limits import Limits
from hanse.stream import StreamCache
from hanse.stream.import_script import find_remotes

__all__ = ["Sources", "Variants"]

LOG: Final = logging.getLogger("hanse.federation")

Decided = tuple[tuple[str, Decision], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where variants get what they need.

    Attributes:
        base: The builds of the federation as it is.
        around: What groups are told by the federation.
        supply: Returns where the build of a decision comes from; raises a `HanseError` where that may not be.
        stock: Makes what follows builds, of the cache it has, what it calls when one has come, and the trace
            of the request that it is made for.
        limits: The caps.
    """

    base: Cast
    around: Surroundings
    supply: Callable[[str, Decision], Supply]
    stock: Callable[[StreamCache, Callable[[], object], str | None], Stock]
    limits: Limits


class Variant:
    """The builds of one set of decisions.

    Args:
        decided: The set.
        sources: Where it gets what it needs.
        branches: Follows the builds that were decided on by their URLs; a text says why one is not followed.
    """

    def __init__(
        self, decided: Decided, sources: Sources, branches: Mapping[tuple[str, Decision], Stock | str]
    ) -> None:
        self._decided = decided
        self._branches = branches
        self._base = sources.base
        self._until = asyncio.get_running_loop().time() + sources.limits.delegate_start
        self._ready = False
        self._view: View | None = None
        around = replace(sources.around, changed=self.forget)
        replaced = [remote for remote, _ in decided]
        self._cast = Cast(self._held, around, beside=sources.base, replaced=replaced)
        self.retire, self.aclose = self._cast.retire, self._cast.aclose
        self.renew()

    def renew(self) -> None:
        """Look at the builds again."""
        self._cast.renew()
        self.forget()

    def forget(self) -> None:
        """Make a new view when the next page asks for one."""
        self._view = None

    async def ready(self) -> None:
        """Wait until all of it runs, for as long as the first pages may wait."""
        left = self._until - asyncio.get_running_loop().time()
        if self._ready or left <= 0:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(left):
                for key in self._decided:
                    branch = self._branches.get(key)
                    if isinstance(branch, Stock):
                        await branch.settled()
                await self._cast.settled()
                self._ready = True

    def view(
        self,
        snapshot: Snapshot,
        reasons: Mapping[str, str],
        refused: Mapping[str, Role],
        goods: Mapping[str, Good],
    ) -> View:
        """Return what a page is rendered from.

        Args:
            snapshot: What the browser gets.
            reasons: Why remotes have no server modules.
            refused: The remotes about which nothing was decided.
            goods: The remotes' entries for browsers.
        """
        if refused:
            return self._cast.view(snapshot, reasons, {**self._roles(), **refused}, goods)
        if self._view is None or self._view.snapshot is not snapshot:
            self._view = self._cast.view(snapshot, reasons, self._roles(), goods)
        return self._view

    def _held(self) -> dict[str, Held]:
        """Return the builds; where there is none of a decision, those who import it get the usual one."""
        base = self._base.held()
        found = dict(base)
        for remote, decision in self._decided:
            held = self._decided_on(remote, decision, base)
            if held is not None and held.build is not None:
                found[remote] = replace(held, supply=replace(held.supply, remote=remote))
        return found

    def _decided_on(self, remote: str, decision: Decision, base: Mapping[str, Held]) -> Held | None:
        if decision.kind == "remote":
            return base.get(decision.value)
        branch = self._branches.get((remote, decision))
        return branch.held.get(remote) if isinstance(branch, Stock) else None

    def _roles(self) -> dict[str, Role]:
        """Return what the decisions mean for pages."""
        base, held = self._base.held(), self._held()
        roles = {
            name: Role(name, hydrates=False) for name in importing({one for one, _ in self._decided}, held)
        }
        for remote, decision in self._decided:
            roles[remote] = self._role(remote, decision, base, held)
        return roles

    def _role(
        self, remote: str, decision: Decision, base: Mapping[str, Held], held: Mapping[str, Held]
    ) -> Role:
        """Return what one decision means: another remote's module is that in the browser as well."""
        own = self._decided_on(remote, decision, base)
        runs = own is not None and own.build is not None and self._cast.opened(remote, held[remote])
        if decision.kind == "remote":
            return Role(decision.value, rendered=bool(runs))
        branch = self._branches.get((remote, decision))
        if isinstance(branch, str):
            return Role(remote, refused=f"its delegate gave {decision.value}: {branch}")
        if not runs:
            error = None if own is None else self._cast.error(remote, own)
            why = "its build has not come yet" if error is None else tell(error)
            return Role(remote, refused=f"its delegate gave {decision.value}: {why}")
        return Role(remote, hydrates=False)


def importing(remotes: set[str], held: Mapping[str, Held]) -> set[str]:
    """Return who imports what some remotes expose, and who imports that of those in their turn."""
    imported = {name: imports_of(one) for name, one in held.items()}
    found, fresh = set[str](), set(remotes)
    while fresh:
        fresh = {name for name, used in imported.items() if used & fresh} - found - remotes
        found |= fresh
    return found


def imports_of(held: Held) -> set[str]:
    """Return the remotes that a build may import from: every name that something of it begins with."""
    build = held.build
    if build is None:
        return set()
    entry = build.entry
    names = (one for module in entry.modules.values() for one in module.externals)
    starts = (name.split("/") for name in names)
    found = {"/".join(parts[:count]) for parts in starts for count in range(1, len(parts) + 1)}
    if entry.container is not None:
        found |= consumed_by(build.contents.get(entry.container.script, b""))
    return found | {*held.nested}


@lru_cache(maxsize=256)
def consumed_by(script: bytes) -> frozenset[str]:
    """Return the remotes that a container's script consumes; looked for once in each."""
    return frozenset(find_remotes(script))


class Variants:
    """The variants of a federation; those not used for the longest time end first.

    Args:
        sources: Where they get what they need.
    """

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._variants: OrderedDict[Decided, Variant] = OrderedDict()
        self._branches: dict[tuple[str, Decision], Stock | str] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def __len__(self) -> int:
        return len(self._variants)

    async def find(self, verdict: Verdict, trace: str | None = None) -> Variant:
        """Return the variant of a verdict, which runs by then if it does so in time.

        Args:
            verdict: What was decided.
            trace: The trace of the request that it was decided for.
        """
        key = verdict.decisions
        variant = self._variants.get(key)
        if variant is None:
            for remote, decision in key:
                self._follow(remote, decision, trace)
            variant = self._variants[key] = Variant(key, self._sources, self._branches)
            self._drop_old()
        self._variants.move_to_end(key)
        await variant.ready()
        return variant

    def renew(self) -> None:
        """Look at the builds again, for those of the federation have changed."""
        for variant in tuple(self._variants.values()):
            variant.renew()

    def forget(self) -> None:
        """Make new views, for the groups of the federation run something else."""
        for variant in tuple(self._variants.values()):
            variant.forget()

    async def look(self) -> None:
        """Look at the builds that were decided on by their URLs now."""
        for branch in tuple(self._branches.values()):
            if isinstance(branch, Stock):
                await branch.look()
        for variant in tuple(self._variants.values()):
            await variant.ready()

    async def aclose(self) -> None:
        """End them all."""
        for variant in self._variants.values():
            await variant.aclose()
        for branch in self._branches.values():
            if isinstance(branch, Stock):
                await branch.aclose()
        await asyncio.gather(*self._ending)
        if self._folder is not None:
            await asyncio.to_thread(self._folder.cleanup)

    def _follow(self, remote: str, decision: Decision, trace: str | None) -> None:
        """Follow the build of a decision, if it is one by its URL."""
        key = (remote, decision)
        if decision.kind == "remote" or isinstance(self._branches.get(key), Stock):
            return
        try:
            supply = self._sources.supply(remote, decision)
        except HanseError as error:
            LOG.warning("what the delegate of %r gave is not used: %s", remote, tell(error))
            self._branches[key] = tell(error)
            return
        stock = self._sources.stock(self._cache(key), self.renew, trace)
        self._branches[key] = stock
        stock.supply({remote: supply})

    def _cache(self, key: tuple[str, Decision]) -> StreamCache:
        """Return a cache for as long as this process lives: decisions come and go with requests."""
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="hanse-variants-")
        name = hashlib.sha256("\n".join((key[0], key[1].kind, key[1].value)).encode()).hexdigest()[:24]
        return StreamCache(Path(self._folder.name) / name)

    def _drop_old(self) -> None:
        """End those that are too many, and what nobody follows any more."""
        while len(self._variants) > self._sources.limits.delegate_variants:
            _, variant = self._variants.popitem(last=False)
            variant.retire()
        used = {one for key in self._variants for one in key}
        for one in [one for one in self._branches if one not in used]:
            branch = self._branches.pop(one)
            if isinstance(branch, Stock):
                task = asyncio.get_running_loop().create_task(branch.aclose())
                self._ending.add(task)
                task.add_done_callback(self._ending.discard)
