"""Promises and asynchronous functions on a queue of their own, in the order JavaScript has.

What runs first when several modules are loaded at once decides who provides a package. So the order has to be
JavaScript's, to the turn: an `await` takes one turn of the queue, a promise that resolves to another promise
takes two more. Asynchronous functions are Python coroutines that await promises; they run up to their first
`await` when they are started, as in JavaScript. Nothing here waits for a clock or another thread.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Coroutine, Generator, Iterable
from typing import Generic, TypeVar, cast

from hanse.errors import UsageError
from hanse.limits import LIMITS

__all__ = ["Microtasks", "Promise"]

T = TypeVar("T")
U = TypeVar("U")

Settle = Callable[[object], None]
Fail = Callable[[Exception], None]


class Promise(Generic[T]):
    """A value that is there later; settled once, with a value or an error."""

    __slots__ = ("_queue", "_reactions", "_value", "error", "handled", "settled")

    def __init__(self, queue: Microtasks) -> None:
        self._queue = queue
        self._reactions: list[tuple[Settle, Fail]] = []
        self._value: object = None
        self.error: Exception | None = None
        self.settled = False
        self.handled = False

    def resolve(self, value: T | Promise[T]) -> None:
        """Settle with a value; with a promise, as that one settles, two turns after it."""
        if isinstance(value, Promise):
            self._queue.add(lambda: value.react(self._fulfil, self.reject))
        else:
            self._fulfil(value)

    def reject(self, error: Exception) -> None:
        """Settle with an error."""
        if not self.settled:
            self.settled, self.error = True, error
            if not self.handled:
                self._queue.rejected.append(cast("Promise[object]", self))
            self._flush()

    def then(
        self,
        on_value: Callable[[T], object] | None = None,
        on_error: Callable[[Exception], object] | None = None,
    ) -> Promise[object]:
        """Return a promise for what a handler returns; without it, for what this one settles with."""
        derived: Promise[object] = Promise(self._queue)
        handle = cast("Callable[[object], object] | None", on_value)
        self.react(
            lambda value: derived.resolve(value) if handle is None else derived.settle_by(handle, value),
            lambda error: derived.reject(error) if on_error is None else derived.settle_by(on_error, error),
        )
        return derived

    def settle_by(self, handler: Callable[[U], object], argument: U) -> None:
        """Settle with what a handler returns or raises."""
        try:
            result = handler(argument)
        except Exception as error:  # noqa: BLE001 - whatever a handler raises, the promise carries it
            self.reject(error)
        else:
            self.resolve(cast("T", result))

    def react(self, on_value: Settle, on_error: Fail) -> None:
        """Have one of the two called in a turn of its own when this is settled."""
        self.handled = True
        if self.settled:
            self._schedule(on_value, on_error)
        else:
            self._reactions.append((on_value, on_error))

    def result(self) -> T:
        """Return the value of a settled promise.

        Raises:
            Exception: What it was rejected with.
            UsageError: It is not settled, and nothing is left that could settle it.
        """
        self.handled = True
        if self.error is not None:
            raise self.error
        if not self.settled:
            raise UsageError("the promise is not settled, and nothing is left to do", subject="sharing")
        return cast("T", self._value)

    def __await__(self) -> Generator[Promise[T], object, T]:
        return cast("T", (yield self))

    def _fulfil(self, value: object) -> None:
        if not self.settled:
            self.settled, self._value = True, value
            self._flush()

    def _flush(self) -> None:
        reactions, self._reactions = self._reactions, []
        for on_value, on_error in reactions:
            self._schedule(on_value, on_error)

    def _schedule(self, on_value: Settle, on_error: Fail) -> None:
        error, value = self.error, self._value
        self._queue.add((lambda: on_value(value)) if error is None else (lambda: on_error(error)))


class Microtasks:
    """The queue: what waits for its turn, and what was rejected without anybody listening."""

    def __init__(self) -> None:
        self._waiting: deque[Callable[[], None]] = deque()
        self._turns = 0
        self.rejected: list[Promise[object]] = []

    def add(self, turn: Callable[[], None]) -> None:
        """Have something called after all that waits already."""
        self._waiting.append(turn)

    def run(self) -> list[Exception]:
        """Run until nothing waits; return the errors of rejected promises that nobody handled.

        Raises:
            UsageError: There were more turns than `LIMITS.share_turns` in this queue's life.
        """
        while self._waiting:
            self._turns += 1
            if self._turns > LIMITS.share_turns:
                self._waiting.clear()
                raise UsageError("sharing does not come to an end", subject="sharing", hint="look for a loop")
            self._waiting.popleft()()
        lost = [promise for promise in self.rejected if not promise.handled]
        self.rejected.clear()
        return [promise.error for promise in lost if promise.error is not None]

    def resolved(self, value: T | Promise[T]) -> Promise[T]:
        """Return the promise itself, or one that has the value already."""
        if isinstance(value, Promise):
            return value
        promise: Promise[T] = Promise(self)
        promise.resolve(value)
        return promise

    def start(self, coroutine: Coroutine[object, object, T]) -> Promise[T]:
        """Run an asynchronous function to its first `await`; return the promise for its result."""
        promise: Promise[T] = Promise(self)
        self._step(coroutine, promise, lambda: coroutine.send(None))
        return promise

    def all_of(self, promises: Iterable[Promise[T]]) -> Promise[list[T]]:
        """Return a promise for all values; the first error is its error."""
        promises = list(promises)
        found: list[T | None] = [None] * len(promises)
        together: Promise[list[T]] = Promise(self)
        left = len(promises)

        def note(place: int, value: object) -> None:
            nonlocal left
            found[place] = cast("T", value)
            left -= 1
            if not left:
                together.resolve(cast("list[T]", found))

        for place, promise in enumerate(promises):
            promise.react(lambda value, place=place: note(place, value), together.reject)  # type: ignore[misc]
        if not promises:
            together.resolve([])
        return together

    def _step(
        self, coroutine: Coroutine[object, object, T], promise: Promise[T], go: Callable[[], object]
    ) -> None:
        """Go on with an asynchronous function, to its next `await` or its end."""
        try:
            awaited = go()
        except StopIteration as end:
            promise.resolve(cast("T | Promise[T]", end.value))
        except Exception as error:  # noqa: BLE001 - whatever the function raises, its promise carries it
            promise.reject(error)
        else:
            cast("Promise[object]", awaited).react(
                lambda value: self._step(coroutine, promise, lambda: coroutine.send(value)),
                lambda error: self._step(coroutine, promise, lambda: coroutine.throw(error)),
            )
