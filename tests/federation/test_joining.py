"""One more remote on a loaded page: what is added, what is inherited, and that others stay as they are."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from hanse import (
    Delta,
    Federation,
    FormatError,
    GoneError,
    IntegrityError,
    Policy,
    ResolveError,
    StatusError,
)
from hanse.formats.import_map import merge, parse_import_map, resolve_specifier
from hanse.net import digest
from tests.federation.towns import QUICK, Towns, entry, serve_towns, share
from tests.net.upstream import reply

pytestmark = pytest.mark.anyio

PAGE = "https://page.example/"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def paths(towns: Towns, rules: dict[str, str]) -> dict[str, str]:
    return {key: url.removeprefix(towns.upstream.origin) for key, url in rules.items()}


def own(towns: Towns, delta: Delta, name: str = "new") -> dict[str, str]:
    """Return the rules of a remote's own URL scope."""
    return paths(towns, delta.import_map.scopes.get(towns.upstream.url(f"/{name}/"), {}))


def codes(delta: Delta) -> list[tuple[str, str]]:
    return [(notice.code, notice.package) for notice in delta.notices]


async def join(towns: Towns, federation: Federation, *shared: dict[str, object], **more: object) -> Delta:
    """Let a remote called `new` join the page of the current snapshot."""
    towns.put("new", entry("new", *shared, **more))  # type: ignore[arg-type]
    return await federation.init_remote_entry(towns.url("new"))


async def test_the_published_build_is_inherited_where_it_is_accepted() -> None:
    async with serve_towns(home=entry("home")) as towns, towns.federation() as federation:
        delta = await join(
            towns, federation, share(version="19.0.0"), integrity={"Card.js": "sha384-" + "A" * 64}
        )
        assert paths(towns, delta.import_map.imports) == {
            "new/./Card": "/new/Card.js",
            "new/Card": "/new/Card.js",
        }
        assert delta.import_map.scopes == {}
        assert delta.import_map.integrity == {towns.upstream.url("/new/Card.js"): "sha384-" + "A" * 64}
        assert json.loads(delta.import_map_json)["imports"] == delta.import_map.imports
        assert (delta.name, delta.url) == ("new", towns.url("new"))
        assert delta.snapshot == federation.snapshot.digest
        assert delta.digest not in {delta.snapshot, ""}
        assert delta.notices == ()


async def test_who_insists_on_another_version_keeps_its_own() -> None:
    async with serve_towns(home=entry("home")) as towns, towns.federation() as federation:
        delta = await join(towns, federation, share(version="18.2.0"))
        assert own(towns, delta) == {"react": "/new/react-18.2.0.js"}
        assert "react" not in delta.import_map.imports
        assert codes(delta) == [("own-copy", "react")]
        assert "^18.0.0 rejects react 19.1.0 from 'home'" in delta.notices[0].text


async def test_who_does_not_insist_gets_the_published_version_and_is_told() -> None:
    async with serve_towns(home=entry("home")) as towns, towns.federation() as federation:
        delta = await join(towns, federation, share(version="18.2.0", strictVersion=False))
        assert own(towns, delta) == {}
        assert codes(delta) == [("outside-range", "react")]


async def test_an_entrypoint_that_is_missing_keeps_the_whole_family_at_home() -> None:
    async with (
        serve_towns(home=entry("home", share(), share("react-dom"))) as towns,
        towns.federation() as federation,
    ):
        dense = share(entries={"react": "r.js", "react/jsx-runtime": "j.js"}, outFileName=None)
        delta = await join(towns, federation, dense, share("react-dom"), share("lodash", "4.0.0"))
        assert own(towns, delta) == {
            "react": "/new/r.js",
            "react/jsx-runtime": "/new/j.js",
            "react-dom": "/new/react-dom-19.1.0.js",
        }
        assert sorted(codes(delta)) == [("own-copy", "react"), ("own-copy", "react-dom")]
        assert paths(towns, delta.import_map.imports)["lodash"] == "/new/lodash-4.0.0.js"


async def test_a_family_of_the_table_is_not_torn_by_its_newcomer() -> None:
    async with serve_towns(home=entry("home", share())) as towns, towns.federation() as federation:
        delta = await join(towns, federation, share(), share("react-dom"))
        assert set(own(towns, delta)) == {"react", "react-dom"}
        assert not {"react", "react-dom"} & delta.import_map.imports.keys()


async def test_pool_tags_make_a_family() -> None:
    async with serve_towns(home=entry("home", share("a"))) as towns, towns.federation() as federation:
        delta = await join(towns, federation, share("a", pool="p"), share("b", pool="p"))
        assert set(own(towns, delta)) == {"a", "b"}
        delta = await join(towns, federation, share("a"), share("b"))
        assert own(towns, delta) == {}
        assert paths(towns, delta.import_map.imports)["b"] == "/new/b-19.1.0.js"


async def test_a_family_from_several_builds_is_not_inherited() -> None:
    shop = entry("shop", share("b"))
    async with (
        serve_towns(home=entry("home", share("a")), shop=shop) as towns,
        towns.federation() as federation,
    ):
        delta = await join(towns, federation, share("a", pool="p"), share("b", pool="p"))
        assert set(own(towns, delta)) == {"a", "b"}
        assert "several builds" in delta.notices[0].text


async def test_a_package_nobody_has_is_published() -> None:
    async with serve_towns(home=entry("home")) as towns, towns.federation() as federation:
        lodash = share("lodash", "4.0.0", bundle="b")
        chunks = {"b": ["chunk-A.js"], "mapping-or-exposed": ["chunk-B.js"], "other": ["chunk-C.js"]}
        delta = await join(
            towns, federation, lodash, chunks=chunks, integrity={"chunk-A.js": "sha384-" + "A" * 64}
        )
        assert paths(towns, delta.import_map.imports) == {
            "new/./Card": "/new/Card.js",
            "new/Card": "/new/Card.js",
            "lodash": "/new/lodash-4.0.0.js",
        }
        assert own(towns, delta) == {
            "@nf-internal/chunk-A": "/new/chunk-A.js",
            "@nf-internal/chunk-B": "/new/chunk-B.js",
        }
        assert delta.import_map.integrity == {towns.upstream.url("/new/chunk-A.js"): "sha384-" + "A" * 64}


async def test_chunks_of_what_is_inherited_are_not_mapped() -> None:
    async with serve_towns(home=entry("home")) as towns, towns.federation() as federation:
        delta = await join(towns, federation, share(bundle="b"), chunks={"b": ["chunk-A.js"]})
        assert own(towns, delta) == {}


async def test_scoped_packages_stay_with_the_newcomer() -> None:
    async with serve_towns(home=entry("home")) as towns, towns.federation() as federation:
        delta = await join(towns, federation, share("dates", "1.0.0", singleton=False))
        assert own(towns, delta) == {"dates": "/new/dates-1.0.0.js"}


async def test_share_scopes_are_kept_apart() -> None:
    home = entry("home", share(shareScope="team"))
    async with serve_towns(home=home) as towns, towns.federation() as federation:
        delta = await join(towns, federation, share(shareScope="team"))
        assert own(towns, delta) == {"react": "/home/react-19.1.0.js"}
        delta = await join(towns, federation, share(shareScope="other"))
        assert own(towns, delta) == {"react": "/new/react-19.1.0.js"}
        delta = await join(towns, federation, share())
        assert paths(towns, delta.import_map.imports)["react"] == "/new/react-19.1.0.js"


async def test_the_strict_share_scope_asks_for_the_very_version() -> None:
    home = entry("home", share(shareScope="strict"))
    async with serve_towns(home=home) as towns, towns.federation() as federation:
        delta = await join(towns, federation, share(shareScope="strict"))
        assert own(towns, delta) == {"react": "/home/react-19.1.0.js"}
        delta = await join(towns, federation, share(shareScope="strict", version="19.1.1"))
        assert own(towns, delta) == {"react": "/new/react-19.1.1.js"}


async def test_an_alias_that_means_something_else_is_not_taken() -> None:
    taken = share("new/Card", "1.0.0")
    async with serve_towns(home=entry("home", taken)) as towns, towns.federation() as federation:
        delta = await join(towns, federation)
        assert "new/./Card" in delta.import_map.imports
        assert "new/Card" not in delta.import_map.imports
        assert ("shadowed-module", "new/Card") in codes(delta)


async def test_a_page_remembers_what_it_added() -> None:
    async with serve_towns(home=entry("home")) as towns, towns.federation() as federation:
        towns.put("one", entry("one", share("lodash", "4.1.0")))
        towns.put("two", entry("two", share("lodash", "4.0.0")))
        towns.put("six", entry("six", share("lodash", "3.0.0")))
        first = await federation.init_remote_entry(towns.url("one"))
        second = await federation.init_remote_entry(towns.url("two"), snapshot=first.digest)
        third = await federation.init_remote_entry(towns.url("six"), snapshot=second.digest)
        assert "lodash" not in second.import_map.imports
        assert own(towns, second, "two") == {}
        assert own(towns, third, "six") == {"lodash": "/six/lodash-3.0.0.js"}
        # Another page, made from the same snapshot, knows nothing of it.
        other = await federation.init_remote_entry(towns.url("two"), snapshot=first.snapshot)
        assert "lodash" in other.import_map.imports


async def test_who_is_there_already_adds_nothing() -> None:
    async with serve_towns(home=entry("home")) as towns, towns.federation() as federation:
        asked = towns.asked("home")
        named = await federation.init_remote_entry(towns.url("home"), "home")
        assert named.import_map_json == b'{"imports":{}}'
        assert named.digest == named.snapshot
        assert towns.asked("home") == asked
        unnamed = await federation.init_remote_entry(towns.url("home"))
        assert unnamed.import_map_json == b'{"imports":{}}'
        first = await join(towns, federation)
        again = await federation.init_remote_entry(towns.url("new"), snapshot=first.digest)
        assert again.digest == first.digest


async def test_deltas_are_for_the_snapshot_that_is_named() -> None:
    async with (
        serve_towns(home=entry("home", share(version="19.1.0"))) as towns,
        towns.federation() as federation,
    ):
        old = federation.snapshot.digest
        towns.put("home", entry("home", share(version="18.0.0")))
        await federation.refresh()
        towns.put("new", entry("new", share(version="19.0.0")))
        for_old = await federation.init_remote_entry(towns.url("new"), snapshot=old)
        for_new = await federation.init_remote_entry(towns.url("new"))
        assert own(towns, for_old) == {}
        assert own(towns, for_new) == {"react": "/new/react-19.0.0.js"}


async def test_a_snapshot_that_is_gone_says_so() -> None:
    limits = replace(QUICK, snapshots_kept=1, pages_kept=1)
    async with serve_towns(home=entry("home")) as towns, towns.federation(limits=limits) as federation:
        old = federation.snapshot.digest
        towns.put("home", entry("home", card="new.js"))
        await federation.refresh()
        for digest_ in (old, "sha384-x", "", "x" * 10_000):
            with pytest.raises(GoneError, match="load the page again"):
                await federation.init_remote_entry(towns.url("new"), snapshot=digest_)
        assert towns.asked("new") == 0
        first = await join(towns, federation)
        towns.put("two", entry("two"))
        await federation.init_remote_entry(towns.url("two"))
        with pytest.raises(GoneError):
            await federation.init_remote_entry(towns.url("two"), snapshot=first.digest)


async def test_a_newcomer_that_fails_changes_nothing() -> None:
    async with serve_towns(home=entry("home")) as towns, towns.federation() as federation:
        before = federation.snapshot
        towns.put("new", reply(status=500))
        with pytest.raises(StatusError, match="answered 500"):
            await federation.init_remote_entry(towns.url("new"))
        towns.put("new", b"null")
        with pytest.raises(FormatError, match="wrong type"):
            await federation.init_remote_entry(towns.url("new"))
        towns.put("new", entry("new", card="../x.js"))
        with pytest.raises(FormatError, match="outFileName"):
            await federation.init_remote_entry(towns.url("new"))
        towns.put("new", entry("new"))
        with pytest.raises(IntegrityError):
            await federation.init_remote_entry(towns.url("new"), integrity=digest(b"other"))
        delta = await federation.init_remote_entry(towns.url("new"), integrity=digest(entry("new")))
        assert delta.import_map.imports
        assert federation.snapshot is before


@pytest.mark.parametrize("name", ["__proto__", "", "https://x/", "./x", "a b", "x" * 5000])
async def test_what_is_no_name_is_refused_before_anything_is_fetched(name: str) -> None:
    async with serve_towns(home=entry("home")) as towns, towns.federation() as federation:
        towns.put("new", entry("new"))
        with pytest.raises(FormatError, match="a remote's name"):
            await federation.init_remote_entry(towns.url("new"), name)
        assert towns.asked("new") == 0


async def test_an_entry_that_is_fresh_is_not_asked_for_by_each_visitor() -> None:
    fresh = reply(entry("new"), headers={"cache-control": "max-age=60"})
    async with serve_towns(home=entry("home"), new=fresh) as towns:
        towns.list("home")
        async with towns.federation() as federation:
            deltas = [await federation.init_remote_entry(towns.url("new")) for _ in range(5)]
            assert len({delta.import_map_json for delta in deltas}) == 1
            assert towns.asked("new") == 1


async def test_the_name_asked_for_counts_and_a_foreign_one_is_reported() -> None:
    async with serve_towns(home=entry("home")) as towns, towns.federation() as federation:
        towns.put("new", entry("market"))
        delta = await federation.init_remote_entry(towns.url("new"), "shop")
        assert [*delta.import_map.imports] == ["shop/./Card", "shop/Card"]
        assert codes(delta) == [("foreign-name", "")]


STRICT_OPTIONS: dict[str, tuple[dict[str, object], str]] = {
    "strict_external_compatibility": (share(version="18.0.0"), "rejects"),
    "strict_entry_point_coverage": (share(entries={"react": "r.js", "react/x": "x.js"}), "nobody publishes"),
    "strict_external_version": (share(version="latest"), "not a semver version"),
}


@pytest.mark.parametrize("option", STRICT_OPTIONS)
async def test_strict_options_refuse_a_newcomer(option: str) -> None:
    shared, text = STRICT_OPTIONS[option]
    strict = Policy.coherent(**{option: True})
    async with serve_towns(home=entry("home")) as towns, towns.federation(policy=strict) as federation:
        with pytest.raises(ResolveError, match=rf"new: .*{text}[\s\S]*{option}"):
            await join(towns, federation, shared)
    async with serve_towns(home=entry("home")) as towns, towns.federation() as federation:
        assert (await join(towns, federation, shared)).import_map.imports


async def test_a_strict_name_refuses_a_newcomer() -> None:
    strict = Policy.coherent(strict_remote_entry=True)
    async with serve_towns(home=entry("home")) as towns, towns.federation(policy=strict) as federation:
        towns.put("new", entry("market"))
        with pytest.raises(ResolveError, match="shop: its remote entry is called 'market'"):
            await federation.init_remote_entry(towns.url("new"), "shop")


async def test_a_version_that_is_none_counts_as_the_least_of_its_range() -> None:
    async with serve_towns(home=entry("home")) as towns, towns.federation() as federation:
        delta = await join(towns, federation, share("lodash", "latest", requiredVersion="^4.0.0"))
        assert "lodash" in delta.import_map.imports
        assert codes(delta) == [("invalid-version", "lodash")]
    skipping = Policy.coherent(skip_invalid_external_versions=True)
    async with serve_towns(home=entry("home")) as towns, towns.federation(policy=skipping) as federation:
        delta = await join(towns, federation, share("lodash", "latest"))
        assert "lodash" not in delta.import_map.imports


async def test_nested_folders_do_not_leak_into_each_other() -> None:
    """A remote in `/a/b/` must not get what one in `/a/` keeps to itself, whichever of them comes later."""
    async with serve_towns(home=entry("home")) as towns:
        outer = entry("outer", share(version="18.0.0"))
        towns.put("a", outer)
        towns.put("a/b", entry("inner"))
        for there, comes, inner in (("a", "a/b", True), ("a/b", "a", False)):
            towns.list("home", **{("outer" if there == "a" else "inner"): towns.url(there)})
            async with towns.federation() as federation:
                delta = await federation.init_remote_entry(towns.url(comes))
                before, _ = parse_import_map(federation.snapshot.import_map_json, base=PAGE)
                added, _ = parse_import_map(delta.import_map_json, base=PAGE)
                whole, _ = merge(before, added)
                for folder, version in (("a", "18.0.0"), ("a/b", "19.1.0"), ("home", "19.1.0")):
                    importer = towns.upstream.url(f"/{folder}/Card.js")
                    url = resolve_specifier(whole, "react", importer=importer)
                    assert url.endswith(f"react-{version}.js"), (folder, inner)


async def test_a_newcomer_in_the_folder_of_another_is_reported() -> None:
    async with serve_towns(home=entry("home")) as towns, towns.federation() as federation:
        towns.put("home", entry("home"))
        towns.upstream.routes["/home/other.json"] = reply(entry("new", card="Other.js"))
        delta = await federation.init_remote_entry(towns.upstream.url("/home/other.json"))
        assert codes(delta) == [("same-folder", "")]


async def test_the_compatible_policy_adds_what_the_orchestrator_would() -> None:
    async with serve_towns(home=entry("home")) as towns, towns.federation(policy="compatible") as federation:
        delta = await join(towns, federation, share(version="18.0.0"), share("lodash", "4.0.0"))
        assert paths(towns, delta.import_map.imports) == {
            "lodash": "/new/lodash-4.0.0.js",
            "new/./Card": "/new/Card.js",
        }
        assert own(towns, delta) == {"react": "/new/react-18.0.0.js"}
        assert [notice.code for notice in delta.notices] == ["step-8"]
        towns.put("two", entry("two", share("lodash", "4.0.0")))
        second = await federation.init_remote_entry(towns.url("two"), snapshot=delta.digest)
        assert [*second.import_map.imports] == ["two/./Card"]
        asked = towns.asked("new")
        again = await federation.init_remote_entry(towns.url("new"), "new", snapshot=delta.digest)
        assert again.import_map.imports == {}
        assert towns.asked("new") == asked
        # The page of the snapshot itself is as it was.
        fresh = await federation.init_remote_entry(towns.url("two"))
        assert "lodash" in fresh.import_map.imports


async def test_compatible_and_strict_refuses_a_newcomer() -> None:
    strict = Policy.compatible(strict_external_compatibility=True)
    async with serve_towns(home=entry("home")) as towns, towns.federation(policy=strict) as federation:
        with pytest.raises(ResolveError, match="new"):
            await join(towns, federation, share(version="18.0.0"))


async def test_a_delta_never_changes_a_rule_of_the_page() -> None:
    """Whatever joins, every specifier of every remote that was there resolves as before."""
    shop = entry("shop", share(version="18.0.0"), share("dates", "1.0.0", singleton=False))
    newcomers = [
        [share(version="17.0.0"), share("dates", "2.0.0")],
        [share("dates", "1.0.0", singleton=False), share("react-dom")],
        [share(shareScope="team"), share("home/Card", "1.0.0")],
    ]
    async with serve_towns(home=entry("home"), shop=shop) as towns:
        for policy in ("coherent", "compatible"):
            async with towns.federation(policy=policy) as federation:
                before, _ = parse_import_map(federation.snapshot.import_map_json, base=PAGE)
                for shared in newcomers:
                    delta = await join(towns, federation, *shared)
                    added, _ = parse_import_map(delta.import_map_json, base=PAGE)
                    assert not before.imports.keys() & added.imports.keys()
                    for scope, rules in added.scopes.items():
                        assert not before.scopes.get(scope, {}).keys() & rules.keys()
