"""The benchmark of server rendering: both sides render the same, and what is counted is what was promised."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import Iterator
from http.client import HTTPConnection
from io import StringIO

import pytest
from rich.console import Console

from benchmarks.ssr.builds import build_name, ensure_built
from benchmarks.ssr.children import Child, ChildError, group_of, memory_of
from benchmarks.ssr.cold import Cold, Start, start_cold
from benchmarks.ssr.faults import FAULTS, Outcome, Visit, visit
from benchmarks.ssr.front import Account
from benchmarks.ssr.load import Sample, run_load
from benchmarks.ssr.origins import Origins
from benchmarks.ssr.quick import run_quick
from benchmarks.ssr.redeploys import count_stale, redeploy
from benchmarks.ssr.report import (
    print_cold,
    print_faults,
    print_redeploys,
    print_throughput,
    print_untrusted,
)
from benchmarks.ssr.sides import SIDES, Side, start_server
from benchmarks.ssr.throughput import Heat, Throughput
from benchmarks.ssr.untrusted import Untrusted, run_untrusted

ELEMENT = re.compile(r"<[a-z]")
# What differs between the sides by intention: ids, and the element around Hanse's fragment.
IDS = re.compile(r"_[A-Za-z0-9-]*R_\w+_")


@pytest.fixture(scope="module")
def origins() -> Iterator[Origins]:
    ensure_built()
    with Origins() as servers:
        yield servers


def silence(_: str) -> None:
    return None


def read_page(port: int, path: str) -> str:
    line = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        line.request("GET", path)
        return line.getresponse().read().decode()
    finally:
        line.close()


def page_of(origins: Origins, side: Side) -> str:
    with start_server(side, origins.url, processes=1) as server:
        return read_page(server.port, "/shop")


@pytest.mark.node
def test_both_sides_render_the_same_thousand_elements(origins: Origins) -> None:
    pages = [page_of(origins, side) for side in SIDES]
    mains = [IDS.sub("id", page[page.index("<main") : page.index("</main>")]) for page in pages]
    assert mains[0] == mains[1]
    assert 950 < len(ELEMENT.findall(mains[0])) < 1050
    assert 33_000 < len(pages[0]) < 41_000


@pytest.mark.node
@pytest.mark.parametrize("side", SIDES)
def test_redeploys_are_shown_and_counted(origins: Origins, side: Side) -> None:
    result = redeploy(origins, side, 3, 60.0, silence, settle=0.2)
    assert (result.done, result.noticed, result.lost, result.stale) == (3, 3, 0, 0)
    assert result.pages > 3
    origins.publish("shop", build_name(0))


@pytest.mark.node
def test_a_cold_remote_is_asked_for_behind_latency(origins: Origins) -> None:
    peer = start_cold(origins, "peer", "chain")
    hanse = start_cold(origins, "hanse", "chain")
    # An entry, the exposed chunk and thirty more, each after the one before.
    assert peer.account.requests == peer.account.trips == 32
    assert peer.seconds > 32 * 0.04
    assert hanse.account.trips == 1
    assert hanse.seconds > 0.04


@pytest.mark.node
@pytest.mark.parametrize("side", SIDES)
def test_a_fault_hits_the_remote_that_it_is_set_for(origins: Origins, side: Side) -> None:
    origins.set(faults={"shop": "404 with HTML"})
    try:
        with start_server(side, origins.url, processes=1) as server:
            seen = visit(server.port, "/both", 20.0)
    finally:
        origins.set()
    assert (seen.status, seen.shop, seen.home) == (200, "", True)


@pytest.mark.node
def test_the_page_is_the_same_by_react_and_beside_it(origins: Origins) -> None:
    del origins
    found = run_quick(rounds=1, progress=silence, times=2)
    assert len(found.react) == len(found.quick) == 1
    assert found.ratio > 0


@pytest.mark.node
def test_what_nobody_trusts_is_rendered_in_machines(origins: Origins) -> None:
    del origins
    found = run_untrusted(rounds=1, progress=silence)
    assert found.fresh[0] > 0
    assert found.warm[0] > 0


def test_a_load_leaves_first_requests_out_and_sees_what_is_lost() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        body = b'<main data-build="build-000007">'
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        try:
            for _ in range(3):
                await reader.readuntil(b"\r\n\r\n")
                writer.write(head + body)
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()

    async def measure() -> tuple[Sample, ...]:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            load = await asyncio.to_thread(run_load, port, "/", connections=2, seconds=20.0, count=12)
            await asyncio.sleep(0.1)
        return tuple(load.samples)

    samples = asyncio.run(measure())
    good = [one for one in samples if one.status == 200]
    assert {one.build for one in good} == {"build-000007"}
    assert sum(one.first for one in good) >= 2
    assert any(one.status == 0 for one in samples)


def test_pages_of_an_older_build_than_is_shown_are_stale() -> None:
    shown = [(10.0, build_name(1)), (20.0, build_name(2))]
    samples = [
        Sample(9.0, 12.0, 200, build_name(0), first=False),
        Sample(11.0, 12.0, 200, build_name(0), first=False),
        Sample(19.0, 21.0, 200, build_name(1), first=False),
        Sample(21.0, 22.0, 200, build_name(2), first=False),
        Sample(21.0, 22.0, 200, build_name(1), first=False),
        Sample(22.0, 23.0, 0, "", first=False),
    ]
    assert count_stale(samples, shown) == 2


def test_a_child_is_ended_with_all_that_it_has_started() -> None:
    script = (
        "import json, subprocess, sys; sys.stdin.readline();"
        "one = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']);"
        "print(json.dumps({'pid': one.pid}), flush=True); sys.stdin.read()"
    )
    with Child([sys.executable, "-c", script], {}, name="one") as child:
        pid = child.about["pid"]
        assert pid in group_of(child.process.pid)
        assert 1 < memory_of(child.process.pid) < 500
    assert memory_of(pid) == 0


def test_a_child_that_ends_says_so() -> None:
    with pytest.raises(ChildError, match="one has ended"):
        Child([sys.executable, "-c", "pass"], {}, name="one")


def test_the_report_has_every_part() -> None:
    page = StringIO()
    console = Console(file=page, width=200)
    throughput = Throughput(16)
    throughput.rounds.append(
        {"peer": Heat(1000, 0.01, 0.02, 0.001, 0.1, 0), "hanse": Heat(1500, 0.008, 0.03, 0.001, 0.1, 2)}
    )
    print_throughput(console, [throughput])
    print_cold(console, [make_cold()])
    print_redeploys(console, {})
    outcome = Outcome(
        page=Visit(200, 0.1, "foreign", home=True),
        other=Visit(0, 30.0),
        start=0.5,
        megabytes=300.0,
        repaired=None,
        told=True,
        ended=False,
    )
    print_faults(console, [(FAULTS[0], dict.fromkeys(SIDES, outcome))])
    print_untrusted(console, Untrusted([0.05, 0.07], [0.04, 0.05], [0.01, 0.01]))
    text = page.getvalue()
    for figure in ("1.50", "0/2", "a chain", "8.00×", "the answer was run", "when told", "1.33"):
        assert figure in text
    figures = json.loads(json.dumps([throughput.as_json(), outcome.as_json(), make_cold().as_json()]))
    assert figures[0]["ratios"]["pages a second"] == 1.5


def make_cold() -> Cold:
    cold = Cold("chain")
    cold.rounds.append(
        {"peer": Start(1.6, Account(32, 2, 32, 1000)), "hanse": Start(0.2, Account(2, 2, 1, 1000))}
    )
    return cold


def test_faults_have_names_of_their_own() -> None:
    names = [fault.name for fault in FAULTS]
    assert len({*names}) == len(names) >= 10
    assert all(fault.front or fault.build for fault in FAULTS)
