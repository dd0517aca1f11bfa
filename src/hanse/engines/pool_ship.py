"""A realm of a pool, what it does, and whose calls are aboard.

Written against the protocol of engines. A realm that can end by itself says so by `alive` and `wait`, as
`Mortal` has them; of others it is noticed when a call says so. One in which a call can hold up others says so
as `Holdable` has it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from typing import Protocol, runtime_checkable

from hanse.engines.base import Exposed, Generation, Realm
from hanse.errors import EngineError

__all__ = ["Holdable", "Mortal", "Owners", "Ship"]


@runtime_checkable
class Mortal(Protocol):
    """A realm that can end by itself."""

    @property
    def alive(self) -> bool:
        """Whether it takes calls."""
        ...

    async def wait(self) -> EngineError:
        """Wait until it has ended; return why, and by which module's call as its subject."""
        ...


@runtime_checkable
class Holdable(Protocol):
    """A realm whose calls have one thread.

    Attributes:
        notify: Is told when `held_by` changes.
    """

    notify: Callable[[], None]

    @property
    def held_by(self) -> str | None:
        """The module of the call that holds up the others; empty if not known, None if there is none."""
        ...

    def withdraw(self, wanted: Callable[[str], bool]) -> None:
        """Fail, as `ended`, the calls that wait behind that one, by their modules."""
        ...


class Ship:
    """A realm and what it does.

    Attributes:
        realm: The realm.
        mortal: The same, if it can end by itself.
        holdable: The same, if a call can hold up others.
        busy: Calls under way in it.
        aboard: How many there are, by whose they are.
        holder: Whose call holds up the others, if one does; nothing where that is not known.
        answered: Whether it has answered one.
        gone: Whether it takes no more.
    """

    def __init__(self, realm: Realm) -> None:
        self.realm = realm
        # Looking at what a class has takes as long as the rest of a call; once is enough.
        self.mortal = realm if isinstance(realm, Mortal) else None
        self.holdable = realm if isinstance(realm, Holdable) else None
        self.busy = 0
        self.aboard: Counter[str] = Counter()
        self.holder: str | None = None
        self.answered = False
        self.gone = False

    @property
    def fit(self) -> bool:
        """Whether it takes calls."""
        return not self.gone and (self.mortal is None or self.mortal.alive)

    @property
    def held(self) -> bool:
        """Whether one of its calls holds up the others."""
        return self.holder is not None

    def carries(self, owners: Collection[str]) -> bool:
        """Tell whether a call of one of these is aboard."""
        return any(owner in self.aboard for owner in owners)


class Owners:
    """Whose module a call is for.

    Args:
        generation: What says so.
    """

    def __init__(self, generation: Generation) -> None:
        self._generation = generation
        self._known: dict[str, str] = {}
        self.several = (
            len({source.remote for source in generation.modules.values()} | {*generation.containers}) > 1
        )

    def find(self, module: str) -> str:
        """Return the remote of what a call names; of what is not there, its first word."""
        owner = self._known.get(module)
        if owner is None:
            owner = self._owner(module)
            # Names that do not exist are not kept: there may be any number of them.
            if module in self._generation.imports or module in self._generation.modules:
                self._known[module] = owner
        return owner

    def _owner(self, module: str) -> str:
        target = self._generation.imports.get(module, module)
        if isinstance(target, Exposed):
            return target.container
        source = self._generation.modules.get(target)
        return module.partition("/")[0] if source is None else source.remote
