"""A port for servers that want to be told one, and no deadline for single examples of properties."""

from __future__ import annotations

import socket

import pytest
from hypothesis import settings

# How long one example takes depends on what else the machine does; promises of times have their own tests.
settings.register_profile("hanse", deadline=None)
settings.load_profile("hanse")


@pytest.fixture
def unused_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
