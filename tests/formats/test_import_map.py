"""Import maps beyond the shared tables: integrity, warnings, writing, a second map on a page."""

from __future__ import annotations

import json

import pytest

from hanse.errors import FormatError, NotFoundError, SpecifierError
from hanse.formats.import_map import (
    Conflict,
    ImportMap,
    ParsedImportMap,
    Resolved,
    merge,
    parse_import_map,
    resolve_specifier,
    serialise,
)

PAGE = "https://a.example/app/index.html"


def parse(document: object) -> ParsedImportMap:
    """Parse a map given as values, on the page."""
    return parse_import_map(json.dumps(document), base=PAGE)[0]


def test_integrity_is_keyed_by_url() -> None:
    document = {
        "integrity": {
            "./a.js": "sha384-a",
            "/b.js": "sha384-b",
            "https://C.example:443/c.js": "sha384-c",
            "bare": "sha384-d",
            "../x/../e.js": 5,
            "https://[": "sha384-f",
        }
    }
    parsed, warnings = parse_import_map(document, base=PAGE)
    assert parsed.integrity == {
        "https://a.example/app/a.js": "sha384-a",
        "https://a.example/b.js": "sha384-b",
        "https://c.example/c.js": "sha384-c",
    }
    assert [warning.split("`")[1] for warning in warnings] == ["bare", "../x/../e.js", "https://["]


@pytest.mark.parametrize("value", [None, True, 1, "foo", []])
@pytest.mark.parametrize("part", ["imports", "scopes", "integrity"])
def test_each_part_must_be_an_object(part: str, value: object) -> None:
    with pytest.raises(FormatError) as caught:
        parse({part: value})
    assert (caught.value.path, caught.value.expected) == (f"$.{part}", "object")


def test_what_a_browser_would_say_is_returned() -> None:
    document = {
        "imports": {"": "/x", "a": "bare", "b": None, "c/": "/c"},
        "scopes": {"https://[": {}},
        "scops": {},
    }
    _, warnings = parse_import_map(document, base=PAGE)
    assert len(warnings) == 6
    assert "`scops` is not a part of import maps" in warnings


def test_a_map_made_by_hanse_is_parsed_on_its_page() -> None:
    made = ImportMap(
        imports={"a": "./a.js"}, scopes={"/s/": {"b": "/s/b.js"}}, integrity={"./a.js": "sha384-a"}
    )
    parsed, warnings = parse_import_map(made, base=PAGE)
    assert parsed == ParsedImportMap(
        imports={"a": "https://a.example/app/a.js"},
        scopes={"https://a.example/s/": {"b": "https://a.example/s/b.js"}},
        integrity={"https://a.example/app/a.js": "sha384-a"},
    )
    assert warnings == []
    assert resolve_specifier(made, "a", importer=PAGE) == "https://a.example/app/a.js"


def test_writing_keeps_the_order_and_leaves_out_what_is_empty() -> None:
    assert serialise(ImportMap()) == b'{"imports":{}}'
    made = ImportMap(imports={"b": "/b", "a": "/a"}, integrity={"/b": "sha384-x"})
    assert serialise(made) == b'{"imports":{"b":"/b","a":"/a"},"integrity":{"/b":"sha384-x"}}'
    full = ImportMap(imports={}, scopes={"/z/": {"a": "/a"}, "/y/": {}}, integrity={"/b": "x"})
    assert serialise(full) == b'{"imports":{},"scopes":{"/z/":{"a":"/a"},"/y/":{}},"integrity":{"/b":"x"}}'
    blocked = ParsedImportMap(imports={"a": None})
    assert serialise(blocked) == b'{"imports":{"a":null}}'


@pytest.mark.parametrize(
    ("specifier", "reason"),
    [
        ("unknown", "bare"),
        ("nothing", "blocked"),
        ("nothing/below", "blocked"),
        ("pkg/../../x.js", "backtracking"),
        ("data/x", "unparseable"),
        ("https://[", "bare"),
    ],
)
def test_an_error_says_why_a_specifier_leads_nowhere(specifier: str, reason: str) -> None:
    parsed = parse(
        {"imports": {"nothing": None, "nothing/": None, "pkg/": "/pkg/", "data/": "data:text/javascript,x/"}}
    )
    with pytest.raises(SpecifierError) as caught:
        resolve_specifier(parsed, specifier, importer=PAGE)
    assert (caught.value.subject, caught.value.reason) == (specifier, reason)
    assert isinstance(caught.value, NotFoundError)


def test_names_of_object_properties_are_ordinary_specifiers() -> None:
    parsed = parse({"imports": {"constructor": "/c.js"}})
    assert resolve_specifier(parsed, "constructor", importer=PAGE) == "https://a.example/c.js"
    with pytest.raises(SpecifierError):
        resolve_specifier(parsed, "toString", importer=PAGE)


def test_rules_that_are_there_stand() -> None:
    old = parse(
        {"imports": {"a": "/1", "b": "/1"}, "scopes": {"/s/": {"a": "/s1"}}, "integrity": {"/1": "x"}}
    )
    new = parse(
        {
            "imports": {"a": "/2", "b": "/1", "c": "/3"},
            "scopes": {"/s/": {"a": "/s2", "d": "/s4"}, "/t/": {"a": "/t1"}},
            "integrity": {"/1": "y", "/3": "z"},
        }
    )
    merged, conflicts = merge(old, new)
    assert merged == parse(
        {
            "imports": {"a": "/1", "b": "/1", "c": "/3"},
            "scopes": {"/s/": {"a": "/s1", "d": "/s4"}, "/t/": {"a": "/t1"}},
            "integrity": {"/1": "x", "/3": "z"},
        }
    )
    site = "https://a.example"
    assert conflicts == [
        Conflict("scopes", f"{site}/s/", "a", f"{site}/s2", f"{site}/s1"),
        Conflict("imports", "", "a", f"{site}/2", f"{site}/1"),
        Conflict("integrity", "", f"{site}/1", "y", "x"),
    ]


def test_merging_leaves_both_maps_as_they_were() -> None:
    old, new = parse({"scopes": {"/s/": {"a": "/1"}}}), parse({"scopes": {"/s/": {"b": "/2"}}})
    merge(old, new)
    assert old == parse({"scopes": {"/s/": {"a": "/1"}}})
    assert new == parse({"scopes": {"/s/": {"b": "/2"}}})


def test_what_the_page_has_resolved_stands() -> None:
    resolved = [
        Resolved("https://a.example/app/vendor/main.mjs", "https://a.example/app/helper"),
        Resolved(PAGE, "react"),
    ]
    new = parse(
        {
            "scopes": {
                "/app/": {"/app/helper": "./helper.mjs"},
                "/app/vendor/": {"/app/": "/vendor_helper/"},
                "/vendor/": {"/app/helper": "./vendor.mjs"},
            },
            "imports": {
                "lodash": "/lodash.js",
                "/app/": "/general/",
                "/app/helper": "/other.mjs",
                "/app/helper2": "/helper2.mjs",
                "react": "/react.js",
                "react-dom": "/react-dom.js",
                "react/": "/react/",
            },
        }
    )
    merged, conflicts = merge(parse({}), new, resolved=resolved)
    assert merged == parse(
        {
            "scopes": {"/app/": {}, "/app/vendor/": {}, "/vendor/": {"/app/helper": "./vendor.mjs"}},
            "imports": {
                "lodash": "/lodash.js",
                "/app/helper2": "/helper2.mjs",
                "react-dom": "/react-dom.js",
                "react/": "/react/",
            },
        }
    )
    assert [(conflict.part, conflict.key) for conflict in conflicts] == [
        ("scopes", "https://a.example/app/helper"),
        ("scopes", "https://a.example/app/"),
        ("imports", "https://a.example/app/"),
        ("imports", "https://a.example/app/helper"),
        ("imports", "react"),
    ]


def test_a_prefix_of_a_bare_specifier_comes_too_late_as_well() -> None:
    merged, _ = merge(parse({}), parse({"imports": {"pkg/": "/p/"}}), resolved=[Resolved(PAGE, "pkg/x")])
    assert merged.imports == {}
