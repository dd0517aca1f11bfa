"""How calls come aboard: by turns, and apart from the remote whose calls hold realms up.

Whose call holds a realm up, or had it ended for its deadline, is a suspect for a while. Suspects never get
the last realm that has none of theirs; the others get one without suspects, where there is one. Nobody boards
a realm that is held up.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from hanse.engines.pool_ship import Owners, Ship
from hanse.errors import EngineError

__all__ = ["Boarding"]


class Waiter:
    """A call that waits for a realm."""

    def __init__(self, owner: str, *, moved: bool) -> None:
        self.owner = owner
        self.moved = moved
        self.turn: asyncio.Future[Ship] = asyncio.get_running_loop().create_future()


class Boarding:
    """The places in a fleet's realms, and the queue before them.

    Args:
        owners: Whose module a call is for.
        size: Realms that work at once.
        each: Calls in each at a time.
        queue: Calls that wait.
        once: Whether a realm has one call, and no more.
        apart: How long a remote is a suspect, in seconds.
        changed: Told when there is more or less to do.

    Attributes:
        ships: The realms.
        busy: Calls under way.
    """

    def __init__(
        self,
        owners: Owners,
        *,
        size: int,
        each: int,
        queue: int,
        once: bool,
        apart: float,
        changed: Callable[[], None],
    ) -> None:
        self.ships: set[Ship] = set()
        self.busy = 0
        self._owners = owners
        self._size = size
        self._each = each
        self._queue = queue
        self._once = once
        self._apart = apart
        self._changed = changed
        self._waiting: deque[Waiter] = deque()
        self._suspects: frozenset[str] = frozenset()
        self._until: dict[str, float] = {}
        self._clock = asyncio.get_running_loop().time

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def check(self, subject: str) -> None:
        """Make sure that one more has room, if only to wait.

        Raises:
            EngineError: Too many wait already.
        """
        if not self._waiting and self._queue:
            return
        if len(self._waiting) - max(0, self._size * self._each - self.busy) >= self._queue:
            raise EngineError(
                f"{len(self._waiting)} calls wait for their turn already",
                reason="busy",
                subject=subject,
                hint="allow more processes, or a longer queue",
            )

    def take(self, subject: str, *, moved: bool) -> Ship | None:
        """Take a place where one is free; None where there is none."""
        owner = self._owners.find(subject)
        ship = self._choose(owner, moved=moved)
        if ship is not None:
            self._enter(ship, owner)
        return ship

    async def wait(self, subject: str, *, moved: bool) -> Ship:
        """Take a place when one is free; whoever has had one goes before those who come."""
        waiter = Waiter(self._owners.find(subject), moved=moved)
        (self._waiting.appendleft if moved else self._waiting.append)(waiter)
        if self._suspects:
            # It may be stuck behind one of theirs: then there should be one more realm.
            self._changed()
        try:
            return await waiter.turn
        except asyncio.CancelledError:
            if waiter in self._waiting:
                self._waiting.remove(waiter)
            elif not waiter.turn.cancelled():
                self.leave(waiter.turn.result(), subject)
            raise

    def leave(self, ship: Ship, subject: str) -> None:
        """Give a place back."""
        ship.busy -= 1
        self.busy -= 1
        owner = self._owners.find(subject)
        ship.aboard[owner] -= 1
        if not ship.aboard[owner]:
            del ship.aboard[owner]
        if self._waiting:
            self.settle()

    def settle(self) -> None:
        """Let aboard whoever waits and may: something has changed."""
        for waiter in tuple(self._waiting):
            if waiter.turn.done():
                continue
            ship = self._choose(waiter.owner, moved=waiter.moved)
            if ship is not None:
                self._waiting.remove(waiter)
                self._enter(ship, waiter.owner)
                waiter.turn.set_result(ship)
            elif not self._suspects:
                break

    def close(self, error: EngineError) -> None:
        """Let nobody wait any more."""
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.turn.done():
                waiter.turn.set_exception(error)

    def hold(self, ship: Ship, module: str | None) -> None:
        """Note that a call of a module holds up the others of a realm; None where that is over."""
        ship.holder = None if module is None else self._owners.find(module)
        self._review()

    def suspect(self, module: str) -> None:
        """Note that a call of a module has made a realm end."""
        if module:
            self._until[self._owners.find(module)] = self._clock() + self._apart
        self._review()

    def suspects(self, subject: str) -> bool:
        """Tell whether a call of this module could hold up others."""
        return self._owners.find(subject) in self._suspects

    def relieve(self) -> None:
        """Take those who wait behind a call that does not let go to where there is a place for them."""
        for ship in tuple(self.ships):
            if ship.held and ship.holdable is not None:
                ship.holdable.withdraw(self._could_go)

    def wanted(self) -> int:
        """Return how many realms there should be: one more where somebody waits for others to let go."""
        self._review()
        fit = [ship for ship in self.ships if ship.fit]
        if len(fit) < self._size or all(self._is_served(owner, fit) for owner in self._stuck(fit)):
            return self._size
        return min(len(fit) + 1, 2 * self._size)

    def _stuck(self, fit: list[Ship]) -> set[str]:
        """Return who waits, here or in a realm that is held up, if there are suspects."""
        if not self._suspects:
            return set()
        behind = {
            owner
            for ship in fit
            if ship.held
            for owner, count in ship.aboard.items()
            if count > (owner == ship.holder)
        }
        return behind | {waiter.owner for waiter in self._waiting}

    def _is_served(self, owner: str, fit: list[Ship]) -> bool:
        """Tell whether the realms that there are will do for a remote's calls."""
        clean = sum(not ship.held and not ship.carries(self._suspects) for ship in fit)
        if owner not in self._suspects:
            return clean > 0
        return clean > 1 or sum(ship.carries(self._suspects) for ship in fit) >= self._size

    def _could_go(self, subject: str) -> bool:
        return self._choose(self._owners.find(subject), moved=True) is not None

    def _review(self) -> None:
        """Find out who is suspect now: where all is of one remote, nobody is."""
        if self._until:
            now = self._clock()
            self._until = {owner: until for owner, until in self._until.items() if until > now}
        holders = {ship.holder for ship in self.ships if ship.holder}
        self._suspects = frozenset(holders | self._until.keys()) if self._owners.several else frozenset()

    def _choose(self, owner: str, *, moved: bool) -> Ship | None:
        """Return the realm that has the least to do, of those that a call may board."""
        each = self._each
        free = [ship for ship in self.ships if ship.busy < each and not ship.held and ship.fit]
        if not free or (self._once and self.busy >= self._size):
            return None
        if self._suspects and not self._once:
            free = self._keep_apart(owner, free, moved=moved)
        return min(free, key=idleness) if free else None

    def _keep_apart(self, owner: str, free: list[Ship], *, moved: bool) -> list[Ship]:
        """Leave out the realms that suspects, or those who flee from them, must not board."""
        clean = [ship for ship in free if not ship.carries(self._suspects)]
        if owner not in self._suspects:
            return clean or ([] if moved and self._may_grow() else free)
        taken = sum(ship.carries(self._suspects) for ship in self.ships if ship.fit)
        if taken < self._size and len(clean) > 1:
            return free
        return [ship for ship in free if ship not in clean]

    def _may_grow(self) -> bool:
        return sum(ship.fit for ship in self.ships) < 2 * self._size

    def _enter(self, ship: Ship, owner: str) -> None:
        ship.busy += 1
        self.busy += 1
        ship.aboard[owner] += 1
        if self._once:
            ship.gone = True
            self._changed()


def idleness(ship: Ship) -> int:
    """Return how much a realm has to do."""
    return ship.busy
