"""Verifying: what would fail in a browser, by reading everything as one would."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from hanse import Federation, UsageError
from hanse.federation import Fault, Report
from hanse.federation.headers import caching_fault, cors_fault, entry_caching_fault, type_fault
from hanse.net import digest
from tests.federation.test_modules import CARD, FILES
from tests.federation.towns import Towns, entry, serve_towns
from tests.net.upstream import reply

pytestmark = pytest.mark.anyio

GOOD = {
    "content-type": "text/javascript; charset=utf-8",
    "access-control-allow-origin": "*",
    "cache-control": "no-cache",
}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def put(towns: Towns, name: str, files: dict[str, bytes], **headers: str) -> None:
    sent = {**GOOD, **{key.replace("_", "-"): value for key, value in headers.items()}}
    for file, body in files.items():
        towns.upstream.routes[f"/{name}/{file}"] = reply(body, headers=sent)


@asynccontextmanager
async def home(**more: object) -> AsyncIterator[tuple[Towns, Federation]]:
    async with serve_towns(home=entry("home", **more)) as towns:  # type: ignore[arg-type]
        put(towns, "home", FILES)
        async with towns.federation() as federation:
            yield towns, federation


def kinds(report: Report) -> list[tuple[str, str, str]]:
    return sorted((one.severity, one.kind, one.url.rpartition("/")[2]) for one in report.faults)


async def test_a_federation_without_faults() -> None:
    async with home(integrity={"Card.js": digest(CARD)}) as (_, federation):
        report = await federation.verify()
        assert report.faults == ()
        assert not report.failed
        assert (report.reachable, report.covered, report.coverage) == (5, 1, 20.0)
        (one,) = report.remotes
        assert (one.remote, one.bytes) == ("home", sum(map(len, FILES.values())))
        locked = await federation.verify(locked=True)
        assert (locked.coverage, locked.faults) == (100.0, ())


async def test_every_kind_of_fault_is_found() -> None:
    integrity = {"Card.js": digest(CARD), "react-19.1.0.js": digest(b"other")}
    async with home(integrity=integrity) as (towns, federation):
        put(towns, "home", {"chunk.js": b"import 'nobody'; import './gone.js'"}, content_type="text/plain")
        put(
            towns,
            "home",
            {"late.js": b"import('perhaps').catch(() => import(name))"},
            access_control_allow_origin="https://a.example",
        )
        report = await federation.verify()
        assert report.failed
        assert kinds(report) == [
            ("error", "cors", "late.js"),
            ("error", "missing-file", "gone.js"),
            ("error", "type", "chunk.js"),
            ("error", "unprovided-import", "chunk.js"),
            ("error", "wrong-digest", "react-19.1.0.js"),
            ("warning", "computed-import", "late.js"),
            ("warning", "unprovided-import", "late.js"),
        ]
        assert {one.remote for one in report.faults} == {"home"}
        gone = next(one for one in report.faults if one.kind == "missing-file")
        assert gone.importer == f"{towns.upstream.origin}/home/chunk.js"
        assert "404" in gone.sentence
        locked = await federation.verify(locked=True)
        assert ("error", "uncovered", "") in kinds(locked)
        assert locked.coverage == 60.0


async def test_the_page_has_an_origin() -> None:
    async with home() as (towns, federation):
        put(towns, "home", FILES, access_control_allow_origin="https://shop.example")
        assert len((await federation.verify()).faults) == 5
        assert (await federation.verify(page_origin="https://shop.example/")).faults == ()
        said = {asked.headers.get("origin") for asked in towns.upstream.asked if asked.path.endswith(".js")}
        assert said == {"https://page.invalid", "https://shop.example"}
        put(towns, "home", FILES, access_control_allow_origin="null")
        assert (await federation.verify(page_origin=towns.upstream.origin)).faults == ()
        with pytest.raises(UsageError, match="no origin"):
            await federation.verify(page_origin="shop")


async def test_caching_of_files_and_of_entries() -> None:
    async with home(card="Card-XOJ5OON6.js") as (towns, federation):
        put(towns, "home", {"Card-XOJ5OON6.js": b""})
        put(towns, "home", {"react-19.1.0.js": b""}, cache_control="public, max-age=31536000, immutable")
        towns.put(
            "home", reply(entry("home", card="Card-XOJ5OON6.js"), headers={"cache-control": "max-age=86400"})
        )
        report = await federation.verify()
        assert kinds(report) == [
            ("error", "caching", "remoteEntry.json"),
            ("warning", "caching", "Card-XOJ5OON6.js"),
            ("warning", "caching", "react-19.1.0.js"),
        ]


async def test_a_remote_that_is_not_there_is_a_fault() -> None:
    async with home() as (towns, federation):
        towns.list("home", "lost")
        await federation.refresh()
        (fault,) = (await federation.verify()).faults
        assert (fault.kind, fault.remote, fault.severity) == ("remote", "lost", "error")


async def test_data_modules_need_no_script_type() -> None:
    source = b"import './data.json' with { type: 'json' }"
    async with home() as (towns, federation):
        put(towns, "home", {"Card.js": source})
        put(towns, "home", {"data.json": b"{}"}, content_type="application/json")
        assert (await federation.verify()).faults == ()


async def test_files_on_disk_have_no_headers(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "remoteEntry.json").write_bytes(entry("home"))
    for file, body in FILES.items():
        (tmp_path / "home" / file).write_bytes(body)
    (tmp_path / "home" / "deep.js").unlink()
    (tmp_path / "manifest.json").write_text(json.dumps({"home": "home/remoteEntry.json"}))
    async with Federation(tmp_path / "manifest.json", modules="skip", refresh_interval=None) as federation:
        (fault,) = (await federation.verify()).faults
        assert isinstance(fault, Fault)
        assert (fault.kind, fault.url) == ("missing-file", "./home/deep.js")


def test_the_synchronous_face_verifies_too() -> None:
    with Federation({}, refresh_interval=None).sync as sync:
        assert sync.verify().coverage == 100.0


@pytest.mark.parametrize(
    ("name", "cache_control", "fault"),
    [
        ("react.oFTsKpA-hv.js", "public, max-age=31536000, immutable", False),
        ("react.oFTsKpA-hv.js", "no-cache", True),
        ("chunk-76NKDFXR.js?x=1", "", True),
        ("chunk-76NKDFXR.js", "max-age=60", True),
        ("Button-component.js", "no-cache", False),
        ("react-19.1.0.js", "", False),
        ("react-19.1.0.js", "max-age=31536000", True),
        ("main.js", "max-age=31536000, no-cache", False),
        ("main.js", "max-age=nonsense", False),
    ],
)
def test_how_long_a_file_is_kept_goes_with_its_name(name: str, cache_control: str, fault: bool) -> None:
    headers = {"cache-control": cache_control} if cache_control else {}
    assert (caching_fault(f"https://x.example/{name}", headers) is not None) == fault


@pytest.mark.parametrize(
    ("cache_control", "fault"),
    [
        ("no-cache", False),
        ("max-age=0, must-revalidate", False),
        ("", False),
        ("max-age=300", False),
        ("max-age=301", True),
        ("immutable", True),
    ],
)
def test_a_remote_entry_is_asked_for_again(cache_control: str, fault: bool) -> None:
    assert (entry_caching_fault({"cache-control": cache_control}) is not None) == fault


@pytest.mark.parametrize(
    ("sent", "fault"),
    [
        ("text/javascript", False),
        ("Application/JavaScript;charset=x", False),
        ("", True),
        ("text/html", True),
        ("application/json", True),
    ],
)
def test_only_a_script_type_is_a_script(sent: str, fault: bool) -> None:
    assert (type_fault({"content-type": sent} if sent else {}) is not None) == fault


def test_who_may_import_a_file() -> None:
    def allowed(header: str, url: str = "https://cdn.example/x.js") -> bool:
        headers = {"access-control-allow-origin": header} if header else {}
        return cors_fault(url, headers, page="https://shop.example") is None

    assert allowed("*")
    assert allowed("https://shop.example")
    assert allowed("", "https://shop.example/x.js")
    assert not allowed("")
    assert not allowed("https://other.example")
    assert not allowed("null")
    assert not allowed("", "http://shop.example/x.js")
