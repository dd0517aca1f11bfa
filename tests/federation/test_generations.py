"""Builds become generations: names, versions, share scopes, and what would not hydrate."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from hanse.engines.base import Exposed
from hanse.errors import UsageError
from hanse.federation.generation_checks import BrowserSide
from hanse.federation.generations import Member, assemble, divide
from hanse.formats.config_structs import Layer
from hanse.formats.remote_entry import Expose, RemoteEntry, Shared
from hanse.formats.server_entry import ContainerScript, ServerEntry
from hanse.limits import LIMITS
from hanse.resolve import Remote, resolve
from hanse.stream.import_entries import finish_build, make_module

STUB = "var __require = x => typeof require; throw Error('Dynamic require of ' + x); __require('react');"


def share(name: str, version: str, *, file: str | None = None, singleton: bool = True) -> Shared:
    """Share a package."""
    return Shared(
        package_name=name,
        version=version,
        required_version=f"^{version}",
        singleton=singleton,
        strict_version=True,
        out_file_name=file,
    )


def native(
    name: str,
    externals: Mapping[str, tuple[str, ...]],
    *shared: Shared,
    exposes: Mapping[str, str] | None = None,
    own: str = "",
    text: str = "export {};",
    trusted: bool = True,
    host: bool = False,
    layer: Layer = "ssr",
) -> Member:
    """Make a native remote's build: file -> what it imports."""
    files = {**externals, **{item.out_file_name: () for item in shared if item.out_file_name}}
    contents = {file: text.encode() for file in files}
    entry = ServerEntry(
        schema=1,
        name=own or name,
        version="1",
        build="",
        serial=0,
        layer=layer,
        exposes={"./Card": "card.js"} if exposes is None else exposes,
        modules={file: make_module(contents[file], externals=packages) for file, packages in files.items()},
        shared=shared,
    )
    build = finish_build(entry, contents, subject=name, limits=LIMITS)
    return Member(name=name, build=build, trusted=trusted, host=host)


def container(name: str, *shared: Shared, consumer: str = "", trusted: bool = True) -> Member:
    """Make a container's build."""
    entry = ServerEntry(
        schema=1,
        name=name,
        version="1",
        build="",
        serial=0,
        format="cjs",
        exposes={"./Card": "remoteEntry.js"},
        modules={"remoteEntry.js": make_module(b"0")},
        shared=shared,
        container=ContainerScript("remoteEntry.js", "own_name"),
    )
    build = finish_build(entry, {"remoteEntry.js": b"0"}, subject=name, limits=LIMITS)
    return Member(name=name, build=build, consumer=consumer, trusted=trusted)


def react(version: str) -> tuple[Shared, ...]:
    """Share React, and what renders it."""
    return tuple(
        share(name, version, file=f"{name.replace('/', '-')}.js")
        for name in ("react", "react-dom", "react-dom/server")
    )


def test_names_are_written_both_ways_and_own_names_too() -> None:
    found = assemble([native("team/shop", {"card.js": ()}, own="shop"), container("ferry")]).generation
    assert found.imports["team/shop/Card"] == found.imports["team/shop/./Card"] == "team%2Fshop/card.js"
    assert found.imports["ferry/Card"] == found.imports["ferry/./Card"] == Exposed("ferry", "./Card")
    assert found.scopes["team/shop"]["shop/Card"] == "team%2Fshop/card.js"
    assert found.scopes["ferry"]["own_name/./Card"] == Exposed("ferry", "./Card")
    assert found.containers["ferry"].base == "ferry/"
    assert found.modules["ferry/remoteEntry.js"].format == "cjs"


def test_versions_are_decided_as_for_the_browser() -> None:
    shop = native("shop", {"card.js": ("react",)}, share("react", "19.2.0", file="react.js"))
    old = native("old", {"card.js": ("react",)}, share("react", "18.3.0", file="react.js"))
    town = native("town", {}, *react("19.2.0"), exposes={}, host=True)
    found = assemble([shop, old, town])
    assert found.generation.imports["react"] == "town/react.js"
    assert found.generation.imports["react-dom/server"] == "town/react-dom-server.js"
    assert found.generation.scopes["old"]["react"] == "old/react.js"
    assert "react" not in found.generation.scopes.get("shop", {})
    assert [(one.code, one.remote, one.specifier) for one in found.findings] == [
        ("torn", "old", "react-dom"),
        ("torn", "old", "react-dom/server"),
    ]


def test_what_only_browsers_use_tears_no_family() -> None:
    client = share("react-dom/client", "19.2.0", file="client.js")
    shop = native("shop", {"card.js": ("react", "react-dom/client")}, *react("19.2.0")[:2], client)
    town = native("town", {}, *react("19.2.0"), exposes={}, host=True)
    found = assemble([shop, town])
    stub = found.generation.imports["react-dom/client"]
    assert isinstance(stub, str)
    assert "createRoot" in found.generation.modules[stub].text
    assert found.generation.imports["react"] == "town/react.js"
    assert "react" not in found.generation.scopes.get("shop", {})
    assert found.findings == ()


def test_containers_are_given_what_native_remotes_publish() -> None:
    town = native("town", {}, *react("19.2.0"), exposes={}, host=True)
    found = assemble([town, container("ferry", share("react", "19.1.0"))]).generation
    copy = next(one for one in found.shared if one.package == "react")
    assert (copy.version, copy.module, copy.provider, copy.share_scope) == (
        "19.2.0",
        "town/react.js",
        "town",
        "default",
    )
    torn = assemble(
        [town, container("ferry", share("react", "18.1.0"), share("react-dom", "18.1.0"))]
    ).generation
    scope = torn.containers["ferry"].share_scope
    assert not [one for one in torn.shared if one.share_scope == scope and one.package == "react"]


def test_layers_keep_their_own_copies() -> None:
    page = native("page", {"card.js": ("react",)}, share("react", "19.2.0", file="r.js"), layer="rsc")
    shop = native("shop", {"card.js": ("react",)}, share("react", "19.2.0", file="r.js"))
    found = assemble([page, shop]).generation
    assert found.imports["react"] == "shop/r.js"
    assert found.scopes["page"]["react"] == "page/r.js"
    assert found.imports["page/Card"] == "page/card.js"


def test_imports_that_lead_nowhere_are_named() -> None:
    found = assemble([native("shop", {"card.js": ("react", "other/Card"), "b.js": ("react",)})])
    assert [(one.code, one.module, one.specifier) for one in found.findings] == [
        ("missing", "shop/card.js", "react"),
        ("missing", "shop/card.js", "other/Card"),
    ]
    assert "shop/card.js imports 'react'" in found.findings[0].text


def test_requires_that_only_throw_are_mended_or_told() -> None:
    shop = native("shop", {"card.js": ()}, text=STUB)
    lost = assemble([shop])
    assert [(one.code, one.specifier) for one in lost.findings] == [("require-stub", "react")]
    assert lost.generation.modules["shop/card.js"].text == STUB
    found = assemble([shop, native("town", {}, *react("19.2.0"), exposes={})])
    assert [one.code for one in found.findings] == ["require-mended"]
    text = found.generation.modules["shop/card.js"].text
    assert text.startswith('import * as hanse$require0 from "react";')
    assert text.endswith(STUB)
    assert "\n" not in text


def test_fragments_that_would_not_hydrate_are_for_the_browser() -> None:
    shop = native(
        "shop", {"card.js": ("react",), "plain.js": ()}, exposes={"./Card": "card.js", "./Plain": "plain.js"}
    )
    town = native("town", {}, *react("19.2.0"), exposes={}, host=True)

    def browser(version: str) -> BrowserSide:
        entry = RemoteEntry("shop", [Expose("./Card", "c.js")], [share("react", version, file="r.js")])
        return BrowserSide(resolve([Remote("shop", "https://shop.example/remoteEntry.json", entry)]))

    same = assemble([shop, town], browser=browser("19.2.0"))
    assert same.browser_only == ()
    found = assemble([shop, town], browser=browser("19.1.0"))
    assert [(one.remote, one.key, one.package) for one in found.browser_only] == [("shop", "./Card", "react")]
    reason = found.reason("shop", "Card")
    assert reason is not None
    assert "19.2.0 on the server and 19.1.0 in the browser" in reason
    assert found.reason("shop", "Plain") is None


def test_what_is_not_trusted_is_alone_with_what_it_consumes() -> None:
    strange, inner = container("strange", trusted=False), container("inner", consumer="strange")
    members = [native("b", {}, exposes={}), strange, native("a", {}, exposes={}), inner]
    assert [[one.name for one in group] for group in divide(members)] == [["b", "a"], ["strange", "inner"]]
    with pytest.raises(UsageError, match="shares no generation with others"):
        assemble(members)
    with pytest.raises(UsageError, match="one name"):
        assemble([members[0], members[0]])


def test_the_id_is_the_digest_of_all_of_it() -> None:
    shop, town = native("shop", {"card.js": ("react",)}), native("town", {}, *react("19.2.0"), exposes={})
    first = assemble([shop, town]).generation
    assert assemble([town, shop]).generation == first
    assert first.id.isalnum()
    other = native("shop", {"card.js": ("react",)}, text="export { };")
    assert assemble([other, town]).generation.id != first.id
    assert assemble([shop, town], warm=["shop/Card"]).generation.id != first.id
