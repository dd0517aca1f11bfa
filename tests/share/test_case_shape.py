from __future__ import annotations

import pytest

from hanse.errors import FormatError
from hanse.share.explaining import explain_case
from hanse.share.replay import replay

HOST = {"name": "home"}


@pytest.mark.parametrize(
    ("case", "path"),
    [
        ({"hosts": 5}, "$.hosts"),
        ({"hosts": [{}]}, "$.hosts[0]"),
        ({"remotes": [{"name": ""}]}, "$.remotes[0].name"),
        ({"hosts": [{**HOST, "shared": [{"pkg": "p"}, {}]}]}, "$.hosts[0].shared[1]"),
        ({"hosts": [{**HOST, "shared": [{"pkg": "p", "scope": 5}]}]}, "$.hosts[0].shared[0].scope"),
        ({"hosts": [{**HOST, "resolveShare": [{"pkg": "p"}]}]}, "$.hosts[0].resolveShare[0]"),
        ({"ops": [{"op": "nothing"}]}, "$.ops[0].op"),
        ({"ops": [{"op": "loadShare", "in": "home"}]}, "$.ops[0]"),
        ({"ops": [{"op": "loadRemote", "id": "shop/x"}]}, "$.ops[0]"),
        ({"ops": [{"op": "parallel"}]}, "$.ops[0]"),
        ({"ops": [{"op": "parallel", "ops": [{"op": "registerShared"}]}]}, "$.ops[0].ops[0]"),
        ({"hosts": [HOST], "ops": [{"op": "registerShared", "in": "home", "shared": 1}]}, "$.ops[0].shared"),
    ],
)
def test_what_is_no_case_is_named_by_its_place(case: dict[str, object], path: str) -> None:
    for ask in (replay, explain_case):
        with pytest.raises(FormatError) as caught:
            ask(case)
        assert caught.value.path == path


def test_settings_may_be_anything() -> None:
    shared = [{"pkg": "p", "version": 5, "requiredVersion": ["x"], "singleton": "yes", "layer": {}}]
    assert replay({"hosts": [{**HOST, "shared": shared}]})["outcomes"] == []


def nested(depth: int) -> dict[str, object]:
    op: dict[str, object] = {"op": "loadShare", "in": "home", "pkg": "p"}
    for _ in range(depth - 1):
        op = {"op": "parallel", "ops": [op]}
    return {"hosts": [HOST], "ops": [op]}


@pytest.mark.parametrize("depth", [33, 200, 1000])
def test_operations_are_not_nested_without_end(depth: int) -> None:
    assert len(replay(nested(32))["outcomes"]) == 1
    with pytest.raises(FormatError, match="nested too deeply"):
        explain_case(nested(depth))
