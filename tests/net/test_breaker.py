"""When an origin is left alone, and when it is tried again."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from hanse.errors import BreakerError
from hanse.limits import Limits
from hanse.net.breaker import Breaker, BreakerState, Permit
from tests.soak.counts import often

LIMITS = Limits(breaker_failures=3, breaker_open=10, breaker_open_most=60)
URL = "https://shop.example/remoteEntry.json"


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker(LIMITS, clock)


def fail(breaker: Breaker, times: int = 1) -> None:
    for _ in range(times):
        breaker.fail(breaker.admit(URL))


def succeed(breaker: Breaker) -> None:
    breaker.succeed(breaker.admit(URL))


def test_it_opens_after_failures_in_a_row(breaker: Breaker) -> None:
    fail(breaker, 2)
    assert breaker.state() == BreakerState("closed", 2, 0, 0)
    fail(breaker)
    assert breaker.state() == BreakerState("open", 3, 1, 10)
    with pytest.raises(BreakerError, match="3 times in a row") as caught:
        breaker.admit(URL)
    assert caught.value.subject == URL
    assert "in 10 s" in caught.value.hint


def test_a_success_in_between_starts_the_count_again(breaker: Breaker) -> None:
    for _ in range(10):
        fail(breaker, 2)
        succeed(breaker)
    assert breaker.state().phase == "closed"


def test_one_probe_is_let_through_and_closes_it(breaker: Breaker, clock: Clock) -> None:
    fail(breaker, 3)
    clock.now += 9.9
    with pytest.raises(BreakerError):
        breaker.check(URL)
    clock.now += 0.1
    assert breaker.state().phase == "half-open"
    breaker.check(URL)
    probe = breaker.admit(URL)
    for _ in range(5):
        with pytest.raises(BreakerError) as caught:
            breaker.admit(URL)
        assert "probe" in caught.value.hint
    breaker.succeed(probe)
    assert breaker.state().phase == "closed"
    assert breaker.state().failures == 0
    succeed(breaker)


def test_a_failing_probe_opens_it_for_longer_and_no_longer_than_the_cap(
    breaker: Breaker, clock: Clock
) -> None:
    fail(breaker, 3)
    waits = []
    for _ in range(2000):
        waits.append(breaker.state().retry_in)
        clock.now += breaker.state().retry_in
        fail(breaker)
    assert waits[:5] == [10, 20, 40, 60, 60]
    assert max(waits) == 60


def test_an_origin_that_flaps_stays_suspect_for_a_while(breaker: Breaker, clock: Clock) -> None:
    fail(breaker, 3)
    clock.now += 10
    fail(breaker)
    clock.now += 20
    succeed(breaker)
    fail(breaker, 3)
    assert breaker.state().retry_in == 40
    clock.now += 40
    for _ in range(4):
        succeed(breaker)
    fail(breaker, 3)
    assert breaker.state().retry_in == 10


def test_a_probe_that_is_given_up_makes_room_for_another(breaker: Breaker, clock: Clock) -> None:
    fail(breaker, 3)
    clock.now += 10
    breaker.release(breaker.admit(URL))
    succeed(breaker)
    assert breaker.state().phase == "closed"


def test_late_outcomes_of_earlier_requests_count_no_more(breaker: Breaker, clock: Clock) -> None:
    permits = [breaker.admit(URL) for _ in range(8)]
    for permit in permits[:5]:
        breaker.fail(permit)
    assert breaker.state() == BreakerState("open", 3, 1, 10)
    breaker.succeed(permits[5])
    assert breaker.state().phase == "open"
    clock.now += 10
    probe = breaker.admit(URL)
    breaker.succeed(permits[6])
    breaker.release(permits[7])
    with pytest.raises(BreakerError):
        breaker.admit(URL)
    breaker.succeed(probe)
    assert breaker.state().phase == "closed"


class Machine(RuleBasedStateMachine):
    """Whatever happens in whatever order: one probe at a time, and no breaker that stays open."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.breaker = Breaker(LIMITS, self.clock)
        self.running: list[tuple[Permit, bool]] = []

    @rule()
    def ask(self) -> None:
        half_open = self.breaker.state().phase == "half-open"
        try:
            permit = self.breaker.admit(URL)
        except BreakerError:
            return
        self.running.append((permit, half_open))

    @precondition(lambda self: self.running)
    @rule()
    def succeed(self) -> None:
        self.breaker.succeed(self.running.pop(0)[0])

    @precondition(lambda self: self.running)
    @rule()
    def fail(self) -> None:
        self.breaker.fail(self.running.pop()[0])

    @precondition(lambda self: self.running)
    @rule()
    def give_up(self) -> None:
        self.breaker.release(self.running.pop()[0])

    @rule()
    def wait(self) -> None:
        self.clock.now += 17

    @invariant()
    def one_probe(self) -> None:
        epoch = max((permit.epoch for permit, _ in self.running), default=0)
        assert sum(probe for permit, probe in self.running if permit.epoch == epoch) <= 1

    @invariant()
    def it_opens_for_a_bounded_time(self) -> None:
        assert self.breaker.state().retry_in <= LIMITS.breaker_open_most


TestMachine = Machine.TestCase
TestMachine.settings = settings(max_examples=often(20, soak=1000), stateful_step_count=40, deadline=None)
