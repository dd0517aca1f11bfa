from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.running import Run, make_run, write_towns


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    return make_run(capsys)


@pytest.fixture
def manifest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return write_towns(tmp_path / "site")
