"""`resolve`: the one way in."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from operator import attrgetter

from hanse.errors import ResolveError, UsageError
from hanse.resolve.coherent import Workings, work_out
from hanse.resolve.compose import compose
from hanse.resolve.describe import describe_work
from hanse.resolve.describe_record import describe_record
from hanse.resolve.elect import elect_all
from hanse.resolve.emit import emit
from hanse.resolve.gaps import refuse_gaps
from hanse.resolve.merge import arrive, merge
from hanse.resolve.plan import Plan
from hanse.resolve.policy import Policy
from hanse.resolve.pool import Island, pool_all
from hanse.resolve.pool_graph import mark_pools
from hanse.resolve.record import GLOBAL, Record
from hanse.resolve.remote import Remote
from hanse.resolve.settle import clone_record, record_of

__all__ = ["resolve"]

REMOTE_NAME = attrgetter("name")


def resolve(remotes: Iterable[Remote], policy: Policy | None = None, previous: Plan | None = None) -> Plan:
    """Resolve a federation.

    Args:
        remotes: Its remotes, each name once. Under `coherent` their order does not matter; under
            `compatible` it is the manifest's order, as it is to the orchestrator.
        policy: The policy and its options; `coherent` without options where none is given.
        previous: An earlier plan of the same federation: what has not changed is used again (a remote
            counts as unchanged when its entry is the same object). The result is as from scratch.

    Raises:
        ResolveError: A strict option forbids the outcome.
        UsageError: Two remotes have one name.
    """
    policy = policy or Policy()
    listed = list(remotes)
    names = list(map(REMOTE_NAME, listed))
    if len(set(names)) != len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise UsageError("two remotes have one name", subject=twice)
    if policy.name == "compatible":
        with paused_collector():
            return resolve_compatible(listed, policy)
    earlier = previous.workings if previous is not None else None
    with paused_collector():
        work = work_out(listed, policy, earlier if isinstance(earlier, Workings) else None)
        import_map = compose(work)
        if policy.strict.strict_import_map:
            refuse_gaps(work, import_map)
    return Plan(
        policy=policy,
        remotes=work_remotes(work),
        import_map=import_map,
        describe=lambda: describe_work(work),
        record=lambda: record_of(work),
        workings=work,
    )


@contextmanager
def paused_collector() -> Iterator[None]:
    """Keep the cyclic garbage collector from running.

    A resolution makes many small objects and no cycles: the collector would walk all of them, again and
    again, to find nothing. That is a quarter of the time of a large federation.
    """
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


def work_remotes(work: Workings) -> dict[str, Remote]:
    """Return name -> remote, in the order of names."""
    return {name: offer.remote for name, offer in work.offers.items()}


def resolve_compatible(remotes: Sequence[Remote], policy: Policy) -> Plan:
    """Resolve as the native federation orchestrator does on a page without a cache.

    Raises:
        ResolveError: A strict option forbids the outcome.
    """
    record = Record(shared={GLOBAL: {}})
    arrivals = []
    for remote in remotes:
        name = remote.name if remote.host else remote.entry.name
        if name != remote.name and policy.strict.strict_remote_entry:
            raise ResolveError(
                f"Could not fetch remote '{remote.name}'",
                subject=remote.name,
                hint=f"its remote entry is called '{name}', and strict_remote_entry is set",
            )
        url = remote.entry.url or remote.url
        arrivals.append(arrive(name, url, remote.entry, policy, host=remote.host))
    merge(record, arrivals, policy)
    mark_pools(record, policy)
    touched = elect_all(record, policy)
    islands: dict[str, dict[str, Island]] = pool_all(record, touched, policy)
    import_map = emit(record, policy)
    return Plan(
        policy=policy,
        remotes={remote.name: remote for remote in remotes},
        import_map=import_map,
        describe=lambda: describe_record(record, remotes, policy, islands),
        record=lambda: clone_record(record),
    )
