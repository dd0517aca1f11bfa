"""Casts: one selection of builds, the groups that run it, and the views that pages get of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from hanse.errors import HanseError
from hanse.federation.holdings import Good
from hanse.federation.server.groups import Group, Surroundings
from hanse.federation.server.openings import Opened
from hanse.federation.server.parts import NO_SERVER
from hanse.federation.server.sides import torn, uneven
from hanse.federation.server.stock import Held
from hanse.federation.server.supplies import group_of
from hanse.federation.server.views import Role, View
from hanse.federation.snapshot import Snapshot
from hanse.federation.telling import tell

__all__ = ["Cast"]

NO_ROLES: Final[Mapping[str, Role]] = MappingProxyType({})
NO_GOODS: Final[Mapping[str, Good]] = MappingProxyType({})


class Cast:
    """A selection of builds, and the groups that run it.

    Args:
        held: Returns the builds, by remote.
        around: What groups are told by the federation; who they are of is filled in here.
        beside: A cast that has the same builds, but for those of `replaced`: what runs there already is used.
        replaced: The remotes whose builds are others than there.
    """

    def __init__(
        self,
        held: Callable[[], Mapping[str, Held]],
        around: Surroundings,
        *,
        beside: Cast | None = None,
        replaced: Collection[str] = (),
    ) -> None:
        self.held = held
        self._around = replace(around, held=self._held_by)
        self._beside = beside
        self._replaced = replaced
        self._groups: dict[str, Group] = {}

    @property
    def groups(self) -> tuple[Group, ...]:
        """Its own groups."""
        return tuple(self._groups.values())

    def renew(self) -> None:
        """See to it that every build has its group, and tell the groups."""
        for name, held in self.held().items():
            group = group_of(name, held.supply)
            if group not in self._groups and self._is_own(group):
                self._groups[group] = Group(group, held.supply.engine, self._around)
        for one in self.groups:
            one.wake()

    async def settled(self) -> None:
        """Wait until what is there runs, or was refused."""
        for group in self.groups:
            await group.settled()

    def group(self, name: str, held: Held) -> Group | None:
        """Return the group that a remote is in."""
        wanted = group_of(name, held.supply)
        if wanted in self._groups or self._beside is None:
            return self._groups.get(wanted)
        return self._beside.group(name, held)

    def opened(self, name: str, held: Held) -> Opened | None:
        """Return the generation that a remote runs in; None where it runs in none."""
        group = self.group(name, held)
        running = None if group is None else group.opened
        return running if running is not None and name in running.running.members else None

    def error(self, name: str, held: Held) -> HanseError | None:
        """Return what is wrong with a remote: that its latest build could not be had, or does not run."""
        group = self.group(name, held)
        if held.error is not None or held.build is None or group is None:
            return held.error
        return group.refused.get((name, held.build.entry.build))

    def refusals(self, name: str, held: Held) -> tuple[HanseError, ...]:
        """Return why builds of a remote were refused, the latest last."""
        group = self.group(name, held)
        known = () if group is None else tuple(group.refused.items())
        return tuple(error for (remote, _), error in known if remote == name)

    def view(
        self,
        snapshot: Snapshot,
        reasons: Mapping[str, str],
        roles: Mapping[str, Role] = NO_ROLES,
        goods: Mapping[str, Good] = NO_GOODS,
    ) -> View:
        """Make a view.

        Args:
            snapshot: What the browser gets.
            reasons: Why remotes have no server modules, as far as that is known already.
            roles: What delegates have decided.
            goods: The remotes' entries for browsers.
        """
        opened: dict[str, Opened] = {}
        why: dict[str, str] = {}
        held = self.held()
        for name, one in held.items():
            running = self.opened(name, one)
            if running is not None:
                opened[name] = running
            else:
                error = self.error(name, one)
                why[name] = NO_SERVER if error is None else f"its server modules: {tell(error)}"
        supplies = {name: one.supply for name, one in held.items()}
        return View(
            snapshot,
            supplies=supplies,
            opened=opened,
            reasons={**reasons, **why},
            roles=roles,
            torn=self.torn(goods),
        )

    def torn(self, goods: Mapping[str, Good]) -> dict[str, str]:
        """Return the remotes whose builds do not belong together, with the reason.

        Args:
            goods: The remotes' entries for browsers.
        """
        found: dict[str, str] = {}
        absent: dict[str, frozenset[str]] = {}
        for name, one in tuple(self.held().items()):
            opened = self.opened(name, one)
            if opened is not None:
                absent.update(opened.running.assembly.absent)
                entry = opened.running.members[name].build.entry
                if (why := torn(one.supply, entry, goods.get(name))) is not None:
                    found[name] = why
        return {**uneven(goods, absent), **found}

    def retire(self) -> None:
        """End its own groups; what pages still use is drained."""
        for group in self.groups:
            group.retire()

    async def aclose(self) -> None:
        """End its own groups at once."""
        for group in self.groups:
            await group.aclose()

    def _is_own(self, group: str) -> bool:
        """Tell whether a group is another than that beside."""
        if self._beside is None:
            return True
        tables = self.held(), self._beside.held()
        return any(
            group_of(name, held[name].supply) == group
            for held in tables
            for name in self._replaced
            if name in held
        )

    def _held_by(self, group: str) -> Mapping[str, Held]:
        return {name: held for name, held in self.held().items() if group_of(name, held.supply) == group}
