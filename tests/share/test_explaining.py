from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hanse.share.explaining import Explanation, explain_case
from hanse.share.replay import replay

CASES = Path(__file__).parents[1] / "cases" / "sharing.jsonl"
RECORDED = [json.loads(line)["case"] for line in CASES.read_text(encoding="utf-8").splitlines()]


def case(*ops: dict[str, Any], **host: Any) -> Explanation:
    app = {
        "name": "home",
        "shared": [
            {"pkg": "react", "version": "18.2.0", "provide": "sync"},
            {"pkg": "react", "version": "19.0.0", "provide": "async"},
        ],
        **host,
    }
    return explain_case({"id": "x", "hosts": [app], "ops": [{"in": "home", **op} for op in ops]})


def load(required: object, *, singleton: bool = False, op: str = "loadShare", **more: Any) -> dict[str, Any]:
    return {"op": op, "pkg": "react", "custom": {"requiredVersion": required, "singleton": singleton}} | more


@pytest.mark.parametrize(
    ("required", "singleton", "taken", "reason"),
    [
        ("^18.0.0", True, "19.0.0", "though it does not satisfy ^18.0.0: a warning"),
        ("^19.0.0", True, "19.0.0", "a singleton takes the candidate"),
        (False, False, "19.0.0", "any version will do"),
        ("^19.0.0", False, "19.0.0", "it satisfies ^19.0.0"),
        ("^18.0.0", False, "18.2.0", "18.2.0 is the first that does"),
        ("^17.0.0", False, "", "no version satisfies ^17.0.0"),
    ],
)
def test_every_choice_has_its_reason(required: object, singleton: bool, taken: str, reason: str) -> None:
    (step,) = case(load(required, singleton=singleton)).steps
    (choice,) = step.choices
    assert (choice.candidate, choice.taken) == ("19.0.0", taken)
    assert "no version that is loaded keeps its place, and it is the highest" in choice.reasons[0]
    assert any(reason in one for one in choice.reasons)
    assert [one.version for one in choice.versions] == ["18.2.0", "19.0.0"]
    assert bool(step.warnings) == ("a warning" in reason)
    assert step.result == (f"react {taken} of home" if taken else "its own copy: nothing shared will do")


def test_what_is_loaded_comes_first() -> None:
    first, second = case(load("^18.0.0"), load(False)).steps
    assert first.choices[0].taken == "18.2.0"
    assert second.choices[0].taken == "18.2.0"
    assert "it is loaded" in second.choices[0].reasons[0]
    assert second.choices[0].versions[0].loaded == "yes"


def test_errors_are_reasons_and_results() -> None:
    wanted = load("^17.0.0", singleton=True)
    wanted["custom"]["strictVersion"] = True
    (step,) = case(wanted).steps
    assert "does not satisfy the requirement of home" in step.choices[0].reasons[-1]
    assert step.result.startswith("Error: ")


def test_where_nothing_is_chosen_there_is_a_note() -> None:
    missing, now = case({"op": "loadShare", "pkg": "vue"}, load("^19.0.0", op="loadShareSync")).steps
    assert missing.notes == ("no scope that home looks into has vue, or it did not come to looking",)
    assert now.notes == ("home needs react at once, and every copy it may have is only to be had later",)


def test_plugins_are_named() -> None:
    (step,) = case(load(False), resolveShare=[{"pkg": "react", "version": "18.2.0"}]).steps
    assert step.choices[0].reasons[-1] == "a plugin puts 18.2.0 in its place"


def test_layers_and_flags_are_told() -> None:
    wanted = load("__undefined__", singleton=True)
    wanted["custom"] |= {"layer": "rsc", "strictVersion": True}
    (step,) = case(wanted).steps
    assert step.choices[0].wants == ("^19.0.0", "singleton", "strict", "layer rsc")


def test_what_runs_at_once_is_told_together() -> None:
    both = {"op": "parallel", "ops": [{"in": "home", **load(False)}, {"in": "home", **load("^18.0.0")}]}
    (step,) = case(both).steps
    assert step.title == "at once: home: loadShare react; home: loadShare react"
    assert step.result == "react 19.0.0 of home; react 18.2.0 of home"


@pytest.mark.parametrize("recorded", RECORDED, ids=lambda one: one["id"])
def test_explaining_changes_nothing(recorded: dict[str, Any]) -> None:
    explained = explain_case(recorded)
    outcomes = replay(recorded)["outcomes"]
    assert len(explained.steps) == len(outcomes)
    for step, outcome in zip(explained.steps, outcomes, strict=True):
        result = outcome.get("result")
        if isinstance(result, dict) and "pkg" in result:
            assert step.result == f"{result['pkg']} {result['version']} of {result['provider']}"
        if "error" in outcome:
            assert step.result == f"{outcome['errorType']}: {outcome['error']}"
