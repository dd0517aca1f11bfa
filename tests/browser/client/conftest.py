"""A stage for each test, and a tab that must not violate the page's policy."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from tests.browser.client.stage import Stage, open_stage, violations, watch


@pytest.fixture(scope="module")
def theatre() -> Iterator[Stage]:
    with open_stage(8400) as stage:
        yield stage


@pytest.fixture
def stage(theatre: Stage) -> Stage:
    theatre.reset()
    return theatre


@pytest.fixture
def tab(page: Page, stage: Stage) -> Iterator[Page]:
    """A tab that is watched; whatever a test did in it, the policy of its page held."""
    watch(page)
    yield page
    if page.url.startswith(stage.url):
        assert violations(page) == []
