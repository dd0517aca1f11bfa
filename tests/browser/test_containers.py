"""Containers that rspack and Vite built, and a native remote, on one page with one React."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from examples.basic.visit import Diary, is_react, keep_diary
from examples.containers.remotes import serve_remotes
from scripts.build_examples import build_examples
from tests.browser.client.stage import call, violations, watch
from tests.browser.havens import Haven, describe_containers, describe_shared, open_haven, write_import_map

pytestmark = [pytest.mark.browser, pytest.mark.node]

BODY = (
    '<div id="quay" data-hanse-module="harbour/./Quay"></div>'
    '<div id="timetable" data-hanse-module="ferry/Timetable"></div>'
    '<div id="lamp" data-hanse-module="lighthouse/Lamp"></div>'
)
# Each copy of react-dom marks the elements it renders with a key that has a random number in it.
MARKS = """() => ['#quay', '#timetable', '#lamp'].map((root) => Object.keys(
  document.querySelector(`${root} section`)).filter((key) => key.startsWith('__reactFiber$')).join())"""


@pytest.fixture(scope="module")
def entries() -> Iterator[dict[str, str]]:
    build_examples()
    with serve_remotes(8460) as entries:
        yield entries


@pytest.fixture(scope="module")
def served() -> Iterator[Haven]:
    with open_haven(8450) as haven:
        yield haven


@pytest.fixture
def haven(served: Haven, entries: dict[str, str]) -> Haven:
    served.reset()
    served.imports = write_import_map(entries)
    served.data = {"containers": describe_containers(entries), "shared": describe_shared()}
    served.body = BODY
    return served


@pytest.fixture
def diary(page: Page, haven: Haven) -> Diary:
    watch(page)
    diary = keep_diary(page)
    page.goto(haven.url)
    return diary


def test_all(page: Page, haven: Haven, diary: Diary) -> None:
    page.wait_for_timeout(2000)
    print(page.content())
    print(diary.complaints, violations(page))
    print("\n".join(diary.requests))
    print(page.evaluate(MARKS))
    assert 0
