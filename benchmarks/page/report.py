"""The figures as tables for people."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from benchmarks.page.races import NEAR, Race, to_all, to_first
from benchmarks.page.visits import Sight

__all__ = ["print_races", "wide_console"]

WIDTH = 130
SECOND = 1.0


def wide_console() -> Console:
    """Return the terminal, or where there is none a page that is wide enough for the tables."""
    console = Console()
    return console if console.is_terminal else Console(width=WIDTH)


def print_races(console: Console, races: Sequence[Race]) -> None:
    """Print what was measured, a course a row: times, ratios, traffic, and second visits."""
    print_times(console, "Navigation to the first module that ran, empty cache", races, to_first)
    print_times(console, "Navigation to three modules of three remotes, empty cache", races, to_all)
    print_traffic(console, races)
    print_second(console, races)
    if stalled := sum(race.stalled for race in races):
        console.print(f"{stalled} visits were left hanging by the browser's emulated network and made again.")


def print_times(console: Console, title: str, races: Sequence[Race], read: Callable[[Sight], float]) -> None:
    """Print first visits: medians, and medians of the ratios of each round."""
    table = new_table(
        title,
        (
            "quickstart",
            "Hanse",
            "by hand",
            f"Hanse / by hand (≤ {NEAR:.2f})",
            "quickstart / Hanse",
            "quickstart / by hand",
            "rounds",
        ),
    )
    for race in races:
        near = statistics.median(race.ratios("hanse", "by-hand", read))
        faster = statistics.median(race.ratios("quickstart", "hanse", read))
        ceiling = statistics.median(race.ratios("quickstart", "by-hand", read))
        target = race.faster_target
        table.add_row(
            *course_of(race),
            *(f"{race.first(side, read):.0f} ms" for side in ("quickstart", "hanse", "by-hand")),
            colour(f"{near:.2f}", met=near <= NEAR),
            colour(f"{faster:.2f}×", met=target is None or faster >= target)
            + (f" (≥ {target:g}×)" if target else ""),
            f"{ceiling:.2f}×",
            str(len(race.rounds)),
        )
    console.print(table)


def print_traffic(console: Console, races: Sequence[Race]) -> None:
    """Print what travels before the first module has run, and what is no module."""
    table = new_table(
        "Requests and kilobytes before the first module ran, empty cache",
        ("quickstart", "", "Hanse", "", "by hand", "", "Hanse asks for others"),
    )
    for race in races:
        traffic = []
        for side in ("quickstart", "hanse", "by-hand"):
            traffic.append(f"{race.first(side, lambda sight: sight.requests):.0f}")
            traffic.append(f"{race.first(side, lambda sight: sight.bytes) / 1000:.1f} kB")
        others = race.others("hanse")
        table.add_row(*course_of(race), *traffic, colour(", ".join(others) or "none", met=not others))
    console.print(table)


def print_second(console: Console, races: Sequence[Race]) -> None:
    """Print second visits, with everything cached that may be."""
    table = new_table(
        "The next page: navigation to the first module that ran",
        ("with storage", "Hanse", "by hand", f"Hanse / with storage (≤ {SECOND:.2f})"),
    )
    for race in races:
        ratio = statistics.median(race.ratios_again("hanse", "with-storage", to_first))
        table.add_row(
            *course_of(race),
            *(f"{race.again(side, to_first):.0f} ms" for side in ("with-storage", "hanse", "by-hand")),
            colour(f"{ratio:.2f}", met=ratio <= SECOND),
        )
    console.print(table)


def course_of(race: Race) -> tuple[str, str, str]:
    """Write the first three cells of a row."""
    return f"{race.course.remotes} {race.course.payload}", race.course.protocol, race.course.network.name


def colour(text: str, *, met: bool) -> str:
    """Colour a figure by whether its target is met."""
    shade = "green" if met else "red"
    return f"[{shade}]{text}[/{shade}]"


def new_table(title: str, figures: Sequence[str]) -> Table:
    """Make a table of medians, a course a row."""
    table = Table(title=f"{title}; medians", title_justify="left", box=SIMPLE, pad_edge=False)
    table.add_column("remotes", justify="right", no_wrap=True)
    table.add_column("protocol", no_wrap=True)
    table.add_column("network", no_wrap=True)
    for column in figures:
        table.add_column(column, justify="right")
    return table
