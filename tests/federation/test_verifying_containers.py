"""Verifying containers: their scripts, what their modules need, and scripts for servers that nobody built."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from hanse.federation import Report
from tests.federation.test_containers import container, list_mf, put
from tests.federation.test_verifying import GOOD
from tests.federation.towns import Towns, serve_towns
from tests.net.upstream import reply

pytestmark = pytest.mark.anyio

SSR = {"name": "remoteEntry.ssr.js", "path": "", "type": "module"}
FILES = ("remoteEntry.js", "__federation_expose_Card.js", "__federation_expose_Card.css")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def verify(
    towns: Towns, document: bytes, *, locked: bool = False, headers: Mapping[str, str | None] | None = None
) -> Report:
    """Serve a container with all its files, and verify the federation of it."""
    sent = {key: value for key, value in {**GOOD, **(headers or {})}.items() if value is not None}
    for file in FILES:
        if f"/shop/{file}" not in towns.upstream.routes:
            put(towns, f"/shop/{file}", reply(b"var x;", headers=sent))
    put(towns, "/shop/mf-manifest.json", document)
    list_mf(towns, shop="/shop/mf-manifest.json")
    async with towns.federation() as federation:
        return await federation.verify(locked=locked)


def found(report: Report) -> list[tuple[str, str, str, str]]:
    """Return severity, kind, remote and file of each fault."""
    return [(one.severity, one.kind, one.remote, one.url.rpartition("/")[2]) for one in report.faults]


async def test_a_container_whose_files_are_all_there() -> None:
    async with serve_towns() as towns:
        assert found(await verify(towns, container())) == []


@pytest.mark.parametrize("file", FILES)
async def test_a_file_that_is_not_there(file: str) -> None:
    async with serve_towns() as towns:
        put(towns, f"/shop/{file}", reply(status=404))
        report = await verify(towns, container())
    assert found(report) == [("error", "missing-file", "shop", file)]
    assert report.failed


async def test_a_script_for_servers_that_was_never_built_breaks_no_page() -> None:
    async with serve_towns() as towns:
        report = await verify(towns, container(ssrRemoteEntry=SSR))
    assert found(report) == [("warning", "missing-file", "shop", "remoteEntry.ssr.js")]
    assert "for servers" in report.faults[0].sentence
    assert not report.failed


async def test_modules_need_the_headers_of_modules_and_classic_scripts_do_not() -> None:
    bare = {"access-control-allow-origin": None, "content-type": "text/plain"}
    module = {"name": "remoteEntry.js", "path": "", "type": "module"}
    async with serve_towns() as towns:
        report = await verify(towns, container(remoteEntry=module), headers=bare)
        assert sorted(found(report)) == [
            ("error", kind, "shop", file) for kind in ("cors", "type") for file in sorted(FILES[:2])
        ]
    async with serve_towns() as towns:
        assert found(await verify(towns, container(), headers=bare)) == []


async def test_what_a_container_loads_is_not_covered_by_a_locked_map() -> None:
    async with serve_towns() as towns:
        report = await verify(towns, container(), locked=True)
    assert found(report) == [("warning", "uncovered", "shop", "remoteEntry.js")]
