"""A port for servers that want one, all processes for each worker of a run, and no deadline for examples."""

from __future__ import annotations

import gc
import socket
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.soak.counts import often

# How long one example takes depends on what else the machine does; promises of times have their own tests.
settings.register_profile("hanse", deadline=None, max_examples=often(20, soak=1000))
settings.load_profile("hanse")


def pytest_collection_finish() -> None:
    """Let collections leave out what stays for the whole run: ten thousand tests, and what they import."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def unused_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@pytest.fixture(scope="session", autouse=True)
def _alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let each process of a test run have all of the machine's processes that its settings name."""
    folder = tmp_path_factory.mktemp("workers") / "alone"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hanse.federation.server.backstage.workers_folder", lambda: folder)
        yield
