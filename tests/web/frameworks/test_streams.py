"""Streams through the frameworks that have no event loop of their own, and through one that has another."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import httpx2
import pytest

from hanse import Federation
from hanse.web.bridge import Bridge
from tests.federation.towns import Towns, entry, towns_in_a_thread
from tests.web.frameworks.serving import FRAMEWORKS
from tests.web.ticker import Ticker

BRIDGED = ("flask", "django-wsgi", "django-asgi")


@pytest.fixture(scope="module")
def towns() -> Iterator[Towns]:
    with towns_in_a_thread(home=entry("home")) as towns:
        yield towns


@pytest.mark.parametrize("framework", BRIDGED)
def test_events_arrive_one_by_one_and_end_when_the_client_goes(
    framework: str, towns: Towns, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticker = Ticker()
    monkeypatch.setattr("hanse.web.integration.Bridge", partial(Bridge, make_app=lambda _: ticker))
    federation: Federation = towns.federation()
    with FRAMEWORKS[framework](federation) as url, httpx2.Client(base_url=url) as client:
        with client.stream("GET", "/_hanse/events") as response:
            assert response.status_code == 200
            assert response.headers["content-type"].startswith("text/event-stream")
            lines = response.iter_lines()
            heard = [next(lines) for _ in range(8)]
            assert [line for line in heard if line.startswith("data: ")][:2] == ["data: 1", "data: 2"]
            assert not ticker.ended.is_set()
        assert ticker.ended.wait(5)
        assert client.get("/plain").text == "nothing"
    federation.sync.close()
