"""The example's remotes: what the official toolchain built, how it is served, and that it works."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TypedDict

import httpx2
import pytest
from playwright.sync_api import Page, sync_playwright
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route

from examples.basic.remotes import REMOTES, Remote, bind, build_app, serve_app, serve_remotes
from scripts.build_examples import build_examples
from scripts.find_chromium import FLAGS, MISSING, ensure_chromium

pytestmark = pytest.mark.node

CATALOG, BASKET = REMOTES
REACT = ["react", "react-dom", "react-dom/client", "react/jsx-runtime"]


class Shared(TypedDict):
    packageName: str
    outFileName: str
    requiredVersion: str
    singleton: bool
    strictVersion: bool
    version: str


class Entry(TypedDict):
    name: str
    shared: list[Shared]
    exposes: list[dict[str, str]]
    integrity: dict[str, str]


@pytest.fixture(scope="module", autouse=True)
def _built() -> None:
    build_examples()


@pytest.fixture(scope="module")
def manifest() -> Iterator[dict[str, str]]:
    with serve_remotes() as served:
        yield served


def read_entry(remote: Remote) -> Entry:
    entry: Entry = json.loads((remote.folder / "remoteEntry.json").read_text())
    return entry


def shared_by_name(remote: Remote) -> dict[str, Shared]:
    return {item["packageName"]: item for item in read_entry(remote)["shared"]}


@pytest.mark.parametrize(
    ("remote", "expose", "react", "clsx"),
    [(CATALOG, "./ProductList", "19.2.9", "2.0.1"), (BASKET, "./Basket", "19.3.1", "2.1.1")],
    ids=["catalog", "basket"],
)
def test_what_a_remote_exposes_and_shares(remote: Remote, expose: str, react: str, clsx: str) -> None:
    entry, shared = read_entry(remote), shared_by_name(remote)

    assert entry["name"] == remote.name
    assert [item["key"] for item in entry["exposes"]] == [expose]
    assert sorted(name for name in shared if not name.startswith("@nf-internal/")) == ["clsx", *REACT]
    for name in REACT:
        offer = shared[name]
        assert (offer["version"], offer["requiredVersion"]) == (react, "^19.0.0")
        assert offer["singleton"]
        assert offer["strictVersion"]
    assert (shared["clsx"]["version"], shared["clsx"]["singleton"]) == (clsx, False)


@pytest.mark.parametrize("remote", REMOTES, ids=lambda remote: remote.folder.parent.name)
def test_every_listed_file_has_the_digest_the_entry_gives(remote: Remote) -> None:
    entry = read_entry(remote)
    listed = {item["outFileName"] for item in [*entry["shared"], *entry["exposes"]]}

    assert set(entry["integrity"]) == listed
    for name, digest in entry["integrity"].items():
        content = (remote.folder / name).read_bytes()
        assert digest == f"sha384-{base64.b64encode(hashlib.sha384(content).digest()).decode()}"


def test_the_details_are_a_chunk_that_the_entry_does_not_list() -> None:
    entry = read_entry(CATALOG)
    (details,) = CATALOG.folder.glob("Details-*.js")
    exposed = (CATALOG.folder / entry["exposes"][0]["outFileName"]).read_text()

    assert f'import("./{details.name}")' in exposed
    assert details.name not in entry["integrity"]


@pytest.mark.parametrize("remote", REMOTES, ids=lambda remote: remote.folder.parent.name)
def test_react_is_imported_and_never_bundled(remote: Remote) -> None:
    exposed = (remote.folder / read_entry(remote)["exposes"][0]["outFileName"]).read_text()
    imported = set(re.findall(r'from"([^"]+)"', exposed))

    assert imported == {"clsx", "react", "react-dom/client", "react/jsx-runtime"}
    assert "__CLIENT_INTERNALS" not in exposed


def test_lock_files_name_no_address() -> None:
    for remote in REMOTES:
        text = (remote.folder.parent / "package-lock.json").read_text()
        assert '"integrity"' in text
        assert '"resolved"' not in text


def test_an_entry_is_revalidated_and_a_hashed_file_kept(manifest: dict[str, str]) -> None:
    url = manifest["team/catalog"]
    entry = httpx2.get(url)
    again = httpx2.get(url, headers={"if-none-match": entry.headers["etag"]})
    hashed = httpx2.get(url.replace("remoteEntry.json", read_entry(CATALOG)["exposes"][0]["outFileName"]))

    assert (entry.status_code, entry.headers["cache-control"]) == (200, "no-cache")
    assert (again.status_code, again.content) == (304, b"")
    assert hashed.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert hashed.headers["content-type"].startswith("text/javascript")


def test_files_are_readable_from_every_origin(manifest: dict[str, str]) -> None:
    for url in manifest.values():
        for headers in ({}, {"origin": "http://127.0.0.1:9"}):
            assert httpx2.get(url, headers=headers).headers["access-control-allow-origin"] == "*"


def test_nothing_outside_the_build_is_served(manifest: dict[str, str]) -> None:
    base = manifest["team/catalog"].removesuffix("remoteEntry.json")
    for path in ("package.json", "%2e%2e/package.json", "..%2fpackage.json", "src/goods.ts"):
        assert httpx2.get(base + path).status_code == 404


def test_a_taken_port_moves_to_the_next_one() -> None:
    with bind(8150) as first:
        port = first.getsockname()[1]
        with bind(port) as second:
            assert port < second.getsockname()[1] < port + 100


def test_an_unbuilt_remote_says_how_to_build_it(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"^team/catalog is not built; run: python -m scripts\.build"):
        build_app(Remote("team/catalog", tmp_path, 0))


def write_import_map(manifest: dict[str, str]) -> dict[str, object]:
    """Write by hand what the page needs: the basket's React for everybody, the rest in its scope."""
    bases = {remote.name: manifest[remote.name].removesuffix("remoteEntry.json") for remote in REMOTES}
    imports: dict[str, str] = {}
    scopes: dict[str, dict[str, str]] = {}
    integrity: dict[str, str] = {}
    for remote in REMOTES:
        entry, base = read_entry(remote), bases[remote.name]
        files = {item["packageName"]: base + item["outFileName"] for item in entry["shared"]}
        scopes[base] = {name: url for name, url in files.items() if name not in REACT}
        if remote is BASKET:
            imports |= {name: files[name] for name in REACT}
        for item in entry["exposes"]:
            imports[f"{remote.name}/{item['key']}"] = base + item["outFileName"]
        integrity |= {base + name: digest for name, digest in entry["integrity"].items()}
    return {"imports": imports, "scopes": scopes, "integrity": integrity}


PAGE = """<!doctype html><meta charset="utf-8"><title>Market</title><link rel="icon" href="data:,">
<script type="importmap">%s</script><main id="catalog"></main><aside id="basket"></aside>
<script type="module">
import { mount as catalog } from "team/catalog/./ProductList";
import { mount as basket } from "team/basket/./Basket";
window.unmount = [catalog(document.querySelector("#catalog")), basket(document.querySelector("#basket"))];
</script>"""


@pytest.fixture
def page(manifest: dict[str, str]) -> Iterator[Page]:
    chromium = ensure_chromium()
    assert chromium is not None, MISSING
    html = PAGE % json.dumps(write_import_map(manifest))
    app = Starlette(routes=[Route("/", lambda _: HTMLResponse(html))])
    with serve_app(app, 8160) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        page = browser.new_page()
        page.goto(url)
        yield page
        browser.close()


@pytest.mark.browser
def test_both_remotes_work_on_one_page_with_one_react(page: Page) -> None:
    faults: list[str] = []
    requests: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.on("request", lambda request: requests.append(request.url.rsplit("/", 1)[-1]))
    page.reload()

    assert page.get_by_test_id("basket-empty").inner_text() == "Nothing chosen yet."
    page.get_by_test_id("product-amber").get_by_role("button", name="Add").click()
    page.get_by_test_id("product-amber").get_by_role("button", name="Add").click()
    page.get_by_test_id("product-salt").get_by_role("button", name="Add").click()
    assert page.get_by_test_id("line-amber").locator("span").inner_text() == "2 × Baltic amber"
    assert page.get_by_test_id("basket-total").inner_text() == "93 marks"
    page.get_by_role("button", name="Remove one Baltic amber").click()
    assert page.get_by_test_id("basket-total").inner_text() == "51 marks"

    assert not any(name.startswith("Details-") for name in requests)
    page.get_by_test_id("product-salt").get_by_role("button", name="Details").click()
    assert "Old Salt Road" in page.get_by_test_id("details-salt").inner_text()
    assert any(name.startswith("Details-") for name in requests)

    assert page.get_by_test_id("catalog-react").inner_text() == "19.3.1"
    assert page.get_by_test_id("basket-react").inner_text() == "19.3.1"
    assert sum(bool(re.match(r"react\.[\w-]+\.js$", name)) for name in requests) == 1
    page.evaluate("() => window.unmount.forEach((unmount) => unmount())")
    assert page.locator("#catalog").inner_html() == page.locator("#basket").inner_html() == ""
    assert page.evaluate("() => document.adoptedStyleSheets.length") == 0
    assert faults == []
