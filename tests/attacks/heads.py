"""Heads and elements made of hostile names, URLs, digests and props, and what a parser must find in them."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hanse.federation import Snapshot
from hanse.formats.import_map import ImportMap, serialise
from hanse.formats.remote_entry import Expose, RemoteEntry
from hanse.resolve import Plan, Policy, Remote
from hanse.resolve.record import Record
from hanse.web import PageOptions
from hanse.web.head import Edition
from hanse.web.page import Page

__all__ = ["NONCE", "Case", "Found", "hostile_cases", "same"]

NONCE = "hostile-cases-have-this-nonce"

# What ends or begins something in HTML, JSON or JavaScript, among ordinary letters.
TOKENS = (
    *("</script>", "</SCRIPT\t", "</script/x>", "<script>", "<SCRIPT src=x>", "<!--", "-->", "--!>", "<!-->"),
    *("<![CDATA[", "]]>", "</title>", "</head>", "</div>", "<svg/onload=hit()>", "<img src=x onerror=hit()>"),
    *('"', "'", "`", '">', "'>", '" onload="hit()', "=", "/", "/>", "\\", '\\"', "\\u003c", "{", "}", "],"),
    *("&", "&quot;", "&#34;", "&lt;", "&amp;", "<", ">", "<a", "\u2028", "\u2029", "\r", "\n", "\t", "\x00"),
    *(
        "\x0c",
        "\ufeff",
        "é",
        "漢",
        "😀",
        "\u202e",
        "javascript:hit()",
        "data:text/javascript,hit()",
        "__proto__",
    ),
    *("constructor", "react", "https://cdn.example/x.js", "/x.js", "../", " ", "nonce=", "sha384-"),
)

Found = tuple[str, dict[str, str], str]
"""An element: its name, its attributes without the nonce, and its text."""


@dataclass(frozen=True, slots=True)
class Case:
    """HTML, and the elements that are in it if nothing breaks out."""

    html: str
    elements: tuple[Found, ...]


class Dice:
    """Draws hostile texts; equal seeds draw equal ones."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def text(self, most: int = 4) -> str:
        return "".join(self._random.choices(TOKENS, k=self._random.randint(1, most)))

    def table(self, most: int = 3) -> dict[str, str]:
        return {self.text(): self.text() for _ in range(self._random.randint(0, most))}

    def tables(self, most: int = 2) -> dict[str, dict[str, str]]:
        return {self.text(): self.table() for _ in range(self._random.randint(0, most))}


def hostile_cases(count: int, *, seed: int = 1) -> Iterator[Case]:
    """Yield cases."""
    dice = Dice(seed)
    for _ in range(count):
        yield make_case(dice)


def make_case(dice: Dice) -> Case:
    """Render a head and two elements of which everything is hostile."""
    name, key, base = dice.text(), dice.text(), f"https://{dice.text()}/"
    url = f"{base}{dice.text().removeprefix('/')}"
    import_map = ImportMap(
        imports={**dice.table(), f"{name}/{key.removeprefix('/')}": url},
        scopes=dice.tables(),
        integrity={**dice.table(), url: dice.text()},
    )
    remote = Remote(name, f"{base}remoteEntry.json", RemoteEntry(name=name, exposes=[Expose(key, url)]))
    options = PageOptions(loader="none", shims=dice.text())
    edition = Edition(make_snapshot(import_map, remote, dice.text()), options)
    page = Page(
        edition.snapshot,
        edition,
        nonce=NONCE,
        links=True,
        bare=None,
        note_policy=lambda _: None,
        root=dice.text(),
    )
    module, props, fallback = f"{name}/{key}", dice.table(), dice.text()
    html = f"{page.head([module])}{page.mount(module, fallback, **props)}{page.mount(fallback)}"
    return Case(html, tuple(expected(page, module, import_map, (props, fallback))))


def make_snapshot(import_map: ImportMap, remote: Remote, digest: str) -> Snapshot:
    """Make a snapshot that went past every check on names."""
    plan = Plan(
        policy=Policy(),
        remotes={remote.name: remote},
        import_map=import_map,
        describe=lambda: ({}, ()),
        record=Record,
    )
    return Snapshot(
        digest=digest,
        plan=plan,
        import_map_json=serialise(import_map),
        made_at=0,
        refreshed_at=0,
        manifest={},
        manifest_status="ok",
        manifest_error=None,
        remotes=(),
    )


def expected(
    page: Page, module: str, import_map: ImportMap, element: tuple[dict[str, str], str]
) -> Iterator[Found]:
    """Yield the elements that there should be."""
    head, (props, fallback) = page.prepare([module]), element
    data = {
        "base": f"{page.root}/_hanse/",
        "snapshot": page.snapshot.digest,
        "development": False,
        "modules": [found.specifier for found in head.modules],
        "scoped": False,
        "shims": page.options.shims,
        "shimsIntegrity": None,
    }
    document = {"imports": import_map.imports, "scopes": import_map.scopes, "integrity": import_map.integrity}
    yield (
        "script",
        {"type": "importmap"},
        json.dumps({key: value for key, value in document.items() if value}),
    )
    for preload in head.preloads:
        digest = {"integrity": preload.integrity} if preload.integrity else {}
        yield "link", {"rel": "modulepreload", "href": preload.url, **digest}, ""
    yield "script", {"type": "application/json", "id": "hanse-page"}, json.dumps(data)
    for found in head.modules:
        attributes = {"data-hanse-module": found.specifier, "data-hanse-remote": found.remote}
        if props:
            attributes["data-hanse-props"] = json.dumps(props)
        yield "div", attributes, fallback
    for missing in [*head.missing, *page.prepare([fallback]).missing]:
        said = {"data-hanse-fallback": f"remote={missing.remote};reason={missing.reason}"}
        yield "div", said, fallback if missing.module == module else ""


def same(found: Sequence[Found], wanted: Sequence[Found]) -> bool:
    """Tell whether a parser found what there should be; JSON is compared by its value."""
    try:
        return [read(one) for one in found] == [read(one) for one in wanted]
    except ValueError:
        return False


def read(element: Found) -> tuple[str, dict[str, object], object]:
    """Return an element with its JSON decoded, and as a parser reads what HTML cannot say."""
    name, attributes, text = element
    decoded: dict[str, object] = {
        key: json.loads(value) if key == "data-hanse-props" else value.replace("\x00", "\ufffd")
        for key, value in attributes.items()
        if key != "nonce"
    }
    return name, decoded, json.loads(text) if name == "script" else text.replace("\x00", "")
