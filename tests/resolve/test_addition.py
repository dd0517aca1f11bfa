"""Laws of joining a loaded page under `coherent`, on federations that are drawn at random."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from hanse import ImportMap, Policy, Remote
from hanse.formats.import_map import (
    ParsedImportMap,
    merge,
    parse_import_map,
    resolve_specifier,
    serialise,
)
from hanse.formats.remote_entry import decode_remote_entry
from hanse.resolve import resolve
from hanse.resolve.addition import join_page
from hanse.resolve.page import page_of
from hanse.semver import satisfies
from tests.soak.counts import often

PAGE = "https://page.example/"
FAMILY = ("react", "react-dom")
PACKAGES = (*FAMILY, "lodash", "dates")
VERSIONS = ("17.0.2", "18.0.0", "18.2.0", "19.0.0", "19.1.0-rc.1", "19.1.0")
RANGES = ("^18.0.0", "^19.0.0", ">=18", "~18.2.0", "*")
# Some folders lie in others.
FOLDERS = ("a/", "a/b/", "a/b/c/", "d/", "d/e/", "f/")


@st.composite
def shared(draw: st.DrawFn, folder: str) -> list[dict[str, object]]:
    """Draw what a remote shares; each file's name tells package, entrypoint and version."""
    items: list[dict[str, object]] = []
    for package in draw(st.lists(st.sampled_from(PACKAGES), unique=True)):
        version = draw(st.sampled_from(VERSIONS))
        specifiers = [
            package,
            *draw(st.lists(st.sampled_from([f"{package}/x", f"{package}/y"]), unique=True)),
        ]
        items.append(
            {
                "packageName": package,
                "version": version,
                "requiredVersion": draw(st.sampled_from(RANGES)),
                "singleton": draw(st.integers(0, 5)) > 0,
                "strictVersion": draw(st.booleans()),
                "shareScope": draw(st.sampled_from([None, None, None, "team", "strict"])),
                "entries": {one: f"{one.replace('/', '.')}@{version}.js" for one in specifiers},
            }
        )
    return items


@st.composite
def remotes(draw: st.DrawFn, least: int = 1) -> list[Remote]:
    """Draw remotes in different folders."""
    folders = draw(st.lists(st.sampled_from(FOLDERS), unique=True, min_size=least, max_size=5))
    found = []
    for folder in folders:
        name = folder.strip("/").replace("/", "-")
        document = {
            "name": name,
            "exposes": [{"key": "./Card", "outFileName": "Card.js"}],
            "shared": draw(shared(folder)),
        }
        entry = decode_remote_entry(json.dumps(document), subject=name)
        found.append(Remote(name, f"https://cdn.example/{folder}remoteEntry.json", entry))
    return found


def importer(remote: Remote) -> str:
    return remote.url.replace("remoteEntry.json", "Card.js")


def look_up(parsed: ParsedImportMap, remote: Remote) -> dict[str, str]:
    """Return what each specifier of a remote leads to."""
    specifiers = [one for item in remote.entry.shared or () for one in item.entries or ()]
    return {one: resolve_specifier(parsed, one, importer=importer(remote)) for one in specifiers}


@settings(max_examples=often(37, soak=1000), deadline=None)
@given(remotes(least=2), st.integers(1, 3))
def test_whoever_joins(drawn: list[Remote], joining: int) -> None:
    there, newcomers = drawn[:-joining] or drawn[:1], drawn[-joining:] if len(drawn) > joining else drawn[1:]
    policy = Policy()
    plan = resolve(there, policy)
    page = page_of(plan)
    parsed, _ = parse_import_map(serialise(plan.import_map), base=PAGE)
    for newcomer in newcomers:
        before = {remote.name: look_up(parsed, remote) for remote in there}
        addition, page, _ = join_page(page, newcomer, policy)
        parsed = add(parsed, addition)
        # Nobody who was there notices anything.
        assert {remote.name: look_up(parsed, remote) for remote in there} == before
        found = look_up(parsed, newcomer)
        check_ranges(newcomer, found)
        check_family(newcomer, found)
        base = importer(newcomer)
        for form in (f"{newcomer.name}/Card", f"{newcomer.name}/./Card"):
            assert resolve_specifier(parsed, form, importer=PAGE) == base
        there = [*there, newcomer]
    # The page as it is remembered is the page as the browser has it.
    assert dict(page.imports) == parsed.imports
    scopes = {scope: dict(rules) for scope, rules in page.scopes.items() if rules}
    assert scopes == parsed.scopes


def add(parsed: ParsedImportMap, addition: ImportMap) -> ParsedImportMap:
    """Merge a delta as a browser does; no rule of it may be refused."""
    more, _ = parse_import_map(serialise(addition), base=PAGE)
    merged, conflicts = merge(parsed, more)
    assert conflicts == []
    return merged


def check_ranges(newcomer: Remote, found: dict[str, str]) -> None:
    """Who insists on its range gets a version inside it, or its own copy."""
    folder = newcomer.url.removesuffix("remoteEntry.json")
    for item in newcomer.entry.shared or ():
        for specifier in item.entries or ():
            url = found[specifier]
            version = url.rpartition("@")[2].removesuffix(".js")
            own = url.startswith(folder) and "/" not in url.removeprefix(folder)
            if not item.singleton:
                assert own
            elif item.share_scope == "strict":
                assert version == item.version
            elif item.strict_version and not own:
                assert satisfies(version, str(item.required_version))


def check_family(newcomer: Remote, found: dict[str, str]) -> None:
    """What has to come from one build does."""
    members = [
        found[specifier].rpartition("/")[0]
        for item in newcomer.entry.shared or ()
        if item.package_name in FAMILY and item.singleton and item.share_scope is None
        for specifier in item.entries or ()
    ]
    assert len(set(members)) <= 1
