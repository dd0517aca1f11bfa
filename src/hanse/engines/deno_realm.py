"""A realm in a Deno process: frames go in, frames come out, and whoever does not answer in time is ended."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from itertools import count
from typing import Final

import msgspec

from hanse.engines.asking import deadline_of, encode_call, encode_render
from hanse.engines.base import JSON, EngineLimits, RenderCall, Rendered
from hanse.engines.console import log_frame
from hanse.engines.conversation import Conversation, failure_of
from hanse.engines.deno_stream import WINDOW, DenoStream
from hanse.engines.frames import Frame, FrameError, FrameReader, Head, Kind, Place, encode_frame
from hanse.engines.process import Process, limit_data
from hanse.engines.pulse import Pulse, do_nothing
from hanse.engines.turns import Turns
from hanse.errors import EngineError

__all__ = ["DenoRealm"]

# A process that cannot even say that it gives a call up, within this after the call's deadline, is ended.
GRACE: Final = 0.06
# How soon one that lets go says so, in seconds: until it has, nobody else is sent there.
SOON: Final = 0.01
# What may wait to be read by a process, in bytes, before its calls wait as well.
MUCH: Final = 64 << 10
# What a frame may have beside its output: the names of all modules a page uses.
HEADS: Final = 2 << 20
# What a heap needs beside itself: stacks, buffers, compiled code.
BESIDE_HEAP: Final = 96 << 20
# What a guest says of its thread.
OF_THREAD: Final = frozenset({Kind.TURN, Kind.PONG})
# What V8 writes when it cannot go on for want of memory.
NO_MEMORY: Final = ("out of memory", "heap limit", "Failed to reserve", "allocation failed")


class DenoRealm:
    """One generation in one process.

    Args:
        process: The process, in which the guest runs and knows no generation yet.
        limits: What it may use.
        secret: What its frames begin with.
        ended: Told when it has ended.

    Attributes:
        notify: Told when its thread begins or ceases to be held up.
    """

    def __init__(
        self, process: Process, limits: EngineLimits, *, secret: bytes, ended: Callable[[DenoRealm], None]
    ) -> None:
        self.pid = process.pid
        self.notify: Callable[[], None] = do_nothing
        self._process = process
        self._limits = limits
        self._tell_end = ended
        self._secret = secret
        self._numbers = count(1)
        self._turns = Turns(limits.at_once, limits.queue)
        self._open: dict[int, Conversation] = {}
        self._ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._why: EngineError | None = None
        self._pulse = Pulse(
            self._open,
            ask=lambda: self._tell(Kind.PING, 0),
            changed=lambda: self.notify(),
            lost=lambda: self._end(EngineError("a call that has ended left a loop behind", reason="timeout")),
        )
        self._frames = FrameReader(Place(secret, limits.output + HEADS))
        process.listen(self._hear)
        self._ending = asyncio.create_task(self._clean_up())

    async def begin(self, pushed: bytes, *, subject: str) -> None:
        """Push the generation, and wait until its modules of `warm` are evaluated.

        Raises:
            EngineError: It failed; the process has ended.
        """
        try:
            async with asyncio.timeout(self._limits.open):
                await self._send(Kind.OPEN, 0, pushed)
                await self._ready
        except TimeoutError:
            await self.close()
            raise EngineError(
                f"it was not ready within {self._limits.open:g} s", reason="timeout", subject=subject
            ) from None
        except BaseException:
            await self.close()
            raise
        limit_data(self.pid, self._limits.memory + BESIDE_HEAP)

    async def render(self, call: RenderCall) -> Rendered:
        """Render to the end.

        Raises:
            EngineError: It threw, took too long, was too large, or its process ended.
        """
        body = encode_render(call, self._limits)
        frame = await self._ask(Kind.RENDER, body, subject=call.module, deadline=call.deadline)
        head = frame.head
        return Rendered(
            html=frame.body.decode("utf-8", "replace"),
            head=head.head,
            status=head.status,
            modules=head.modules,
            seconds=head.seconds,
        )

    async def stream(self, call: RenderCall) -> DenoStream:
        """Begin to render in pieces.

        Raises:
            EngineError: There is no room for it.
        """
        body = encode_render(call, self._limits)
        loop = asyncio.get_running_loop()
        deadline = deadline_of(call.deadline, self._limits)
        until = loop.time() + deadline
        async with self._by(deadline, call.module):
            await self._turns.take(call.module)
            conversation = self._converse(call.module, streaming=True)
            try:
                await self._send(Kind.STREAM, conversation.number, body, Head(credit=WINDOW))
            except BaseException:
                self._abandon(conversation, GRACE)
                raise
        return DenoStream(
            conversation,
            seconds=until - loop.time(),
            credit=self._give_credit,
            abandon=lambda: self._abandon(conversation, max(until - loop.time(), 0) + GRACE),
            late=lambda: self._give_up(conversation, deadline),
        )

    async def call(
        self, module: str, export: str, args: Sequence[JSON], *, deadline: float | None = None
    ) -> JSON:
        """Call an exported function, and return what it gives or promises.

        Raises:
            EngineError: As for `render`.
        """
        body = encode_call(module, export, args, self._limits)
        frame = await self._ask(Kind.CALL, body, subject=module, deadline=deadline)
        try:
            value: JSON = msgspec.json.decode(frame.body)
        except (msgspec.DecodeError, RecursionError):
            raise EngineError(
                "what it gave cannot be read as JSON", reason="output", subject=module
            ) from None
        return value

    async def close(self) -> None:
        """End the process, and whatever is under way in it."""
        self._end(EngineError("its realm was closed", reason="ended", blameless=True))
        await asyncio.shield(self._ending)

    @property
    def alive(self) -> bool:
        """Whether it takes calls."""
        return self._why is None

    @property
    def held_by(self) -> str | None:
        """The module of the call that holds up the others; empty if not known, None if there is none."""
        if not self._pulse.held:
            return None
        holder = self._pulse.holder
        return "" if holder is None else holder.subject

    def withdraw(self, wanted: Callable[[str], bool]) -> None:
        """Fail, as `ended`, the calls that wait behind that one, by their modules."""
        holder = self._pulse.holder
        for conversation in tuple(self._open.values()):
            kept = conversation is holder or conversation.shown or conversation.abandoned
            if not kept and wanted(conversation.subject):
                conversation.abandoned = True
                self._tell(Kind.CANCEL, conversation.number)
                conversation.expire(
                    EngineError(
                        "its process had no time for it",
                        reason="ended",
                        subject=conversation.subject,
                        blameless=True,
                    )
                )

    async def wait(self) -> EngineError:
        """Wait until the process has ended; return why."""
        await asyncio.shield(self._ending)
        return self._why or self._cause()

    async def _ask(self, kind: Kind, body: bytes, *, subject: str, deadline: float | None) -> Frame:
        loop = asyncio.get_running_loop()
        seconds = deadline_of(deadline, self._limits)
        until = loop.time() + seconds
        if not self._turns.take_at_once():
            async with self._by(seconds, subject):
                await self._turns.take(subject)
        conversation = self._converse(subject, streaming=False)
        late = loop.call_at(until, self._give_up, conversation, seconds)
        try:
            self._write(kind, conversation.number, body)
            if self._process.unread > MUCH:
                async with self._by(until - loop.time(), subject):
                    await self._process.drain()
            return await conversation.next()
        finally:
            late.cancel()
            if not conversation.ended:
                self._abandon(conversation, max(until - loop.time(), 0) + GRACE)

    @asynccontextmanager
    async def _by(self, seconds: float, subject: str) -> AsyncIterator[None]:
        """Turn a deadline that passes into the error of this engine."""
        try:
            async with asyncio.timeout(seconds):
                yield
        except TimeoutError:
            raise late_error(seconds, subject, blameless=True) from None

    def _converse(self, subject: str, *, streaming: bool) -> Conversation:
        """Begin a conversation; its place is given back when the guest has said its last word."""
        if self._why is not None:
            self._turns.give_back()
            raise self._ended_error(subject, begun=False)
        number = next(self._numbers)
        conversation = Conversation(number, subject=subject, streaming=streaming, most=self._limits.output)
        self._open[number] = conversation
        self._pulse.watch()
        return conversation

    def _give_up(self, conversation: Conversation, seconds: float) -> EngineError:
        """Let a call be late, and ask the guest to give it up; return what is to be said of that."""
        blameless = not self._pulse.is_to_blame(conversation)
        error = late_error(seconds, conversation.subject, blameless=blameless)
        conversation.expire(error)
        # One that has held the thread for long will not let go now.
        at_once = self._pulse.held and self._pulse.holder is conversation
        self._abandon(conversation, 0.0 if at_once else GRACE)
        asyncio.get_running_loop().call_later(SOON, self._hold_unless_given_up, conversation)
        return error

    def _hold_unless_given_up(self, conversation: Conversation) -> None:
        if not conversation.ended and self._pulse.holder is conversation:
            self._pulse.hold()

    def _abandon(self, conversation: Conversation, grace: float) -> None:
        """Ask the guest to give a call up; where it does not say so in time, the process is ended."""
        if conversation.ended or conversation.abandoned:
            return
        conversation.abandoned = True
        self._tell(Kind.CANCEL, conversation.number)
        asyncio.get_running_loop().call_later(grace, self._end_unless_given_up, conversation)

    def _end_unless_given_up(self, conversation: Conversation) -> None:
        """End the process, unless another call is in the way: that one has a deadline of its own."""
        if conversation.ended:
            return
        holder = self._pulse.holder
        if holder is None or holder.abandoned:
            subject = conversation.subject if holder is None else holder.subject
            self._end(EngineError(f"{subject} did not give up in time", reason="timeout", subject=subject))
        else:
            asyncio.get_running_loop().call_later(GRACE, self._end_unless_given_up, conversation)

    def _give_credit(self, conversation: Conversation, size: int) -> None:
        if not conversation.ended:
            self._tell(Kind.CREDIT, conversation.number, Head(credit=size))

    def _tell(self, kind: Kind, number: int, head: Head | None = None) -> None:
        """Write a frame to a process that may have ended, from wherever that may be."""
        with contextlib.suppress(RuntimeError):
            self._write(kind, number, head=head)

    def _write(self, kind: Kind, number: int, body: bytes = b"", head: Head | None = None) -> None:
        self._process.write(encode_frame(kind, number, body, secret=self._secret, head=head))

    async def _send(self, kind: Kind, number: int, body: bytes, head: Head | None = None) -> None:
        # A broken pipe is told by the process's end, which says why.
        self._write(kind, number, body, head)
        await self._process.drain()

    def _hear(self, data: bytes) -> None:
        """Take what the guest writes."""
        if self._why is not None:
            return
        try:
            for frame in self._frames.feed(data):
                self._take(frame)
        except FrameError as error:
            self._end(EngineError(f"its process sent {error}", reason="ended"))

    async def _clean_up(self) -> None:
        """Wait until the guest has ended, and clean up after it."""
        try:
            await self._process.wait_silent()
        finally:
            await self._process.end()
            self._end(self._cause())
            self._tell_end(self)
            # Who is told of it knows it, and has its generation: neither is to wait for the collector.
            self.notify = do_nothing

    def _take(self, frame: Frame) -> None:
        """Pass a frame on to whom it concerns.

        Raises:
            FrameError: It concerns nobody.
        """
        if frame.kind is Kind.LOG:
            log_frame(frame)
        elif frame.kind in OF_THREAD:
            if frame.call and frame.call not in self._open:
                raise FrameError("a turn of a call that is not under way")
            self._pulse.hear(frame.kind, frame.call, 0.0)
        elif frame.call == 0 and not self._ready.done():
            self._become_ready(frame)
        else:
            self._answer(frame)

    def _become_ready(self, frame: Frame) -> None:
        if frame.kind is Kind.READY:
            self._ready.set_result(None)
        elif frame.kind is Kind.FAILURE:
            self._ready.set_exception(failure_of(frame, ""))
        else:
            raise FrameError(f"{frame.kind.name} before it was ready")

    def _answer(self, frame: Frame) -> None:
        conversation = self._open.get(frame.call)
        if conversation is None:
            raise FrameError(f"{frame.kind.name} for a call that is not under way")
        conversation.take(frame)
        if conversation.ended:
            self._pulse.hear(frame.kind, frame.call, frame.head.seconds)
            del self._open[frame.call]
            self._turns.give_back()

    def _end(self, why: EngineError) -> None:
        """Begin to end the process; the first reason stays."""
        if self._why is None:
            self._why = why
            self._process.kill()
            self._pulse.stop()
            self._close_conversations()

    def _cause(self) -> EngineError:
        """Return why a process has ended that was not told to."""
        words = self._process.last_words
        if any(word in words for word in NO_MEMORY):
            # Which of several calls took the memory is not known: each may be tried again.
            alone = sum(map(self._pulse.has_begun, self._open.values())) <= 1
            return EngineError(
                f"its process ran out of the {self._limits.memory >> 20} MiB it may use",
                reason="memory" if alone else "ended",
                hint="let it use less, or allow the engine more memory",
            )
        return EngineError(f"its process ended with status {self._process.returncode}", reason="ended")

    def _ended_error(self, subject: str, *, begun: bool) -> EngineError:
        """Return what is to be said of a call whose process has ended."""
        why = self._why or self._cause()
        # Whoever was in the way of a process's end has had its own error already.
        return EngineError(
            why.message,
            reason="memory" if why.reason == "memory" and begun else "ended",
            subject=subject,
            hint=why.hint,
            blameless=why.blameless or why.reason == "timeout" or not begun,
        )

    def _close_conversations(self) -> None:
        if not self._ready.done():
            self._ready.set_exception(self._ended_error("", begun=True))
            self._ready.exception()
        for conversation in self._open.values():
            begun = self._pulse.has_begun(conversation)
            conversation.fail(self._ended_error(conversation.subject, begun=begun))
            self._turns.give_back()
        self._open.clear()


def late_error(seconds: float, subject: str, *, blameless: bool) -> EngineError:
    """Return the error of a call whose deadline has passed."""
    hint = "another call was in its way" if blameless else ""
    return EngineError(
        f"it took longer than {seconds:g} s",
        reason="timeout",
        subject=subject,
        hint=hint,
        blameless=blameless,
    )
