"""A page with two fragments, one of a remote that fails: what its visitor gets, when, and at what cost."""

from __future__ import annotations

import http.client
import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from time import monotonic, sleep

from benchmarks.ssr.builds import build_name
from benchmarks.ssr.children import ChildError, peak_memory
from benchmarks.ssr.origins import Origins
from benchmarks.ssr.sides import SIDES, Server, Side, start_server

__all__ = ["FAULTS", "Fault", "Outcome", "Visit", "run_faults"]

# A visitor who waits longer has gone.
PATIENCE = 30.0
# How long a side that hears of builds by itself has for it.
SETTLING = 3.0
# How long a side has to be whole again after its remote is.
REPAIR = 8.0
BUILD = re.compile(r'<main data-build="([^"]*)"')
# Written by the body of the 500: whoever shows it has run what was no answer.
FOREIGN = "not asked for"


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong with the remote `shop`.

    Attributes:
        name: What it is called.
        front: The fault that is played to whoever asks for its files, empty for none.
        build: What is published instead, in the words of `Origins.publish`.
        over: Whether the remote has worked before.
    """

    name: str
    front: str = ""
    build: Mapping[str, object] | None = None
    over: bool = False


FAULTS: tuple[Fault, ...] = (
    Fault("500 with a JavaScript body", front="500 with JavaScript"),
    Fault("404 with HTML", front="404 with HTML"),
    Fault("hang", front="hang"),
    Fault("drop", front="drop"),
    Fault("truncation", front="truncation"),
    Fault("200 MB", front="200 MB"),
    Fault("gzip bomb", front="gzip bomb"),
    Fault("hang, over a working build", front="hang", over=True),
    Fault("wrong signature, over a working build", build={"forged": True}, over=True),
    Fault("lower serial, over a working build", build={"serial": 1}, over=True),
    Fault("broken build, over a working build", build={"broken": True}, over=True),
)


@dataclass(frozen=True, slots=True)
class Visit:
    """One page as its visitor gets it.

    Attributes:
        status: The HTTP status, 0 where there was no page in time.
        seconds: How long it took.
        shop: The build whose fragment is shown, `foreign` for what was no build, empty for none.
        home: Whether the fragment of the other remote is there.
    """

    status: int
    seconds: float
    shop: str = ""
    home: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one fault did to one side.

    Attributes:
        page: The page with both fragments.
        other: A page of the other remote alone, asked for at the same time.
        start: Seconds until the side listened, which it does before or after it asks its remotes.
        megabytes: The most that the side held in memory since it began.
        repaired: Seconds after the repair until the fragment was there by itself, None where it was not.
        told: Whether it was there when the side had been told of a new build besides.
        ended: Whether the side, or a process of it, has ended.
    """

    page: Visit
    other: Visit
    start: float
    megabytes: float
    repaired: float | None
    told: bool
    ended: bool

    def as_json(self) -> dict[str, object]:
        """Return it as JSON."""
        return {
            "status": self.page.status,
            "seconds": self.page.seconds,
            "failing fragment": self.page.shop,
            "other fragment": self.page.home,
            "unrelated page": {"status": self.other.status, "seconds": self.other.seconds},
            "start": self.start,
            "megabytes": self.megabytes,
            "repaired after": self.repaired,
            "repaired when told": self.told,
            "ended": self.ended,
        }


def run_faults(
    origins: Origins, *, faults: Sequence[Fault] = FAULTS, patience: float, progress: Callable[[str], object]
) -> list[tuple[Fault, Mapping[Side, Outcome]]]:
    """Play each fault to each side, which is started anew for it.

    Raises:
        ChildError: A side did not start, or has no page before anything is wrong.
    """
    results: list[tuple[Fault, Mapping[Side, Outcome]]] = []
    for fault in faults:
        progress(f"faults: {fault.name}")
        results.append((fault, {side: suffer(origins, side, fault, patience) for side in SIDES}))
    return results


def suffer(origins: Origins, side: Side, fault: Fault, patience: float) -> Outcome:
    """Play one fault to one side."""
    origins.set()
    origins.publish("shop", build_name(1))
    try:
        if not fault.over:
            set_fault(origins, fault)
        with start_server(side, origins.url, processes=1, often=True) as server:
            if fault.over:
                expect_both(server)
                set_fault(origins, fault)
            return observe(origins, server, fault, patience)
    finally:
        # Whoever trusts the next build has to see a higher serial than any before.
        origins.set()
        origins.publish("shop", build_name(1))


def set_fault(origins: Origins, fault: Fault) -> None:
    """Let it go wrong from now on."""
    if fault.front:
        origins.set(faults={"shop": fault.front})
    if fault.build is not None:
        origins.publish("shop", build_name(2), **fault.build)


def expect_both(server: Server) -> None:
    """See that the page is whole before anything is wrong, and that the side knows what it has.

    Raises:
        ChildError: It is not.
    """
    if not wait_for(server, lambda visit: bool(visit.shop) and visit.home):
        raise ChildError(f"{server.side} does not show both fragments")
    server.reload(seconds=0.0)


def observe(origins: Origins, server: Server, fault: Fault, patience: float) -> Outcome:
    """Visit the pages while it is wrong, repair it, and visit again."""
    with ThreadPoolExecutor(3) as pool:
        told = pool.submit(reload, server, patience) if fault.over else None
        if told is not None and not fault.front:
            told.result()
        page = pool.submit(visit, server.port, "/both", patience)
        other = pool.submit(visit, server.port, "/home", patience)
        seen, beside = page.result(), other.result()
        if told is not None:
            told.result()
    peak = peak_memory(server.pid)
    origins.set()
    origins.publish("shop", build_name(3))
    began = monotonic()
    whole = wait_for(server, shows_repaired)
    repaired = monotonic() - began if whole else None
    ended = reload(server, patience)
    helped = whole or wait_for(server, shows_repaired)
    return Outcome(
        page=seen,
        other=beside,
        start=server.start,
        megabytes=peak,
        repaired=repaired,
        told=helped,
        ended=bool(ended),
    )


def shows_repaired(visit: Visit) -> bool:
    """Tell whether a page shows the build that came after the fault."""
    return visit.shop == build_name(3)


def reload(server: Server, patience: float) -> list[object]:
    """Tell a side that its remote was deployed; return what of it has ended."""
    server.child.send({"op": "reload", "seconds": SETTLING})
    try:
        ended: list[object] = server.child.answer(deadline=patience)["ended"]
    except ChildError:
        return []
    return ended


def wait_for(server: Server, enough: Callable[[Visit], bool]) -> bool:
    """Visit the page until it is as it should be; tell whether it was in time."""
    until = monotonic() + REPAIR
    while monotonic() < until:
        if enough(visit(server.port, "/both", until - monotonic() + 0.1)):
            return True
        sleep(0.2)
    return False


def visit(port: int, path: str, patience: float) -> Visit:
    """Ask for a page, on a connection of its own."""
    began = monotonic()
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=patience)
    try:
        line.request("GET", path)
        response = line.getresponse()
        text = response.read().decode("utf-8", "replace")
    except (OSError, http.client.HTTPException):
        return Visit(0, monotonic() - began)
    finally:
        line.close()
    found = BUILD.search(text)
    shop = found[1] if found else "foreign" if FOREIGN in text else ""
    return Visit(response.status, monotonic() - began, shop, "<aside data-build" in text)
