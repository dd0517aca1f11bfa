"""Recorded federations come out as the native federation orchestrator left them.

Where Hanse differs on purpose, `docs/compatibility.md` names the case; such a case must differ, and only
listed ones may.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from hanse.resolve.replay import replay_line

CASES = Path(__file__).parent / "cases"
COMPATIBILITY = Path(__file__).parents[2] / "docs" / "compatibility.md"
COMPARED = ("ok", "error", "importMaps", "value")


def recorded() -> list[Any]:
    lines = [
        line
        for file in sorted(CASES.glob("*.jsonl"))
        for line in file.read_text(encoding="utf-8").splitlines()
    ]
    return [pytest.param(case, id=case["id"]) for case in map(json.loads, lines)]


def listed() -> set[str]:
    """Return the case ids that the compatibility page names as differing."""
    text = COMPATIBILITY.read_text(encoding="utf-8")
    return set(re.findall(r"`((?:[a-z]+-)+(?:\d{4}|[a-z]+))`", text))


def outcome(case: dict[str, Any]) -> dict[str, Any]:
    asked = {key: value for key, value in case.items() if key != "expected"}
    answered: dict[str, Any] = json.loads(replay_line(json.dumps(asked).encode()))
    return answered


def operation(op: dict[str, Any]) -> dict[str, Any]:
    return {key: op.get(key) for key in COMPARED}


def differs(expected: dict[str, Any], actual: dict[str, Any]) -> str | None:
    """Say where the outcomes differ."""
    pairs = zip(expected["ops"], actual["ops"], strict=True)
    for place, (wanted, got) in enumerate(pairs):
        if str((wanted.get("error") or {}).get("message", "")).startswith("harness:"):
            continue
        if operation(wanted) != operation(got):
            return f"operation {place}: {operation(wanted)} != {operation(got)}"
    for part in ("finalMap", "storage"):
        if expected[part] != actual[part]:
            return f"{part}: {expected[part]} != {actual[part]}"
    return None


@pytest.mark.parametrize("case", recorded())
def test_a_recorded_federation_comes_out_as_recorded(case: dict[str, Any]) -> None:
    difference = differs(case["expected"], outcome(case))
    if case["id"] in listed():
        assert difference is not None, "listed as different, but it is not any more"
    else:
        assert difference is None, difference


@pytest.mark.parametrize("case", recorded())
def test_log_lines_are_the_orchestrators(case: dict[str, Any]) -> None:
    if case["id"] in listed():
        return
    for wanted, got in zip(case["expected"]["ops"], outcome(case)["ops"], strict=True):
        # What fails first ends the orchestrator's promise; lines of later faults come after the recording.
        said, heard = sorted(map(str, got["logs"])), sorted(map(str, wanted["logs"]))
        assert said == heard or (not wanted["ok"] and set(heard) <= set(said))
        assert wanted["fetches"] == got["fetches"]
        assert wanted["writes"] == got["writes"]
