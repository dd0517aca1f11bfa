"""Import maps mean what browsers take them to mean: the WICG's own tables, read in place."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hanse.errors import FormatError, SpecifierError
from hanse.formats.import_map import ParsedImportMap, parse_import_map, resolve_specifier

TABLES = Path(__file__).parents[2].parent / "shared" / "third_party" / "import-maps"

beside = pytest.mark.skipif(not TABLES.is_dir(), reason="the import map tables are not beside the project")

INHERITED = ("importMap", "importMapBaseURL", "baseURL", "expectedParsedImportMap")


def leaves(node: dict[str, Any], above: dict[str, Any], title: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each test that expects something, with what it inherits from the groups around it."""
    settings = above | {key: node[key] for key in INHERITED if key in node}
    if "tests" in node:
        for name, child in node["tests"].items():
            yield from leaves(child, settings, f"{title}: {name}")
    elif "expectedResults" in node:
        yield title, settings | {"expectedResults": node["expectedResults"]}
    elif "expectedParsedImportMap" in settings:
        yield title, settings


def table_tests() -> list[tuple[str, dict[str, Any]]]:
    """Return every test of every table."""
    files = sorted(TABLES.glob("*.json"))
    return [leaf for file in files for leaf in leaves(json.loads(file.read_text("utf-8")), {}, file.stem)]


TESTS = table_tests()
PARSING = [(title, test) for title, test in TESTS if "expectedResults" not in test]
RESOLVING = [
    (f"{title}: {specifier}", test, specifier, expected)
    for title, test in TESTS
    for specifier, expected in test.get("expectedResults", {}).items()
]


def parse(test: dict[str, Any]) -> ParsedImportMap:
    """Parse a test's map; a text among the tables is the map's own, broken, text."""
    source = test["importMap"]
    text = source if isinstance(source, str) else json.dumps(source)
    return parse_import_map(text, base=test["importMapBaseURL"])[0]


@beside
def test_all_tables_are_there() -> None:
    assert (len(PARSING), len(RESOLVING)) == (56, 186)


@beside
@pytest.mark.parametrize(("title", "test"), PARSING, ids=[title for title, _ in PARSING])
def test_a_map_is_parsed_as_browsers_parse_it(title: str, test: dict[str, Any]) -> None:
    expected = test["expectedParsedImportMap"]
    if expected is None:
        with pytest.raises(FormatError):
            parse(test)
    else:
        parsed = parse(test)
        assert {"imports": parsed.imports, "scopes": parsed.scopes} == expected


@beside
@pytest.mark.parametrize(
    ("title", "test", "specifier", "expected"), RESOLVING, ids=[title for title, *_ in RESOLVING]
)
def test_a_specifier_leads_where_browsers_go(
    title: str, test: dict[str, Any], specifier: str, expected: str | None
) -> None:
    parsed = parse(test)
    if expected is None:
        with pytest.raises(SpecifierError):
            resolve_specifier(parsed, specifier, importer=test["baseURL"])
    else:
        assert resolve_specifier(parsed, specifier, importer=test["baseURL"]) == expected
