from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from hanse.share import satisfy

CASES = Path(__file__).parents[1] / "cases" / "mf-satisfy.jsonl"


def test_recorded_verdicts_hold() -> None:
    cases = [json.loads(line) for line in CASES.read_text(encoding="utf-8").splitlines()]
    assert len(cases) == 5000
    assert len({case["mf"] for case in cases}) == 2
    assert [case for case in cases if satisfy(case["version"], case["range"]) != case["mf"]] == []


@pytest.mark.parametrize(
    ("version", "range_", "holds"),
    [
        ("1.0.0-rc", "1.x", False),
        ("19.1.0-canary.3", "^19.0.0", True),
        ("1.0.0-alpha.1", "<1.0.0-alpha", True),
        ("1.2.3", ">=0.0.0", False),
        ("1.2.3", ">=0.0.0 <2.0.0", True),
        ("1.2.3", "what? || 1", True),
        ("1.2.3", "what?", False),
        (" 1.2.3", "1.2.3", True),
        ("1.2.3 ", "1.2.3", False),
        ("v1.2.3", "=1.2.3", True),
        ("1.2", "1.2", False),
        ("01.2.3", "*", False),
        ("1.2.3-rc", "*", True),
        ("1.2.3", "latest", False),
        ("1.2.3", "workspace:*", False),
        ("2.0.0", ">= 1.0.0 < 3.0.0", False),
        ("9007199254740993.0.0", ">9007199254740992.0.0", False),
        ("1.0.0", "999999999999999999999.1 || 1", True),
    ],
)
def test_rules_of_its_own(version: str, range_: str, holds: bool) -> None:
    assert satisfy(version, range_) is holds


@pytest.mark.parametrize("thing", [None, 1, False, [], {}, b"1.2.3", 1.5])
def test_nothing_else_satisfies_and_nothing_is_raised(thing: object) -> None:
    assert satisfy(thing, "*") is False  # type: ignore[arg-type]
    assert satisfy("1.2.3", thing) is False  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        "~",
        "^",
        "<",
        ">=",
        "v ",
        "v=",
        " ",
        "1.",
        "1-",
        "a.",
        "1 ",
        "<1 ",
        "||",
        "a||",
        "x.",
        "*",
        "-",
        "\ufeff~",
        "9",
    ],
)
def test_time_is_bounded(text: str) -> None:
    long = (text * 65_536)[:65_536]
    started = time.process_time()
    for range_ in (
        long,
        long[:-1] + "1",
        "1" + long[1:],
        f"1.2.3-{long}"[:65_536],
        f"{long[:32_000]} - {long[:32_000]}",
    ):
        satisfy("1.2.3", range_)
        satisfy(range_, "1.2.3")
        satisfy("1.2.3-" + long[:65_000], "^1.2.3-" + long[:64_999])
    assert time.process_time() - started < 10


def test_longer_texts_satisfy_nothing() -> None:
    assert satisfy("1.2.3", "1.2.3" + " " * 65_531) is True
    assert satisfy("1.2.3", "1.2.3" + " " * 65_532) is False
    assert satisfy("1.2.3+" + "b" * 65_530, "1.2.3") is True
    assert satisfy("1.2.3+" + "b" * 65_531, "1.2.3") is False
