"""Style sheets within pages: which are written out, and which stay links."""

from __future__ import annotations

import pytest

from hanse.apps.sheets import inline_sheets

pytestmark = pytest.mark.anyio

LINK = '<link rel="stylesheet" href="http://home.localhost/a.css" nonce="n1">'


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def inline(head: str, text: str | None) -> str:
    async def read(url: str) -> str | None:
        return text if url == "http://home.localhost/a.css" else None

    return await inline_sheets(head, read)


async def test_a_small_sheet_is_written_out_in_its_place() -> None:
    head = f"<title>x</title>{LINK}<script></script>"
    style = '<style data-href="http://home.localhost/a.css" nonce="n1">.a > b { color: red }</style>'
    assert await inline(head, ".a > b { color: red }") == f"<title>x</title>{style}<script></script>"


@pytest.mark.parametrize(
    "text",
    [
        None,
        ".a { background: url(x.png) }",
        ".a { background: URL (x.png); src: Url(y) }",
        "@import 'b.css';",
        "@charset 'utf-8';",
        ".a { } </style><script>alert(1)</script>",
        ".a::after { content: '</' }",
        "<!-- .a { }",
    ],
)
async def test_what_would_mean_something_else_stays_a_link(text: str | None) -> None:
    assert await inline(LINK, text) == LINK


async def test_other_links_are_left_alone() -> None:
    head = '<link rel="stylesheet" href="https://cdn.example/a.css"><link rel="icon" href="/a.css">'
    assert await inline(head, ".a { }") == head
