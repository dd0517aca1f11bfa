"""A container that consumes another remote on the server, in a live federation, found by its manifest."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from tests.engines.pulling import BUILDS, serve
from tests.engines.test_pulled_builds import CRANE, point_to
from tests.federation.server.test_reacts import new_react, open_reacts

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("name", ["pier", "causeway"])
async def test_what_a_container_consumes_comes_along(tmp_path: Path, name: str) -> None:
    with ExitStack() as stack:
        quay = stack.enter_context(serve(BUILDS["quay"]))
        consumer = stack.enter_context(serve(BUILDS[name], change=partial(point_to, quay)))
        manifest = f"{consumer.origin}/mf-manifest.json"
        more = [f"[remotes.{name}]", 'type = "mf"', f'url = "{manifest}"', f'server = "{manifest}"']
        async with open_reacts(tmp_path, more=more, allowed=[quay.origin], catalog=new_react()) as federation:
            fragment = await federation.render(name, "./Harbour", {"load": 4})
            assert fragment.mode == "server", fragment.message
            assert fragment.html.startswith("<main><h1>harbour</h1><section>")
            assert CRANE in fragment.html
            assert any(one.startswith("quay/") for one in fragment.modules)
            assert (await federation.render("catalog", "./Card", {"name": "x"})).mode == "server"
            assert not [one for one in federation.server_notices() if one.code == "server-nested"]
