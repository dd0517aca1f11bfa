"""Whose turn it is in a guest that has one thread, and whether that is free now and then.

A guest takes calls in the order they were sent. The oldest one under way holds its thread, unless the guest
has said otherwise; so it has to say something only where calls overlap. Whether the thread is free is found
out by asking, where calls are under way and nothing was heard for a moment: a call that waits for something
lets the guest answer, one that computes does not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Final

from hanse.engines.conversation import Conversation
from hanse.engines.frames import Kind

__all__ = ["Pulse", "do_nothing"]

# How often a guest with calls under way is looked at, and how long it may say nothing before it is asked; in
# seconds, as all that follows.
LOOK: Final = 0.025
# How long its answer may take: as long as this many usual calls, within these bounds.
USUAL: Final = 3.0
LEAST: Final = 0.05
MOST: Final = 0.25
# How much one call changes what is usual.
WEIGHT: Final = 1 / 16
# How long its thread may be held by what is no call's any more.
NOBODYS: Final = 0.5
# What shows that the thread was free, or went from one call to another.
SIGNS: Final = frozenset({Kind.PONG, Kind.TURN, Kind.ANSWER, Kind.FAILURE, Kind.CANCELLED})


class Pulse:
    """What is known of a guest's thread.

    Args:
        calls: The calls under way by number, in the order they were sent.
        ask: Asks the guest for a sign of life.
        changed: Told when its thread begins or ceases to be held up.
        lost: Told when what holds it is no call, and goes on.

    Attributes:
        held: Whether its thread is held up.
    """

    def __init__(
        self,
        calls: Mapping[int, Conversation],
        *,
        ask: Callable[[], None],
        changed: Callable[[], None],
        lost: Callable[[], None],
    ) -> None:
        self.held = False
        self._calls = calls
        self._ask = ask
        self._changed = changed
        self._lost = lost
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._told: int | None = None
        self._latest = 0
        self._heard = 0.0
        self._asked: float | None = None
        self._usual = 0.0

    @property
    def holder(self) -> Conversation | None:
        """The call that holds the thread if any code runs there; None where that is no call's."""
        if self._told is not None:
            return self._calls.get(self._told)
        return next(iter(self._calls.values()), None)

    def has_begun(self, call: Conversation) -> bool:
        """Tell whether the guest has begun a call."""
        return call.number <= self._latest or call is self.holder

    def is_to_blame(self, call: Conversation) -> bool:
        """Tell whether a late call has itself to blame: it has begun, and no other one is in its way."""
        if call is self.holder:
            return True
        silent = self._loop.time() - self._heard > 2 * LOOK
        return self.has_begun(call) and not silent

    def watch(self) -> None:
        """Watch the guest for as long as calls are under way: one was sent."""
        if self._timer is None:
            self._heard = self._loop.time()
            self._arm()

    def hear(self, kind: Kind, number: int, seconds: float) -> None:
        """Note what the guest says; the last word about a call before that one is forgotten."""
        if kind not in SIGNS:
            return
        if kind is Kind.TURN:
            self._told = number
            self._latest = max(self._latest, number)
        elif kind is not Kind.PONG:
            self._latest = max(self._latest, number)
            if self._told == number:
                self._told = None
        if seconds:
            self._usual += (seconds - self._usual) * WEIGHT
        self._heard = self._loop.time()
        if self._asked is not None:
            self._asked = None if kind is Kind.PONG else self._heard
        if self.held:
            self.held = False
            self._changed()

    def hold(self) -> None:
        """Note that its thread is held up; it is until something is heard."""
        if not self.held:
            self.held = True
            self._changed()

    def stop(self) -> None:
        """Watch no longer, and let go of whom it was for."""
        if self._timer is not None:
            self._timer.cancel()
        self._ask = self._changed = self._lost = do_nothing

    def _arm(self) -> None:
        self._due = self._loop.time() + LOOK
        self._timer = self._loop.call_at(self._due, self._look)

    def _look(self) -> None:
        """Ask where it is silent, and say so where it does not answer."""
        self._timer = None
        if not self._calls:
            self._asked = None
            return
        now = self._loop.time()
        if now - self._due > LOOK:
            # It was this process that had no time: what the guest has said meanwhile is still to be read.
            self._heard = max(self._heard, now - LOOK)
            self._asked = self._asked and now
        elif self._asked is None:
            if now - self._heard >= LOOK:
                self._asked = now
                self._ask()
        elif now - self._asked >= min(max(LEAST, self._usual * USUAL), MOST):
            self.hold()
            if now - self._asked > NOBODYS and self.holder is None:
                self._lost()
                return
        self._arm()


def do_nothing() -> None:
    """Do nothing: nobody is to be told any more."""
