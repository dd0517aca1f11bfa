"""A guest says whose turn it is before code runs, where calls overlap, and nothing where they do not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import msgspec
import pytest

from hanse.engines import EngineLimits
from hanse.engines.deno import command, find_deno
from hanse.engines.frames import Frame, FrameReader, Kind, Place, encode_frame
from hanse.engines.process import Process, spawn
from hanse.engines.pushing import Encoder
from tests.engines.towns import generation, modules

pytestmark = pytest.mark.anyio

SECRET = bytes(range(16))
PLACE = Place(SECRET, 1 << 20)
TEXT = """
export const ok = async () => { for (let i = 0; i < 5; i += 1) await i; return 'ok'; };
export const nap = (ms) => new Promise((done) => setTimeout(done, ms, 'ok'));
export const leave = (ms) => { setTimeout(() => {}, ms); return 'ok'; };
export const loop = () => { for (;;); };
export const later = async (ms) => { await nap(ms); for (;;); };
"""
FILES = generation(modules(home__a_js=TEXT), warm=("home/a.js",))


class Guest:
    """The guest itself, in a process: frames go in and come out."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._reader = FrameReader(PLACE)
        self._frames: asyncio.Queue[Frame] = asyncio.Queue()
        process.listen(self._take)

    def say(self, *frames: bytes) -> None:
        """Write frames, all at once."""
        self._process.write(b"".join(frames))

    async def hear(self) -> Frame:
        """Read the next frame."""
        async with asyncio.timeout(10):
            return await self._frames.get()

    def _take(self, data: bytes) -> None:
        for frame in self._reader.feed(data):
            self._frames.put_nowait(frame)

    async def hear_until(self, *last: tuple[Kind, int]) -> Sequence[tuple[Kind, int]]:
        """Return the kinds and calls of what is said, until all of these have been."""
        heard: list[tuple[Kind, int]] = []
        while not set(last) <= set(heard):
            frame = await self.hear()
            heard.append((frame.kind, frame.call))
        return heard


@pytest.fixture
async def guest(tmp_path: Path) -> AsyncIterator[Guest]:
    """Return a guest that has the modules of these tests."""
    process = await spawn(command(find_deno(), 64), env={"DENO_DIR": str(tmp_path / "deno")}, cwd=tmp_path)
    made = Guest(process)
    made.say(encode_frame(Kind.OPEN, 0, Encoder().encode(FILES, EngineLimits()), secret=SECRET))
    assert (await made.hear()).kind is Kind.READY
    yield made
    await process.end()


def call(number: int, export: str, *args: int) -> bytes:
    body = msgspec.json.encode({"module": "home/a.js", "export": export, "args": args})
    return encode_frame(Kind.CALL, number, body, secret=SECRET)


def cancel(number: int) -> bytes:
    return encode_frame(Kind.CANCEL, number, secret=SECRET)


async def test_calls_that_do_not_overlap_are_answered_and_no_more_is_said(guest: Guest) -> None:
    guest.say(*(call(number, "ok") for number in range(1, 9)))
    assert await guest.hear_until((Kind.ANSWER, 8)) == [(Kind.ANSWER, number) for number in range(1, 9)]
    guest.say(call(9, "nap", 20))
    assert await guest.hear_until((Kind.ANSWER, 9)) == [(Kind.ANSWER, 9)]


async def test_where_calls_overlap_it_says_which_one_goes_on(guest: Guest) -> None:
    guest.say(call(1, "nap", 200), call(2, "nap", 400))
    assert await guest.hear_until((Kind.ANSWER, 1), (Kind.ANSWER, 2)) == [
        (Kind.TURN, 2),
        (Kind.TURN, 1),
        (Kind.ANSWER, 1),
        # The second one is the first that is under way now: nothing has to be said of that.
        (Kind.ANSWER, 2),
    ]


@pytest.mark.parametrize("export", ["loop", "later"])
async def test_it_is_said_before_a_call_may_loop(guest: Guest, export: str) -> None:
    guest.say(call(1, "nap", 60_000), call(2, "nap", 60_000), call(3, export, 20), call(4, "ok"))
    heard = await guest.hear_until((Kind.TURN, 3))
    assert heard[:2] == [(Kind.TURN, 2), (Kind.TURN, 3)]
    if export == "later":
        assert await guest.hear_until((Kind.ANSWER, 4), (Kind.TURN, 3)) == [
            (Kind.TURN, 4),
            (Kind.ANSWER, 4),
            (Kind.TURN, 3),
        ]


async def test_what_a_call_leaves_behind_is_nobodys(guest: Guest) -> None:
    guest.say(call(1, "leave", 20))
    assert await guest.hear_until((Kind.TURN, 0)) == [(Kind.ANSWER, 1), (Kind.TURN, 0)]
    guest.say(call(2, "ok"))
    assert await guest.hear_until((Kind.ANSWER, 2)) == [(Kind.TURN, 2), (Kind.ANSWER, 2)]


async def test_a_call_that_was_given_up_before_it_began_is_not_begun(guest: Guest) -> None:
    guest.say(call(1, "loop"), cancel(1), call(2, "ok"))
    heard = await guest.hear_until((Kind.ANSWER, 2))
    assert heard == [(Kind.CANCELLED, 1), (Kind.ANSWER, 2)]


async def test_it_answers_when_it_is_asked_while_calls_wait(guest: Guest) -> None:
    ping = encode_frame(Kind.PING, 0, secret=SECRET)
    guest.say(call(1, "nap", 60_000), ping)
    assert await guest.hear_until((Kind.PONG, 0)) == [(Kind.PONG, 0)]
