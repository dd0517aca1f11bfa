"""The figures as tables for people."""

from __future__ import annotations

import statistics
from collections.abc import Iterable

from rich.console import Console
from rich.table import Table

from benchmarks.resolve.races import Race, target_of
from benchmarks.resolve.redeploy import TARGET, Redeploy

__all__ = ["print_races", "print_redeploys"]


def print_races(console: Console, races: Iterable[Race]) -> None:
    """Print medians and ratios, a federation a row."""
    table = Table(title="Remote entries to import map, medians", title_justify="left")
    table.add_column("federation")
    for column in ("peer", "compatible", "faster", "coherent", "faster", "target", "rounds"):
        table.add_column(column, justify="right")
    for race in races:
        target = target_of(race.federation)
        table.add_row(
            race.federation.label,
            seconds(race.median("peer")),
            seconds(race.median("compatible")),
            times(race.ratio("compatible"), target),
            seconds(race.median("coherent")),
            times(race.ratio("coherent"), target),
            f"{target:g}×" if target else "",
            " / ".join(str(len(taken)) for taken in race.times.values()),
        )
    console.print(table)


def print_redeploys(console: Console, redeploys: Iterable[Redeploy]) -> None:
    """Print the cost of one remote's deployment, a change a row."""
    table = Table(title="One remote is deployed again, medians", title_justify="left")
    for column in ("federation", "policy", "changed"):
        table.add_column(column)
    for column in ("everything", "incremental", "share", "target", "rounds"):
        table.add_column(column, justify="right")
    for redeploy in redeploys:
        change = redeploy.change
        met = "green" if redeploy.share < TARGET else "red"
        table.add_row(
            f"{change.kind}-{change.remotes}",
            change.policy,
            change.extent,
            seconds(redeploy.full),
            seconds(statistics.median(redeploy.incremental)),
            f"[{met}]{redeploy.share:.1%}",
            f"{TARGET:.0%}",
            str(len(redeploy.incremental)),
        )
    console.print(table)


def seconds(value: float) -> str:
    """Write a duration with three figures: milliseconds below one second."""
    if value >= 1:
        return f"{value:.2f} s"
    return f"{value * 1000:.3g} ms" if value < 0.1 else f"{value * 1000:.0f} ms"


def times(ratio: float, target: float | None) -> str:
    """Write a ratio, coloured where a target was fixed."""
    text = f"{ratio:.0f}×" if ratio >= 20 else f"{ratio:.2f}×"
    if target is None:
        return text
    return f"[{'green' if ratio >= target else 'red'}]{text}"
