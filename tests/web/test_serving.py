"""Serving: which port, what is answered from when on, and how it ends."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx2
import pytest

from hanse import Federation, HanseError, UsageError
from hanse.limits import LIMITS
from hanse.web import serve
from hanse.web.listening import address_of, listen
from tests.federation.towns import entry, serve_towns, until
from tests.net.upstream import Asked, Handler, hang, reply

pytestmark = pytest.mark.anyio

PROGRAM = """
import asyncio, sys
from hanse import Federation
from hanse.limits import LIMITS
from hanse.web import serve
asyncio.run(serve(Federation(sys.argv[1]), port=0))
print("closed", flush=True)
"""


@asynccontextmanager
async def serving(federation: Federation) -> AsyncIterator[tuple[str, asyncio.Task[None]]]:
    """Serve on any port; give the URL, and the task that serves."""
    announced: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(serve(federation, port=0, announce=announced.set_result))
    try:
        yield await announced, task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError, HanseError):
            async with asyncio.timeout(20):
                await task


async def test_it_answers_on_the_address_it_announces() -> None:
    async with serve_towns(home=entry("home")) as towns:
        federation = towns.federation()
        async with serving(federation) as (url, _), httpx2.AsyncClient() as client:
            await until_ready(client, url)
            answer = await client.get(f"{url}importmap.json")
            head = await client.head(f"{url}importmap.json")
        assert answer.json()["imports"]["home/./Card"] == towns.upstream.url("/home/Card.js")
        assert head.content == b""
        assert head.headers["content-length"] == answer.headers["content-length"]
        assert "server" not in answer.headers
        assert federation.closed


async def until_ready(client: httpx2.AsyncClient, url: str) -> None:
    for _ in range(1000):
        if (await client.get(f"{url}readyz")).status_code == 200:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never became ready")


async def test_it_answers_before_there_is_a_snapshot() -> None:
    async with (
        serve_towns(home=hang) as towns,
        serving(towns.federation(limits=LIMITS)) as (url, _),
        httpx2.AsyncClient() as client,
    ):
        assert (await client.get(f"{url}healthz")).status_code == 200
        assert (await client.get(f"{url}readyz")).status_code == 503
        assert (await client.get(f"{url}importmap.json")).status_code == 503


async def test_it_ends_where_there_is_nothing_to_serve_and_announces_nothing() -> None:
    announced: list[str] = []
    async with serve_towns() as towns:
        towns.put("manifest", reply(status=500))
        async with asyncio.timeout(10):
            with pytest.raises(HanseError, match="500"):
                await serve(towns.federation(), port=0, announce=announced.append)
    assert announced == []


async def test_an_announcement_that_fails_is_not_swallowed() -> None:
    def fail(_: str) -> None:
        raise BrokenPipeError("nobody listens")

    async with serve_towns(home=entry("home")) as towns, asyncio.timeout(10):
        with pytest.raises(BrokenPipeError):
            await serve(towns.federation(), port=0, announce=fail)


def slowly(body: bytes, arrived: asyncio.Event) -> Handler:
    """Answer a request some time after saying that it is there."""

    async def answer(asked: Asked, writer: asyncio.StreamWriter) -> bool:
        arrived.set()
        return await reply(body, delay=0.3)(asked, writer)

    return answer


async def test_a_request_under_way_is_answered_before_it_ends() -> None:
    async with serve_towns(home=entry("home")) as towns:
        federation = towns.federation()
        async with serving(federation) as (url, task), httpx2.AsyncClient() as client:
            await until_ready(client, url)
            arrived = asyncio.Event()
            towns.put("late", slowly(entry("late"), arrived))
            asked = {"url": towns.url("late"), "name": "late", "snapshot": federation.snapshot.digest}
            answering = asyncio.create_task(client.get(f"{url}delta", params=asked))
            await arrived.wait()
            task.cancel()
            assert (await answering).status_code == 200


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_a_signal_ends_it_in_order(number: signal.Signals, tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("{}")
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "manifest.json")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert httpx2.get(f"{url}healthz").status_code == 200
        os.kill(process.pid, number)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out.strip(), err) == (0, "closed", "")


def test_a_taken_port_moves_to_the_next_one() -> None:
    with listen("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with listen("127.0.0.1", port) as second:
            assert port < second.getsockname()[1] < port + 100
            assert address_of(second) == f"http://127.0.0.1:{second.getsockname()[1]}/"


def test_the_last_ports_are_not_passed() -> None:
    with listen("127.0.0.1", 65535), pytest.raises(UsageError, match=r"no port is free at 65535"):
        listen("127.0.0.1", 65535)


@pytest.mark.parametrize(
    ("host", "port", "message"),
    [
        ("127.0.0.1", -1, "not a port"),
        ("127.0.0.1", 65536, "not a port"),
        ("no.such.host.invalid", 4200, "unknown"),
        ("192.0.2.1", 4200, "cannot listen"),
        ("x" * 70, 4200, "unknown"),
        ("\udcff", 4200, "unknown"),
    ],
)
def test_an_address_that_is_none_of_ours_is_refused(host: str, port: int, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        listen(host, port)


def test_addresses_are_written_as_a_browser_takes_them() -> None:
    with listen("0.0.0.0", 0) as everywhere:
        assert address_of(everywhere).startswith("http://127.0.0.1:")
    with listen("localhost", 0) as local:
        assert httpx2.URL(address_of(local)).host in {"127.0.0.1", "::1"}


@pytest.mark.parametrize(("host", "shown"), [("::1", "http://[::1]:"), ("::", "http://[::1]:")])
def test_addresses_of_the_new_kind(host: str, shown: str) -> None:
    if not has_ipv6():
        with pytest.raises(UsageError):
            listen(host, 0)
        return
    with listen(host, 0) as listener:
        assert address_of(listener).startswith(shown)


def has_ipv6() -> bool:
    """Tell whether this machine can listen on the new kind of loopback address."""
    with suppress(OSError), socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
        probe.bind(("::1", 0))
        return True
    return False


async def test_what_is_written_is_sent_at_once() -> None:
    """Where the system waits for more, the body of an answer comes 40 ms after its head."""
    listener = listen("127.0.0.1", 0)
    found: list[int] = []

    async def look(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = writer.get_extra_info("socket")
        found.append(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    server = await asyncio.start_server(look, sock=listener)
    async with server:
        _, writer = await asyncio.open_connection(*listener.getsockname())
        await until(lambda: found != [])
        writer.close()
    assert found == [1]
