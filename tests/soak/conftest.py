"""What the long runs have found, written down where it is read: beside the tests' outcomes."""

from __future__ import annotations

from collections.abc import Callable

import pytest


@pytest.fixture
def report(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Return what writes a line of figures."""
    writer = request.config.get_terminal_writer()
    return lambda text: writer.line(f"\n{request.node.name}: {text}")
