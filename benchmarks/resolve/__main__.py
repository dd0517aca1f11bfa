"""Race Hanse's resolver against the npm orchestrator: `python -m benchmarks.resolve`."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console

from benchmarks.resolve.contender import POLICIES
from benchmarks.resolve.federations import EXTERNALS, KINDS, FederationKind, generate
from benchmarks.resolve.peer import Peer, PeerError
from benchmarks.resolve.races import DifferentAnswersError, Race, Settings, run_race
from benchmarks.resolve.redeploy import CHANGES, Change, Redeploy, run_redeploy
from benchmarks.resolve.report import print_races, print_redeploys, wide_console

__all__ = ["main"]

SIZES = (10, 100, 1000)
POOLDRIFT_SIZES = (10, 100, 200)
QUICK_LARGEST = 100
REDEPLOYED_KINDS = ("typical", "entries", "pooled")


def parse_arguments(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.resolve", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON and nothing else")
    parser.add_argument("--quick", action="store_true", help=f"up to {QUICK_LARGEST} remotes, fewer rounds")
    parser.add_argument("--kind", action="append", choices=tuple(KINDS), help="only this kind (repeatable)")
    parser.add_argument("--size", action="append", type=int, help="only this many remotes (repeatable)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the generated federations")
    parser.add_argument("--no-redeploy", action="store_true", help="leave the redeployments out")
    return parser.parse_args(arguments)


def planned(options: argparse.Namespace) -> Iterator[tuple[FederationKind, int]]:
    """Yield the federations to race on."""
    for kind in KINDS.values():
        if options.kind and kind.name not in options.kind:
            continue
        sizes = options.size or (POOLDRIFT_SIZES if kind.name == "pooldrift" else SIZES)
        for size in sizes:
            if options.size or not options.quick or size <= QUICK_LARGEST:
                yield kind, size


def planned_changes(options: argparse.Namespace) -> Iterator[Change]:
    """Yield the redeployments to measure."""
    remotes = QUICK_LARGEST if options.quick else SIZES[-1]
    for kind in REDEPLOYED_KINDS:
        if options.no_redeploy or (options.kind and kind not in options.kind):
            continue
        for policy in POLICIES:
            for extent in CHANGES:
                yield Change(kind, remotes, policy, extent)


def surroundings() -> dict[str, object]:
    """Say what the figures were taken on."""
    with Peer() as peer:
        return {
            "peer": f"@softarc/native-federation-orchestrator {peer.version}",
            "node": peer.node,
            "python": platform.python_version(),
            "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
            "externals": EXTERNALS,
        }


def measure(options: argparse.Namespace, progress: Console) -> tuple[list[Race], list[Redeploy]]:
    """Run everything that was asked for."""
    settings = Settings(
        budget=2.0 if options.quick else 6.0,
        rounds=9 if options.quick else 31,
        fresh_rounds=3 if options.quick else 5,
        patience=10.0,
        seed=options.seed,
    )
    races, redeploys = [], []
    with tempfile.TemporaryDirectory(prefix="hanse-bench-") as name, progress.status("generating") as status:
        folder = Path(name)
        for kind, size in planned(options):
            status.update(f"{kind.name}-{size}")
            federation = generate(kind, size, folder / f"{kind.name}-{size}", seed=options.seed)
            races.append(run_race(federation, settings, folder))
        for change in planned_changes(options):
            status.update(f"redeploying {change.kind}-{change.remotes}, {change.policy}, {change.extent}")
            rounds = 3 if options.quick else 7
            redeploys.append(run_redeploy(change, rounds=rounds, seed=options.seed, folder=folder))
    return races, redeploys


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark and return the exit code: 0, or 1 where it could not run or the answers differ."""
    options = parse_arguments(arguments)
    try:
        where = surroundings()
        races, redeploys = measure(options, Console(stderr=True))
    except (PeerError, DifferentAnswersError, subprocess.CalledProcessError) as error:
        print(error, file=sys.stderr)
        return 1
    if options.json:
        figures = {
            "surroundings": where,
            "races": [race.as_json() for race in races],
            "redeploys": [redeploy.as_json() for redeploy in redeploys],
        }
        print(json.dumps(figures, indent=2))
        return 0
    console = wide_console()
    console.print(", ".join(f"{key} {value}" for key, value in where.items()), highlight=False)
    print_races(console, races)
    if redeploys:
        print_redeploys(console, redeploys)
    return 0


if __name__ == "__main__":
    sys.exit(main())
