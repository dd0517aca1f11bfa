"""The guide on delegates does what it says."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from hanse.federation.delegate_modules import read_delegate
from hanse.federation.generations import assemble
from tests.house.source import ROOT

BLOCK = re.compile(r"^```(python|js)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PAGE = (ROOT / "docs" / "how-to" / "connect-with-a-delegate.md").read_text()


def blocks(language: str) -> list[str]:
    return [text for found, text in BLOCK.findall(PAGE) if found == language]


def test_the_function_decides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    function, tell, render, trial = blocks("python")
    (tmp_path / "towns_delegates.py").write_text(function)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    scope: dict[str, object] = {}
    try:
        exec(function + tell + render + trial, scope)
    finally:
        sys.modules.pop("towns_delegates", None)
    assert "decision" in scope


@pytest.mark.anyio
async def test_the_module_becomes_a_container(tmp_path: Path, anyio_backend: str) -> None:
    assert anyio_backend
    (tmp_path / "delegates").mkdir()
    (text,) = blocks("js")
    (tmp_path / "delegates" / "shop.js").write_text(text)
    member = await read_delegate("./delegates/shop.js", tmp_path, name="shop")
    found = assemble([member], wanted=["shop/Card"])
    assert found.generation.containers["shop"].bundled is False
    assert "shop/Card" in found.generation.imports
    assert {one.specifier for one in found.findings} == {"react", "quay/Crane"}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
