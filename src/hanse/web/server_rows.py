"""What the page and the documents say of the server side: one row for each remote that has one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from hanse.federation import Federation
from hanse.net import BreakerState
from hanse.render.tallies import OUTCOMES, RenderTally
from hanse.resolve import Notice

if TYPE_CHECKING:
    from hanse.federation.server.health import ServerHealth

__all__ = ["NO_SERVERS", "ServerRow", "Servers", "count_servers", "read_servers"]


class ServerRow(msgspec.Struct, frozen=True, kw_only=True):
    """The server side of one remote.

    `since` is Unix time, `seconds` what pages waited for its fragments in all. `renders` are its fragments by
    outcome, `reasons` those that were not rendered, `last` the latest of these. `breaker` is that before its
    renderings. `pool` has the counts of its generation's processes.
    """

    name: str
    status: str
    engine: str
    trusted: bool
    build: str
    serial: int
    generation: str
    since: float
    error: str | None
    refusals: int
    refusal: str | None
    breaker: str
    renders: Mapping[str, int]
    reasons: Mapping[str, int]
    seconds: float
    last: str
    pool: Mapping[str, object] | None

    @property
    def count(self) -> int:
        """How many fragments it was asked for."""
        return sum(self.renders.values())

    @property
    def mean(self) -> float:
        """What a page waited for one of them, in milliseconds."""
        return 1000 * self.seconds / self.count if self.count else 0.0


@dataclass(frozen=True, slots=True)
class Servers:
    """The server side of a federation: its rows, its notices, and how many sets of decisions run."""

    rows: tuple[ServerRow, ...] = ()
    notices: tuple[Notice, ...] = ()
    variants: int = 0


NO_SERVERS = Servers()


def read_servers(federation: Federation) -> Servers:
    """Read what there is to say of the server side; from any thread."""
    breakers, tallies = federation.renderer.breakers(), federation.renderer.tallies()
    rows = tuple(
        make_row(one, breakers.get(one.remote), tallies.get(one.remote, RenderTally()))
        for one in federation.server_health()
    )
    return Servers(rows, federation.server_notices(), federation.server_variants())


def make_row(health: ServerHealth, breaker: BreakerState | None, tally: RenderTally) -> ServerRow:
    """Describe one remote."""
    return ServerRow(
        name=health.remote,
        status=health.status,
        engine=health.engine,
        trusted=health.trusted,
        build=health.build,
        serial=health.serial,
        generation=health.generation,
        since=health.since,
        error=health.error,
        refusals=health.refusals,
        refusal=health.refusal,
        breaker="closed" if breaker is None else breaker.phase,
        renders={name: tally.outcomes.get(name, 0) for name in OUTCOMES},
        reasons=tally.reasons,
        seconds=round(tally.seconds, 6),
        last=tally.last,
        pool=None if health.pool is None else msgspec.to_builtins(health.pool),
    )


def count_servers(servers: Servers) -> dict[str, int]:
    """Count the server builds by status."""
    found: dict[str, int] = {}
    for row in servers.rows:
        found[row.status] = found.get(row.status, 0) + 1
    return found
