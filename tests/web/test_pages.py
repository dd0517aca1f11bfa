"""The page: what it shows, that it is sound HTML, and that nobody's name is more than a name in it."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace

import html5lib  # type: ignore[import-untyped]
import pytest

from hanse.limits import LIMITS
from tests.federation.towns import entry, share
from tests.net.upstream import reply
from tests.web.site import Site, open_hostile_site, open_site

pytestmark = pytest.mark.anyio

HOME, OLD = entry("home"), entry("old", share(version="18.3.1"))


def parse(text: str) -> ET.Element:
    """Parse a page; what a browser would have to repair is an error."""
    parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
    page: ET.Element = parser.parse(text)
    return page


def words(element: ET.Element | None) -> str:
    assert element is not None
    return " ".join("".join(element.itertext()).split())


async def show(site: Site, path: str = "/") -> ET.Element:
    answer = await site.get(path)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    return parse(answer.text)


async def test_remotes_with_their_health() -> None:
    async with open_site(home=HOME, gone=reply(status=500)) as site:
        page = await show(site)
    home, gone = page.findall(".//section[@id='remotes']//tbody/tr")
    assert words(home).startswith("home http://127.0.0.1:")
    assert words(home.find("td[@data-label='Health']")) == "ok"
    assert words(home.find("td[@data-label='Exposes']")) == "home/./Card"
    assert words(gone.find("td[@data-label='Health']")).startswith("failed")
    assert "500" in words(gone)
    assert words(gone.find("td[@data-label='Confirmed']")) == "never"
    assert words(page.find(".//h1")) == "The federation is degraded"


async def test_versions_with_verdicts_and_reasons() -> None:
    async with open_site(home=HOME, more=entry("more"), old=OLD) as site:
        page = await show(site)
    rows = page.findall(".//section[@id='packages']//tbody/tr")
    assert [words(row) for row in rows] == [
        "19.1.0 shared home ^19.0.0 strictly publishing it from 'home' costs fewest downloads;"
        " its build serves 2 of 3 remotes",
        "18.3.1 own copy old ^18.0.0 strictly ^18.0.0 rejects 19.1.0 from 'home' costs 1 extra download",
        "19.1.0 uses home more ^19.0.0 strictly ^19.0.0 accepts 19.1.0 from 'home'",
    ]
    summary = words(page.find(".//section[@id='packages']//summary"))
    assert summary == "react 19.1.0 from home 2 builds 1 extra download 3 remotes"
    assert "old react@18.3.1 stays its own" in words(page.find(".//section[@id='notices']"))


async def test_copies_that_differ_in_nothing_but_the_remote_share_a_row() -> None:
    towns = {f"town{number:02}": entry(f"town{number:02}") for number in range(20)}
    async with open_site(home=HOME, **towns) as site:
        page = await show(site)
    first, second = page.findall(".//section[@id='packages']//tbody/tr")
    cell = words(second.find("td[@data-label='Remotes']"))
    assert words(first.find("td[@data-label='Remotes']")) == "home"
    assert cell.startswith("town00, town01, ")
    assert cell.endswith(f"and {20 - LIMITS.page_names} more")


async def test_private_packages_and_scopes() -> None:
    shared = (share("clsx", "2.1.0", singleton=False), share(shareScope="legacy"))
    async with open_site(home=entry("home", *shared)) as site:
        page = await show(site)
    assert "scope legacy" in words(page.find(".//section[@id='packages']//summary"))
    assert "clsx 2.1.0 home" in words(page.find(".//section[@id='packages']/table"))


@pytest.mark.parametrize(
    ("search", "remotes", "packages"),
    [("HOM", 1, 0), ("rea", 0, 1), ("nobody", 0, 0), ("", 2, 1), (" old ", 1, 0)],
)
async def test_a_search_works_without_a_script(search: str, remotes: int, packages: int) -> None:
    async with open_site(home=HOME, old=OLD) as site:
        page = parse((await site.client.get("/", params={"q": search})).text)
    assert len(page.findall(".//section[@id='remotes']//tbody/tr")) == remotes
    assert len(page.findall(".//section[@id='packages']//details")) == packages
    field = page.find(".//input[@name='q']")
    assert field is not None
    assert field.get("value") == search.strip()


async def test_lists_are_bounded_and_say_what_they_leave_out() -> None:
    packages = [share(f"kit{number:03}", "1.0.0") for number in range(LIMITS.page_rows + 7)]
    async with open_site(home=entry("home", *packages)) as site:
        answer = await site.get("/")
        page = parse(answer.text)
        other = (await site.get("/packages.json")).json()
    section = page.find(".//section[@id='packages']")
    assert section is not None
    assert len(section.findall(".//details")) == LIMITS.page_rows
    assert "7 more packages are not shown" in words(section)
    assert len(other["packages"]) == LIMITS.page_rows + 7


async def test_what_nobody_could_read_is_not_drawn() -> None:
    limits = replace(LIMITS, drawn_nodes=2)
    async with open_site(limits, home=HOME) as small, open_site(limits, home=HOME, old=OLD) as large:
        few, many = await show(small), await show(large)
    assert few.find(".//section[@id='graph']//img") is not None
    assert many.find(".//section[@id='graph']//img") is None
    assert "Draw it anyway" in words(many.find(".//section[@id='graph']"))


async def test_headings_captions_and_labels() -> None:
    async with open_site(home=HOME, old=OLD) as site:
        page = await show(site)
    assert page.find(".[@lang='en']") is not None
    assert len(page.findall(".//h1")) == 1
    for table in page.findall(".//table"):
        assert words(table.find("caption"))
        assert all(cell.get("scope") == "col" for cell in table.findall("thead//th"))
        assert all(row.find("th[@scope='row']") is not None for row in table.findall("tbody/tr"))
    ids = [element.get("id") for element in page.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    for element in page.iter():
        assert element.get("aria-labelledby") is None or element.get("aria-labelledby") in ids
        link = element.get("href", "")
        assert not link.startswith("#") or link[1:] in ids
    assert page.find(".//label[@for='q']") is not None


async def test_the_page_loads_nothing_from_elsewhere_and_has_no_script_of_its_own() -> None:
    async with open_site(home=HOME) as site:
        page = await show(site)
        loaded = [
            address
            for element in page.iter()
            if (address := element.get("src") or (element.get("href") if element.tag == "link" else None))
        ]
        for address in loaded:
            assert not address.startswith(("/", "http"))
            assert (await site.get(f"/{address}")).status_code == 200
    assert loaded
    assert all(not words(script) for script in page.findall(".//script"))
    assert not [
        name for element in page.iter() for name in element.attrib if name.startswith("on") or name == "style"
    ]


HOSTILE = [
    "<script>alert(1)</script>",
    '"><img/src=x/onerror=alert(1)>',
    "'onmouseover='alert(1)",
    "</title></style></textarea><svg/onload=alert(1)>",
    "{{7*7}}{%raise%}",
    "javascript&#58;alert(1)",
    "constructor",
    "toString",
    "Größe/名前",
]

KNOWN = {
    *("html", "head", "meta", "title", "link", "script", "body", "header", "nav", "main", "section", "div"),
    *("a", "img", "h1", "h2", "h3", "p", "span", "b", "bdi", "code", "time", "ul", "li", "dl", "dt", "dd"),
    *("form", "label", "input", "button", "details", "summary", "figure", "figcaption"),
    *("table", "caption", "thead", "tbody", "tr", "th", "td"),
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_name_is_a_name(name: str) -> None:
    async with open_hostile_site(name) as site:
        page = await show(site)
        found = parse((await site.client.get("/", params={"q": name})).text)
        links = [link.get("href", "") for link in page.iter("a")]
        explained = [link for link in links if link.startswith("explain/")]
        for link in explained:
            assert (await site.client.get(f"http://hanse.example/{link}")).status_code == 200
    assert len(explained) == 3
    for shown in (page, found):
        names = [element for element in shown.iter("bdi") if words(element) == name]
        assert len(names) >= 6
        assert {element.tag for element in shown.iter()} <= KNOWN
        assert all(not list(element) for element in shown.iter("bdi"))


async def test_an_error_is_shown_as_text() -> None:
    async with open_site(home=HOME, evil=reply(b'{"<b>": 1}')) as site:
        page = await show(site)
    assert {element.tag for element in page.iter()} <= KNOWN


async def test_a_large_federation_is_shown_in_bounded_time_and_size() -> None:
    towns = {
        f"town{n:03}": entry(f"town{n:03}", share(version=f"19.0.{n}", requiredVersion=f"19.0.{n}"))
        for n in range(150)
    }
    limits = replace(LIMITS, page_rows=20)
    async with open_site(limits, **towns) as site:
        answer = await site.get("/")
    assert answer.status_code == 200
    assert "130 more rows are not shown" in answer.text
    assert len(answer.content) < 60_000
