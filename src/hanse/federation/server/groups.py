"""Groups: the remotes that share a generation, kept running through their deploys.

A new generation is opened beside the old one, which goes on until the new one is warm. Where it cannot be
opened, the remote whose build is to blame is found by leaving it out, and goes on with the build before.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from hanse.engines.base import Realm, module_name
from hanse.errors import EngineError, HanseError
from hanse.federation.generation_checks import BrowserSide
from hanse.federation.generations import Assembly, Member, assemble
from hanse.federation.server.engines import Engines
from hanse.federation.server.openings import Opened, Running
from hanse.federation.server.stock import Held
from hanse.federation.telling import tell
from hanse.limits import Limits
from hanse.render.adapters import place_adapters
from hanse.resolve import Policy

__all__ = ["Group", "Surroundings"]

LOG: Final = logging.getLogger("hanse.federation")


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What groups are told by the federation.

    Attributes:
        engines: Opens realms.
        policy: How versions are decided.
        browser: Returns what the browser gets at the moment; None as long as it gets nothing.
        held: Returns the builds of a group's remotes, by name.
        changed: Called when a group has another generation, or none.
        limits: The caps.
    """

    engines: Engines
    policy: Policy
    browser: Callable[[], BrowserSide | None]
    held: Callable[[str], Mapping[str, Held]]
    changed: Callable[[], object]
    limits: Limits


class Group:
    """One group; its task renews it whenever it is told that something has changed.

    Args:
        name: `deno`, `wasm`, or `wasm of NAME`.
        engine: The kind of engine.
        around: What it is told by the federation.
    """

    def __init__(self, name: str, engine: str, around: Surroundings) -> None:
        self.name = name
        self.opened: Opened | None = None
        self.refused: dict[tuple[str, str], HanseError] = {}
        # What else there was when a build was refused, for one that imports what nobody had.
        self._lonely: dict[tuple[str, str], frozenset[str]] = {}
        self._tried: frozenset[str] = frozenset()
        # What its generation was made of: where that is the same, there is nothing to do.
        self._made_of: tuple[dict[str, Member], BrowserSide] | None = None
        self._engine = engine
        self._around = around
        self._dirty = asyncio.Event()
        self._idle = asyncio.Event()
        self._task = asyncio.get_running_loop().create_task(self._live())

    def wake(self) -> None:
        """Look at the builds again."""
        self._idle.clear()
        self._dirty.set()

    async def settled(self) -> None:
        """Wait until there is nothing to do."""
        await self._idle.wait()

    def retire(self) -> None:
        """End it; its realm is drained."""
        self._task.cancel()
        if self.opened is not None:
            self.opened.retire()

    async def aclose(self) -> None:
        """End it, and its realm."""
        self._task.cancel()
        await asyncio.wait({self._task})
        if self.opened is not None:
            await self.opened.aclose()

    async def _live(self) -> None:
        while True:
            await self._dirty.wait()
            self._dirty.clear()
            try:
                await self._renew()
            except HanseError as error:
                LOG.warning("the server modules of %s cannot be run: %s", self.name, tell(error))
            except Exception:
                LOG.exception("the server modules of %s cannot be run", self.name)
            if not self._dirty.is_set():
                self._idle.set()

    async def _renew(self) -> None:
        """Bring the generation up to date with the builds that are held."""
        self._pardon()
        members, browser = self._members(), self._around.browser()
        if browser is None:
            return  # Whoever is waited for is asked at this very moment; this group is told then.
        if not members:
            self._made_of = None
            self._replace(None)
            return
        if self._made_of == (members, browser):
            return
        assembly = await self._assemble(members)
        before = self.opened
        if before is not None and before.running.assembly.generation.id == assembly.generation.id:
            before.running = self._run(members, assembly)[0]
            self._made_of = members, browser
            self._around.changed()
            return
        opened = await self._open_best(members, assembly)
        if opened is not None:
            self._made_of = {**opened.running.members}, browser
            self._replace(opened)

    def _pardon(self) -> None:
        """Try again those builds that lacked a module which somebody may have by now."""
        present = self._tried = self._present()
        for key in [key for key, before in self._lonely.items() if before != present]:
            del self._lonely[key]
            self.refused.pop(key, None)

    def _present(self) -> frozenset[str]:
        """Return the digests of all builds that are held."""
        builds = (held.build for held in self._around.held(self.name).values())
        return frozenset(build.entry.build for build in builds if build is not None)

    def _members(self) -> dict[str, Member]:
        """Return whose builds should run: the latest that were not refused, with those they consume."""
        before = {} if self.opened is None else self.opened.running.members
        found: dict[str, Member] = {}
        for name, held in self._around.held(self.name).items():
            build = held.build
            if build is not None and (name, build.entry.build) not in self.refused:
                found[name] = Member(
                    name=name,
                    build=build,
                    trusted=held.supply.trusted,
                    formats=held.formats,
                    open=held.open,
                )
            elif build is not None and name in before:
                found[name] = before[name]
        for name, held in self._around.held(self.name).items():
            if name in found and found[name].build is held.build:
                for inner, build in held.nested.items():
                    found.setdefault(
                        inner,
                        Member(name=inner, build=build, trusted=held.supply.trusted, consumer=name),
                    )
        return found

    async def _assemble(self, members: Mapping[str, Member]) -> Assembly:
        warm = [one for name, member in members.items() for one in warmed(name, member)]
        browser, policy = self._around.browser(), self._around.policy
        return await asyncio.to_thread(assemble, members.values(), policy=policy, browser=browser, warm=warm)

    def _run(self, members: Mapping[str, Member], assembly: Assembly) -> tuple[Running, Assembly]:
        """Return what is known of a generation, and the same with its adapters placed."""
        entries = {name: member.build.entry for name, member in members.items()}
        torn = {
            one.remote: one.text
            for one in assembly.findings
            if one.code == "torn" and one.specifier == "react-dom/server"
        }
        placed, choices = place_adapters(assembly.generation, entries, torn=torn)
        running = Running(group=self.name, members=members, assembly=assembly, choices=choices)
        return running, Assembly(generation=placed, plan=assembly.plan)

    async def _open(self, members: Mapping[str, Member], assembly: Assembly | None = None) -> Opened:
        """Open a generation of these members.

        Raises:
            HanseError: It cannot be put together, or does not run.
        """
        if assembly is None:
            assembly = await self._assemble(members)
        running, placed = self._run(members, assembly)
        realm: Realm = await self._around.engines.open(self._engine, placed.generation)
        return Opened(running, realm, drain=self._around.limits.drain_deadline)

    async def _open_best(self, members: dict[str, Member], assembly: Assembly) -> Opened | None:
        """Open a generation with as many of the latest builds as run; None where none does."""
        try:
            return await self._open(members, assembly)
        except HanseError as error:
            fault = error
        before = {} if self.opened is None else self.opened.running.members
        changed = [name for name in members if before.get(name) != members[name]]
        for name in by_blame(fault, changed):
            rest = without(name, members, before)
            if rest == dict(before):
                self._refuse(members[name], fault)
                return None
            try:
                opened = await self._open(rest) if rest else None
            except HanseError:
                continue
            self._refuse(members[name], fault)
            return opened
        return await self._open_one_by_one(members, before, changed)

    async def _open_one_by_one(
        self, members: Mapping[str, Member], before: Mapping[str, Member], changed: Iterable[str]
    ) -> Opened | None:
        """Take in the changed builds one after the other, as far as they run: several do not."""
        good: dict[str, Member] = {name: before[name] for name in members if name in before}
        best: Opened | None = None
        for name in changed:
            attempt = {**good, name: members[name]}
            try:
                opened = await self._open(attempt)
            except HanseError as error:
                self._refuse(members[name], error)
                continue
            if best is not None:
                await best.aclose()
            good, best = attempt, opened
        return best

    def _refuse(self, member: Member, error: HanseError) -> None:
        """Go on without a build that does not run."""
        LOG.warning("the new server build of %r is refused: %s", member.name, tell(error))
        self.refused[member.name, member.build.entry.build] = error
        if isinstance(error, EngineError) and error.reason == "import":
            self._lonely[member.name, member.build.entry.build] = self._tried
        while len(self.refused) > self._around.limits.builds_refused:
            del self.refused[next(iter(self.refused))]
        self._around.changed()

    def _replace(self, opened: Opened | None) -> None:
        """Put another generation into the place of the present one, which is drained."""
        before, self.opened = self.opened, opened
        self._around.changed()
        if before is not None:
            before.retire()


def warmed(name: str, member: Member) -> Iterator[str]:
    """Yield what is evaluated of a member before the first call: all it exposes; of a delegate, itself."""
    entry = member.build.entry
    if member.open and entry.container is not None:
        yield module_name(name, entry.container.script)
    elif not member.consumer:
        yield from (f"{name}/./{key.removeprefix('./')}" for key in entry.exposes)


def without(name: str, members: Mapping[str, Member], before: Mapping[str, Member]) -> dict[str, Member]:
    """Return the members with one of them as it was before, or left out with what it alone consumes."""
    rest = {other: member for other, member in members.items() if name not in (other, member.consumer)}
    if name in before:
        rest[name] = before[name]
        rest |= {other: one for other, one in before.items() if one.consumer == name}
    return rest


def by_blame(error: HanseError, names: Iterable[str]) -> list[str]:
    """Order remotes by how likely an error is theirs: those that it names first."""
    text = f"{error.subject} {getattr(error, 'stack', '')} {error.message}"
    return sorted(names, key=lambda name: f"{name}/" not in text and name != error.subject)
