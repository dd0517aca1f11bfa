"""`docs/how-to/put-into-a-page.md`, followed: its code makes the page that it promises."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import httpx2
import pytest

from examples.basic.remotes import serve_app, serve_remotes
from scripts.build_examples import build_examples
from tests.web.heads import read_elements, read_json

pytestmark = pytest.mark.node

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "put-into-a-page.md"
MANIFEST = re.compile(r'Federation\("https://cdn\.example/manifest\.json", cache_folder="[^"]*"\)')


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", GUIDE.read_text("utf-8"), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("number", [0, 1], ids=["starlette", "fastapi"])
def test_the_site_of_the_guide_is_a_site(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_examples()
    monkeypatch.chdir(tmp_path)
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "market.html").write_text(blocks("html")[0])
    with serve_remotes() as manifest:
        code = MANIFEST.sub(lambda _: f"Federation({manifest!r})", blocks("python")[number])
        for name, port in (("team/catalog", 8101), ("team/basket", 8102)):
            code = code.replace(f"http://127.0.0.1:{port}/remoteEntry.json", manifest[name])
        (tmp_path / "shop.py").write_text(code)
        app = runpy.run_path(str(tmp_path / "shop.py"))["app"]
        with serve_app(app, 8380) as url:
            answer = httpx2.get(url)
            health = httpx2.get(f"{url}_hanse/snapshot.json").json()
    assert answer.status_code == 200
    assert health["healthy"] is True
    assert read_json(answer.text, "application/json")["modules"] == [
        "team/catalog/./ProductList",
        "team/basket/./Basket",
    ]
    mounted = [one.attributes.get("data-hanse-module") for one in read_elements(answer.text)]
    assert {"team/catalog/./ProductList", "team/basket/./Basket"} <= {*mounted}
    assert "'strict-dynamic'" in answer.headers["content-security-policy"]
