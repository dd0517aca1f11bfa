"""Race Hanse's server rendering against Module Federation's in Node: `python -m benchmarks.ssr`."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version

from rich.console import Console

from benchmarks.ssr.builds import ensure_built, find_version, read_version
from benchmarks.ssr.children import ChildError
from benchmarks.ssr.cold import run_cold
from benchmarks.ssr.faults import FAULTS, PATIENCE, run_faults
from benchmarks.ssr.origins import Origins
from benchmarks.ssr.quick import run_quick
from benchmarks.ssr.redeploys import run_redeploys
from benchmarks.ssr.report import (
    print_cold,
    print_faults,
    print_quick,
    print_redeploys,
    print_throughput,
    print_untrusted,
    wide_console,
)
from benchmarks.ssr.throughput import CONCURRENCIES, run_throughput
from benchmarks.ssr.untrusted import run_untrusted
from hanse.errors import HanseError

__all__ = ["main"]

PARTS = ("throughput", "cold", "redeploy", "faults", "untrusted", "quick")
Tell = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is measured; times in seconds."""

    seconds: float = 5.0
    heats: int = 5
    starts: int = 7
    redeploys: int = 1000
    budget: float = 900.0
    patience: float = PATIENCE
    fragments: int = 15


QUICK = Extent(seconds=2.0, heats=1, starts=2, redeploys=50, budget=60.0, patience=6.0, fragments=5)


def parse_arguments(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ssr", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON and nothing else")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, 50 redeploys, shorter patience")
    parser.add_argument("--part", action="append", choices=PARTS, help="only this part (repeatable)")
    parser.add_argument("--concurrency", action="append", type=int, help="only this one (repeatable)")
    parser.add_argument("--fault", action="append", help="only faults with this in their names (repeatable)")
    parser.add_argument("--redeploys", type=int, help="how many, 1000 if not given")
    parser.add_argument("--rounds", type=int, help="rounds of throughput and cold starts")
    return parser.parse_args(arguments)


def surroundings() -> dict[str, object]:
    """Say what the figures were taken on."""
    return {
        "peer": f"@module-federation/node {read_version('@module-federation/node')}",
        "runtime": read_version("@module-federation/runtime"),
        "node": find_version(),
        "react": read_version("react"),
        "deno": version("deno"),
        "wasmtime": version("wasmtime"),
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
    }


def measure(options: argparse.Namespace, tell: Tell, console: Console | None) -> dict[str, object]:
    """Run what was asked for; print each part's tables when it is over, and return all figures as JSON."""
    extent = QUICK if options.quick else Extent()
    figures: dict[str, object] = {}
    with Origins() as origins:
        for part in options.part or PARTS:
            figures[part] = MEASURES[part](options, extent, origins, tell, console)
    return figures


def measure_throughput(
    options: argparse.Namespace, extent: Extent, origins: Origins, tell: Tell, console: Console | None
) -> object:
    """Load both sides."""
    results = run_throughput(
        origins,
        seconds=extent.seconds,
        rounds=options.rounds or extent.heats,
        concurrencies=options.concurrency or CONCURRENCIES,
        progress=tell,
    )
    if console:
        print_throughput(console, results)
    return [one.as_json() for one in results]


def measure_cold(
    options: argparse.Namespace, extent: Extent, origins: Origins, tell: Tell, console: Console | None
) -> object:
    """Start both sides cold."""
    results = run_cold(origins, rounds=options.rounds or extent.starts, progress=tell)
    if console:
        print_cold(console, results)
    return [one.as_json() for one in results]


def measure_redeploys(
    options: argparse.Namespace, extent: Extent, origins: Origins, tell: Tell, console: Console | None
) -> object:
    """Redeploy under load."""
    count = options.redeploys or extent.redeploys
    results = run_redeploys(origins, count=count, budget=extent.budget, progress=tell)
    if console:
        print_redeploys(console, results)
    return {side: one.as_json() for side, one in results.items()}


def measure_faults(
    options: argparse.Namespace, extent: Extent, origins: Origins, tell: Tell, console: Console | None
) -> object:
    """Play the faults."""
    chosen = [one for one in FAULTS if not options.fault or any(part in one.name for part in options.fault)]
    results = run_faults(origins, faults=chosen, patience=extent.patience, progress=tell)
    if console:
        print_faults(console, results)
    return {
        fault.name: {side: one.as_json() for side, one in outcomes.items()} for fault, outcomes in results
    }


def measure_untrusted(
    options: argparse.Namespace, extent: Extent, origins: Origins, tell: Tell, console: Console | None
) -> object:
    """Render what nobody trusts."""
    del options, origins
    result = run_untrusted(rounds=extent.fragments, progress=tell)
    if console:
        print_untrusted(console, result)
    return result.as_json()


def measure_quick(
    options: argparse.Namespace, extent: Extent, origins: Origins, tell: Tell, console: Console | None
) -> object:
    """Render one page by React and beside it."""
    del origins
    result = run_quick(rounds=options.rounds or extent.heats, progress=tell)
    if console:
        print_quick(console, result)
    return result.as_json()


MEASURES = {
    "throughput": measure_throughput,
    "cold": measure_cold,
    "redeploy": measure_redeploys,
    "faults": measure_faults,
    "untrusted": measure_untrusted,
    "quick": measure_quick,
}


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark and return the exit code: 0, or 1 where it could not run."""
    options = parse_arguments(arguments)
    console = None if options.json else wide_console()
    try:
        with Console(stderr=True).status("building") as status:
            ensure_built()
            where = surroundings()
            if console:
                console.print(", ".join(f"{key} {value}" for key, value in where.items()), highlight=False)
            figures = measure(options, status.update, console)
    except (ChildError, HanseError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    if options.json:
        print(json.dumps({"surroundings": where, **figures}, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
