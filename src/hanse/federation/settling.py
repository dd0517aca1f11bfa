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
from hanse.formats.container import Container
from hanse.formats.import_map import serialise
from hanse.resolve import Plan, Policy, Remote, resolve
from hanse.resolve.absence import with_stand_ins
from hanse.resolve.containers import ContainerPlan, plan_containers
from hanse.share import satisfy

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
    remotes, guests = holdings.resolvable(), holdings.containers()
    if before is not None and same_remotes(before.plan, remotes):
        if same_containers(before.containers, guests):
            return refresh_health(before, holdings, now)
        with resolving():
            made = await asyncio.to_thread(with_containers, before, guests)
        return refresh_health(replace(made, made_at=now), holdings, now)
    previous = None if before is None else before.plan
    with resolving():
        others = holdings.unlisted()
        plan, body, containers, digest = await asyncio.to_thread(
            work_out, remotes, guests, policy, previous, others
        )
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
            containers=containers,
        ),
        holdings,
        now,
    )


def unsettled(holdings: Holdings, before: Snapshot, error: HanseError, now: float) -> Snapshot:
    """Make the snapshot that goes on serving the plan before, since what is held cannot be resolved."""
    return replace(refresh_health(before, holdings, now), error=tell(error), manifest=before.manifest)


def with_containers(before: Snapshot, guests: Sequence[Container]) -> Snapshot:
    """Return a snapshot with other containers beside the same native remotes."""
    containers = plan_containers(before.plan, guests, accepts=satisfy)
    digest = digest_of(before.import_map_json, before.plan.policy, containers)
    return replace(before, containers=containers, digest=digest)


def same_containers(before: ContainerPlan, guests: Sequence[Container]) -> bool:
    """Tell whether these are the very containers of before."""
    known = before.containers
    return len(known) == len(guests) and all(known.get(one.name) is one for one in guests)


Worked = tuple[Plan, bytes, ContainerPlan, str]
"""A plan, its import map as JSON, what containers get, and the digest of it all."""


def work_out(
    remotes: Sequence[Remote],
    guests: Sequence[Container],
    policy: Policy,
    previous: Plan | None,
    others: frozenset[str] = frozenset(),
) -> Worked:
    """Resolve, write the import map with stand-ins for what is absent, and see what containers get.

    What `others` expose is not to be seen in their entries.

    Raises:
        ResolveError: A strict option forbids the outcome.
    """
    plan = resolve(remotes, policy, previous)
    plan = plan.with_map(with_stand_ins(remotes, plan.import_map, others))
    body = serialise(plan.import_map)
    containers = plan_containers(plan, guests, accepts=satisfy)
    return plan, body, containers, digest_of(body, policy, containers)


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
