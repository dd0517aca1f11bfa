"""The figures as tables for people."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from benchmarks.resolve.races import Race, Times, target_of
from benchmarks.resolve.redeploy import TARGET, Redeploy

__all__ = ["print_races", "print_redeploys", "wide_console"]

WIDTH = 110


def wide_console() -> Console:
    """Return the terminal, or where there is none a page that is wide enough for the tables."""
    console = Console()
    return console if console.is_terminal else Console(width=WIDTH)


def print_races(console: Console, races: Sequence[Race]) -> None:
    """Print medians and ratios, a federation a row: warm processes first, then fresh ones."""
    print_times(console, "Remote entries to import map, warm", [(race, race.warm) for race in races])
    print_times(
        console, "The same, first resolution of a fresh process", [(race, race.fresh) for race in races]
    )


def print_times(console: Console, title: str, rows: Iterable[tuple[Race, Times]]) -> None:
    """Print one table of medians and ratios."""
    table = new_table(
        title, ("federation",), ("peer", "compatible", "faster", "coherent", "faster", "target", "rounds")
    )
    for race, taken in rows:
        target = target_of(race.federation)
        table.add_row(
            race.federation.label,
            seconds(taken.median("peer")),
            seconds(taken.median("compatible")),
            times(taken.ratio("compatible"), target),
            seconds(taken.median("coherent")),
            times(taken.ratio("coherent"), target),
            f"{target:g}×" if target else "",
            "/".join(str(len(rounds)) for rounds in taken.sides.values()),
        )
    console.print(table)


def print_redeploys(console: Console, redeploys: Iterable[Redeploy]) -> None:
    """Print the cost of one remote's deployment, a change a row."""
    table = new_table(
        "One remote is deployed again",
        ("federation", "policy", "changed"),
        ("everything", "incremental", "share", "target", "rounds"),
    )
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


def new_table(title: str, texts: Iterable[str], figures: Iterable[str]) -> Table:
    """Make a table of medians, with columns of texts and columns of figures."""
    table = Table(title=f"{title}; medians", title_justify="left", box=SIMPLE, pad_edge=False)
    for column in texts:
        table.add_column(column, no_wrap=True)
    for column in figures:
        table.add_column(column, justify="right", no_wrap=True)
    return table


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
