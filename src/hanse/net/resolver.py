"""Looking up names, on a few threads of its own so that a name that hangs blocks nobody else."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

__all__ = ["Resolver", "SystemResolver"]

# Host and port to all addresses of the host, as text; raises OSError or UnicodeError.
Resolver = Callable[[str, int], Awaitable[Sequence[str]]]

LOOPBACK: Final = ("127.0.0.1", "::1")


class SystemResolver:
    """The operating system's resolver, `getaddrinfo`, which cannot be interrupted.

    Whoever asks for a name that is being looked up already waits for that look-up, so one dead name
    server costs one thread for each name.

    Args:
        threads: How many names are looked up at a time.
    """

    def __init__(self, threads: int) -> None:
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="hanse-names")
        self._running: dict[tuple[str, int], asyncio.Future[Sequence[str]]] = {}

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """Return every address of the host, IPv4 and IPv6, in the system's order.

        Raises:
            OSError: The name does not exist, or no name server answers.
            UnicodeError: It cannot be a host's name.
        """
        key = (host, port)
        lookup = self._running.get(key)
        if lookup is None:
            lookup = asyncio.get_running_loop().run_in_executor(self._executor, look_up, host, port)
            self._running[key] = lookup
            lookup.add_done_callback(lambda done: self._forget(key, done))
        await asyncio.wait({lookup})
        return lookup.result()

    def close(self) -> None:
        """Take no more names; look-ups under way end by themselves."""
        self._executor.shutdown(wait=False, cancel_futures=True)

    def _forget(self, key: tuple[str, int], lookup: asyncio.Future[Sequence[str]]) -> None:
        self._running.pop(key, None)
        if not lookup.cancelled():
            # Those who asked may all have gone: the error has been seen, then, by nobody.
            lookup.exception()


def look_up(host: str, port: int) -> list[str]:
    """Ask the system for the addresses of a host, each once.

    Names below `localhost` are this machine, as RFC 6761 (6.3) has it and browsers do: many systems know no
    such names, and no name server is to be asked for them.
    """
    if host.endswith(".localhost"):
        return list(LOOPBACK)
    records = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(record[4][0]) for record in records))
