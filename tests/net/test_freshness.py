"""How long an answer may be used, from its headers."""

from __future__ import annotations

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hanse.net.freshness import Freshness, read_freshness

DATE = "Fri, 20 Nov 2026 12:00:00 GMT"
LATER = "Fri, 20 Nov 2026 12:10:00 GMT"
YEAR = 365 * 24 * 3600

ROWS: list[tuple[dict[str, str], Freshness]] = [
    ({}, Freshness()),
    ({"cache-control": "max-age=60"}, Freshness(lifetime=60)),
    ({"cache-control": "public, Max-Age=60 , immutable"}, Freshness(lifetime=60)),
    ({"cache-control": 'max-age="60"'}, Freshness(lifetime=60)),
    ({"cache-control": "max-age=60, max-age=5"}, Freshness(lifetime=60)),
    ({"cache-control": "max-age=5, s-maxage=60"}, Freshness(lifetime=60)),
    ({"cache-control": "max-age=60", "age": "20"}, Freshness(lifetime=60, age=20)),
    ({"cache-control": "max-age=60", "age": "-20"}, Freshness(lifetime=60)),
    ({"cache-control": "max-age=60", "age": "x"}, Freshness(lifetime=60)),
    ({"cache-control": "max-age=-1"}, Freshness()),
    ({"cache-control": "max-age=1.5"}, Freshness()),
    ({"cache-control": "max-age=٣"}, Freshness()),
    ({"cache-control": "max-age"}, Freshness()),
    ({"cache-control": "max-age="}, Freshness()),
    ({"cache-control": "max-age = 60"}, Freshness()),
    ({"cache-control": "max-age=99999999999999999999999"}, Freshness(lifetime=YEAR)),
    ({"cache-control": "no-store, max-age=60"}, Freshness(lifetime=60, store=False)),
    ({"cache-control": "no-cache, max-age=60"}, Freshness()),
    ({"cache-control": 'no-cache="set-cookie", max-age=60'}, Freshness()),
    ({"cache-control": "max-age=60", "vary": "*"}, Freshness()),
    ({"cache-control": "max-age=60", "vary": "accept-encoding"}, Freshness(lifetime=60)),
    ({"expires": LATER, "date": DATE}, Freshness(lifetime=600)),
    ({"expires": DATE, "date": LATER}, Freshness()),
    ({"expires": LATER}, Freshness()),
    ({"expires": "0", "date": DATE}, Freshness()),
    ({"expires": "Fri, 99 Foo 99999 99:99:99 GMT", "date": DATE}, Freshness()),
    ({"expires": LATER, "date": DATE, "cache-control": "max-age=5"}, Freshness(lifetime=5)),
    ({"last-modified": DATE, "date": LATER}, Freshness()),
    (
        {"cache-control": "max-age=1, stale-while-revalidate=30, stale-if-error=90"},
        Freshness(lifetime=1, while_revalidate=30, if_error=90),
    ),
    (
        {"cache-control": "max-age=1, must-revalidate, stale-while-revalidate=30"},
        Freshness(lifetime=1),
    ),
    ({"cache-control": "stale-if-error=never"}, Freshness(if_error=0)),
]


@pytest.mark.parametrize(("headers", "expected"), ROWS)
def test_table(headers: dict[str, str], expected: Freshness) -> None:
    encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
    assert read_freshness(httpx2.Headers(encoded)) == expected


def test_several_header_lines_are_one() -> None:
    headers = httpx2.Headers([("cache-control", "public"), ("cache-control", "max-age=7")])
    assert read_freshness(headers).lifetime == 7


def test_a_chain_is_as_fresh_as_its_stalest_part() -> None:
    year = Freshness(lifetime=YEAR, while_revalidate=60, if_error=5)
    assert year.shortened(Freshness()).lifetime == 0
    assert year.shortened(Freshness(lifetime=100, age=40)).lifetime == 60
    assert Freshness(lifetime=50, age=30).shortened(Freshness(lifetime=100)) == Freshness(lifetime=50, age=30)
    assert year.shortened(Freshness(lifetime=10, if_error=1)).if_error == 5


@given(
    st.dictionaries(
        st.sampled_from(["cache-control", "expires", "date", "age", "vary"]), st.binary(max_size=300)
    )
)
def test_any_headers_can_be_read(headers: dict[str, bytes]) -> None:
    found = read_freshness(httpx2.Headers([(name.encode(), value) for name, value in headers.items()]))
    assert 0 <= found.lifetime <= YEAR
    assert 0 <= found.while_revalidate <= YEAR
    assert 0 <= found.age <= YEAR
