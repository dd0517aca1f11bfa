"""Sockets to listen on: the port asked for, or the next one that is free."""

from __future__ import annotations

import errno
import ipaddress
import socket
from contextlib import suppress
from typing import Final

from hanse.errors import UsageError

__all__ = ["address_of", "listen"]

# More servers than this beside each other on one machine are a mistake, not a coincidence.
PORTS_TRIED: Final = 100
LAST_PORT: Final = 65535
BACKLOG: Final = 2048


def listen(host: str, port: int, *, strict: bool = False) -> socket.socket:
    """Return a socket that listens on this port, or on the next one that is free.

    Args:
        host: An address of this machine, or a name of one.
        port: 1 to 65535, or 0 for any that is free.
        strict: Whether it has to be this one.

    Raises:
        UsageError: The host is no address of this machine, or none of these ports may be had.
    """
    if not 0 <= port <= LAST_PORT:
        raise UsageError(f"{port} is not a port", subject=host, hint=f"ports go from 1 to {LAST_PORT}")
    family, address = find_address(host)
    last = min(port + (1 if strict else PORTS_TRIED), LAST_PORT + 1) if port else 1
    for candidate in range(port, last):
        listener = try_port(family, address, candidate)
        if listener is not None:
            return listener
    tried = f"from {port} to {last - 1}" if last - 1 > port else f"at {port}"
    raise UsageError(f"no port is free {tried}", subject=host, hint="name another one with --port")


def find_address(host: str) -> tuple[socket.AddressFamily, str]:
    """Return the first address of a host."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise UsageError(f"this host is unknown: {error}", subject=host) from error
    return found[0][0], str(found[0][4][0])


def try_port(family: socket.AddressFamily, address: str, port: int) -> socket.socket | None:
    """Listen on a port, or return None where it is taken.

    Raises:
        UsageError: This machine has no such address, or may not use this port.
    """
    # With its protocol named, asyncio has what is written sent at once: else a body waits 40 ms for its head.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        # Only a listening socket keeps another that reuses addresses from taking the same port.
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            return None
        raise UsageError(f"cannot listen on port {port}: {error.strerror}", subject=address) from error
    listener.setblocking(False)
    return listener


def address_of(listener: socket.socket) -> str:
    """Return the URL that leads to a socket from this machine: `http://127.0.0.1:4200/`."""
    host, port = listener.getsockname()[:2]
    with suppress(ValueError):
        # Nobody can open "any address": it is shown as the loopback address that it includes.
        parsed = ipaddress.ip_address(host)
        if parsed.is_unspecified:
            host = "127.0.0.1" if parsed.version == 4 else "::1"
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"
