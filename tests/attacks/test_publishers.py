"""A publisher asked by somebody who should not: refused, logged with the address, and nothing leaked."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from hanse.limits import LIMITS
from hanse.stream import key_ring
from hanse.stream.proof import Asked, prove
from hanse.stream.requests import encode_request
from tests.stream.remotes import RING, publisher, serve, site, write_build

pytestmark = pytest.mark.anyio
REFUSAL = b'{"error":"refused"}'
REQUEST = encode_request("n" * 32, exposes=None, have=())


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@dataclass(frozen=True)
class Answered:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def refused(self) -> int:
        """The status, of an answer that says nothing else."""
        assert self.body == REFUSAL
        assert not {"etag", "server-entry"} & set(self.headers)
        return self.status


@dataclass
class Door:
    """A publisher behind a real server, and raw requests to it."""

    port: int
    app: Any
    nonces: int = 0
    made: list[bytes] = field(default_factory=list)

    def proof(
        self,
        method: str = "POST",
        path: str = "/_hanse/stream",
        body: bytes = REQUEST,
        *,
        ago: float = 0,
        **said: Any,
    ) -> dict[str, str]:
        self.nonces += 1
        asked = Asked(method=method, authority=f"127.0.0.1:{self.port}", path=path)
        facts = {"ring": RING, "remote": "shop", "nonce": f"nonce-{self.nonces:032}", **said}
        return dict(prove(asked, body, now=time.time() - ago, **facts))

    async def ask(
        self,
        method: str = "POST",
        path: str = "/_hanse/stream",
        headers: Mapping[str, str] | None = None,
        body: bytes = REQUEST,
    ) -> Answered:
        fields = {
            "host": f"127.0.0.1:{self.port}",
            "connection": "close",
            "content-length": str(len(body)),
            **(headers or {}),
        }
        head = f"{method} {path} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in fields.items()) + "\r\n"
        return await self.raw(head.encode("latin-1") + body)

    async def raw(self, data: bytes) -> Answered:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            async with asyncio.timeout(15):
                writer.write(data)
                await writer.drain()
                return read_answer(await reader.read())
        finally:
            writer.close()


def read_answer(data: bytes) -> Answered:
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    return Answered(int(first.split(" ")[1]), headers, body)


@asynccontextmanager
async def door(tmp_path: Path, **said: Any) -> AsyncIterator[Door]:
    app = publisher(write_build(tmp_path / "server"), **said)
    async with serve(site(app)) as url:
        yield Door(int(url.rstrip("/").rpartition(":")[2]), app)


def reasons(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return why requests were refused; each line names the address."""
    lines = [line for line in caplog.messages if "was refused" in line]
    assert all(line.startswith("shop: 127.0.0.1 was refused (") for line in lines)
    return [line.partition("refused (")[2].partition(")")[0] for line in lines]


async def test_whoever_has_a_proof_is_answered(tmp_path: Path) -> None:
    async with door(tmp_path) as at:
        answer = await at.ask(headers=at.proof())
        assert (answer.status, answer.headers["content-type"]) == (200, "application/vnd.hanse.stream")
        assert answer.headers["cache-control"] == "no-store"
        # What is sealed shows neither code nor names.
        assert b"card" not in answer.body
        entry = await at.ask(
            "GET", "/_hanse/server-entry.json", at.proof("GET", "/_hanse/server-entry.json", b""), b""
        )
        assert json.loads(entry.body)["name"] == "shop"


async def test_without_a_proof_that_is_fresh_and_ours_there_is_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with door(tmp_path) as at:
        used = at.proof()
        assert (await at.ask(headers=used)).status == 200
        stranger = key_ring([b"x" * 32])
        cases = {
            "proof": {},
            "stale": at.proof(ago=61),
            "replay": used,
            "key": at.proof(ring=stranger),
            "signature": at.proof(remote="cart"),
            "digest": at.proof(body=b"{}"),
        }
        for headers in cases.values():
            assert (await at.ask(headers=headers)).refused == 401
        assert (await at.ask(headers=at.proof(ago=-120))).refused == 401
        other = at.proof("GET", "/_hanse/server-entry.json", b"")
        assert (await at.ask(headers=other)).refused == 401
    assert reasons(caplog) == [*cases, "stale", "signature"]


async def test_a_proof_that_failed_is_not_used_up_and_one_with_a_wrong_body_is(tmp_path: Path) -> None:
    async with door(tmp_path) as at:
        headers = at.proof()
        assert (await at.ask(headers={**headers, "signature": "hanse=:AAAA:"})).refused == 401
        assert (await at.ask(headers=headers)).status == 200
        second = at.proof()
        assert (await at.ask(headers=second, body=b"{}")).refused == 401
        assert (await at.ask(headers=second)).refused == 401


@pytest.mark.parametrize(
    "path",
    [
        "/_hanse/",
        "/_hanse/card.js",
        "/_hanse/stream/card.js",
        "/_hanse/../server/card.js",
        "/_hanse/%2e%2e/server/card.js",
        "/_hanse/stream/../card.js",
        "/_hanse/server-entry.json/",
        "/_hanse/server-entry.json?x=1",
        "/_hanse//stream",
        "/_hanse/published.json",
        "/_hanse/..%2fserver.published%2fpublished.json",
    ],
)
async def test_nothing_else_of_the_build_can_be_reached(
    tmp_path: Path, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with door(tmp_path) as at:
        for method in ("GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS"):
            plain = path.partition("?")[0]
            answer = await at.ask(method, path, at.proof(method, plain, b""), b"")
            assert answer.status == 404
            assert b"card" not in answer.body
    assert set(reasons(caplog)) == {"path"}


@pytest.mark.parametrize("exposes", ['["./secret"]', '["card.js"]', '["../server/card.js"]', '["__proto__"]'])
async def test_what_is_not_exposed_is_not_given(tmp_path: Path, exposes: str) -> None:
    async with door(tmp_path) as at:
        body = f'{{"nonce": "{"n" * 32}", "exposes": {exposes}}}'.encode()
        assert (await at.ask(headers=at.proof(body=body), body=body)).refused == 400


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'{"nonce": 7}',
        b'{"nonce": "short"}',
        b'{"nonce": "' + b"n" * 300 + b'"}',
        b'{"nonce": "' + b"n" * 32 + b'", "have": "x"}',
        b'{"nonce": "' + b"n" * 32 + b'", "have": ' + b"[" * 1000,
        json.dumps({"nonce": "n" * 32, "have": ["x"] * 10_001}).encode(),
        json.dumps({"nonce": "n" * 32, "exposes": ["x"] * 10_001}).encode(),
    ],
)
async def test_a_request_that_is_none_is_refused(tmp_path: Path, body: bytes) -> None:
    async with door(tmp_path) as at:
        assert (await at.ask(headers=at.proof(body=body), body=body)).refused == 400


async def test_nobody_sends_a_body_without_a_proof_and_nobody_too_large_a_one(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with door(tmp_path) as at:
        # The answer is there before one byte of the body was sent.
        assert (await at.ask(headers={"content-length": "900000"}, body=b"")).refused == 401
        body = b" " * (LIMITS.stream_request_bytes + 1)
        fields = {**at.proof(body=body), "content-length": str(len(body))}
        assert (await at.ask(headers=fields, body=b"")).refused == 413
        # The same without a length.
        fields = at.proof(body=body)
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        chunked = (
            f"POST /_hanse/stream HTTP/1.1\r\nhost: 127.0.0.1:{at.port}\r\nconnection: close\r\n"
            f"{lines}transfer-encoding: chunked\r\n\r\n{len(body):x}\r\n"
        ).encode() + body
        assert (await at.raw(chunked)).refused == 413
        get = at.proof("GET", "/_hanse/server-entry.json", b"x")
        assert (await at.ask("GET", "/_hanse/server-entry.json", get, b"x")).refused == 413
    assert reasons(caplog) == ["proof", "size", "size", "size"]


async def test_a_body_that_drips_is_given_up(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with door(tmp_path, limits=replace(LIMITS, request_deadline=0.3)) as at:
        reader, writer = await asyncio.open_connection("127.0.0.1", at.port)
        lines = "".join(f"{name}: {value}\r\n" for name, value in at.proof().items())
        head = (
            f"POST /_hanse/stream HTTP/1.1\r\nhost: 127.0.0.1:{at.port}\r\n{lines}content-length: 500\r\n\r\n"
        )
        writer.write(head.encode())
        began = time.monotonic()

        async def drip() -> None:
            while True:
                writer.write(b" ")
                await asyncio.sleep(0.05)

        dripping = asyncio.create_task(drip())
        try:
            async with asyncio.timeout(5):
                first = await reader.readline()
        finally:
            dripping.cancel()
            writer.close()
        assert b" 408 " in first
        assert time.monotonic() - began < 1.5
        # Nobody else waited for it.
        assert (await at.ask(headers=at.proof())).status == 200
    assert reasons(caplog) == ["time"]


async def test_a_hundred_slow_readers_keep_nobody_waiting(tmp_path: Path) -> None:
    async with door(tmp_path, limits=replace(LIMITS, publisher_burst=1000)) as at:
        idle = [await asyncio.open_connection("127.0.0.1", at.port) for _ in range(100)]
        for _, writer in idle:
            writer.write(b"POST /_hanse/stream HTTP/1.1\r\nhost: x\r\n")
        began = time.monotonic()
        assert (await at.ask(headers=at.proof())).status == 200
        assert time.monotonic() - began < 1
        for _, writer in idle:
            writer.close()


async def test_who_is_not_on_the_list_is_refused_with_a_proof_or_without(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with door(tmp_path, allow=["10.0.0.0/8"]) as at:
        assert (await at.ask(headers=at.proof())).refused == 403
        assert (await at.ask()).refused == 403
        # Whoever is no proxy of ours cannot say that he is somebody else.
        for name in ("x-forwarded-for", "forwarded", "x-real-ip"):
            assert (await at.ask(headers={**at.proof(), name: "10.0.0.1"})).refused == 403
    assert set(reasons(caplog)) == {"address"}
    async with door(tmp_path, allow=["127.0.0.1"]) as at:
        assert (await at.ask(headers=at.proof())).status == 200


async def test_behind_a_trusted_proxy_the_last_foreign_address_counts(tmp_path: Path) -> None:
    async with door(tmp_path, allow=["10.0.0.0/8"], trusted_proxies=["127.0.0.0/8", "192.168.0.1"]) as at:
        for forwarded, status in (
            ("10.0.0.1", 200),
            ("203.0.113.9, 10.0.0.1, 192.168.0.1", 200),
            ("::ffff:10.0.0.1", 200),
            # Its own claim stands before what the proxy saw.
            ("10.0.0.1, 203.0.113.9", 403),
            ("10.0.0.1, nonsense", 403),
            ("", 403),
        ):
            assert (await at.ask(headers={**at.proof(), "x-forwarded-for": forwarded})).status == status
        assert (await at.ask(headers=at.proof())).refused == 403


async def test_whoever_asks_too_often_is_refused_and_others_are_not(tmp_path: Path) -> None:
    limits = replace(LIMITS, publisher_burst=3, publisher_rate=0.01)
    async with door(tmp_path, limits=limits, trusted_proxies=["127.0.0.1"]) as at:
        spent = [await at.ask(headers={"x-forwarded-for": "203.0.113.9"}) for _ in range(5)]
        assert [one.refused for one in spent] == [401, 401, 401, 429, 429]
        with_proof = {**at.proof(), "x-forwarded-for": "203.0.113.9"}
        assert (await at.ask(headers=with_proof)).refused == 429
        assert (await at.ask(headers={**at.proof(), "x-forwarded-for": "203.0.113.10"})).status == 200
        # Of IPv6 a client has a whole network.
        for last in range(4):
            answer = await at.ask(headers={"x-forwarded-for": f"2001:db8::{last}"})
        assert answer.refused == 429


async def test_all_together_have_a_rate_too(tmp_path: Path) -> None:
    limits = replace(LIMITS, publisher_burst_all=4, publisher_rate_all=0.01)
    async with door(tmp_path, limits=limits, trusted_proxies=["127.0.0.1"]) as at:
        answers = [await at.ask(headers={"x-forwarded-for": f"203.0.113.{n}"}) for n in range(6)]
    assert [one.refused for one in answers] == [401, 401, 401, 401, 429, 429]


async def test_a_flood_does_not_flood_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    limits = replace(LIMITS, publisher_burst=5, publisher_rate=0.01)
    async with door(tmp_path, limits=limits) as at:
        for _ in range(30):
            await at.ask()
    assert len(reasons(caplog)) == 5


async def test_only_a_program_on_this_machine_may_go_without_and_only_in_development(tmp_path: Path) -> None:
    async with door(tmp_path, development=True) as at:
        assert (await at.ask()).status == 200
        assert (await at.ask(headers={"host": f"localhost:{at.port}"})).status == 200
        # A page that a browser here shows, a name that leads here, and what a proxy here passes on.
        for name, value in (
            ("origin", "https://evil.example"),
            ("host", "evil.example"),
            ("host", f"evil.example:{at.port}"),
            ("x-forwarded-for", "203.0.113.9"),
            ("forwarded", "for=203.0.113.9"),
            ("via", "1.1 proxy"),
        ):
            assert (await at.ask(headers={name: value})).refused == 401
        assert (await at.ask(headers={**at.proof(), "signature": "hanse=:AAAA:"})).refused == 401
    async with door(tmp_path) as at:
        assert (await at.ask()).refused == 401


async def test_refusals_say_nothing_of_keys(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        async with door(tmp_path) as at:
            await at.ask(headers=at.proof(ring=key_ring([b"x" * 32])))
            await at.ask()
    assert "kkkk" not in caplog.text
    assert repr(RING).count("b'") == 0
