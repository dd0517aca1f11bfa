"""New apps: what `hanse new` makes, and what it leaves alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from examples.omni.serve import HERE
from hanse.apps.build import build_app
from hanse.apps.dev.keys import with_keys
from hanse.apps.new import make_app
from hanse.apps.project import open_project
from hanse.cli import main
from hanse.errors import UsageError
from scripts.build_examples import STORE, build_examples

SHOP = {"shop": "http://shop.localhost:3002/"}


def test_a_new_app_can_be_read_and_has_all_that_it_names(tmp_path: Path) -> None:
    files = make_app(tmp_path / "quay", name="quay", port=3100, remotes=SHOP)
    assert {"hanse.toml", "package.json", "pages/index.tsx", "pages/index.py", ".gitignore"} <= {*files}
    project = open_project(tmp_path / "quay", {})
    assert project.name == "quay"
    assert project.own.app.url == "http://quay.localhost:3100/"
    assert project.remotes == ("shop",)
    assert [page.pattern.text for page in project.pages.routes] == ["/about", "/"]
    assert all((tmp_path / "quay" / file).is_file() for file in project.own.exposes.values())
    written = [(tmp_path / "quay" / file).read_text() for file in files]
    assert not any("__NAME__" in text or "__PORT__" in text or "__REMOTES__" in text for text in written)


@pytest.mark.node
def test_a_new_app_builds(tmp_path: Path) -> None:
    build_examples(folders=STORE)
    make_app(tmp_path / "quay", name="quay", port=3100, remotes=SHOP)
    (tmp_path / "quay" / "node_modules").symlink_to(HERE / "home" / "node_modules")
    build_app(open_project(tmp_path / "quay", {}))
    entry = json.loads((tmp_path / "quay/dist/server/server-entry.json").read_bytes())
    assert [(page["path"], page.get("loader", False)) for page in entry["pages"]] == [
        ("/about", False),
        ("/", True),
    ]


def test_a_remote_has_components_alone(tmp_path: Path) -> None:
    files = make_app(tmp_path / "quay", name="quay", port=3100, remotes={}, pages=False)
    assert not any(file.startswith("pages/") for file in files)
    assert open_project(tmp_path / "quay", {}).pages.all == ()


def test_nothing_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "quay").mkdir()
    (tmp_path / "quay" / "thesis.txt").write_text("years of work")
    with pytest.raises(UsageError, match="something already"):
        make_app(tmp_path / "quay", name="quay", port=3100, remotes={})
    assert [file.name for file in (tmp_path / "quay").iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize("name", ["", "Quay", "a b", "../x", "-a", "a/b", "a.b", "1a"])
def test_names_that_are_no_hosts_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="name"):
        make_app(tmp_path / "x", name=name, port=1, remotes={})
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("pair", ["shop", "shop=", "=http://x/", "shop=ftp://x/", "shop=http://a b/"])
def test_another_app_is_named_with_its_address(
    tmp_path: Path, pair: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["new", str(tmp_path / "quay"), "--with", pair, "--no-install"]) == 2
    assert pair.partition("=")[2] in capsys.readouterr().err
    assert not (tmp_path / "quay").exists()


def test_the_command_says_what_to_do_next(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", str(tmp_path / "quay"), "--no-install"]) == 0
    out = capsys.readouterr().out
    assert f"hanse dev {tmp_path / 'quay'}" in out
    assert main(["new", str(tmp_path / "kogge"), "--no-install", "--json", "--remote"]) == 0
    assert json.loads(capsys.readouterr().out)["name"] == "kogge"


def test_keys_for_developing_are_for_this_machine_alone(tmp_path: Path) -> None:
    elsewhere = {"far": "https://far.example/", **SHOP}
    make_app(tmp_path / "quay", name="quay", port=3100, remotes=elsewhere)
    make_app(tmp_path / "shop", name="shop", port=3002, remotes={})
    quay = with_keys(open_project(tmp_path / "quay", {}))
    shop = with_keys(open_project(tmp_path / "shop", {}))
    assert quay.config.settings["shop"].key == shop.own.app.keys[0]
    assert quay.own.app.keys != shop.own.app.keys
    assert "far" not in quay.config.settings or quay.config.settings["far"].key is None
