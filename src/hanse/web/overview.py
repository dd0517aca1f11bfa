"""Everything the page shows, worked out from one snapshot: plain values, bounded in number."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal

from hanse.federation.snapshot import RemoteHealth, Snapshot
from hanse.limits import LIMITS, Limits
from hanse.resolve import Notice, PackagePlan, Plan
from hanse.resolve.paths import join
from hanse.web.package_rows import Names, PackageRows, PrivateRow, builds, package_rows, private_rows
from hanse.web.server_rows import NO_SERVERS, ServerRow, Servers

__all__ = ["Overview", "RemoteRow", "Totals", "count_totals", "overview", "specifiers_of"]

SEARCH_LENGTH: Final = 100


@dataclass(frozen=True, slots=True)
class RemoteRow:
    """A remote: how it is doing, and what it exposes under which specifier."""

    name: str
    url: str
    status: str
    age: str
    error: str
    modules: Names


@dataclass(frozen=True, slots=True)
class Totals:
    """Counts over the whole federation, whatever part of it is shown.

    `duplicated` counts packages of which a page may load more than one build, `downloads` the files that
    this costs.
    """

    remotes: int
    failed: int
    stale: int
    packages: int
    private: int
    duplicated: int
    downloads: int
    notices: int
    servers: int


@dataclass(frozen=True, slots=True)
class Overview:
    """The page's content; each `more_…` counts what is left out of the list before it."""

    state: Literal["healthy", "degraded"]
    digest: str
    policy: str
    made_at: datetime
    refreshed: str
    search: str
    totals: Totals
    faults: tuple[str, ...]
    remotes: tuple[RemoteRow, ...]
    more_remotes: int
    servers: tuple[ServerRow, ...]
    more_servers: int
    packages: tuple[PackageRows, ...]
    more_packages: int
    private: tuple[PrivateRow, ...]
    more_private: int
    notices: tuple[Notice, ...]
    more_notices: int
    drawn: bool


def overview(
    snapshot: Snapshot,
    *,
    now: float,
    search: str = "",
    limits: Limits = LIMITS,
    servers: Servers = NO_SERVERS,
) -> Overview:
    """Describe a snapshot.

    Args:
        snapshot: What is described.
        now: Unix time in seconds.
        search: Only remotes, packages and notices with this text in their name; empty for all.
        limits: The caps on rows and names.
        servers: What there is to say of the server side.
    """
    search = search.strip()[:SEARCH_LENGTH]
    plans = [*snapshot.plan.packages.values()]
    cap, names = limits.page_rows, limits.page_names
    remotes = [one for one in snapshot.remotes if has(search, one.name)]
    packages = [plan for plan in plans if has(search, plan.package)]
    private = [
        row for row in private_rows(snapshot.plan.remotes.values(), names=names) if has(search, row.package)
    ]
    told = (*snapshot.notices, *servers.notices)
    notices = [notice for notice in told if has(search, notice.remote, notice.package)]
    rows = [row for row in servers.rows if has(search, row.name)]
    return Overview(
        state="healthy" if snapshot.healthy else "degraded",
        digest=snapshot.digest,
        policy=snapshot.plan.policy.name,
        made_at=datetime.fromtimestamp(snapshot.made_at, UTC),
        refreshed=spell_age(now - snapshot.refreshed_at) if snapshot.refreshed_at else "",
        search=search,
        totals=count_totals(snapshot, servers),
        faults=tuple(fault for fault in (snapshot.error, snapshot.manifest_error) if fault),
        remotes=tuple(remote_row(one, snapshot, names) for one in remotes[:cap]),
        more_remotes=max(0, len(remotes) - cap),
        servers=tuple(rows[:cap]),
        more_servers=max(0, len(rows) - cap),
        packages=tuple(package_rows(plan, rows=cap, names=names) for plan in by_family(packages)[:cap]),
        more_packages=max(0, len(packages) - cap),
        private=tuple(private[:cap]),
        more_private=max(0, len(private) - cap),
        notices=tuple(notices[:cap]),
        more_notices=max(0, len(notices) - cap),
        drawn=len(snapshot.remotes) + len(plans) <= limits.drawn_nodes,
    )


def has(search: str, *names: str) -> bool:
    """Tell whether one of the names has the text in it, in capitals or not."""
    return not search or any(search.casefold() in name.casefold() for name in names)


def by_family(plans: Iterable[PackagePlan]) -> list[PackagePlan]:
    """Put the packages that move together beside each other."""
    return sorted(plans, key=lambda plan: (plan.scope, min(plan.family, default=plan.package), plan.package))


def count_totals(snapshot: Snapshot, servers: Servers = NO_SERVERS) -> Totals:
    """Count over the whole federation."""
    plans = snapshot.plan.packages.values()
    status = [one.status for one in snapshot.remotes]
    return Totals(
        remotes=len(status),
        failed=status.count("failed"),
        stale=status.count("stale"),
        packages=len(plans),
        private=len(private_rows(snapshot.plan.remotes.values())),
        duplicated=sum(builds(plan) > 1 for plan in plans),
        downloads=sum(plan.downloads for plan in plans),
        notices=len(snapshot.notices) + len(servers.notices),
        servers=len(servers.rows),
    )


def remote_row(health: RemoteHealth, snapshot: Snapshot, names: int) -> RemoteRow:
    """Describe one remote."""
    return RemoteRow(
        name=health.name,
        url=health.url,
        status=health.status,
        age="" if health.age is None else spell_age(health.age),
        error=health.error or "",
        modules=Names.of(specifiers_of(health.name, snapshot.plan), names),
    )


def specifiers_of(remote: str, plan: Plan) -> tuple[str, ...]:
    """Return what a page imports to get the modules of a remote; nothing where it is not in the plan."""
    found = plan.remotes.get(remote)
    if found is None:
        return ()
    imports, keys = plan.import_map.imports, [expose.key for expose in found.entry.exposes or ()]
    # Under `compatible` the name that the remote's own entry gives is the one that counts.
    pairs = [(join(remote, key), join(found.entry.name, key)) for key in keys]
    return tuple(sorted(own if own in imports or other not in imports else other for own, other in pairs))


def spell_age(seconds: float) -> str:
    """Spell a duration in its largest unit: `12 s`, `3 min`, `5 h`, `2 d`."""
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.0f} {unit}"
    return f"{max(0.0, seconds):.0f} s"
