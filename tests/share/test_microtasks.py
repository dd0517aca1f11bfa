"""Turns are taken in JavaScript's order; each expected order was printed by Node."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hanse.errors import UsageError
from hanse.limits import LIMITS
from hanse.share.microtasks import Microtasks, Promise


def watch(queue: Microtasks, heard: list[str], count: int = 6) -> None:
    """Note each of the coming turns, by its number."""

    async def tick() -> None:
        for number in range(1, count + 1):
            await queue.resolved(None)
            heard.append(str(number))

    queue.start(tick())


def order(begin: Callable[[Microtasks, list[str]], object]) -> str:
    queue, heard = Microtasks(), list[str]()
    begin(queue, heard)
    watch(queue, heard)
    assert queue.run() == []
    return " ".join(heard)


def test_awaiting_a_settled_promise_takes_one_turn() -> None:
    def begin(queue: Microtasks, heard: list[str]) -> None:
        async def run() -> None:
            await queue.resolved(None)
            heard.append("a")
            await queue.resolved(None)
            heard.append("b")

        queue.start(run())

    assert order(begin) == "a 1 b 2 3 4 5 6"


def test_a_function_runs_to_its_first_await_at_once() -> None:
    def begin(queue: Microtasks, heard: list[str]) -> None:
        async def run() -> None:
            heard.append("inside")

        queue.start(run())
        heard.append("after")

    assert order(begin).startswith("inside after 1")


def test_returning_a_promise_takes_two_more_turns() -> None:
    def begin(queue: Microtasks, heard: list[str]) -> None:
        async def run() -> Promise[None]:
            return queue.resolved(None)

        queue.start(run()).then(lambda _: heard.append("a"))

    assert order(begin) == "1 2 a 3 4 5 6"


def test_a_handler_that_returns_a_promise_takes_two_more_turns() -> None:
    def begin(queue: Microtasks, heard: list[str]) -> None:
        queue.resolved(None).then(lambda _: queue.resolved(None)).then(lambda _: heard.append("a"))

    assert order(begin) == "1 2 3 a 4 5 6"


def test_all_of_settles_in_the_turn_of_the_last() -> None:
    def begin(queue: Microtasks, heard: list[str]) -> None:
        slow = queue.resolved(None).then(lambda _: None).then(lambda _: None)
        fast: Promise[object] = queue.resolved(None)
        queue.all_of([fast, slow]).then(lambda _: heard.append("a"))
        queue.all_of([]).then(lambda _: heard.append("b"))

    assert order(begin) == "b 1 2 3 a 4 5 6"


def test_all_of_gives_every_value_in_order_or_the_first_error() -> None:
    queue = Microtasks()
    late = queue.resolved(1).then(lambda value: value)
    both: Promise[list[object]] = queue.all_of([late, queue.resolved(2)])
    failing: Promise[object] = Promise(queue)
    failed = queue.all_of([late, failing])
    failing.reject(ValueError("no"))
    assert queue.run() == [failed.error]
    assert both.result() == [1, 2]
    with pytest.raises(ValueError, match="no"):
        failed.result()


def test_errors_go_on_to_who_waits() -> None:
    queue = Microtasks()

    async def fail() -> None:
        await queue.resolved(None)
        raise ValueError("no")

    async def run() -> str:
        try:
            await queue.start(fail())
        except ValueError as error:
            return f"caught {error}"
        return "nothing"

    promise = queue.start(run())
    assert queue.run() == []
    assert promise.result() == "caught no"


def test_rejections_that_nobody_hears_are_returned_once() -> None:
    queue = Microtasks()
    lost, heard = Promise[None](queue), Promise[None](queue)
    error = ValueError("lost")
    lost.reject(error)
    heard.reject(ValueError("heard"))
    queue.resolved(None).then(lambda _: heard.then(None, lambda _: None))
    assert queue.run() == [error]
    assert queue.run() == []


def test_a_promise_is_settled_once() -> None:
    queue = Microtasks()
    promise: Promise[int] = Promise(queue)
    promise.resolve(1)
    promise.resolve(2)
    promise.reject(ValueError("no"))
    assert promise.result() == 1


def test_what_nothing_settles_has_no_result() -> None:
    with pytest.raises(UsageError, match="nothing is left"):
        Promise[None](Microtasks()).result()


def test_a_queue_that_does_not_end_is_ended() -> None:
    queue = Microtasks()
    turns = 0

    def again() -> None:
        nonlocal turns
        turns += 1
        queue.add(again)

    again()
    with pytest.raises(UsageError, match="end"):
        queue.run()
    assert turns == LIMITS.share_turns + 1
    assert queue.run() == []
