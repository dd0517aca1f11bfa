"""Container builds are pulled whole, from where their files lie, or refused with what is missing."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from hanse.errors import (
    BlockedError,
    DeadlineError,
    FetchError,
    FormatError,
    HanseError,
    StatusError,
    TooLargeError,
)
from hanse.limits import LIMITS, Limits
from hanse.stream.import_container import import_container
from hanse.stream.import_entries import Imported
from tests.engines.pulling import BUILDS, Site, serve, web

pytestmark = pytest.mark.anyio

Change = Callable[[bytes], bytes]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def script(
    name: str = "shop", *, naming: str = 'e=>e+".js"', more: str = "", ids: tuple[int, ...] = (1,)
) -> str:
    """Write what a bundler writes, as far as it is read."""
    loads = ",".join(f"r.e({one})" for one in ids)
    exposes = f'"./Card":()=>Promise.all([{loads}]).then(()=>()=>r(9))'
    return f"(()=>{{var m={{{exposes}}};r.u={naming};{more};module.exports.{name}=m}})()"


def write(folder: Path, **files: str) -> Path:
    """Write files; `__` is a slash and the last `_` a full stop."""
    for key, text in files.items():
        stem, _, suffix = key.replace("__", "/").rpartition("_")
        path = folder / f"{stem}.{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


async def pull(
    folder: Path, path: str = "/remoteEntry.js", *, limits: Limits = LIMITS, change: Change | None = None
) -> tuple[Imported, Site]:
    with serve(folder, change=change) as site:
        async with web(site) as client:
            return await import_container(site.origin + path, client, name="shop", limits=limits), site


async def failing(folder: Path, path: str = "/remoteEntry.js", *, limits: Limits = LIMITS) -> HanseError:
    with pytest.raises(HanseError) as caught:
        await pull(folder, path, limits=limits)
    return caught.value


@pytest.mark.parametrize(
    ("build", "path", "base"),
    [
        ("quay", "/remoteEntry.js", ""),
        ("quay", "/mf-manifest.json", ""),
        ("wharf", "/remoteEntry.js", ""),
        ("jetty", "/remoteEntry.js", ""),
        ("dock", "/entry/remoteEntry.js", ""),
        ("dock", "/mf-manifest.json", ""),
        ("ferry", "/mf-manifest.json", ""),
        ("ferry", "/remoteEntry.js", ""),
        ("next", "/static/ssr/remoteEntry.js", "static/ssr"),
        ("next", "/static/ssr/mf-manifest.json", "static/ssr"),
    ],
)
async def test_real_builds_come_whole(build: str, path: str, base: str) -> None:
    found, site = await pull(BUILDS[build], path)
    folder = BUILDS[build] / base
    written = {one.relative_to(folder).as_posix(): one.read_bytes() for one in folder.rglob("*.js")}
    # What Next.js copies of its other entries belongs to no container.
    written = {file: body for file, body in written.items() if file not in ("345.js", "919.js")}
    # React's own copy is a chunk that nobody loads where it is shared, and is there all the same.
    assert dict(found.build.contents) == written
    entry = found.build.entry
    assert entry.format == "cjs"
    assert entry.container is not None
    assert entry.container.script.endswith("remoteEntry.js")
    assert entry.modules.keys() == written.keys()
    assert len(site.asked) <= len(written) + 8


async def test_a_manifest_tells_what_is_shared_and_exposed() -> None:
    found, _ = await pull(BUILDS["ferry"], "/mf-manifest.json")
    entry = found.build.entry
    assert set(entry.exposes) == {"./Ticket", "./Timetable"}
    assert entry.version == "1.0.0"
    react = next(one for one in entry.shared if one.package_name == "react")
    assert (react.version, react.singleton) == ("19.2.9", True)
    # The build names the range of its package.json or that of the installed copy, now this one, now that one.
    assert react.required_version in {"^19.0.0", "^19.2.9"}
    assert found.findings == ()


async def test_a_next_application_lies_beside_its_manifest_and_needs_react_of_its_host() -> None:
    found, site = await pull(BUILDS["next"], "/static/ssr/mf-manifest.json")
    assert all(path.startswith("/static/ssr/") for path in site.asked)
    externals = {one for module in found.build.entry.modules.values() for one in module.externals}
    assert {"react", "react-dom"} <= externals


async def test_chunks_that_only_chunks_name_are_followed(tmp_path: Path) -> None:
    write(tmp_path, remoteEntry_js=script(), **{"1_js": "r.e(2)", "2_js": "r.e(3);r.e(4)", "3_js": "0"})
    found, _ = await pull(tmp_path)
    assert set(found.build.contents) == {"remoteEntry.js", "1.js", "2.js", "3.js"}
    assert [one.code for one in found.findings] == ["no-manifest"]


async def test_chunks_that_are_missing_are_named(tmp_path: Path) -> None:
    write(tmp_path, remoteEntry_js=script(naming='e=>({1:"card",2:"late",3:"x"})[e]+".js"'), x_js="0")
    error = await failing(tmp_path)
    assert isinstance(error, FetchError)
    assert "2 of its files" in error.message
    assert "card.js" in error.message
    assert "late.js" in error.message


OUTSIDE = ["../secret", "/etc/passwd", "https://evil.example/x", "a b", "%2e%2e/x", "a\\b"]


@pytest.mark.parametrize("name", OUTSIDE)
async def test_names_that_leave_the_folder_are_refused(tmp_path: Path, name: str) -> None:
    write(tmp_path, remoteEntry_js=script(naming=f'e=>({{1:"{name}"}})[e]+".js"'))
    error = await failing(tmp_path)
    assert isinstance(error, BlockedError)
    assert "no file below the remote's folder" in error.message


async def test_a_page_in_the_place_of_a_chunk_is_refused(tmp_path: Path) -> None:
    write(
        tmp_path, remoteEntry_js=script(naming='e=>({1:"card"})[e]+".js"'), card_js="<html>not found</html>"
    )
    error = await failing(tmp_path)
    assert isinstance(error, FormatError)
    assert "a page, and no script" in error.message


async def test_a_function_that_is_not_understood_needs_a_manifest(tmp_path: Path) -> None:
    write(tmp_path, remoteEntry_js=script(naming="e=>names(e)"), card_js="0")
    error = await failing(tmp_path)
    assert isinstance(error, FormatError)
    assert error.path == "__webpack_require__.u"
    assert "manifest: true" in error.hint
    write(tmp_path, **{"mf-manifest_json": manifest(js=["card.js"])})
    found, _ = await pull(tmp_path)
    assert set(found.build.contents) == {"remoteEntry.js", "card.js"}
    assert found.build.entry.exposes == {"./Card": "card.js"}


def manifest(
    *,
    js: list[str],
    kind: str = "commonjs-module",
    path: str = "auto",
    more: Mapping[str, object] | None = None,
) -> str:
    """Write a manifest."""
    assets = {"js": {"sync": js, "async": []}, "css": {"sync": [], "async": []}}
    meta = {
        "name": "shop",
        "globalName": "shop",
        "publicPath": path,
        "remoteEntry": {"name": "remoteEntry.js", "path": "", "type": kind},
        **(more or {}),
    }
    exposes = [{"id": "shop:Card", "name": "Card", "path": "./Card", "assets": assets}]
    whole = {"id": "shop", "name": "shop", "metaData": meta, "shared": [], "remotes": [], "exposes": exposes}
    return json.dumps(whole)


async def test_a_browsers_manifest_beside_the_script_is_not_its_own(tmp_path: Path) -> None:
    files = {"mf-manifest_json": manifest(js=["browser.js"], kind="global"), "1_js": "0"}
    write(tmp_path, remoteEntry_js=script(), **files)
    found, _ = await pull(tmp_path)
    assert [one.code for one in found.findings] == ["manifest-differs"]
    assert set(found.build.contents) == {"remoteEntry.js", "1.js"}


async def test_a_browsers_manifest_may_name_the_script_for_servers(tmp_path: Path) -> None:
    ssr = {"ssrRemoteEntry": {"name": "remoteEntry.js", "path": "server", "type": "commonjs-module"}}
    files = {"mf-manifest_json": manifest(js=["browser.js"], kind="global", more=ssr)}
    write(tmp_path, server__remoteEntry_js=script(), server__1_js="0", **files)
    found, _ = await pull(tmp_path, "/mf-manifest.json")
    assert set(found.build.contents) == {"remoteEntry.js", "1.js"}
    write(tmp_path, **{"mf-manifest_json": manifest(js=["browser.js"], kind="global")})
    assert "names no container script for servers" in (await failing(tmp_path, "/mf-manifest.json")).message


async def test_a_root_relative_public_path_is_tried_where_nothing_lies_beside(tmp_path: Path) -> None:
    files = {"meta__mf-manifest_json": manifest(js=["1.js"], path="/build/")}
    write(tmp_path, build__remoteEntry_js=script(), build__1_js="0", **files)
    found, _ = await pull(tmp_path, "/meta/mf-manifest.json")
    assert set(found.build.contents) == {"remoteEntry.js", "1.js"}


async def test_a_public_path_elsewhere_is_asked_only_where_that_is_allowed(tmp_path: Path) -> None:
    write(tmp_path, **{"mf-manifest_json": manifest(js=["1.js"], path="https://evil.example/x/")})
    error = await failing(tmp_path, "/mf-manifest.json")
    assert isinstance(error, HanseError)
    assert "not allowed" in str(error)


async def test_code_in_a_manifest_is_never_run(tmp_path: Path) -> None:
    files = {
        "mf-manifest_json": manifest(js=["1.js"], more={"getPublicPath": "return process.exit()"}),
        "1_js": "0",
    }
    write(tmp_path, remoteEntry_js=script(), **files)
    found, _ = await pull(tmp_path, "/mf-manifest.json")
    assert set(found.build.contents) == {"remoteEntry.js", "1.js"}


async def test_a_build_that_changes_meanwhile_is_refused(tmp_path: Path) -> None:
    write(tmp_path, remoteEntry_js=script(), **{"1_js": "0"})
    seen: list[int] = []

    def change(body: bytes) -> bytes:
        seen.append(1)
        return body + b"//" + str(len(seen)).encode()

    with pytest.raises(FormatError, match="has changed while its chunks were pulled"):
        await pull(tmp_path, change=change)


async def test_there_is_a_deadline_for_all_of_it(tmp_path: Path) -> None:
    write(tmp_path, remoteEntry_js=script(), **{"1_js": "0"})

    def change(body: bytes) -> bytes:
        time.sleep(0.4)
        return body

    begun = time.perf_counter()
    with pytest.raises(DeadlineError):
        await pull(tmp_path, change=change, limits=replace(LIMITS, import_deadline=0.2))
    assert time.perf_counter() - begun < 3


async def test_sizes_and_counts_are_capped(tmp_path: Path) -> None:
    naming = 'e=>({1:"a",2:"b",3:"c"})[e]+".js"'
    write(tmp_path, remoteEntry_js=script(naming=naming), a_js="0" * 2000, b_js="0" * 2000, c_js="0")
    error = await failing(tmp_path, limits=replace(LIMITS, stream_inflated_bytes=3000))
    assert isinstance(error, TooLargeError)
    error = await failing(tmp_path, limits=replace(LIMITS, module_bytes=1000))
    assert "a.js: it has more than 1000 bytes" in error.message
    error = await failing(tmp_path, limits=replace(LIMITS, stream_modules=3))
    assert "more than 3 files" in error.message


async def test_a_script_that_is_not_there_says_so(tmp_path: Path) -> None:
    assert isinstance(await failing(tmp_path), StatusError)


def consuming(origin: str, *names: str) -> str:
    """Write the part of a script that names other remotes."""
    rows = ",".join(f'{{alias:"{one}",name:"{one}",entry:"{origin}/{one}/remoteEntry.js"}}' for one in names)
    return f"r.federation={{initOptions:{{remotes:[{rows}]}}}}"


async def pull_nested(
    folder: Path, origin: str | None, *names: str, known: tuple[str, ...] = (), limits: Limits = LIMITS
) -> Imported:
    with serve(folder, change=lambda body: body.replace(b"ORIGIN", address.encode())) as site:
        address = origin or site.origin
        async with web(site) as client:
            write(folder, remoteEntry_js=script(more=consuming("ORIGIN", *names)), **{"1_js": "0"})
            url = f"{site.origin}/remoteEntry.js"
            return await import_container(url, client, name="shop", known=known, limits=limits)


async def test_nested_remotes_come_along_and_theirs_too(tmp_path: Path) -> None:
    files = {"a__remoteEntry_js": script("a", more=consuming("ORIGIN", "b")), "a__1_js": "0"}
    write(
        tmp_path, b__remoteEntry_js=script("b", more=consuming("ORIGIN", "a", "shop")), b__1_js="0", **files
    )
    found = await pull_nested(tmp_path, None, "a")
    assert set(found.nested) == {"a", "b"}
    assert found.nested["b"].entry.name == "b"
    assert {one.code for one in found.findings} == {"no-manifest"}


async def test_what_is_in_the_federation_anyway_is_not_pulled_again(tmp_path: Path) -> None:
    found = await pull_nested(tmp_path, None, "a", known=("a",))
    assert not found.nested
    assert [one.code for one in found.findings] == ["no-manifest"]


async def test_nested_remotes_elsewhere_are_findings(tmp_path: Path) -> None:
    found = await pull_nested(tmp_path, "http://127.0.0.1:8999", "a")
    nested = [one for one in found.findings if one.code == "nested"]
    assert len(nested) == 1
    assert "'a'" in nested[0].text
    assert "http://127.0.0.1:8999 is not allowed" in nested[0].text


async def test_there_is_an_end_to_nesting(tmp_path: Path) -> None:
    names = [f"r{n}" for n in range(5)]
    found = await pull_nested(tmp_path, None, *names, limits=replace(LIMITS, nested_remotes=3))
    assert any("more than 3 remotes" in one.text for one in found.findings)


async def test_names_that_no_remote_can_have_are_findings(tmp_path: Path) -> None:
    found = await pull_nested(tmp_path, None, "__proto__")
    assert any("cannot be a remote's name" in one.text for one in found.findings)


async def test_a_container_may_be_called_what_a_remote_may(tmp_path: Path) -> None:
    text = script().replace("module.exports.shop", 'module.exports["my-shop"]')
    write(tmp_path, remoteEntry_js=text, **{"1_js": "0"})
    container = (await pull(tmp_path))[0].build.entry.container
    assert container is not None
    assert container.global_name == "my-shop"


@pytest.mark.parametrize("name", ["my shop", "__proto__", "a/../b"])
async def test_other_names_are_refused(tmp_path: Path, name: str) -> None:
    text = script().replace("module.exports.shop", f'module.exports["{name}"]')
    write(tmp_path, remoteEntry_js=text, **{"1_js": "0"})
    error = await failing(tmp_path)
    assert isinstance(error, FormatError)
    assert name in error.found
