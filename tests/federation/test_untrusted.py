"""Remotes that nobody vouches for: browsers get nothing of them, not even what they share."""

from __future__ import annotations

from pathlib import Path

import pytest

from hanse import Federation
from hanse.errors import NotFoundError
from hanse.federation.modules import find_module
from hanse.web import Pages
from tests.federation.towns import entry, serve_towns, share, until

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_browsers_get_nothing_of_it(tmp_path: Path) -> None:
    async with serve_towns() as towns:
        towns.put("lubeck", entry("lubeck", share(version="19.1.0")))
        # Its React is the newer one, and would be everybody's.
        towns.put("stranger", entry("stranger", share(version="19.2.0"), share("kit", "1.0.0")))
        towns.list("lubeck", "stranger")
        (tmp_path / "hanse.toml").write_text(
            f"""
[federation]
manifest = "{towns.manifest_url}"

[remotes.stranger]
server = "{towns.url("stranger")}"
trusted = false
"""
        )
        federation = Federation.from_toml(tmp_path / "hanse.toml")
        await federation.start()
        try:
            snapshot = federation.snapshot
            assert "stranger" not in snapshot.plan.remotes
            assert "stranger" not in snapshot.import_map_json.decode()
            assert snapshot.import_map.imports["react"].endswith("react-19.1.0.js")
            health = snapshot.health("stranger")
            assert health is not None
            assert (health.status, health.trusted) == ("ok", False)
            with pytest.raises(NotFoundError, match="not trusted"):
                find_module(snapshot, "stranger", "./Card")
            # There is no such file: what it cannot be rendered from is not left to browsers either.
            await until(lambda: any(one.status == "failed" for one in federation.server_health()))
            page = Pages(federation).open()
            fragment = await page.render("stranger", "./Card")
            head = page.head()
            assert (fragment.mode, fragment.browser, fragment.hydrates) == ("fallback", None, False)
            assert "data-hanse-module" not in fragment.markup
            assert "stranger/" not in str(head)
        finally:
            await federation.aclose()
