"""The figures as tables for people."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from benchmarks.ssr.cold import FASTER, SHAPES, Cold
from benchmarks.ssr.faults import Fault, Outcome, Visit
from benchmarks.ssr.quick import SHARE, Quick
from benchmarks.ssr.redeploys import GROWTH, Redeploys
from benchmarks.ssr.sides import SIDES, Side
from benchmarks.ssr.throughput import Throughput
from benchmarks.ssr.untrusted import MOST, Untrusted

__all__ = [
    "print_cold",
    "print_faults",
    "print_quick",
    "print_redeploys",
    "print_throughput",
    "print_untrusted",
    "wide_console",
]

WIDTH = 150


def wide_console() -> Console:
    """Return the terminal, or where there is none a page that is wide enough for the tables."""
    console = Console()
    return console if console.is_terminal else Console(width=WIDTH)


def print_throughput(console: Console, results: Sequence[Throughput]) -> None:
    """Print pages a second, latencies and processor time, a concurrency a row."""
    table = new_table(
        "A warm page of 1000 elements; medians of the rounds, peer then Hanse",
        ("at once",),
        (
            *("pages/s", "", "Hanse / peer (≥ 1.00)", "p50", "", "p99", "", "Hanse / peer (≤ 1.00)"),
            *("CPU a page", "", "lost", "generator", "rounds"),
        ),
    )
    for one in results:
        faster, tail = one.ratio(lambda heat: heat.rate), one.ratio(lambda heat: heat.tail)
        table.add_row(
            str(one.concurrency),
            *(f"{one.middle(side, lambda heat: heat.rate):.0f}" for side in SIDES),
            colour(f"{faster:.2f}", met=faster >= 1),
            *(seconds(one.middle(side, lambda heat: heat.median)) for side in SIDES),
            *(seconds(one.middle(side, lambda heat: heat.tail)) for side in SIDES),
            colour(f"{tail:.2f}", met=tail <= 1),
            *(seconds(one.middle(side, lambda heat: heat.cost)) for side in SIDES),
            "/".join(str(one.lost[side]) for side in SIDES),
            "/".join(f"{one.middle(side, lambda heat: heat.own):.0%}" for side in SIDES),
            str(len(one.rounds)),
        )
    console.print(table)


def print_cold(console: Console, results: Sequence[Cold]) -> None:
    """Print first visits, a shape a row."""
    table = new_table(
        "A remote of 30 chunks, 20 ms each way, asked for the first time; medians, peer then Hanse",
        ("chunks",),
        ("first HTML", "", "faster", "target", "round trips", "requests", "connections", "kB", "rounds"),
    )
    for one in results:
        target = FASTER[one.shape]
        accounts = ("trips", "requests", "connections")
        table.add_row(
            SHAPES[one.shape],
            *(seconds(one.middle(side, lambda start: start.seconds)) for side in SIDES),
            colour(f"{one.faster:.2f}×", met=one.faster >= target),
            f"{target:g}×",
            *(
                "/".join(
                    f"{one.middle(side, lambda start, name=name: getattr(start.account, name)):.0f}"  # type: ignore[misc]
                    for side in SIDES
                )
                for name in accounts
            ),
            "/".join(f"{one.middle(side, lambda start: start.account.bytes) / 1000:.0f}" for side in SIDES),
            str(len(one.rounds)),
        )
    console.print(table)


def print_redeploys(console: Console, results: Mapping[Side, Redeploys]) -> None:
    """Print what redeploys cost, a side a row."""
    table = new_table(
        "A remote is deployed again and again, under load",
        ("side",),
        (
            *("redeploys", "shown", "pages", "lost", "stale", "deploy to page", "p99"),
            *("memory, settled", "at the end", f"growth (< {GROWTH:.0f} MB)", "each"),
        ),
    )
    for side, one in results.items():
        table.add_row(
            side,
            f"{one.done} of {one.asked}",
            str(one.noticed),
            str(one.pages),
            colour(str(one.lost), met=not one.lost),
            colour(str(one.stale), met=not one.stale),
            seconds(one.switch),
            seconds(one.slowest),
            *(f"{megabytes:.0f} MB" for megabytes in one.memory),
            colour(f"{one.growth:+.1f} MB", met=one.growth < GROWTH),
            f"{one.each:+.3f} MB",
        )
    console.print(table)
    for side, one in results.items():
        if one.ended:
            console.print(f"{side}: {one.ended}")


def print_faults(console: Console, results: Sequence[tuple[Fault, Mapping[Side, Outcome]]]) -> None:
    """Print what a visitor gets, a fault and side a row."""
    table = new_table(
        "A page of two fragments, one of a remote that fails",
        ("fault", "side", "the page", "failing fragment", "other", "unrelated page"),
        ("start", "peak memory", "whole again"),
    )
    for fault, outcomes in results:
        for side, one in outcomes.items():
            table.add_row(
                fault.name if side == SIDES[0] else "",
                side,
                describe(one.page),
                colour(fragment(one), met=is_sound(fault, one)),
                colour("shown" if one.page.home else "missing", met=one.page.home),
                describe(one.other),
                seconds(one.start),
                f"{one.megabytes:.0f} MB",
                repair(one),
            )
    console.print(table)


def print_untrusted(console: Console, one: Untrusted) -> None:
    """Print what a fresh machine for each fragment costs."""
    table = new_table(
        "An untrusted fragment of 1000 elements, in the WASM engine; medians",
        (),
        ("fresh machine", "warm machine", f"fresh / warm (≤ {MOST:g})", "written anew", "rounds"),
    )
    table.add_row(
        seconds(statistics.median(one.fresh)),
        seconds(statistics.median(one.warm)),
        colour(f"{one.ratio:.2f}", met=one.ratio <= MOST),
        seconds(statistics.median(one.cleaning)),
        str(len(one.fresh)),
    )
    console.print(table)


def print_quick(console: Console, one: Quick) -> None:
    """Print what a page takes by React, and beside it."""
    table = new_table(
        "The page by React and by the quick way, in one Deno process; medians",
        (),
        ("React", "quick", f"quick / React (≤ {SHARE:g})", "rounds"),
    )
    table.add_row(
        seconds(statistics.median(one.react)),
        seconds(statistics.median(one.quick)),
        colour(f"{one.ratio:.2f}", met=one.ratio <= SHARE),
        str(len(one.quick)),
    )
    console.print(table)


def describe(visit: Visit) -> str:
    """Write what came of a visit, and when."""
    text = f"{visit.status or 'nothing'} after {seconds(visit.seconds)}"
    return colour(text, met=visit.status == 200 and visit.seconds < 5)


def fragment(one: Outcome) -> str:
    """Write what stands in the place of the failing fragment."""
    if not one.page.status:
        return "none"
    if not one.page.shop:
        return "a fallback"
    return {"foreign": "the answer was run"}.get(one.page.shop, one.page.shop)


def is_sound(fault: Fault, one: Outcome) -> bool:
    """Tell whether the fragment is one that should be there: the good build that was, or else a fallback."""
    wanted = "build-000001" if fault.over else ""
    return one.page.status == 200 and one.page.shop == wanted


def repair(one: Outcome) -> str:
    """Write when the page was whole again after the remote was."""
    if one.repaired is not None:
        return f"after {seconds(one.repaired)}"
    return colour("when told" if one.told else "never", met=False)


def colour(text: str, *, met: bool) -> str:
    """Colour a figure by whether its target is met."""
    shade = "green" if met else "red"
    return f"[{shade}]{text}[/{shade}]"


def new_table(title: str, texts: Sequence[str], figures: Sequence[str]) -> Table:
    """Make a table with columns of texts and columns of figures."""
    table = Table(title=title, title_justify="left", box=SIMPLE, pad_edge=False)
    for column in texts:
        table.add_column(column)
    for column in figures:
        table.add_column(column, justify="right")
    return table


def seconds(value: float) -> str:
    """Write a duration with three figures: milliseconds below one second."""
    return f"{value:.2f} s" if value >= 1 else f"{value * 1000:.3g} ms"
