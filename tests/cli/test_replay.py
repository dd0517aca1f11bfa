from __future__ import annotations

import io
import json
import sys
from typing import Any

import pytest

from hanse.cli.replay import read_lines
from tests.cli.running import Result, Run

CASE = {
    "id": "one",
    "manifest": {"shop": "https://shop.example/remoteEntry.json"},
    "documents": {
        "https://shop.example/remoteEntry.json": {
            "json": {"name": "shop", "exposes": [{"key": "./Card", "outFileName": "card.js"}], "shared": []}
        }
    },
}


def replay(run: Run, monkeypatch: pytest.MonkeyPatch, text: str, *options: str) -> tuple[Result, list[Any]]:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    found = run("replay", *options)
    return found, [json.loads(line) for line in found.out.splitlines()]


def test_one_outcome_a_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    found, outcomes = replay(run, monkeypatch, f"{json.dumps(CASE)}\n\n{json.dumps({**CASE, 'id': 2})}")
    assert found.code == 0
    assert [outcome["id"] for outcome in outcomes] == ["one", 2]
    assert outcomes[0]["finalMap"] == {"imports": {"shop/./Card": "https://shop.example/card.js"}}
    assert set(outcomes[0]) == {"id", "ops", "finalMap", "storage"}


@pytest.mark.parametrize(
    "line",
    [
        "not json",
        "[]",
        "null",
        '{"manifest": {}, "steps": [{}]}',
        '{"manifest": {}, "steps": 5}',
        '{"manifest": {}, "options": 5}',
        '{"manifest": {}, "storage": 5}',
        '{"manifest": {"a": "https://a.example/"}, "documents": 5}',
        '{"manifest": {}, "steps": [{"op": "loadRemoteModule"}]}',
        "[" * 5000,
    ],
)
def test_a_bad_line_is_an_outcome_and_the_next_goes_on(
    run: Run, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    found, outcomes = replay(run, monkeypatch, f"{line}\n{json.dumps(CASE)}\n", "--json")
    assert found.code == 1
    assert outcomes[0]["id"] is None
    assert outcomes[0]["error"]["code"].startswith("HANSE-")
    assert outcomes[0]["error"]["message"]
    assert outcomes[1]["id"] == "one"
    assert found.err == ""


def test_nothing_in_nothing_out(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    found, outcomes = replay(run, monkeypatch, "")
    assert (found.code, outcomes) == (0, [])


def test_a_line_without_an_end_is_cut() -> None:
    stream = io.BytesIO(b"x" * 50 + b"\nshort\n")
    assert [*read_lines(stream, 8)] == [b"x" * 9, b"short\n"]


SHARING = {
    "id": "shared",
    "hosts": [{"name": "home", "shared": [{"pkg": "react", "version": "19.0.0", "provide": "sync"}]}],
    "ops": [{"op": "loadShare", "in": "home", "pkg": "react"}],
}


def test_cases_of_sharing_are_another_kind(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    text = f"{json.dumps(SHARING)}\n{json.dumps({**SHARING, 'id': 2})}"
    found, outcomes = replay(run, monkeypatch, text, "--kind", "sharing")
    assert found.code == 0
    assert [outcome["id"] for outcome in outcomes] == ["shared", 2]
    assert set(outcomes[0]) == {"id", "outcomes", "shareScopeMap", "log", "unhandledRejections", "events"}
    assert outcomes[0]["outcomes"][0]["result"] == {"provider": "home", "pkg": "react", "version": "19.0.0"}


@pytest.mark.parametrize(
    "line",
    [
        "not json",
        "[]",
        "null",
        '{"hosts": 5}',
        '{"hosts": [5]}',
        '{"hosts": [{}]}',
        '{"hosts": [{"name": 5}]}',
        '{"hosts": [{"name": "a", "shared": [{}]}]}',
        '{"hosts": [{"name": "a", "shared": [{"pkg": "p", "scope": 5}]}]}',
        '{"hosts": [{"name": "a", "shared": [{"pkg": "p", "ticks": "x"}]}]}',
        '{"hosts": [{"name": "a", "remotes": [{}]}]}',
        '{"ops": 5}',
        '{"ops": [5]}',
        '{"ops": [{}]}',
        '{"ops": [{"op": "loadShare"}]}',
        '{"hosts": [{"name": "a"}], "ops": [{"op": "nothing", "in": "a"}]}',
        '{"hosts": [{"name": "a"}], "ops": [{"op": "parallel", "ops": [{"op": "loadShare", "in": "a"}]}]}',
        '{"hosts": [{"name": "a", "shared": [{"pkg": "p", "version": "1.0.0", "provide": "async",'
        ' "ticks": 1000000000}]}], "ops": [{"op": "loadShare", "in": "a", "pkg": "p"}]}',
        '{"ops": [' + '{"op": "parallel", "ops": [' * 900 + "]}" * 900 + "]}",
        "[" * 5000,
    ],
)
def test_a_bad_line_of_sharing_is_an_outcome_and_the_next_goes_on(
    run: Run, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    found, outcomes = replay(
        run, monkeypatch, f"{line}\n{json.dumps(SHARING)}\n", "--kind", "sharing", "--json"
    )
    assert found.code == 1
    assert outcomes[0]["id"] is None
    assert outcomes[0]["error"]["code"].startswith("HANSE-")
    assert outcomes[1]["id"] == "shared"
    assert found.err == ""
