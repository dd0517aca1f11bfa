"""One request and its answer: headers, then a body that is decoded and counted as it comes."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

import anyio
import httpcore2
import httpx2

from hanse.errors import BlockedError, HanseError, NetworkError, TooLargeError
from hanse.limits import Limits
from hanse.net.decoding import CodingError, Decoder, codings, open_decoder
from hanse.net.guard import Target, shorten
from hanse.net.transport import explain

__all__ = [
    "FAILURES",
    "Answer",
    "exchange",
    "make_request",
    "read_coding",
    "read_parts",
    "readdress",
    "translate",
]

# A body whose decoded size is capped may be this much larger on the wire: framing of stored blocks.
WIRE_SLACK: Final = 64 << 10
# Below this many decoded bytes a high ratio harms nobody.
RATIO_FREE: Final = 1 << 20
# A flood of tiny parts lets other tasks, and the deadline, have their turn this often.
PARTS_AT_ONCE: Final = 256

# Whatever the libraries below raise when the other side misbehaves.
FAILURES: Final = (
    httpx2.HTTPError,
    httpx2.InvalidURL,
    httpx2.StreamError,
    httpcore2.ConnectionNotAvailable,
    httpcore2.NetworkError,
    httpcore2.ProtocolError,
    httpcore2.ProxyError,
    httpcore2.TimeoutException,
    httpcore2.UnsupportedProtocol,
    anyio.BrokenResourceError,
    anyio.ClosedResourceError,
    anyio.EndOfStream,
    OSError,
    ValueError,
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What an origin answered; `body` is decoded, and empty unless the status is one that was wanted."""

    status: int
    headers: httpx2.Headers
    body: bytes = b""


async def exchange(
    transport: httpx2.AsyncBaseTransport,
    target: Target,
    headers: Mapping[str, str],
    *,
    cap: int,
    limits: Limits,
    content: bytes | None = None,
) -> Answer:
    """Send a request and read the answer; the body only of a 200 or 203.

    Args:
        transport: Where to send it; it neither follows redirects nor keeps cookies.
        target: A URL the guard has passed.
        headers: What to say besides `Host` and `User-Agent`.
        cap: Decoded bytes at most.
        limits: `inflate_ratio` is used.
        content: The body to POST; None for a GET request.

    Raises:
        BlockedError: The address is refused.
        NetworkError: The connection failed or broke, or the answer is not HTTP.
        TooLargeError: The body is larger than the cap, or inflates like a bomb.
    """
    try:
        request = make_request(target, headers, content)
        response = await transport.handle_async_request(request)
        try:
            wanted = response.status_code in {200, 203}
            body = await read_body(response, cap=cap, limits=limits) if wanted else b""
            return Answer(response.status_code, response.headers, body)
        finally:
            await response.aclose()
    except HanseError as error:
        raise readdress(error, target.url) from error.__cause__
    except FAILURES as error:
        raise translate(error, target.url) from error


def make_request(target: Target, headers: Mapping[str, str], content: bytes | None = None) -> httpx2.Request:
    """Build the request, a POST where there is a body; only the guard's reading of the URL says where to."""
    request = httpx2.Request(
        "GET" if content is None else "POST",
        target.url,
        content=content,
        headers={"accept-encoding": ", ".join(codings()), **headers, "user-agent": "hanse"},
        extensions={"hanse_local": target.local},
    )
    url = request.url
    host = f"[{url.host}]" if ":" in url.host else url.raw_host.decode("ascii")
    port = "" if url.port is None else f":{url.port}"
    if f"{url.scheme}://{host}{port}" != target.origin:
        raise BlockedError(f"its host can be read in two ways, {target.origin} and {shorten(str(url))}")
    return request


async def read_body(response: httpx2.Response, *, cap: int, limits: Limits) -> bytes:
    """Read, decode and count a body.

    Raises:
        TooLargeError: It exceeds the cap or the ratio, or says that it will.
        CodingError: It is not what its content coding says, or is cut off.
    """
    decoder = open_decoder(read_coding(response.headers))
    said = response.headers.get("content-length", "")
    if said.isdigit() and int(said[:20]) > cap + WIRE_SLACK:
        raise TooLargeError(
            f"it has {said} bytes, and {cap} are allowed", hint="see what grew in that document"
        )
    meter = Meter(cap=cap, ratio=limits.inflate_ratio)
    if not isinstance(response.stream, httpx2.AsyncByteStream):
        raise NetworkError("the transport gave a body that cannot be read asynchronously")
    async with aclosing(read_parts(response.stream)) as parts:
        async for part in parts:
            meter.take(part, decoder)
            if meter.parts % PARTS_AT_ONCE == 0:
                await asyncio.sleep(0)
    decoder.finish()
    return meter.body()


class Meter:
    """Collects a body and stops it at its cap, or where it inflates like a bomb."""

    def __init__(self, *, cap: int, ratio: int) -> None:
        self._cap = cap
        self._ratio = ratio
        self._wire = 0
        self._decoded = io.BytesIO()
        self.parts = 0

    def take(self, part: bytes, decoder: Decoder) -> None:
        """Decode one part from the wire.

        Raises:
            TooLargeError: It is one part too many; what came before it is dropped with the meter.
            CodingError: The decoder cannot read it.
        """
        self.parts += 1
        self._wire += len(part)
        if self._wire > self._cap + WIRE_SLACK:
            raise TooLargeError(f"it has more than {self._cap} bytes", hint="see what grew in that document")
        for piece in decoder.feed(part):
            size = self._decoded.tell() + len(piece)
            if size > self._cap:
                raise TooLargeError(
                    f"it has more than {self._cap} bytes", hint="see what grew in that document"
                )
            if size > RATIO_FREE and size > self._ratio * self._wire:
                raise TooLargeError(
                    f"{self._wire} bytes inflate to more than {self._ratio} times as many",
                    hint="no script or document does this: see whether somebody has taken over that origin",
                )
            self._decoded.write(piece)

    def body(self) -> bytes:
        """Return all decoded bytes."""
        return self._decoded.getvalue()


async def read_parts(stream: httpx2.AsyncByteStream) -> AsyncGenerator[bytes]:
    """Yield a stream's parts, and close its generator with this one rather than some time later."""
    parts = aiter(stream)
    try:
        async for part in parts:
            yield part
    finally:
        if isinstance(parts, AsyncGenerator):
            await parts.aclose()


def read_coding(headers: httpx2.Headers) -> str:
    """Return the one content coding of an answer, or nothing.

    Raises:
        TooLargeError: There are several, one around the other; only bombs are built like that.
    """
    text = ",".join(headers.get_list("content-encoding")).lower()
    names = [name for part in text.split(",") if (name := part.strip()) not in {"", "identity"}]
    if len(names) > 1:
        raise TooLargeError(
            f"it has several content codings, {shorten(', '.join(names))}",
            hint="one is enough, and safer to undo",
        )
    return names[0] if names else ""


def readdress(error: HanseError, url: str) -> HanseError:
    """Make the URL the subject of an error from below, where only the host is known."""
    error.subject = url
    return error


def translate(error: BaseException, url: str) -> NetworkError:
    """Turn a library's error into one of this package."""
    if isinstance(error, CodingError):
        return NetworkError(
            f"its body cannot be decoded: {error}", subject=url, hint="see how that origin encodes"
        )
    reason = explain(error)
    if "CERTIFICATE_VERIFY_FAILED" in reason:
        hint = "its certificate is not one this machine trusts, or is for another host"
    elif isinstance(error, httpcore2.ProtocolError | httpx2.ProtocolError):
        hint = "it does not speak HTTP as it should, or hung up in the middle"
    else:
        hint = "see whether the server is up and reachable from this machine"
    return NetworkError(f"the connection failed: {reason}", subject=url, hint=hint)
