"""What a plan says that containers get is what Module Federation's own runtime comes to.

The cases were recorded with `@module-federation/runtime-core` 2.9.2: a container with two packages is handed
share scopes whose entries count as loaded, without those that are withheld, and asks for both.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hanse.formats.container import Container, SharedUse
from hanse.resolve import Policy
from hanse.resolve.container_uses import ContainerUse, judge_container
from hanse.resolve.containers import withheld_of
from hanse.resolve.shares import Share
from hanse.share import satisfy

CASES = Path(__file__).parents[1] / "cases" / "mf-uses.jsonl"


def share(package: str, version: str) -> Share:
    """Return a version that the page has."""
    return Share(package, f"https://home.example/{package}.js", version, "home", version)


def use_of(item: dict[str, Any]) -> SharedUse:
    """Return a package as a container uses it."""
    return SharedUse(
        package=item["package"],
        version=item["version"],
        required=item["required"] or None,
        singleton=item["singleton"],
        strict=item["strict"],
        scopes=tuple(item["scopes"]),
    )


def spell(use: ContainerUse) -> str:
    """Write an outcome as it was recorded."""
    return "missing" if use.action == "missing" else f"{use.action}:{use.served_version}"


def test_the_outcomes_are_those_of_the_real_runtime() -> None:
    cases = [json.loads(line) for line in CASES.read_text().splitlines()]
    assert len(cases) == 300
    for case in cases:
        shares = {
            scope: {package: tuple(share(package, one) for one in rows) for package, rows in table.items()}
            for scope, table in case["shares"].items()
        }
        uses = tuple(map(use_of, case["uses"]))
        container = Container(case["name"], "https://a.example/remoteEntry.js", shared=uses)
        brought = {
            (scope, use.package): {container.name: use.version}
            for use in uses
            for scope in use.scopes
            if use.version is not None
        }
        found = judge_container(container, shares, brought, Policy.compatible(), satisfy)
        assert [spell(one) for one in found] == case["got"]
        withheld = {
            name: list(packages)
            for name, packages in withheld_of(found, shares).get(case["name"], {}).items()
        }
        assert withheld == case["withheld"]
