"""The flat public surface: `from hanse import …`."""

from __future__ import annotations

import subprocess
import sys

import pytest

import hanse
from hanse import errors


def test_every_public_name_is_there() -> None:
    for name in hanse.__all__:
        assert getattr(hanse, name) is not None
    assert sorted(dir(hanse)) == sorted(hanse.__all__)
    assert set(errors.__all__) <= set(hanse.__all__)
    assert {"Delta", "Federation", "Refresh", "Snapshot"} <= set(hanse.__all__)


def test_other_names_are_not() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Fedration'"):
        _ = hanse.Fedration  # type: ignore[attr-defined]
    with pytest.raises(ImportError):
        from hanse import nothing  # type: ignore[attr-defined]  # noqa: F401


def test_an_http_client_is_loaded_only_where_it_is_used() -> None:
    say = "print('httpx2' in sys.modules)"
    code = f"import sys, hanse, hanse.resolve, hanse.semver; {say}; hanse.Federation; {say}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]
