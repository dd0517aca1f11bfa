"""Which pages hide which, before anything is deployed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from examples.omni.serve import run_store
from hanse.apps.new import make_app
from hanse.cli import main
from tests.apps.stores import copy_store, free_ports

HELLO = "export default () => <main><h1>Hello</h1></main>;"


@pytest.mark.node
def test_an_app_is_told_whose_pages_it_hides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    copy_store(tmp_path)
    with run_store(free_ports(), folder=tmp_path, only=["shop", "checkout"]) as store:
        for name, value in store.environment.items():
            monkeypatch.setenv(name, value)
        assert main(["check", str(tmp_path / "home")]) == 0
        assert "0 of them hidden" in capsys.readouterr().out

        (tmp_path / "home/pages/shop").mkdir()
        (tmp_path / "home/pages/shop/index.tsx").write_text(HELLO)
        assert main(["check", str(tmp_path / "home" / "hanse.toml"), "--json"]) == 1
        report = json.loads(capsys.readouterr().out)
        assert report["unseen"] == []
        (conflict,) = report["conflicts"]
        assert "/shop" in conflict
        assert "home" in conflict


def test_an_app_without_others_has_nobody_to_ask(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_app(tmp_path / "quay", name="quay", port=3100, remotes={})
    assert main(["check", str(tmp_path / "quay")]) == 0
    assert "2 pages, 0 of them hidden" in capsys.readouterr().out


def test_a_folder_that_is_no_apps_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(tmp_path)]) == 2
    assert str(tmp_path) in capsys.readouterr().err
