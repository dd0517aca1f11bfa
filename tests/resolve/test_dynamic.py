"""A remote that joins a loaded page: the map it adds, and what it may not change."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hanse.errors import NotFoundError, ResolveError
from hanse.formats.import_map import ImportMap, parse_import_map
from hanse.formats.map_rules import merge
from hanse.formats.remote_entry import encode_remote_entry
from hanse.resolve import Policy, Remote, resolve
from hanse.resolve.record import Record
from hanse.resolve.session import Answer, Options, Session
from tests.resolve.browsing import find, folder
from tests.resolve.federations import federations, remote, remotes, shared

PAGE = "https://page.example/"
MODULE = {"d/./Card": "https://d.example/Card.js"}


def page(
    there: Sequence[Remote], *later: Remote, policy: Policy | None = None, called: str | None = None
) -> Session:
    """Initialise a page with some remotes; later ones can be fetched."""
    bodies = {one.url: encode_remote_entry(one.entry) for one in (*there, *later)}

    def fetch(url: str) -> Answer:
        return Answer(bodies[url]) if url in bodies else Answer(fault="404 - Not Found", rank=1)

    session = Session(Record(shared={"__GLOBAL__": {}}), Options(policy=policy or Policy.compatible()), fetch)
    session.init({one.name: one.url for one in there})
    return session


def join(session: Session, newcomer: Remote) -> ImportMap:
    delta = session.init_remote_entry(newcomer.url, newcomer.name)
    assert delta is not None
    return delta


THERE = [remote("a", shared("react", "19.1.0", entries=["react", "react/jsx-runtime"]))]


def test_a_compatible_newcomer_uses_what_is_there() -> None:
    newcomer = remote("d", shared("react", "19.2.0", "^19.0.0"))
    delta = join(page(THERE, newcomer), newcomer)
    assert delta == ImportMap(imports=MODULE)


def test_an_incompatible_newcomer_brings_its_own() -> None:
    newcomer = remote("d", shared("react", "18.3.1"))
    delta = join(page(THERE, newcomer), newcomer)
    assert delta.imports == MODULE
    assert delta.scopes == {"https://d.example/": {"react": "https://d.example/react.js"}}


def test_a_newcomer_that_does_not_insist_takes_what_is_there() -> None:
    newcomer = remote("d", shared("react", "18.3.1", strict=False))
    assert join(page(THERE, newcomer), newcomer) == ImportMap(imports=MODULE)


def test_a_package_that_is_new_to_the_page_is_published() -> None:
    newcomer = remote("d", shared("vue", "3.5.0"), shared("zod", "3.0.0", singleton=False))
    delta = join(page(THERE, newcomer), newcomer)
    assert delta.imports == {"vue": "https://d.example/vue.js", **MODULE}
    assert delta.scopes == {"https://d.example/": {"zod": "https://d.example/zod.js"}}


def test_a_missing_entrypoint_is_filled_in_from_the_newcomer() -> None:
    newcomer = remote("d", shared("react", "19.2.0", "^19.0.0", entries=["react", "react/compiler"]))
    delta = join(page(THERE, newcomer), newcomer)
    assert delta.scopes == {"https://d.example/": {"react/compiler": "https://d.example/react_compiler.js"}}
    kept = join(page(THERE, newcomer, policy=Policy.compatible(scope_uncovered_entrypoints=True)), newcomer)
    assert [*kept.scopes["https://d.example/"]] == ["react", "react/compiler"]


def test_in_a_share_scope_the_newcomer_is_pointed_at_the_shared_files() -> None:
    there = [remote("a", shared("ui", "1.1.0", "^1.0.0", scope="team", entries=["ui", "ui/x"]))]
    newcomer = remote("d", shared("ui", "1.0.0", "^1.0.0", scope="team"))
    delta = join(page(there, newcomer), newcomer)
    assert delta.scopes == {
        "https://d.example/": {"ui": "https://a.example/ui.js", "ui/x": "https://a.example/ui_x.js"}
    }


def test_in_the_strict_scope_the_newcomer_brings_its_own() -> None:
    there = [remote("a", shared("ui", "1.1.0", scope="strict"))]
    newcomer = remote("d", shared("ui", "1.0.0", "^1.0.0", scope="strict"))
    assert join(page(there, newcomer), newcomer).scopes == {
        "https://d.example/": {"ui": "https://d.example/ui.js"}
    }


def test_chunks_and_digests_come_along() -> None:
    newcomer = remote(
        "d",
        shared("vue", "3.5.0", bundle="browser-vue"),
        shared("react", "19.1.0", "^19.0.0", bundle="browser-react"),
        chunks={"browser-vue": ["V.js"], "browser-react": ["R.js"], "mapping-or-exposed": ["M.js"]},
        integrity={"vue.js": "sha384-v", "V.js": "sha384-c", "react.js": "sha384-r", "Card.js": "sha384-d"},
    )
    delta = join(page(THERE, newcomer), newcomer)
    assert delta.scopes == {
        "https://d.example/": {
            "@nf-internal/M": "https://d.example/M.js",
            "@nf-internal/V": "https://d.example/V.js",
        }
    }
    assert delta.integrity == {
        "https://d.example/vue.js": "sha384-v",
        "https://d.example/V.js": "sha384-c",
        "https://d.example/Card.js": "sha384-d",
    }


# --- who is fetched -----------------------------------------------------------------------------------


def test_a_remote_that_is_there_is_left_alone() -> None:
    session = page(THERE)
    assert session.init_remote_entry("https://elsewhere.example/remoteEntry.json", "a") is None


def test_a_remote_that_is_there_may_be_overridden() -> None:
    again = remote("a", shared("react", "19.2.0"), url="https://a2.example/remoteEntry.json")
    session = page(THERE, again, policy=Policy.compatible(override_cached_remotes="always"))
    delta = join(session, again)
    assert delta.imports["a/./Card"] == "https://a2.example/Card.js"
    assert session.record.remotes["a"].scope_url == "https://a2.example/"
    assert session.init_remote_entry(again.url, "a") is None


def test_a_newcomer_may_be_asked_for_without_a_name() -> None:
    newcomer = remote("d")
    session = page(THERE, newcomer)
    assert session.init_remote_entry(newcomer.url) == ImportMap(imports=MODULE)
    assert session.load_remote_module("d", "./Card") == "https://d.example/Card.js"


def test_a_newcomer_of_another_name_keeps_its_own() -> None:
    newcomer = remote("d", called="other")
    delta = join(page(THERE, newcomer), newcomer)
    assert delta.imports == {"other/./Card": "https://d.example/Card.js"}
    strict = page(THERE, newcomer, policy=Policy.compatible(strict_remote_entry=True))
    with pytest.raises(ResolveError, match=r"\[d\] Could not fetch remoteEntry") as raised:
        join(strict, newcomer)
    assert "other" in str(raised.value.__cause__)


def test_a_newcomer_must_have_the_digest_that_was_given() -> None:
    newcomer = remote("d")
    body = encode_remote_entry(newcomer.entry)
    digest = "sha384-" + base64.b64encode(hashlib.sha384(body).digest()).decode()
    session = page(THERE, newcomer)
    with pytest.raises(ResolveError, match="Could not fetch"):
        session.init_remote_entry(newcomer.url, "d", "sha384-bad")
    with pytest.raises(ResolveError, match="Could not fetch"):
        session.init_remote_entry(newcomer.url, "d", f"md5-{digest}")
    assert session.init_remote_entry(newcomer.url, "d", digest) == ImportMap(imports=MODULE)


@pytest.mark.parametrize(
    "body", [b"", b"null", b"nonsense", b'{"name": 3}', b'{"name": "d", "shared": 1}', b"\xff"]
)
def test_a_newcomer_that_is_no_remote_entry_is_refused(body: bytes) -> None:
    session = page(THERE)
    before = session.record
    session.fetch = lambda url: Answer(body)
    with pytest.raises(ResolveError) as raised:
        session.init_remote_entry("https://d.example/remoteEntry.json", "d")
    assert raised.value.hint
    assert session.record is before


def test_a_module_that_is_not_there_is_named() -> None:
    session = page(THERE)
    with pytest.raises(NotFoundError, match=r"a/\./Nothing") as raised:
        session.load_remote_module("a", "./Nothing")
    assert "exposes no module" in raised.value.hint
    with pytest.raises(NotFoundError) as raised:
        session.load_remote_module("toString", "./Card")
    assert "not initialized" in raised.value.hint


# --- strict options -----------------------------------------------------------------------------------

REFUSED = {
    "strict_external_compatibility": shared("react", "18.3.1"),
    "strict_external_version": shared("react", "nineteen"),
    "strict_external_same_version_compatibility": shared("react", "19.1.0", "~19.1.0"),
    "strict_entry_point_coverage": shared("react", "19.2.0", "^19.0.0", entries=["react", "react/compiler"]),
}


@pytest.mark.parametrize("option", REFUSED)
def test_a_strict_option_refuses_the_newcomer_and_leaves_the_page_as_it_was(option: str) -> None:
    newcomer = remote("d", shared("vue", "3.5.0"), REFUSED[option])
    session = page(THERE, newcomer, policy=Policy.compatible(**{option: True}))
    before, rows = session.record, session.record.shared["__GLOBAL__"]["react"].rows
    copies = [len(row.copies) for row in rows]
    with pytest.raises(ResolveError) as raised:
        join(session, newcomer)
    assert raised.value.subject == "d"
    assert raised.value.hint
    assert session.record is before
    assert [len(row.copies) for row in rows] == copies
    assert "vue" not in session.record.shared["__GLOBAL__"]
    join(page(THERE, newcomer), newcomer)


# --- laws ---------------------------------------------------------------------------------------------


@given(federations(most=4), st.data(), st.booleans())
def test_a_newcomer_changes_nothing_for_those_who_are_there(
    federation: list[Remote], data: st.DataObject, pooled: bool
) -> None:
    policy = Policy.compatible(use_auto_external_pooling=pooled)
    newcomer = data.draw(remotes(name="late"))
    plan = resolve(federation, policy)
    session = Session(
        plan.record(), Options(policy=policy), lambda url: Answer(encode_remote_entry(newcomer.entry))
    )
    delta = join(session, newcomer)
    known, _ = parse_import_map(plan.import_map, base=PAGE)
    added, _ = parse_import_map(delta, base=PAGE)
    merged, conflicts = merge(known, added)
    # A specifier may be there as an entrypoint of another package: then the page's rule stands.
    assert {conflict.part for conflict in conflicts} <= {"imports"}
    assert set(delta.scopes) <= {folder(newcomer)}
    for one in federation:
        for specifier in declared(one):
            # What a remote shares in two share scopes may lead nowhere before: then a newcomer may bring it.
            assert find(known, one, specifier) in (None, find(merged, one, specifier))
    repeated = len(declared(newcomer)) > len({*declared(newcomer)})
    assert repeated or all(find(merged, newcomer, specifier) for specifier in declared(newcomer))


def declared(one: Remote) -> list[str]:
    """Return every specifier a remote shares."""
    return [specifier for item in one.entry.shared or () for specifier in item.entries or ()]


@given(federations(most=4), st.data())
def test_a_page_seeded_with_a_coherent_plan_takes_newcomers(
    federation: list[Remote], data: st.DataObject
) -> None:
    plan = resolve(federation)
    newcomer = data.draw(remotes(name="late"))
    session = Session(plan.record(), Options(), lambda url: Answer(encode_remote_entry(newcomer.entry)))
    delta = join(session, newcomer)
    assert delta.imports["late/./Card"] == "https://late.example/Card.js"
    assert set(delta.scopes) <= {folder(newcomer)}
    assert plan == resolve(federation)
