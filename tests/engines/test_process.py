"""A Deno process has nothing but its pipes, cannot be spoken for, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import uvloop

from hanse.engines import EngineLimits
from hanse.engines.deno import DenoEngine
from hanse.engines.deno_realm import DenoRealm
from hanse.engines.frames import Frame, FrameError, FrameReader, Head, Kind, Place, encode_frame
from hanse.engines.process import Process, spawn
from hanse.errors import EngineError
from tests.engines.spares import spare_of
from tests.engines.towns import generation, modules

pytestmark = pytest.mark.anyio

FILES = generation(
    modules(home__a_js="export const ok = () => 'ok'; export const loop = () => { for (;;); };")
)
SECRET = bytes(range(16))
ROOT = Path(__file__).parents[2]


@pytest.fixture
async def deno() -> AsyncIterator[DenoEngine]:
    made = DenoEngine()
    yield made
    await made.close()


@pytest.fixture
async def sparing() -> AsyncIterator[DenoEngine]:
    made = DenoEngine(spares=1)
    yield made
    await made.close()


def status(pid: int, field: str) -> str:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(line.split(None, 1)[1] for line in lines if line.startswith(f"{field}:"))


def command_of(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text()


def is_running(pid: int) -> bool:
    try:
        return not status(pid, "State").startswith("Z")
    except (FileNotFoundError, ProcessLookupError):
        return False


def is_gone(pid: int) -> bool:
    """Tell whether a process has ended and has been asked how."""
    return not Path(f"/proc/{pid}").exists()


def folder_of(pid: int) -> Path:
    return Path(f"/proc/{pid}/cwd").readlink()


def wait_until_ended(pid: int) -> None:
    until = time.monotonic() + 5
    while is_running(pid):
        assert time.monotonic() < until
        time.sleep(0.01)


def holdings(pid: int) -> dict[str, set[str]]:
    """Return what a process has: in its environment, open, in its folder, and of its limits."""
    proc = Path(f"/proc/{pid}")
    environment = (proc / "environ").read_bytes().split(b"\0")
    limits = (proc / "limits").read_text().splitlines()
    return {
        "environment": {entry.split(b"=")[0].decode() for entry in environment if entry},
        "descriptors": {str(entry.readlink()) for entry in (proc / "fd").iterdir()},
        "folder": {entry.name for entry in folder_of(pid).iterdir()},
        "unlimited": {line for line in limits if "data size" in line and "unlimited" in line},
    }


async def test_it_has_nothing(deno: DenoEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_OF_THE_SERVER", "1")
    with open("/dev/null") as file:  # noqa: ASYNC230, PTH123 - a descriptor that might be inherited
        os.set_inheritable(file.fileno(), True)
        realm = await deno.open(FILES, EngineLimits(open=30.0))
        held = holdings(realm.pid)
    assert held["environment"] <= {"DENO_DIR", "NO_COLOR", "DENO_NO_UPDATE_CHECK"}
    assert "/dev/null" not in held["descriptors"]
    assert held["folder"] == set()
    assert held["unlimited"] == set()
    assert status(realm.pid, "NoNewPrivs") == "1"


async def test_a_loop_is_ended_and_leaves_no_zombie(deno: DenoEngine) -> None:
    realm = await deno.open(FILES, EngineLimits(open=30.0, call=5.0))
    with pytest.raises(EngineError):
        await realm.call("home/a.js", "loop", [], deadline=0.2)
    why = await asyncio.wait_for(realm.wait(), 2)
    assert why.reason == "timeout"
    assert is_gone(realm.pid)
    assert not realm.alive


async def test_a_process_that_is_ended_from_outside(deno: DenoEngine) -> None:
    realm = await deno.open(FILES, EngineLimits(open=30.0, call=5.0))
    call = asyncio.create_task(realm.call("home/a.js", "loop", []))
    await asyncio.sleep(0.1)
    os.kill(realm.pid, signal.SIGKILL)
    with pytest.raises(EngineError) as caught:
        await call
    assert caught.value.reason == "ended"


async def test_a_folder_that_is_no_deno() -> None:
    engine = DenoEngine(Path("/nonexistent/deno"))
    with pytest.raises(EngineError) as caught:
        await engine.open(FILES, EngineLimits(open=5.0))
    assert caught.value.reason in {"start", "ended"}
    await engine.close()


async def test_a_missing_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "deno", None)
    engine = DenoEngine()
    with pytest.raises(EngineError, match=r"hanse\[render\]") as caught:
        await engine.open(FILES, EngineLimits())
    assert caught.value.reason == "start"
    await engine.close()


async def test_closing_ends_all_and_removes_the_folder() -> None:
    engine = DenoEngine()
    realms = [await engine.open(FILES, EngineLimits(open=30.0)) for _ in range(2)]
    folder = folder_of(realms[0].pid)
    await engine.close()
    assert all(is_gone(realm.pid) for realm in realms)
    assert not await asyncio.to_thread(folder.exists)
    with pytest.raises(EngineError):
        await engine.open(FILES, EngineLimits())


PARENT = """
import asyncio, sys
from hanse.engines import DenoEngine, EngineLimits
from tests.engines.test_process import FILES
async def main():
    realm = await DenoEngine().open(FILES, EngineLimits(open=30.0, call=60.0))
    call = asyncio.create_task(realm.call("home/a.js", sys.argv[1], []))
    await asyncio.sleep(0.2)
    print(realm.pid, flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""


@pytest.mark.parametrize("export", ["ok", "loop"])
async def test_it_dies_with_its_parent(export: str) -> None:
    with subprocess.Popen(  # noqa: ASYNC220
        [sys.executable, "-c", PARENT, export], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        pid = int(await asyncio.to_thread(parent.stdout.readline))
        assert is_running(pid)
        parent.kill()
        await asyncio.to_thread(wait_until_ended, pid)


def frame(kind: int, call: int, body: bytes = b"", *, secret: bytes = SECRET, head: bytes = b"{}") -> bytes:
    rest = secret + bytes([kind]) + call.to_bytes(4) + len(head).to_bytes(4) + head + body
    return len(rest).to_bytes(4) + rest


async def read(data: bytes) -> Frame | None:
    return next(FrameReader(Place(SECRET, 1000)).feed(data), None)


@pytest.mark.parametrize("size", [1, 3, 4, 29, 64, 1000])
def test_frames_are_read_however_they_are_cut(size: int) -> None:
    reader = FrameReader(Place(SECRET, 1000))
    written = b"".join(frame(Kind.PIECE, call, bytes([call]) * call) for call in range(20))
    got = [one for at in range(0, len(written), size) for one in reader.feed(written[at : at + size])]
    assert [(one.call, one.body) for one in got] == [(call, bytes([call]) * call) for call in range(20)]


async def test_frames_are_read_as_they_are_written() -> None:
    got = await read(frame(Kind.ANSWER, 7, b"body", head=b'{"status":404,"modules":["a"]}'))
    assert got == Frame(Kind.ANSWER, 7, Head(status=404, modules=("a",)), b"body")
    assert await read(b"") is None
    assert await read(frame(Kind.ANSWER, 7)[:-1]) is None
    assert encode_frame(Kind.CALL, 3, b"x", secret=SECRET)[4:20] == SECRET


@pytest.mark.parametrize(
    "forged",
    [
        frame(Kind.ANSWER, 1, secret=bytes(16)),
        frame(Kind.OPEN, 1),
        frame(99, 1),
        frame(Kind.ANSWER, 1, head=b"[]"),
        frame(Kind.ANSWER, 1, head=b'{"status":"x"}'),
        frame(Kind.ANSWER, 1, b"x" * 1001),
        b"console.log output\n" * 3,
        b"\0\0\0\1x",
        SECRET * 4,
    ],
)
async def test_what_is_no_frame_is_refused(forged: bytes) -> None:
    with pytest.raises(FrameError):
        await read(forged)


# A process that speaks for the guest: it takes the secret from the first frame, says that it is ready, and
# then whatever it is told to.
LIAR = """
import sys
read, write = sys.stdin.buffer.read, sys.stdout.buffer
def take():
    data = read(int.from_bytes(read(4)))
    return data[:16], int.from_bytes(data[17:21])
def say(secret, kind, call, head=b"{}", body=b""):
    rest = secret + bytes([kind]) + call.to_bytes(4) + len(head).to_bytes(4) + head + body
    write.write(len(rest).to_bytes(4) + rest); write.flush()
secret, _ = take()
say(secret, 16, 0)
_, call = take()
exec(sys.argv[1])
read()
"""


def test_it_has_nothing_on_a_loop_that_closes_nothing_either() -> None:
    async def list_descriptors() -> set[str]:
        engine = DenoEngine()
        try:
            realm = await engine.open(FILES, EngineLimits(open=30.0))
            return holdings(realm.pid)["descriptors"]
        finally:
            await engine.close()

    with open(__file__) as file:  # noqa: PTH123 - a descriptor that is to be inherited, as a server's sockets are
        os.set_inheritable(file.fileno(), True)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            assert __file__ not in runner.run(list_descriptors())


@pytest.mark.parametrize(
    "lie",
    [
        "say(bytes(16), 17, call)",
        "say(secret, 17, call + 1)",
        "say(secret, 16, 0)",
        "say(secret, 23, call + 1)",
        "say(secret, 20, call, body=b'piece')",
        "say(secret, 17, call, body=b'x' * 2000)",
        "say(secret, 17, call, body=b'x' * (4 << 20))",
        "write.write(b'hello, this is no frame'); write.flush()",
        "say(secret, 17, call, head=b'nonsense')",
        "import os; os.close(1)",
    ],
)
async def test_a_process_that_breaks_the_protocol_is_ended(lie: str, tmp_path: Path) -> None:
    process: Process = await spawn([sys.executable, "-c", LIAR, lie], env={}, cwd=tmp_path)
    realm = DenoRealm(process, EngineLimits(output=1000, call=10.0), secret=SECRET, ended=lambda _: None)
    await realm.begin(b"{}", subject="g1")
    started = time.perf_counter()
    with pytest.raises(EngineError) as caught:
        await realm.call("home/a.js", "f", [])
    assert caught.value.reason == "ended"
    assert time.perf_counter() - started < 5
    await realm.wait()
    assert is_gone(process.pid)


FORGER = """
const seen = [];
JSON.stringify = () => '{"status":500}';
JSON.parse = () => ({ evil: true });
TextEncoder.prototype.encode = () => new Uint8Array(3);
Uint8Array.prototype.set = function (...values) { seen.push(values); };
DataView.prototype.setUint32 = function (...values) { seen.push(values); };
globalThis.console.log('x');
export const seenByMe = async () => String(seen.length);
export const writers = () =>
  [typeof Deno, typeof process.exit, typeof Worker, typeof prompt, typeof require, typeof fetch].join();
"""


async def test_modules_that_change_the_language_forge_nothing(deno: DenoEngine) -> None:
    realm = await deno.open(generation(modules(home__a_js=FORGER)), EngineLimits(open=30.0, call=5.0))
    assert await realm.call("home/a.js", "seenByMe", []) == "0"
    assert await realm.call("home/a.js", "writers", []) == ",".join(["undefined"] * 6)


async def test_a_realm_gets_a_process_that_waits_already_and_another_one_is_started(
    sparing: DenoEngine,
) -> None:
    first = await sparing.open(FILES, EngineLimits())
    pid = await spare_of(sparing)

    second = await sparing.open(FILES, EngineLimits())

    assert second.pid == pid != first.pid
    assert await second.call("home/a.js", "ok", []) == "ok"
    assert await spare_of(sparing) not in (first.pid, second.pid)


async def test_a_spare_that_has_ended_costs_nobody_a_realm(sparing: DenoEngine) -> None:
    await sparing.open(FILES, EngineLimits())
    pid = await spare_of(sparing)
    os.kill(pid, signal.SIGKILL)

    realm = await sparing.open(FILES, EngineLimits())

    assert realm.pid != pid
    assert await realm.call("home/a.js", "ok", []) == "ok"


async def test_a_spare_with_another_heap_is_not_used(sparing: DenoEngine) -> None:
    await sparing.open(FILES, EngineLimits(memory=64 << 20))
    pid = await spare_of(sparing)

    realm = await sparing.open(FILES, EngineLimits(memory=128 << 20))

    assert realm.pid != pid
    assert "--max-old-space-size=128" in command_of(realm.pid)
    assert is_gone(pid)


async def test_spares_end_with_their_engine() -> None:
    engine = DenoEngine(spares=2)
    await engine.open(FILES, EngineLimits())
    pid = await spare_of(engine)

    await engine.close()

    assert is_gone(pid)
    assert engine.spares == ()
    await asyncio.sleep(1)
    assert engine.spares == ()


async def test_a_call_that_a_busy_process_does_not_even_read_ends_in_time(deno: DenoEngine) -> None:
    realm = await deno.open(FILES, EngineLimits(call=4.0))
    busy = asyncio.create_task(realm.call("home/a.js", "loop", []))
    await asyncio.sleep(0.3)
    began = time.monotonic()

    with pytest.raises(EngineError) as caught:
        await realm.call("home/a.js", "ok", ["x" * 900_000], deadline=0.3)

    assert caught.value.reason == "timeout"
    assert time.monotonic() - began < 3
    with pytest.raises(EngineError):
        await busy
