"""The modules a page names: found in its snapshot, or missing and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from hanse.errors import NotFoundError
from hanse.federation.modules import RemoteModule, find_module, split_module
from hanse.federation.snapshot import Snapshot

__all__ = ["Missing", "MissingReason", "look_up"]

MissingReason = Literal["unknown", "failed"]
"""`unknown`: nobody has it; `failed`: its remote is left out because it fails."""


@dataclass(frozen=True, slots=True)
class Missing:
    """A module that is not there: as the page names it, its remote, and what is wrong."""

    module: str
    remote: str
    reason: MissingReason
    error: NotFoundError


def look_up(snapshot: Snapshot, module: str) -> RemoteModule | Missing:
    """Find a module by the name a page has for it: `team/mfe1/Button`, or `team/mfe1/./Button`."""
    remote = module.rpartition("/")[0].removesuffix("/.") or module
    try:
        remote, key = split_module(snapshot, module)
        return find_module(snapshot, remote, key)
    except NotFoundError as error:
        health = snapshot.health(remote)
        failed = health is not None and health.status == "failed"
        return Missing(module, remote, "failed" if failed else "unknown", error.with_traceback(None))
