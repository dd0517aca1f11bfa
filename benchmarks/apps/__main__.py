"""Race a federated page against the same page from one app alone: `python -m benchmarks.apps`."""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from playwright.sync_api import sync_playwright
from rich.console import Console
from rich.table import Table

from benchmarks.apps.race import Sight, visit, walk
from benchmarks.apps.stalls import serve_stalls
from examples.omni.serve import free_ports
from scripts.build_examples import STORE, build_examples
from scripts.find_chromium import FLAGS, MISSING, ensure_chromium

__all__ = ["main"]

# A first paint comes with a frame: few rounds say little.
ROUNDS = 41
NEAR = 1.15
MEASURES = {"first byte": "first_byte", "first contentful paint": "first_paint", "interactive": "interactive"}


def main(arguments: list[str] | None = None) -> int:
    """Race, and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.apps", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"rounds, {ROUNDS} if not given")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON and nothing else")
    options = parser.parse_args(arguments)
    chromium = ensure_chromium()
    if chromium is None:
        print(MISSING, file=sys.stderr)
        return 1
    build_examples(folders=STORE)
    sights: dict[str, list[Sight]] = {"federated": [], "alone": []}
    walks: list[Mapping[str, float]] = []
    ports = free_ports()
    with (
        tempfile.TemporaryDirectory() as folder,
        serve_stalls(Path(folder), ports, free_ports()["home"]) as urls,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        for turn in range(options.rounds + 1):
            # Who goes first changes, and the first round warms both servers.
            sides = list(sights) if turn % 2 else [*reversed(sights)]
            seen = {side: visit(browser, urls[side]) for side in sides}
            gone = walk(browser, urls["federated"])
            if turn:
                walks.append(gone)
                for side, sight in seen.items():
                    sights[side].append(sight)
        browser.close()
    figures = measure(sights, walks)
    if options.json:
        print(json.dumps(figures, indent=2))
    else:
        show(figures, options.rounds)
    return 0


def measure(
    sights: Mapping[str, Sequence[Sight]], walks: Sequence[Mapping[str, float]]
) -> dict[str, dict[str, float]]:
    """Return medians in milliseconds, and medians of the ratios of each round."""
    found: dict[str, dict[str, float]] = {}
    for name, field in MEASURES.items():
        both = [
            (float(getattr(one, field)), float(getattr(other, field)))
            for one, other in zip(sights["federated"], sights["alone"], strict=True)
        ]
        found[name] = {
            "federated": statistics.median(one for one, _ in both),
            "alone": statistics.median(other for _, other in both),
            "ratio": statistics.median(one / other for one, other in both),
        }
    names = list(walks[0])
    found["navigation"] = {name: statistics.median(one[name] for one in walks) for name in names} | {
        f"{name} / as a document": statistics.median(one[name] / one["as a document"] for one in walks)
        for name in names[:-1]
    }
    return found


def show(figures: Mapping[str, Mapping[str, float]], rounds: int) -> None:
    """Print tables."""
    console = Console(width=110)
    table = Table(
        "", "federated", "alone", f"ratio (≤ {NEAR})", title=f"One page, median of {rounds} rounds, ms"
    )
    for name in MEASURES:
        row = figures[name]
        table.add_row(name, f"{row['federated']:.1f}", f"{row['alone']:.1f}", f"{row['ratio']:.2f}")
    console.print(table)
    table = Table("", "", title="From one app's page to another's, ms; and ratios")
    for name, value in figures["navigation"].items():
        table.add_row(name, f"{value:.2f}" if "/" in name else f"{value:.1f}")
    console.print(table)


if __name__ == "__main__":
    sys.exit(main())
