"""Verdicts: what the delegates of a federation have decided for one request."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

from hanse.errors import HanseError
from hanse.federation.delegates import (
    DEFAULT,
    Decision,
    Delegate,
    RequestContext,
    decide,
    is_python,
    load_delegate,
)
from hanse.federation.settings import Settings
from hanse.federation.telling import tell
from hanse.limits import Limits

__all__ = ["Delegates", "Verdict", "load_delegates"]

LOG: Final = logging.getLogger("hanse.federation")

Delegates: TypeAlias = "Mapping[str, Delegate | str]"
"""The delegates by remote; a text says why one cannot be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What was decided for one request.

    Attributes:
        decisions: The remotes that are not as ever, each with what was decided, in the order of their names.
        refused: The remotes for which nothing could be decided, with the reason.
    """

    decisions: tuple[tuple[str, Decision], ...] = ()
    refused: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    async def ask(cls, delegates: Delegates, request: RequestContext, *, limits: Limits) -> Verdict:
        """Ask all delegates at once: what is rendered may import modules of any remote."""
        answers = await asyncio.gather(*(ask(one, name, request, limits) for name, one in delegates.items()))
        found = dict(zip(delegates, answers, strict=True))
        return cls(
            decisions=tuple(
                (name, one)
                for name, one in sorted(found.items())
                if isinstance(one, Decision) and one != DEFAULT
            ),
            refused={name: one for name, one in found.items() if isinstance(one, str)},
        )


def load_delegates(settings: Settings) -> dict[str, Delegate | str]:
    """Load the delegates in Python that the settings name."""
    found: dict[str, Delegate | str] = {}
    for name, own in settings.remotes.items():
        if own.delegate is None or not is_python(own.delegate):
            continue
        try:
            found[name] = load_delegate(own.delegate, remote=name)
        except HanseError as error:
            LOG.warning("a delegate cannot be used, and its remote is not rendered: %s", tell(error))
            found[name] = tell(error)
    return found


async def ask(
    delegate: Delegate | str, remote: str, request: RequestContext, limits: Limits
) -> Decision | str:
    """Ask one delegate; where it does not decide, return why."""
    if isinstance(delegate, str):
        return delegate
    try:
        return await decide(delegate, replace(request, remote=remote), limits=limits)
    except HanseError as error:
        return tell(error)
