"""Whatever the input, it is accepted or refused within a millisecond; asserted at ten times that."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from hanse import semver
from hanse.semver import Line

SIZE = 64 * 1024
BOUND = 0.010

ASKED: dict[str, Callable[[str], object]] = {
    "parse": semver.parse,
    "parse_loose": semver.parse_loose,
    "coerce": semver.coerce,
    "parse_range": semver.parse_range,
    "valid_range": semver.valid_range,
    "min_version": semver.min_version,
    "satisfies as version": lambda text: semver.satisfies(text, "^1.2.3 || 2"),
    "satisfies as range": lambda text: semver.satisfies("1.2.3-a.b", text),
    "is_above": lambda text: semver.is_above("99.0.0", text),
}


def fill(unit: str, size: int, *, end: str = "") -> str:
    return (unit * size)[: size - len(end)] + end


def count(form: str, separator: str, size: int = 256) -> str:
    """As many different words as fit."""
    text = ""
    for number in range(size):
        longer = text + (separator if text else "") + form.format(number)
        if len(longer) > size:
            break
        text = longer
    return text


FLOODS = [
    *(
        fill(unit, SIZE)
        for unit in (" ", "\t", "\ufeff", "\ufeff ", "1 ", "a ", "1", "1.", "*", "+a", "||", "\n1.2.3")
    ),
    *(
        fill(unit, SIZE)
        for unit in ("\u2003a", "\U0001f600", "\x1c", "\x00", "1" * 17 + "a", "~ ", "> ", " - ")
    ),
    "1.2.3" + " " * SIZE + "<2",
    "~" + " " * SIZE + "a",
    "1.2.3+" + "a" * SIZE,
]
FITTING = [
    *(
        fill(unit, 256)
        for unit in ("~ ", "^ ", "> ", "= ", "v ", "=v", "v", "=", "-", "- ", "|", "*", "x ", "1 ", "0")
    ),
    *(fill(unit, 256, end="1") for unit in ("~ ", "> ", "= ", "v", "v= ", "=", " ")),
    *(fill(unit, 250, end="!") for unit in ("1.2.3-1.", "1.2.3-a", "1.2.3-1", "1.1", "v1.2.3 ")),
    *(count(form, " ") for form in ("{}", "^{}", ">{}", "<{}.1", "{}.x", ">={}.0.0-a")),
    *(count(form, "||") for form in ("{}", "^{}.1", "{0} - {0}", "{}.0.0-a", ">{0} <{0}")),
    fill("v", 250, end="1 - 2"),
    "1 - " + "v" * 250,
    "1.2.3-" + "a." * 124 + "a",
    "1.2.3-" + "9" * 240 + ".01",
    "1.2." + "1" * 120 + ".1" * 60 + "!",
]


def measure(ask: Callable[[str], object], text: str) -> float:
    """Seconds of the best of three first encounters, each a spelling of its own."""
    best = BOUND * 100
    for turn in range(3):
        fresh = text + " " * turn
        start = time.process_time()
        ask(fresh)
        best = min(best, time.process_time() - start)
    return best


@pytest.mark.parametrize("name", ASKED)
def test_floods_are_refused_at_once(name: str) -> None:
    slow = {text[:20]: took for text in FLOODS if (took := measure(ASKED[name], text)) > BOUND}
    assert slow == {}


@pytest.mark.parametrize("name", ASKED)
def test_the_longest_inputs_are_read_at_once(name: str) -> None:
    assert max(map(len, FITTING)) == 256
    slow = {text[:20]: took for text in FITTING if (took := measure(ASKED[name], text)) > BOUND}
    assert slow == {}


def test_the_longest_ranges_are_compared_at_once() -> None:
    ranges = [text for text in FITTING if semver.valid_range(text)]
    assert len(ranges) > 10
    for a in ranges:
        for b in ranges:
            start = time.process_time()
            semver.intersects(a, b)
            semver.subset(a, b)
            assert time.process_time() - start < 10 * BOUND, (a[:20], b[:20])


def test_a_thousand_ranges_meet_a_thousand_versions() -> None:
    """Fifty packages of these have 400 ms, so one has 8 ms."""
    texts = [f"{19 + at % 3}.{at % 41}.{at}" for at in range(1000)]
    start = time.process_time()
    line = Line([version for text in texts if (version := semver.parse(text))])
    spans = [line.spans(range_) for text in texts if (range_ := semver.parse_range(f"^{text}"))]
    assert time.process_time() - start < 10 * 0.008
    assert len(spans) == 1000
