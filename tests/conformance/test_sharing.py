"""Recorded cases of sharing come out as Module Federation's runtime 2.9.2 left them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hanse.share.replay import replay_line
from tests.share.comparing import PARTS, without_messages

CASES = Path(__file__).parents[1] / "cases" / "sharing.jsonl"
RECORDED = [json.loads(line) for line in CASES.read_text(encoding="utf-8").splitlines()]

each_case = pytest.mark.parametrize("record", RECORDED, ids=lambda record: record["case"]["id"])


def test_there_are_cases_of_every_kind() -> None:
    assert len(RECORDED) == 100
    assert len({record["case"]["kind"] for record in RECORDED}) == 16


@each_case
def test_a_recorded_case_comes_out_as_recorded(record: dict[str, Any]) -> None:
    found = json.loads(replay_line(json.dumps(record["case"]).encode()))
    assert found["id"] == record["case"]["id"]
    for part in PARTS:
        assert without_messages(found[part]) == without_messages(record["peer"][part]), part


@each_case
def test_messages_are_the_runtimes_own(record: dict[str, Any]) -> None:
    """Those of the JavaScript engine are not compared, those of the runtime are."""
    found = json.loads(replay_line(json.dumps(record["case"]).encode()))
    for wanted, got in zip(record["peer"]["outcomes"], found["outcomes"], strict=True):
        if wanted.get("errorType") == "Error":
            assert got["error"] == wanted["error"]
