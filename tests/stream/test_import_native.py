"""Native federation remotes are pulled level by level: what is needed, and nothing from elsewhere."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from hanse.errors import (
    BlockedError,
    FormatError,
    HanseError,
    IntegrityError,
    NotFoundError,
    StatusError,
    UsageError,
)
from hanse.formats.remote_entry import Expose, RemoteEntry, Shared
from hanse.limits import LIMITS, Limits
from hanse.net import digest
from hanse.stream.import_entries import Imported
from hanse.stream.import_native import import_native
from tests.engines.pulling import serve, web

pytestmark = pytest.mark.anyio

CARD = b"import { h } from 'react'; import './lib/a.js'; export default () => import('./lib/late.js');"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "lib").mkdir()
    files = {
        "card.js": CARD,
        "page.js": b"import 'vue'; import '@nf-internal/chunk-B';",
        "lib/a.js": b"import '../b.js'; import 'other/./Thing'; import './a.css' with { type: 'css' };",
        "lib/late.js": b"import '@nf-internal/chunk-A';",
        "b.js": b"export * from './card.js';",
        "react.js": b"import 'scheduler'; import '@nf-internal/chunk-A';",
        "react-server.js": b"import 'react';",
        "scheduler.js": b"export {};",
        "vue.js": b"export {};",
        "chunk-A.js": b"export {};",
        "chunk-B.js": b"export {};",
    }
    for name, body in files.items():
        (tmp_path / name).write_bytes(body)
    return tmp_path


def shared(name: str, file: str, *, singleton: bool = True) -> Shared:
    return Shared(
        package_name=name,
        version="1.0.0",
        required_version="^1.0.0",
        singleton=singleton,
        strict_version=True,
        out_file_name=file,
    )


ENTRY = RemoteEntry(
    name="team/shop",
    exposes=[Expose("./Card", "./card.js"), Expose("./Page", "page.js")],
    shared=[
        shared("react", "react.js"),
        shared("react-dom/server", "react-server.js"),
        shared("scheduler", "scheduler.js"),
        shared("vue", "vue.js"),
        shared("@nf-internal/chunk-A", "chunk-A.js", singleton=False),
    ],
    chunks={"mapping-or-exposed": ["chunk-B.js"]},
)


async def pull(
    folder: Path,
    entry: RemoteEntry = ENTRY,
    *,
    exposes: list[str] | None = None,
    shared: list[str] | None = None,
    limits: Limits = LIMITS,
) -> tuple[Imported, list[str]]:
    with serve(folder) as site:
        async with web(site) as client:
            url = f"{site.origin}/remoteEntry.json"
            found = await import_native(entry, url, client, exposes=exposes, shared=shared, limits=limits)
    return found, site.asked


async def failing(
    folder: Path, entry: RemoteEntry = ENTRY, *, exposes: list[str] | None = None, limits: Limits = LIMITS
) -> HanseError:
    with pytest.raises(HanseError) as caught:
        await pull(folder, entry, exposes=exposes, limits=limits)
    return caught.value


async def test_what_an_exposed_module_needs_comes_along(folder: Path) -> None:
    found, asked = await pull(folder, exposes=["Card"])
    build = found.build
    own = {"card.js", "lib/a.js", "lib/late.js", "b.js"}
    assert set(build.contents) == own | {"react.js", "react-server.js", "scheduler.js", "chunk-A.js"}
    assert len(asked) == len(build.contents)
    assert build.entry.name == "team/shop"
    assert build.entry.exposes == {"./Card": "card.js"}
    assert build.entry.modules["card.js"].imports == ("lib/a.js", "lib/late.js")
    assert build.entry.modules["card.js"].externals == ("react",)
    assert build.entry.modules["lib/a.js"].externals == ("other/Thing",)
    assert build.entry.modules["lib/a.js"].styles == ("lib/a.css",)
    assert build.entry.modules["card.js"].digest == digest(CARD)
    assert [one.package_name for one in build.entry.shared] == [
        "react",
        "react-dom/server",
        "scheduler",
        "@nf-internal/chunk-A",
    ]
    assert found.findings == ()


async def test_everything_is_pulled_where_nothing_is_said(folder: Path) -> None:
    found, _ = await pull(folder)
    assert {"page.js", "vue.js", "chunk-B.js"} <= set(found.build.contents)
    chunk = next(one for one in found.build.entry.shared if one.package_name == "@nf-internal/chunk-B")
    assert (chunk.out_file_name, chunk.singleton) == ("chunk-B.js", False)


async def test_shared_packages_may_be_picked(folder: Path) -> None:
    found, _ = await pull(folder, exposes=["./Page"], shared=["scheduler"])
    assert set(found.build.contents) == {"page.js", "chunk-B.js", "scheduler.js"}
    assert "vue" in found.build.entry.modules["page.js"].externals


async def test_dense_packages_offer_what_was_fetched(folder: Path) -> None:
    item = Shared(
        package_name="react",
        version="1.0.0",
        required_version="^1.0.0",
        singleton=True,
        entries={"react": "react.js", "react/jsx-runtime": "missing.js"},
        bundle="browser-react",
    )
    entry = RemoteEntry(name="shop", exposes=[Expose("./Card", "card.js")], shared=[item, *ENTRY.shared[2:]])  # type: ignore[index]
    found, _ = await pull(folder, entry)
    react = found.build.entry.shared[0]
    assert react.entries == {"react": "react.js"}
    assert react.bundle is None


async def test_levels_are_fetched_at_once(folder: Path) -> None:
    _, asked = await pull(folder, exposes=["./Card"])
    assert asked[0] == "/card.js"
    assert set(asked[1:5]) == {"/lib/a.js", "/lib/late.js", "/react.js", "/react-server.js"}


@pytest.mark.parametrize(
    "specifier", ["../x.js", "./../x.js", "./lib/../../x.js", "./x", "./x.js?y", "./%2e%2e/x.js"]
)
async def test_imports_that_leave_the_folder_are_refused(folder: Path, specifier: str) -> None:
    (folder / "card.js").write_text(f"import '{specifier}';")
    error = await failing(folder, exposes=["./Card"])
    assert isinstance(error, FormatError)
    assert "out of the remote's folder" in error.message


async def test_files_have_the_digests_of_the_entry(folder: Path) -> None:
    good = replace_integrity({"card.js": digest(CARD)})
    assert (await pull(folder, good, exposes=["./Card"]))[0].build.contents["card.js"] == CARD
    error = await failing(folder, replace_integrity({"card.js": digest(b"else")}), exposes=["./Card"])
    assert isinstance(error, IntegrityError)


def replace_integrity(integrity: dict[str, str]) -> RemoteEntry:
    return RemoteEntry(
        name=ENTRY.name, exposes=ENTRY.exposes, shared=ENTRY.shared, chunks=ENTRY.chunks, integrity=integrity
    )


async def test_what_is_missing_is_an_error(folder: Path) -> None:
    (folder / "b.js").unlink()
    error = await failing(folder, exposes=["./Card"])
    assert isinstance(error, StatusError)
    assert error.subject.endswith("/b.js")
    assert isinstance(await failing(folder, exposes=["./None"]), NotFoundError)


async def test_an_entry_elsewhere_is_not_asked(folder: Path) -> None:
    entry = RemoteEntry(name="shop", exposes=ENTRY.exposes, shared=[], url="https://evil.example/x/")
    assert isinstance(await failing(folder, entry, exposes=["Card"]), BlockedError)


async def test_there_is_an_end_to_levels(folder: Path) -> None:
    for number in range(6):
        (folder / f"c{number}.js").write_text(f"import './c{number + 1}.js';")
    entry = RemoteEntry(name="shop", exposes=[Expose("./C", "c0.js")])
    error = await failing(folder, entry, limits=replace(LIMITS, import_rounds=4))
    assert isinstance(error, UsageError)
    assert "more than 4 levels" in error.message


async def test_what_no_generation_has_is_found(folder: Path) -> None:
    (folder / "card.js").write_text(
        "import 'node:fs'; import 'https://cdn.example/x.js'; import(name);"
        "const q=(x)=>typeof require; throw Error('Dynamic require of ' + x); __require('react');"
    )
    found, _ = await pull(folder, exposes=["./Card"])
    assert [(one.code, one.file) for one in found.findings] == [
        ("unsupported-import", "card.js"),
        ("unsupported-import", "card.js"),
        ("computed-import", "card.js"),
        ("require-stub", "card.js"),
    ]
    assert "'node:fs'" in found.findings[0].text
    assert "'react'" in found.findings[3].text
