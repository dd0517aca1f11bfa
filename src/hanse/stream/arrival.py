"""A request as it arrives at a publisher, out of the messages of ASGI, within its bounds."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from hanse.errors import RefusedError
from hanse.stream.peers import Address, Network, address_of, peer_of
from hanse.stream.proof import Asked

__all__ = ["Arrival", "Receive", "Scope", "Send", "arrive", "read_body", "send_whole"]

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

# What a request that a proxy passed on has, or one that a browser made for a page.
FOREIGN: Final = ("forwarded", "x-forwarded-for", "x-forwarded-host", "via", "origin")
# An answer is handed on in parts of this size: a server may wait after each of them.
PART_BYTES: Final = 1 << 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A request, without its body.

    Attributes:
        asked: What of it is signed.
        place: Its path below the publisher, as `/stream`; empty where it has a query, which nothing here has.
        peer: The address that it is from; None where that is not known.
        headers: Name, in lower case, and value of each header.
        local: It is from this machine, by no proxy, and from no page.
    """

    asked: Asked
    place: str
    peer: Address | None
    headers: Sequence[tuple[str, str]]
    local: bool

    def header(self, name: str) -> str:
        """Return the first header of a name; empty where there is none."""
        return next((value for known, value in self.headers if known == name), "")


def arrive(scope: Scope, *, proxies: Sequence[Network], base: tuple[str, str] | None) -> Arrival:
    """Read a request's scope.

    Args:
        scope: ASGI's.
        proxies: Whose word about addresses counts.
        base: Authority and path by which consumers know the remote's server, where a proxy changes them.
    """
    headers = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in scope["headers"]]
    found: dict[str, list[str]] = {}
    for name, value in headers:
        found.setdefault(name, []).append(value)
    client = scope.get("client")
    connected = str(client[0]) if client else ""
    root, path = scope.get("root_path", ""), scope["path"]
    place = path[len(root) :] if root and path.startswith(root) else path
    hosts = found.get("host", [])
    authority, whole = hosts[0] if len(hosts) == 1 else "", wire_path(scope)
    if base is not None:
        authority, whole = base[0], f"{base[1]}/_hanse{place}"
    return Arrival(
        asked=Asked(method=scope["method"], authority=authority, path=whole),
        place="" if scope.get("query_string") else place,
        peer=peer_of(connected, found.get("x-forwarded-for", ()), proxies),
        headers=headers,
        local=is_local(connected, found),
    )


def wire_path(scope: Scope) -> str:
    """Return a request's path as it came, percent-encoded."""
    raw = scope.get("raw_path")
    if raw:
        return bytes(raw).partition(b"?")[0].decode("latin-1")
    return quote(scope["path"], safe="/:@!$&'()*+,;=~")


def is_local(connected: str, headers: Mapping[str, Sequence[str]]) -> bool:
    """Tell whether a request is from a program on this machine.

    A name in `Host` that is not this machine's own was looked up by somebody, a browser perhaps, whom its
    owner may have told that it is here.
    """
    address = address_of(connected)
    if address is None or not address.is_loopback or any(name in headers for name in FOREIGN):
        return False
    host = next(iter(headers.get("host", ())), "")
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    named = address_of(name)
    return name == "localhost" or (named is not None and named.is_loopback)


async def read_body(receive: Receive, arrival: Arrival, *, cap: int, deadline: float, remote: str) -> bytes:
    """Read a request's body.

    Args:
        receive: ASGI's.
        arrival: The request.
        cap: Bytes at most.
        deadline: Seconds in all.
        remote: Whom it is for, for messages.

    Raises:
        RefusedError: `size` or `time`; `request`: its sender hung up.
    """
    said = arrival.header("content-length")
    if said and (not said.isdigit() or int(said[:20]) > cap):
        raise refuse("size", f"its body has {said[:20]} bytes, and {cap} are allowed", remote)
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(deadline):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise refuse("request", "its sender hung up", remote)
                parts.append(message.get("body", b""))
                size += len(parts[-1])
                if size > cap:
                    raise refuse("size", f"its body has more than {cap} bytes", remote)
                if not message.get("more_body", False):
                    return b"".join(parts)
    except TimeoutError:
        raise refuse("time", f"its body was not here within {deadline:g} s", remote) from None


def refuse(reason: str, message: str, remote: str) -> RefusedError:
    """Say why a request is turned away."""
    return RefusedError(message, reason=reason, subject=remote)


async def send_whole(
    send: Send, status: int, body: bytes, headers: Mapping[str, str], *, deadline: float
) -> bool:
    """Send an answer, part by part; False where its reader was too slow for it.

    Args:
        send: ASGI's.
        status: The HTTP status.
        body: All of it.
        headers: Those beside the length.
        deadline: Seconds in all.
    """
    fields = {**headers, "content-length": str(len(body))} if status != 304 else dict(headers)
    named = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in fields.items()]
    whole = memoryview(body)
    try:
        async with asyncio.timeout(deadline):
            await send({"type": "http.response.start", "status": status, "headers": named})
            for start in range(0, len(body), PART_BYTES):
                part = bytes(whole[start : start + PART_BYTES])
                await send({"type": "http.response.body", "body": part, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
    except TimeoutError:
        return False
    return True
