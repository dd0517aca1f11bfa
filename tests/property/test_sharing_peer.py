"""Random cases of sharing come out alike in Hanse and in Module Federation's own runtime.

`HANSE_SHARING_CASES` asks for more cases than the usual few hundred, `HANSE_SHARING_SEED` for others.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from hanse.share import satisfy
from hanse.share.replay import replay_line
from scripts.node import ROOT, ensure_node
from tests.property.sharing_cases import make_case
from tests.property.sharing_ranges import make_pair
from tests.share.comparing import PARTS, without_messages

pytestmark = pytest.mark.node

PEER = Path(__file__).with_name("sharing_peer.mjs")
RANGES_PEER = Path(__file__).with_name("satisfy_peer.mjs")
COUNT = int(os.environ.get("HANSE_SHARING_CASES", "400"))
SEED = int(os.environ.get("HANSE_SHARING_SEED", "0"))
# In this one two remotes wait for each other for ever, which is rare.
STUCK = 504_797


def ask_peer(script: Path, lines: list[str]) -> list[Any]:
    asked = subprocess.run(
        [str(ensure_node().program), str(script), str(ROOT / "benchmarks")],
        input="\n".join(lines),
        capture_output=True,
        text=True,
        timeout=60 + len(lines) / 20,
        check=True,
    )
    answers = [json.loads(line) for line in asked.stdout.splitlines()]
    assert len(answers) == len(lines), asked.stderr
    return answers


def test_random_cases_come_out_alike() -> None:
    cases = [make_case(seed) for seed in (STUCK, *range(SEED, SEED + COUNT))]
    answers = ask_peer(PEER, [json.dumps(case) for case in cases])
    for case, answer in zip(cases, answers, strict=True):
        found = json.loads(replay_line(json.dumps(case).encode()))
        for part in PARTS:
            assert without_messages(found[part]) == without_messages(answer[part]), f"{part} of {case}"


def test_remotes_that_wait_for_each_other_hold_up_nothing_else() -> None:
    outcomes = json.loads(replay_line(json.dumps(make_case(STUCK)).encode()))["outcomes"]
    assert [outcome.get("errorType") for outcome in outcomes].count("Pending") == 2
    last = outcomes[-1].get("results", outcomes[-1:])
    assert any("result" in one for one in last)


def test_the_cases_reach_everything() -> None:
    """A comparison of cases in which nothing happens would prove nothing."""
    outcomes = [
        one
        for seed in range(300)
        for outcome in json.loads(replay_line(json.dumps(make_case(seed)).encode()))["outcomes"]
        for one in outcome.get("results", [outcome])
    ]
    codes = {one["code"] for one in outcomes if "code" in one}
    numbers = ("002", "004", "005", "006", "014", "015")
    assert codes == {f"RUNTIME-{number}" for number in numbers}
    assert sum("error" not in one for one in outcomes) > len(outcomes) / 3


def test_random_ranges_are_read_alike() -> None:
    pairs = [make_pair(seed) for seed in range(SEED, SEED + 20 * COUNT)]
    answers = ask_peer(RANGES_PEER, [json.dumps(pair) for pair in pairs])
    assert any(answers)
    wrong = [pair for pair, answer in zip(pairs, answers, strict=True) if satisfy(*pair) != answer]
    assert wrong == []
