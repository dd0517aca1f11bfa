"""The benchmark of apps: what it makes of what it has seen, and that both sides are the same page."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.apps.__main__ import measure
from benchmarks.apps.race import Sight
from benchmarks.apps.stalls import make_alone
from scripts.build_examples import STORE, build_examples


def test_ratios_are_of_each_round() -> None:
    sights = {
        "federated": [Sight(10, 20, 30, 5), Sight(100, 200, 300, 5), Sight(12, 22, 33, 5)],
        "alone": [Sight(10, 20, 30, 5), Sight(100, 200, 300, 5), Sight(10, 20, 30, 5)],
    }
    walks = [{"in place": 10.0, "as a document": 40.0}] * 3
    found = measure(sights, walks)
    assert found["first byte"] == {"federated": 12, "alone": 10, "ratio": 1}
    assert found["navigation"]["in place / as a document"] == 0.25


@pytest.mark.node
def test_the_app_alone_has_everything_itself(tmp_path: Path) -> None:
    build_examples(folders=STORE)
    make_alone(tmp_path)
    entry = (tmp_path / "home/dist/server/server-entry.json").read_text()
    assert '"path":"/stall"' in entry
    assert "shop/" not in entry
    assert "checkout/" not in entry
