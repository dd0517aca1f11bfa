"""The modules a page names: found in its snapshot, or missing and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from hanse.errors import NotFoundError
from hanse.federation.modules import RemoteModule, find_module
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
    remote, key = split_module(snapshot, module)
    try:
        return find_module(snapshot, remote, key)
    except NotFoundError as error:
        health = snapshot.health(remote)
        failed = health is not None and health.status == "failed"
        return Missing(module, remote, "failed" if failed else "unknown", error.with_traceback(None))


def split_module(snapshot: Snapshot, module: str) -> tuple[str, str]:
    """Split a module's name after the longest remote's name that fits, or at its last slash."""
    known = {remote.name for remote in snapshot.remotes}
    remotes = snapshot.plan.remotes
    for name in beginnings(module):
        if name in remotes or name in known:
            return name, module[len(name) + 1 :]
    remote, _, key = module.rpartition("/")
    return remote or module, key


def beginnings(module: str) -> Iterator[str]:
    """Yield what stands before each slash, the longest first."""
    end = module.rfind("/")
    while end > 0:
        yield module[:end]
        end = module.rfind("/", 0, end)
