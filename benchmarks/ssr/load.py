"""A load generator: as many connections as asked, each with one request under way, bounded in count and time.

One thread and no parsing beyond what is needed, so that it takes little from the cores it shares with what
it measures; `Load.own` says how much.
"""

from __future__ import annotations

import selectors
import statistics
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from socket import AF_INET, IPPROTO_TCP, SOCK_STREAM, TCP_NODELAY, socket

__all__ = ["Load", "Sample", "percentile", "run_load"]

MARK = b'data-build="'
HEAD_END = b"\r\n\r\n"
LENGTH = b"content-length:"
ROOM = 1 << 20


@dataclass(frozen=True, slots=True)
class Sample:
    """One response: when it was asked for and when it was there (monotonic seconds), and what it was.

    `status` is 0 where there was none; `build` is the one that the page names; `first` marks the first of its
    connection.
    """

    began: float
    ended: float
    status: int
    build: str
    first: bool

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.ended - self.began


@dataclass(frozen=True, slots=True)
class Load:
    """What a load gave.

    Attributes:
        samples: Every request, those that were lost included.
        seconds: How long it lasted.
        own: The generator's processor time in that, in seconds.
    """

    samples: Sequence[Sample]
    seconds: float
    own: float

    @property
    def rate(self) -> float:
        """Good responses a second."""
        return sum(one.status == 200 for one in self.samples) / self.seconds

    @property
    def lost(self) -> int:
        """Requests without a good response."""
        return sum(one.status != 200 for one in self.samples)

    def latency(self, share: float) -> float:
        """Return a percentile of the latencies in seconds, without the first request of each connection."""
        return percentile([one.seconds for one in self.samples if not one.first and one.status], share)


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which a share of all is: 0.5 for the median, 0.99; 0 of none."""
    if len(values) < 2:
        return values[0] if values else 0.0
    return statistics.quantiles(values, n=100, method="inclusive")[round(share * 100) - 1]


@dataclass(slots=True)
class Caller:
    """One connection and the request under way on it."""

    socket: socket
    first: bool = True
    began: float = 0.0
    room: bytearray = field(default_factory=lambda: bytearray(ROOM))
    filled: int = 0
    needed: int = 0
    next_at: float = 0.0
    waiting: bool = True


class Generator:
    """Everything of one load."""

    def __init__(self, port: int, path: str, *, pause: float, patience: float) -> None:
        self.address = ("127.0.0.1", port)
        self.request = f"GET {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\n\r\n".encode()
        self.pause = pause
        self.patience = patience
        self.samples: list[Sample] = []
        self.selector = selectors.DefaultSelector()
        self.callers: list[Caller] = []

    def connect(self) -> Caller:
        """Open a connection."""
        line = socket(AF_INET, SOCK_STREAM)
        line.settimeout(self.patience)
        # Where that fails, the request on it will be lost, and counted so.
        with suppress(OSError):
            line.connect(self.address)
        line.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
        line.setblocking(False)
        caller = Caller(line)
        self.selector.register(line, selectors.EVENT_READ, caller)
        return caller

    def ask(self, caller: Caller, now: float) -> None:
        """Send the next request."""
        caller.began, caller.filled, caller.needed, caller.waiting = now, 0, 0, False
        try:
            caller.socket.send(self.request)
        except OSError:
            self.lose(caller, now)

    def read(self, caller: Caller) -> bool:
        """Take what has come; return whether the response is there in full."""
        try:
            count = caller.socket.recv_into(memoryview(caller.room)[caller.filled :])
        except BlockingIOError:
            return False
        except OSError:
            count = 0
        if not count:
            self.lose(caller, time.monotonic())
            return False
        caller.filled += count
        if not caller.needed:
            end = caller.room.find(HEAD_END, 0, caller.filled)
            if end < 0:
                return False
            caller.needed = end + 4 + read_length(bytes(caller.room[:end]))
        return caller.filled >= caller.needed

    def keep(self, caller: Caller, now: float) -> None:
        """Write down a response that is complete."""
        status = int(caller.room[9:12])
        start = caller.room.find(MARK, 0, min(caller.filled, 4096))
        place = start + len(MARK)
        build = (
            caller.room[place : caller.room.index(b'"', place)].decode("ascii", "replace")
            if start >= 0
            else ""
        )
        self.samples.append(Sample(caller.began, now, status, build, caller.first))
        caller.first, caller.waiting, caller.next_at = False, True, now + self.pause

    def lose(self, caller: Caller, now: float) -> None:
        """Write down that there was no response, and connect again."""
        if not caller.waiting:
            self.samples.append(Sample(caller.began, now, 0, "", caller.first))
        self.selector.unregister(caller.socket)
        caller.socket.close()
        self.callers.remove(caller)
        again = self.connect()
        again.next_at = now + max(self.pause, 0.05)
        self.callers.append(again)

    def run(self, connections: int, until: float, stopped: Sequence[object], count: int | None) -> None:
        """Keep all connections busy until time, count or somebody says that it is enough."""
        self.callers += [self.connect() for _ in range(connections)]
        while (now := time.monotonic()) < until and not stopped:
            if count is not None and len(self.samples) >= count:
                return
            for caller in [one for one in self.callers if one.waiting and one.next_at <= now]:
                self.ask(caller, now)
            for key, _ in self.selector.select(self.wait(now)):
                if self.read(key.data):
                    now = time.monotonic()
                    self.keep(key.data, now)
                    if not self.pause:
                        self.ask(key.data, now)
            for caller in [one for one in self.callers if not one.waiting and self.is_late(one)]:
                self.lose(caller, time.monotonic())

    def wait(self, now: float) -> float:
        """Return how long nothing has to be done by itself."""
        due = [one.next_at - now for one in self.callers if one.waiting]
        return min([0.05, *(max(0.0, one) for one in due)])

    def is_late(self, caller: Caller) -> bool:
        """Tell whether nobody waits for this response any longer."""
        return time.monotonic() - caller.began > self.patience

    def close(self) -> None:
        """Close all connections."""
        self.selector.close()
        for caller in self.callers:
            caller.socket.close()


def read_length(head: bytes) -> int:
    """Return the length that a response names, 0 where it names none."""
    lower = head.lower()
    start = lower.find(LENGTH)
    return int(lower[start + len(LENGTH) :].split(b"\r\n", 1)[0]) if start >= 0 else 0


def run_load(
    port: int,
    path: str,
    *,
    connections: int,
    seconds: float,
    count: int | None = None,
    pause: float = 0.0,
    patience: float = 10.0,
    stopped: Sequence[object] = (),
) -> Load:
    """Ask for one page over and over.

    Args:
        port: Where, on the loopback interface.
        path: Which page; its responses must name their length.
        connections: How many requests are under way at once.
        seconds: How long at most.
        count: How many requests at most, without a bound where it is None.
        pause: Seconds between a response and the next request of its connection.
        patience: Seconds after which a request counts as lost.
        stopped: The load ends when somebody puts something into it.
    """
    generator = Generator(port, path, pause=pause, patience=patience)
    began, busy = time.monotonic(), time.thread_time()
    try:
        generator.run(connections, began + seconds, stopped, count)
    finally:
        generator.close()
    return Load(generator.samples, time.monotonic() - began, time.thread_time() - busy)
