from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.cli.running import Run, towns, write_towns
from tests.cli.test_check import with_container
from tests.resolve.federations import remote, shared


def test_tells_people(run: Run, manifest: Path) -> None:
    found = run("explain", "lodash", "--manifest", manifest)
    assert found.code == 0
    assert [line.rstrip() for line in found.out.splitlines()] == [
        "lodash: 4.17.21 from 'shop'",
        "  publishing it from 'shop' costs fewest downloads; its build serves 2 of 2 remotes",
        "",
        "version   offered by   accepted by   rejected by   would keep their own",
        "4.17.21   shop         cart, shop    -             -",
        "4.17.0    cart         cart          shop          shop",
        "",
        "remotes",
        "├── cart has 4.17.0, accepts ^4.17.0 (strict): served, gets 4.17.21 from 'shop'",
        "│   └── ^4.17.0 accepts 4.17.21 from 'shop'",
        "└── shop has 4.17.21, accepts ^4.17.21 (strict): published",
        "    └── publishing it from 'shop' costs fewest downloads; its build serves 2 of 2 remotes",
        "",
        "cost: 0 files beyond one build",
    ]


def test_says_what_own_copies_cost_and_who_is_outside_its_range(run: Run, manifest: Path) -> None:
    found = run("explain", "react", manifest)
    assert "cart has 19.0.0, accepts ^19.0.0 (strict): keeps its own, 1 file" in found.out
    assert "gets 18.3.1 from 'shop', outside its range" in found.out
    assert "cost: 1 file beyond one build" in found.out


def test_knows_bytes_where_the_files_are_there(run: Run, manifest: Path) -> None:
    manifest.unlink()
    (manifest.parent / "cart" / "react.js").write_text("x" * 321)
    assert "cost: 1 file (321 bytes) beyond one build" in run("explain", "react", manifest.parent).out


def test_tells_programs(run: Run, manifest: Path) -> None:
    found = run("explain", "react", "--manifest", manifest, "--json").json
    assert found["package"] == "react"
    (scope,) = found["scopes"]
    assert (scope["version"], scope["provider"]) == ("18.3.1", "shop")
    assert [one["version"] for one in scope["versions"]] == ["19.0.0", "18.3.1", "18.3.0", "17.0.2"]
    cart = next(one for one in scope["consumers"] if one["remote"] == "cart")
    assert cart["reason"]["code"] == "rejects-version"


def test_private_copies_are_named(run: Run, tmp_path: Path) -> None:
    alone = remote("alone", shared("react", "16.0.0", singleton=False))
    manifest = write_towns(tmp_path, [*towns(), alone])
    assert "alone has 16.0.0 and does not share it" in run("explain", "react", manifest).out


def test_an_unknown_package_gets_a_guess(run: Run, manifest: Path) -> None:
    found = run("explain", "raect", manifest)
    assert found.code == 2
    assert found.err == "hanse: raect: no remote has this package (did you mean react?)\n"


PAGE = """<!doctype html>
<script type="importmap">{"imports": {"home/Card": "./Card.js"}}</script>
<link rel="modulepreload" href="./Card.js"><link rel="modulepreload" href="./nobody.js">
<script type="application/json" id="hanse-page">{"modules": ["home/Card"]}</script>
"""


@pytest.fixture
def page(tmp_path: Path) -> Iterator[str]:
    """Serve a page with one preload too many and one too few."""
    (tmp_path / "index.html").write_text(PAGE)
    (tmp_path / "Card.js").write_text("import './part.js'")
    (tmp_path / "part.js").write_text("")

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as it is called there
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path))) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def test_says_why_each_preload_of_a_page_is_there(run: Run, page: str) -> None:
    found = run("explain", "--page", page)
    assert found.code == 1
    assert found.out.splitlines() == [
        f"{page} runs 1 modules and preloads 2",
        f"preloaded: {page}Card.js",
        "  page -> home/Card",
        f"preloaded: {page}nobody.js",
        "  nothing that the page runs imports it",
        f"needed, and not preloaded: {page}part.js",
        "  page -> home/Card -> ./part.js",
        "verdict: not as it should be",
    ]
    told = run("explain", "--json", "--page", page).json
    assert told["failed"] is True
    assert told["preloads"][0]["chain"] == [{"specifier": "home/Card", "url": f"{page}Card.js"}]


def test_a_page_or_a_package_and_not_both(run: Run, page: str) -> None:
    for arguments in (["explain"], ["explain", "react", "--page", page], ["explain", "--page", "page.html"]):
        assert run(*arguments, "--json").problem["code"] == "HANSE-USAGE"


def test_containers_are_explained_beside_native_remotes(run: Run, tmp_path: Path) -> None:
    site = with_container(write_towns(tmp_path / "site", [remote("home", shared("react", "18.3.1"))]))
    found = run("explain", "react", site)
    assert found.code == 0
    assert "containers" in found.out
    assert "shop has 18.2.0, accepts ^18.0.0: served, gets 18.3.1 from 'home'" in found.out
    listed = run("explain", "react", site, "--json").json["containers"]
    assert [(one["container"], one["action"], one["reason"]["code"]) for one in listed] == [
        ("shop", "elected", "accepted")
    ]


def test_a_package_that_only_containers_have_is_explained(run: Run, tmp_path: Path) -> None:
    site = with_container(write_towns(tmp_path / "site", [remote("home", shared("lit", "3.1.0"))]))
    found = run("explain", "react", site)
    assert found.code == 0
    assert found.out.splitlines()[0] == "containers"
    assert "shop has 18.2.0, accepts ^18.0.0: keeps its own" in found.out
    assert run("explain", "vue", site).code == 2
