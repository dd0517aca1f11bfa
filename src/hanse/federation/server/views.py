"""Views: what one page is rendered from, never changed."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import KW_ONLY, dataclass, replace
from types import MappingProxyType

from hanse.engines.base import Realm
from hanse.errors import EngineError, NotFoundError
from hanse.federation.server.openings import Opened
from hanse.federation.server.parts import (
    NO_SERVER,
    browser_part,
    expose_of,
    refused_part,
    server_part,
    styles_of,
    withheld_part,
)
from hanse.federation.server.supplies import Supply
from hanse.federation.snapshot import Snapshot
from hanse.formats.server_entry import ServerEntry
from hanse.render.stage import Part

__all__ = ["Role", "View"]


@dataclass(frozen=True, slots=True)
class Role:
    """What a delegate's decision means for a remote on a page.

    Attributes:
        browser: The remote whose modules browsers run in its place.
        hydrates: Whether they may: not where their map has another build than was rendered.
        rendered: Whether its build runs here.
        refused: Why nothing of it is rendered; None where it is.
    """

    browser: str
    _: KW_ONLY
    hydrates: bool = True
    rendered: bool = True
    refused: str | None = None


class View:
    """A `Stage`: one snapshot, and the generations that ran when it was made.

    Args:
        snapshot: What the browser gets.
        supplies: What is known of the remotes that have server modules.
        opened: The generation of each remote that can be rendered.
        reasons: Why the others cannot be, by remote.
        roles: What delegates have decided, by remote.
        torn: The remotes whose builds do not belong together, with the reason.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        *,
        supplies: Mapping[str, Supply],
        opened: Mapping[str, Opened],
        reasons: Mapping[str, str],
        roles: Mapping[str, Role] = MappingProxyType({}),
        torn: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.snapshot = snapshot
        self._supplies = supplies
        self._opened = opened
        self._reasons = reasons
        self._roles = roles
        self._torn = torn
        self._parts: dict[tuple[str, str], Part] = {}
        self._styles: dict[int, Mapping[str, tuple[str, ...]]] = {}
        for one in {id(one): one for one in opened.values()}.values():
            one.serve(self)

    def find(self, remote: str, key: str) -> Part:
        """Find an exposed module; its key may be given with or without `./`.

        Raises:
            NotFoundError: There is no such remote, or it has no such module.
        """
        known = self._parts.get((remote, key))
        if known is None:
            known = self._make(remote, key)
            self._parts[remote, key] = known
        return known

    def enter(self, part: Part) -> AbstractAsyncContextManager[Realm]:
        """Lend the realm that has a part's generation.

        Raises:
            EngineError: `ended`: there is none for it.
        """
        opened = self._opened.get(part.remote)
        if opened is None:
            raise EngineError("it has no generation that runs", reason="ended", subject=part.remote)
        return opened

    @property
    def remotes(self) -> tuple[str, ...]:
        """The remotes that can be rendered."""
        return tuple(self._opened)

    def entry(self, remote: str) -> ServerEntry | None:
        """Return what a remote says of the build that is rendered; None where none is."""
        opened = self._opened.get(remote)
        member = None if opened is None else opened.running.members.get(remote)
        return None if member is None else member.build.entry

    def _make(self, remote: str, key: str) -> Part:
        role = self._roles.get(remote) or Role(remote)
        opened = self._opened.get(remote)
        member = None if opened is None else opened.running.members.get(remote)
        if role.refused is not None:
            return refused_part(remote, key, role.refused)
        if opened is None or member is None or not role.rendered:
            return self._left_to_browsers(remote, key, role, self._reasons.get(role.browser, NO_SERVER))
        entry = member.build.entry
        own = expose_of(entry, key)
        if own is None and member.open:
            # What a delegate's container has is for it to say.
            own = f"./{key.removeprefix('./')}"
        if own is None:
            return self._left_to_browsers(remote, key, role, f"its server build exposes no {key!r}")
        return server_part(
            self.snapshot,
            self._supplies[remote],
            own,
            assembly=opened.running.assembly,
            choice=opened.running.choices[remote],
            entry=entry,
            browser=role.browser if role.hydrates else None,
            styles=self._find_styles(opened),
            torn=self._torn.get(role.browser) if role.hydrates else None,
        )

    def _find_styles(self, opened: Opened) -> Mapping[str, tuple[str, ...]]:
        """Return the style sheets of all modules of a generation: those of one remote use those of others."""
        known = self._styles.get(id(opened))
        if known is None:
            found: dict[str, tuple[str, ...]] = {}
            for name, member in opened.running.members.items():
                supply, role = self._supplies.get(name), self._roles.get(name) or Role(name)
                if supply is not None:
                    browser = role.browser if role.hydrates else None
                    found |= styles_of(self.snapshot, supply, member.build.entry, browser=browser)
            known = self._styles[id(opened)] = found
        return known

    def _left_to_browsers(self, remote: str, key: str, role: Role, reason: str) -> Part:
        """Return the part of a module that is not rendered here.

        Raises:
            NotFoundError: Browsers cannot run it either.
        """
        supply = self._supplies.get(remote)
        if supply is not None and not supply.trusted:
            return withheld_part(remote, key, reason)
        try:
            return replace(browser_part(self.snapshot, role.browser, key, reason=reason), remote=remote)
        except NotFoundError as error:
            if role.browser == remote:
                raise
            return refused_part(remote, key, f"its delegate gave {role.browser}: {error}")
