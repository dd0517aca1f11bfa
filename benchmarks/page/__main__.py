"""Race Hanse's page against the npm orchestrator's and a hand-made one: `python -m benchmarks.page`."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

from playwright.sync_api import Browser, Error, sync_playwright
from rich.console import Console

from benchmarks.page.certificate import Certificate, make_certificate
from benchmarks.page.documents import PEER
from benchmarks.page.federation import EXTERNALS, PAYLOADS, Payload
from benchmarks.page.races import Course, Race, run_races
from benchmarks.page.report import print_races, wide_console
from benchmarks.page.serving import PROTOCOLS, ServerError
from benchmarks.page.visits import NETWORKS, StalledError
from scripts.find_chromium import FLAGS, MISSING, ensure_chromium

__all__ = ["main"]

SIZES = (5, 20, 50, 100)
QUICK_SIZES = (5, 20)
# Custom elements are raced where there is a figure to reach, over the faster network.
ELEMENT_SIZES = (20, 50)
ROUNDS = 7
QUICK_ROUNDS = 3
# Seconds after which no further race is begun; it takes less on two quiet cores.
BUDGET = 1500.0
QUICK_BUDGET = 120.0


def parse_arguments(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.page", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON and nothing else")
    parser.add_argument("--quick", action="store_true", help="5 and 20 remotes, one network, three rounds")
    parser.add_argument("--size", action="append", type=int, help="only this many remotes (repeatable)")
    parser.add_argument("--payload", action="append", choices=PAYLOADS, help="only these (repeatable)")
    parser.add_argument("--protocol", action="append", choices=PROTOCOLS, help="only this one (repeatable)")
    parser.add_argument(
        "--network",
        action="append",
        choices=[network.name for network in NETWORKS],
        help="only this one (repeatable)",
    )
    parser.add_argument("--rounds", type=int, help=f"rounds of each race, {ROUNDS} if not given")
    parser.add_argument("--seed", type=int, default=1, help="seed of the generated federations")
    return parser.parse_args(arguments)


def planned(options: argparse.Namespace) -> Iterator[Course]:
    """Yield what is raced on."""
    for payload in options.payload or PAYLOADS:
        for size in options.size or default_sizes(payload, quick=options.quick):
            for protocol in options.protocol or PROTOCOLS:
                for network in NETWORKS[:1] if options.quick or payload == "elements" else NETWORKS:
                    if not options.network or network.name in options.network:
                        yield Course(size, protocol, network, payload)


def default_sizes(payload: Payload, *, quick: bool) -> tuple[int, ...]:
    """Return how many remotes are raced with if nothing is said."""
    if quick:
        return QUICK_SIZES if payload == "react" else ()
    return SIZES if payload == "react" else ELEMENT_SIZES


@contextmanager
def open_chromium(certificate: Certificate) -> Iterator[Browser]:
    """Start one Chromium for all races, and end it.

    Raises:
        FileNotFoundError: There is none.
    """
    program = ensure_chromium()
    if program is None:
        raise FileNotFoundError(MISSING)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=[*FLAGS, certificate.flag])
        try:
            yield browser
        finally:
            browser.close()


def surroundings(browser: Browser) -> dict[str, object]:
    """Say what the figures were taken on."""
    peer = json.loads((PEER / "package.json").read_text())["version"]
    return {
        "peer": f"@softarc/native-federation-orchestrator {peer}",
        "chromium": browser.version,
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "externals": EXTERNALS,
    }


def measure(
    options: argparse.Namespace, courses: list[Course], progress: Callable[[str], object]
) -> tuple[dict[str, object], list[Race]]:
    """Run everything that was asked for, as far as time allows."""
    until = monotonic() + (QUICK_BUDGET if options.quick else BUDGET)
    with tempfile.TemporaryDirectory(prefix="hanse-bench-") as folder:
        certificate = make_certificate(Path(folder))
        with open_chromium(certificate) as browser:
            races = run_races(
                browser,
                courses,
                rounds=options.rounds or (QUICK_ROUNDS if options.quick else ROUNDS),
                seed=options.seed,
                certificate=certificate,
                until=until,
                progress=progress,
            )
            return surroundings(browser), [*races]


def main(arguments: list[str] | None = None) -> int:
    """Run the benchmark and return the exit code: 0, or 1 where it could not run or ran out of time."""
    options = parse_arguments(arguments)
    courses = [*planned(options)]
    try:
        with Console(stderr=True).status("starting") as status:
            where, races = measure(options, courses, status.update)
    except (Error, OSError, ServerError, StalledError) as error:
        print(error, file=sys.stderr)
        return 1
    if options.json:
        print(json.dumps({"surroundings": where, "races": [race.as_json() for race in races]}, indent=2))
    else:
        console = wide_console()
        console.print(", ".join(f"{key} {value}" for key, value in where.items()), highlight=False)
        print_races(console, races)
    left = courses[len(races) :]
    if left:
        print(f"out of time; not run: {'; '.join(map(str, left))}", file=sys.stderr)
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
