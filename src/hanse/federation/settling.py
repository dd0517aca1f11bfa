"""From what is held to what is served: resolve where something has changed, and make a snapshot."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace

from hanse.errors import HanseError, ResolveError
from hanse.federation.holdings import Holdings
from hanse.federation.snapshot import Snapshot, digest_of
from hanse.federation.telling import tell
from hanse.formats.import_map import serialise
from hanse.resolve import Plan, Policy, Remote, resolve

__all__ = ["refuse_failing", "settle", "unsettled"]


async def settle(
    holdings: Holdings,
    policy: Policy,
    before: Snapshot | None,
    now: float,
    *,
    resolving: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> Snapshot:
    """Make the snapshot of what is held; resolving happens in a thread.

    Args:
        holdings: The documents.
        policy: How to resolve them.
        before: The snapshot before this one: its plan stays where nothing has changed.
        now: Unix time, in seconds.
        resolving: Entered as long as that takes, where something has changed.

    Raises:
        ResolveError: A strict option forbids what is held.
    """
    remotes = holdings.resolvable()
    if before is not None and same_remotes(before.plan, remotes):
        return refresh_health(before, holdings, now)
    previous = None if before is None else before.plan
    with resolving():
        plan, body, digest = await asyncio.to_thread(work_out, remotes, policy, previous)
    return refresh_health(
        Snapshot(
            digest=digest,
            plan=plan,
            import_map_json=body,
            made_at=now,
            refreshed_at=now,
            manifest=holdings.listing,
            manifest_status="ok",
            manifest_error=None,
            remotes=(),
        ),
        holdings,
        now,
    )


def unsettled(holdings: Holdings, before: Snapshot, error: HanseError, now: float) -> Snapshot:
    """Make the snapshot that goes on serving the plan before, since what is held cannot be resolved."""
    return replace(refresh_health(before, holdings, now), error=tell(error), manifest=before.manifest)


def work_out(remotes: Sequence[Remote], policy: Policy, previous: Plan | None) -> tuple[Plan, bytes, str]:
    """Resolve, and write the import map.

    Raises:
        ResolveError: A strict option forbids the outcome.
    """
    plan = resolve(remotes, policy, previous)
    body = serialise(plan.import_map)
    return plan, body, digest_of(body, policy)


def same_remotes(plan: Plan, remotes: Sequence[Remote]) -> bool:
    """Tell whether a plan is of exactly these remotes with these very entries.

    Their order counts under `compatible` only.
    """
    ordered = plan.policy.name == "compatible"
    if len(plan.remotes) != len(remotes) or (ordered and [*plan.remotes] != [one.name for one in remotes]):
        return False
    pairs = ((plan.remotes.get(new.name), new) for new in remotes)
    return all(
        old is not None and old.entry is new.entry and old.url == new.url and old.host == new.host
        for old, new in pairs
    )


def refresh_health(snapshot: Snapshot, holdings: Holdings, now: float) -> Snapshot:
    """Return the same snapshot with the health of what is held now."""
    trouble = holdings.manifest.error
    return replace(
        snapshot,
        refreshed_at=now,
        manifest=holdings.listing,
        manifest_status="ok" if trouble is None else "stale",
        manifest_error=None if trouble is None else tell(trouble),
        remotes=tuple(held.health for held in holdings.remotes.values()),
        error=None,
    )


def refuse_failing(holdings: Holdings, policy: Policy) -> None:
    """Raise where a remote fails and the policy does not let its last good entry stand in.

    Raises:
        ResolveError: `strict_remote_entry` is set.
    """
    if not policy.strict.strict_remote_entry:
        return
    for name, held in holdings.remotes.items():
        if held.error is not None:
            raise ResolveError(
                f"its remote entry could not be had: {tell(held.error)}",
                subject=name,
                hint="strict_remote_entry is set, so that nothing changes until it can be had",
            )
