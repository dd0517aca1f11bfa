"""What browsers hydrate with: for a container, the React that it takes from the page, and no other."""

from __future__ import annotations

import msgspec
import pytest

from hanse.federation.server.parts import companions, elected_react
from hanse.formats.import_map import ImportMap, parse_import_map
from hanse.graph import SOME_PAGE
from hanse.resolve.container_uses import ContainerUse, UseReason
from hanse.resolve.containers import ContainerPlan
from hanse.resolve.shares import Share

URL = "https://harbour.example/react.js"
ROW = Share("react", URL, "19.2.9", "harbour", "^19.0.0")
USE = ContainerUse(
    container="ferry",
    scope="default",
    package="react",
    version="19.2.9",
    required="^19.0.0",
    singleton=True,
    strict=False,
    eager=False,
    action="elected",
    served_version="19.2.9",
    served_by="harbour",
    reason=UseReason("accepted", ""),
)


def plan(use: ContainerUse) -> ContainerPlan:
    other = msgspec.structs.replace(ROW, version="18.3.1", url="https://old.example/react.js")
    return ContainerPlan(uses=(use,), shares={"default": {"react": (other, ROW)}})


def test_it_is_the_copy_that_was_elected() -> None:
    assert elected_react(plan(USE), "ferry") == URL
    assert elected_react(plan(USE), "lighthouse") is None


@pytest.mark.parametrize("action", ["own", "container", "missing"])
def test_a_container_with_another_one_has_none(action: str) -> None:
    use = msgspec.structs.replace(USE, action=action)
    assert elected_react(plan(use), "ferry") is None


def test_a_client_for_another_react_would_break_every_hook() -> None:
    rules = {"react": URL, "react-dom/client": "https://harbour.example/client.js"}
    parsed, _ = parse_import_map(ImportMap(imports=rules), base=SOME_PAGE)
    assert companions(parsed, URL) == rules
    assert companions(parsed, "https://harbour.example/react-18.js") == {}
