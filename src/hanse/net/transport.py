"""Connections that go only where the guard allows: every address is checked, then dialled as it is.

A name is resolved once for a connection, all of its records have to pass, and the address that passed is
the one connected to. TLS and the `Host` header still use the name. A name server that changes its answer
between check and use changes nothing, since there is no second question.
"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import aclosing
from typing import NoReturn

import httpcore2
import httpx2

from hanse.errors import BlockedError, NetworkError
from hanse.limits import Limits
from hanse.net.addresses import classify
from hanse.net.guard import check_address, shorten
from hanse.net.resolver import Resolver

__all__ = ["GuardedBackend", "GuardedTransport", "explain"]


class GuardedBackend(httpcore2.AsyncNetworkBackend):
    """Opens TCP connections for a pool, to addresses that have been checked.

    Args:
        resolver: Gives all addresses of a name.
        limits: `connect_deadline` and `addresses_tried` are used.
        local: Loopback and private addresses are allowed.
        sockets: Connects to an address; real sockets if not given.
    """

    def __init__(
        self,
        resolver: Resolver,
        *,
        limits: Limits,
        local: bool,
        sockets: httpcore2.AsyncNetworkBackend | None = None,
    ) -> None:
        self._resolver = resolver
        self._limits = limits
        self._local = local
        self._sockets = sockets or httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the signature is the pool's
        local_address: str | None = None,  # noqa: ARG002 - no pool of this module sets it
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,  # noqa: ARG002 - nor this
    ) -> httpcore2.AsyncNetworkStream:
        """Resolve, check all addresses, and connect to the first of them that answers.

        Raises:
            BlockedError: One of the addresses is refused; nothing has been connected to.
            NetworkError: The name has no address, or none answers in time.
        """
        whole = self._limits.connect_deadline if timeout is None else timeout
        try:
            async with asyncio.timeout(whole):
                addresses = await self._resolve(host, port)
                return await self._dial(addresses, port, seconds=whole / len(addresses))
        except TimeoutError:
            raise NetworkError(f"no connection to {host} within {whole:g} s", subject=host) from None

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ARG002, ASYNC109 - the signature is the pool's
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,  # noqa: ARG002 - as above
    ) -> NoReturn:
        """Refuse: no document comes from a local socket.

        Raises:
            BlockedError: Always.
        """
        raise BlockedError("a unix socket is refused", subject=path)

    async def sleep(self, seconds: float) -> None:
        """Wait, for the pool."""
        await asyncio.sleep(seconds)

    async def _resolve(self, host: str, port: int) -> Sequence[str]:
        if classify(host).rule != "not an IP address":
            addresses: Sequence[str] = [host]
        else:
            try:
                addresses = await self._resolver(host, port)
            except (OSError, UnicodeError) as error:
                raise NetworkError(
                    f"the name {host} cannot be resolved ({error})",
                    subject=host,
                    hint="check the host's name",
                ) from error
        if not addresses:
            raise NetworkError(f"the name {host} has no address", subject=host, hint="check the host's name")
        for address in addresses:
            check_address(address, local=self._local, subject=host)
        return addresses[: self._limits.addresses_tried]

    async def _dial(
        self, addresses: Sequence[str], port: int, *, seconds: float
    ) -> httpcore2.AsyncNetworkStream:
        failure: Exception = OSError("no address")
        for address in addresses:
            try:
                return ClosingStream(await self._sockets.connect_tcp(address, port, timeout=seconds))
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
        raise NetworkError(
            f"no connection to {' or '.join(addresses)}, port {port} ({explain(failure)})",
            hint="see whether the server is up and its port is right",
        ) from failure


class GuardedTransport(httpx2.AsyncBaseTransport):
    """Sends requests through pools of connections, some of which may reach local addresses.

    A request says with the extension `hanse_local` whether it may use those. A connection is therefore never
    reused by a request with fewer rights than the one that opened it.

    Args:
        resolver: Gives all addresses of a name.
        limits: Counts and times of connections.
        ssl_context: How certificates are verified; the system's certificates if not given.
        sockets: Connects to an address that has been checked; real sockets if not given.
    """

    def __init__(
        self,
        resolver: Resolver,
        *,
        limits: Limits,
        ssl_context: ssl.SSLContext | None = None,
        sockets: httpcore2.AsyncNetworkBackend | None = None,
    ) -> None:
        self._resolver = resolver
        self._limits = limits
        self._ssl_context = ssl_context
        self._sockets = sockets
        self._pools: dict[tuple[bool, bool], httpcore2.AsyncConnectionPool] = {}

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send one request, without following redirects, and return as soon as the headers are here."""
        local = bool(request.extensions.get("hanse_local"))
        answer = await self._pool(local=local, secure=request.url.scheme == "https").handle_async_request(
            httpcore2.Request(
                method=request.method,
                url=httpcore2.URL(
                    scheme=request.url.raw_scheme,
                    host=request.url.raw_host,
                    port=request.url.port,
                    target=request.url.raw_path,
                ),
                headers=request.headers.raw,
                content=request.read(),
                extensions={"timeout": {"connect": self._limits.connect_deadline}},
            )
        )
        return httpx2.Response(answer.status, headers=answer.headers, stream=WireStream(answer))

    async def aclose(self) -> None:
        """Close all connections."""
        for pool in self._pools.values():
            await pool.aclose()
        self._pools.clear()

    def _pool(self, *, local: bool, secure: bool) -> httpcore2.AsyncConnectionPool:
        if (local, secure) not in self._pools:
            backend = GuardedBackend(self._resolver, limits=self._limits, local=local, sockets=self._sockets)
            # No proxy from the environment: it would resolve names itself, behind the guard's back.
            self._pools[local, secure] = httpcore2.AsyncConnectionPool(
                ssl_context=self._certificates() if secure else None,
                max_connections=self._limits.connections,
                keepalive_expiry=self._limits.connection_idle,
                network_backend=backend,
            )
        return self._pools[local, secure]

    def _certificates(self) -> ssl.SSLContext:
        """Read the system's certificates once, and only if they are needed: it takes a tenth of a second."""
        if self._ssl_context is None:
            self._ssl_context = httpx2.create_ssl_context()
        return self._ssl_context


class ClosingStream(httpcore2.AsyncNetworkStream):
    """A connection that is closed where its TLS handshake is given up; the pool would leave it open."""

    def __init__(self, stream: httpcore2.AsyncNetworkStream) -> None:
        self._stream = stream

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - the signature is the pool's
    ) -> httpcore2.AsyncNetworkStream:
        """Do the handshake, and close the connection if it fails or the deadline passes."""
        try:
            return await self._stream.start_tls(ssl_context, server_hostname=server_hostname, timeout=timeout)
        except BaseException:
            await self._stream.aclose()
            raise

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 - as above
        """Read what is there, as the pool asks."""
        return await self._stream.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109 - as above
        """Write all of it, as the pool asks."""
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        """Close the connection."""
        await self._stream.aclose()

    def get_extra_info(self, info: str) -> object:
        """Tell the pool about the socket."""
        return self._stream.get_extra_info(info)


class WireStream(httpx2.AsyncByteStream):
    """The bytes of a body as they arrive, before any decoding."""

    def __init__(self, answer: httpcore2.Response) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async with aclosing(self._answer.aiter_stream()) as parts:
            async for part in parts:
                yield part

    async def aclose(self) -> None:
        """Give the connection back, or close it if the body was not read to its end."""
        await self._answer.aclose()


def explain(error: BaseException) -> str:
    """Say in a few words why a connection failed: the system's own reason where there is one."""
    deepest: BaseException = error
    for _ in range(10):
        inner = deepest.exceptions[0] if isinstance(deepest, BaseExceptionGroup) else None
        following = inner or deepest.__cause__ or deepest.__context__
        if following is None:
            break
        deepest = following
    return shorten(describe_system(deepest) or str(deepest) or str(error) or type(error).__name__)


def describe_system(error: BaseException) -> str | None:
    """Return the system's words for a failed call; asyncio's own tell the address, and not the reason."""
    if isinstance(error, OSError) and error.errno and not isinstance(error, ssl.SSLError | socket.gaierror):
        return os.strerror(error.errno)
    return error.strerror if isinstance(error, OSError) else None
