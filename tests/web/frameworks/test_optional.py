"""The frameworks are optional: without them everything else imports, and theirs says what is missing."""

from __future__ import annotations

import subprocess
import sys

import pytest

BARE = """
import sys
for name in ("django", "flask", "werkzeug", "asgiref", "fastapi", "gunicorn"):
    sys.modules[name] = None
import {modules}
names = [name.partition(".")[0] for name, one in sys.modules.items() if one]
loaded = {{"django", "flask"}}.intersection(names)
assert not loaded, loaded
"""


MODULES = ("hanse", "hanse.cli", "hanse.web", "hanse.web.bridge", "hanse.web.starlette")


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )


def test_everything_else_imports_without_them() -> None:
    result = run(BARE.format(modules=", ".join(MODULES)))
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("module", ["hanse.web.flask", "hanse.web.django.middleware"])
def test_an_integration_without_its_framework_does_not_import(module: str) -> None:
    result = run(BARE.format(modules=module))
    assert "ModuleNotFoundError" in result.stderr


def test_flask_loads_no_django() -> None:
    result = run("import sys, hanse.web.flask; assert 'django' not in sys.modules")
    assert result.returncode == 0, result.stderr
