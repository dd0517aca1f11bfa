"""Electing the version of a package that everybody shares: the third step of a resolution.

Order of precedence, as the orchestrator has it: the host's version; the latest, where the policy says so;
else the version that causes the fewest extra downloads, then the fewest uncovered entrypoints, then the
latest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from hanse.errors import ResolveError
from hanse.resolve.acceptance import LINES, Acceptance, Spans
from hanse.resolve.policy import Policy
from hanse.resolve.record import Copy, External, Log, Record, Row, in_script_order, union
from hanse.resolve.verdict import apply_winner

__all__ = ["elect_all", "elect_winner"]


def elect_all(record: Record, policy: Policy, log: Log | None = None) -> dict[str, set[str]]:
    """Re-elect every dirty package; return scope -> the packages that were.

    Raises:
        ResolveError: A strict option forbids the outcome.
    """
    touched: dict[str, set[str]] = {}
    for scope in in_script_order(record.shared):
        packages = record.shared[scope]
        for package in in_script_order(packages):
            external = packages[package]
            if not external.dirty:
                continue
            try:
                acceptance = LINES.of(row.tag for row in external.rows)
                winner = elect_winner(external, policy, acceptance)
                apply_winner(package, external, winner, acceptance, policy, log)
            except ResolveError as error:
                if log is not None:
                    log("error", 3, f"[{scope}] failed to determine shared externals.")
                raise ResolveError(
                    f"Could not determine shared externals in scope {scope}.",
                    subject=error.subject,
                    hint=f"{error.message} {error.hint}",
                ) from error
            record.changed.add("shared-externals")
            touched.setdefault(scope, set()).add(package)
    return touched


def elect_winner(external: External, policy: Policy, acceptance: Acceptance) -> Row:
    """Choose the row to share; a lone row wins without a question."""
    rows = external.rows
    if len(rows) == 1:
        return rows[0]
    for row in rows:
        if row.host:
            return row
    if policy.profile.latest_shared_external:
        return rows[0]
    costs = extra_downloads(rows, acceptance)
    least = min(costs)
    cheapest = [row for row, cost in zip(rows, costs, strict=True) if cost == least]
    return cheapest[0] if len(cheapest) == 1 else fewest_tears(rows, cheapest, acceptance)


def extra_downloads(rows: list[Row], acceptance: Acceptance) -> list[int]:
    """Price each row as the winner: the strict, unpublished copies of other rows that reject it."""
    own = [strict_ranges(row) for row in rows]
    total = sum(sum(counts.values()) for counts in own)
    accepted = acceptance.count(
        (acceptance.spans(required), count) for counts in own for required, count in counts.items()
    )
    costs = []
    for row, counts in zip(rows, own, strict=True):
        place = acceptance.positions.get(row.tag)
        cost = total - (0 if place is None else accepted[place])
        for required, count in counts.items():
            if not acceptance.accepts(required, row.tag):
                cost -= count
        costs.append(cost)
    return costs


def strict_ranges(row: Row) -> dict[str, int]:
    """Count a row's strict and unpublished copies by range."""
    ranges = [copy.required for copy in row.copies if copy.strict and not copy.cached]
    first = ranges[0] if ranges else ""
    if ranges.count(first) == len(ranges):
        return {first: len(ranges)} if ranges else {}
    return Counter(ranges)


def fewest_tears(rows: list[Row], cheapest: list[Row], acceptance: Acceptance) -> Row:
    """Choose, of equally cheap rows, the first that leaves the fewest entrypoints uncovered.

    Copies are counted by the set of their specifiers: there are few such sets, however many copies.
    """
    if alike(rows):
        return cheapest[0]
    needs = [row_needs(row) for row in rows]
    surfaces = {need for row in needs for need in row}
    if len(surfaces) == 1 and all(needs):
        return cheapest[0]
    accepting = [acceptance.accepted_by_all({copy.required for copy in row.copies}) for row in rows]
    redirected = {
        surface: acceptance.count(
            (spans, row[surface]) for spans, row in zip(accepting, needs, strict=True) if surface in row
        )
        for surface in surfaces
    }
    tears = [
        count_tears(row, redirected, acceptance, own=(accepting[index], needs[index]))
        for index, row in enumerate(rows)
        if any(row is candidate for candidate in cheapest)
    ]
    return cheapest[tears.index(min(tears))]


def alike(rows: list[Row]) -> bool:
    """Tell whether all copies have the same specifiers and run their own build, so that nothing can tear."""
    first = rows[0].copies[0].entries.keys()
    return all(copy.entries.keys() == first and not copy.served_by for row in rows for copy in row.copies)


def count_tears(
    winner: Row,
    redirected: Mapping[frozenset[str], Sequence[int]],
    acceptance: Acceptance,
    *,
    own: tuple[Spans, dict[frozenset[str], int]],
) -> int:
    """Count the entrypoints of accepting copies in other rows that the winner's copies lack."""
    place = acceptance.positions.get(winner.tag)
    if place is None:
        return 0
    surface = union(winner).keys()
    spans, needs = own
    accepts_itself = any(start <= place < stop for start, stop in spans)
    tears = 0
    for need, counts in redirected.items():
        missing = len(need - surface)
        if missing:
            copies = counts[place] - (needs.get(need, 0) if accepts_itself else 0)
            tears += missing * copies
    return tears


def row_needs(row: Row) -> dict[frozenset[str], int]:
    """Count a row's copies by the set of specifiers they need; anchored ones need none of the winner's."""
    needs: dict[frozenset[str], int] = {}
    for copy in row.copies:
        if not copy.served_by:
            surface = surface_of(copy)
            needs[surface] = needs.get(surface, 0) + 1
    return needs


def surface_of(copy: Copy) -> frozenset[str]:
    """Return the specifiers of a copy."""
    return frozenset(copy.entries)
