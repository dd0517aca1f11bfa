"""What the page shows, as JSON: the snapshot's health, its packages, the reasons, a delta."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from hanse.errors import NotFoundError
from hanse.federation import Delta, Snapshot
from hanse.federation.snapshot import RemoteHealth
from hanse.limits import LIMITS, Limits
from hanse.resolve import PackagePlan
from hanse.resolve.drawing import draw, to_svg
from hanse.resolve.explain import explain
from hanse.resolve.paths import join
from hanse.web.overview import count_totals, specifiers_of
from hanse.web.package_rows import builds, private_rows, scope_name
from hanse.web.server_rows import NO_SERVERS, Servers

__all__ = [
    "delta_document",
    "explain_document",
    "graph_document",
    "graph_drawing",
    "packages_document",
    "snapshot_document",
]


class HealthDocument(msgspec.Struct, frozen=True):
    """One remote in `snapshot.json`; `age` is in seconds."""

    name: str
    url: str
    status: str
    age: float | None
    confirmed_at: str | None
    error: str | None
    error_code: str | None
    modules: tuple[str, ...]


def snapshot_document(snapshot: Snapshot, servers: Servers = NO_SERVERS) -> bytes:
    """Write a snapshot's health: digest, times, totals, remotes, the server side of remotes, notices."""
    document = {
        "digest": snapshot.digest,
        "policy": snapshot.plan.policy.name,
        "healthy": snapshot.healthy,
        "made_at": spell_time(snapshot.made_at),
        "refreshed_at": spell_time(snapshot.refreshed_at) if snapshot.refreshed_at else None,
        "error": snapshot.error,
        "manifest": {"status": snapshot.manifest_status, "error": snapshot.manifest_error},
        "totals": count_totals(snapshot, servers),
        "remotes": [health_document(one, snapshot) for one in snapshot.remotes],
        "servers": servers.rows,
        "variants": servers.variants,
        "notices": (*snapshot.notices, *servers.notices),
    }
    return msgspec.json.encode(document)


def health_document(health: RemoteHealth, snapshot: Snapshot) -> HealthDocument:
    """Describe one remote."""
    return HealthDocument(
        name=health.name,
        url=health.url,
        status=health.status,
        age=None if health.age is None else round(health.age, 1),
        confirmed_at=None if health.fetched_at is None else spell_time(health.fetched_at),
        error=health.error,
        error_code=health.error_code,
        modules=modules_of(health.name, snapshot),
    )


def modules_of(name: str, snapshot: Snapshot) -> tuple[str, ...]:
    """Return the specifiers of a remote's exposed modules, also of a container whose manifest says so."""
    container = snapshot.containers.containers.get(name)
    if container is None:
        return specifiers_of(name, snapshot.plan)
    return tuple(join(name, key) for key in container.exposes or ())


def packages_document(snapshot: Snapshot) -> bytes:
    """Write every shared package with its copies, and the packages that are not shared."""
    private = [
        {"package": row.package, "version": row.version or None, "remotes": row.remotes.shown}
        for row in private_rows(snapshot.plan.remotes.values())
    ]
    packages = [package_document(plan) for plan in snapshot.plan.packages.values()]
    return msgspec.json.encode({"digest": snapshot.digest, "packages": packages, "private": private})


def package_document(plan: PackagePlan) -> dict[str, object]:
    """Describe one package: its plan, the builds of it that may be loaded, and what they cost."""
    described = msgspec.structs.asdict(plan)
    return {**described, "scope": scope_name(plan), "builds": builds(plan), "downloads": plan.downloads}


def explain_document(snapshot: Snapshot, package: str, *, limits: Limits = LIMITS) -> bytes:
    """Write what is decided about a package, in every share scope, and why.

    Args:
        snapshot: Where it is looked up.
        package: Its name, or a specifier of one of its entrypoints.
        limits: The cap on the name.

    Raises:
        NotFoundError: No remote has it.
    """
    if len(package) > limits.text_length:
        raise NotFoundError("no package has a name as long as this", subject=package[:100])
    guests = snapshot.containers.uses_of(package)
    try:
        found = explain(snapshot.plan, package)
    except NotFoundError:
        if not guests:
            raise
        found = ()
    listed = {"containers": guests} if snapshot.containers.containers else {}
    return msgspec.json.encode({"digest": snapshot.digest, "package": package, "scopes": found, **listed})


def graph_document(snapshot: Snapshot) -> bytes:
    """Write the federation's graph: remotes, packages, and who serves whom."""
    return msgspec.json.encode({"digest": snapshot.digest, **msgspec.structs.asdict(draw(snapshot.plan))})


def graph_drawing(snapshot: Snapshot) -> bytes:
    """Draw the federation's graph as SVG."""
    return to_svg(draw(snapshot.plan)).encode("utf-8", "replace")


def delta_document(delta: Delta) -> bytes:
    """Write what a loaded page adds to its import map."""
    document = {
        "name": delta.name,
        "url": delta.url,
        "snapshot": delta.snapshot,
        "digest": delta.digest,
        "import_map": msgspec.Raw(delta.import_map_json),
        "notices": delta.notices,
    }
    return msgspec.json.encode(document)


def spell_time(seconds: float) -> str:
    """Write a Unix time as RFC 3339, in UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
