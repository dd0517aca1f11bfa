"""Nothing hostile leaves the place it is written to; html5lib judges here, Chromium in `tests/browser`."""

from __future__ import annotations

import logging

import html5lib  # type: ignore[import-untyped]  # has no stubs
import pytest

from tests.attacks.heads import Found, hostile_cases, same

CASES = 10_000
SHARES = 4


def read(html: str) -> list[Found]:
    """Return the elements that html5lib finds, without those every document has."""
    tree = html5lib.parse(f"<!doctype html><body>{html}", namespaceHTMLElements=False)
    found = [one for one in tree.iter() if one.tag not in {"html", "head", "body"}]
    return [(str(one.tag), dict(one.attrib), one.text or "") for one in found]


@pytest.mark.parametrize("share", range(SHARES))
def test_no_hostile_text_breaks_out(share: int, caplog: pytest.LogCaptureFixture) -> None:
    # Every case names a module that is not there.
    caplog.set_level(logging.ERROR, logger="hanse")
    broken = [
        case.html
        for case in hostile_cases(CASES // SHARES, seed=share)
        if not same(read(case.html), case.elements)
    ]
    assert broken == []


def test_the_judge_would_notice() -> None:
    noticed = 0
    for case in hostile_cases(200, seed=99):
        careless = case.html.replace("\\u003c", "<")
        noticed += careless != case.html and not same(read(careless), case.elements)
    assert noticed > 50
