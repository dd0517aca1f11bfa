"""The web workers of a machine share its processes, however they begin and end."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hanse.federation.server.workers import Worker, part_of

WORKER = """
import sys
from pathlib import Path
from hanse.federation.server.workers import Worker
worker = Worker(Path(sys.argv[1]))
print(worker.count(), flush=True)
sys.stdin.read()
"""


@contextmanager
def another(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Have another worker run, which has counted itself."""
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [sys.executable, "-c", WORKER, str(folder)], stdin=pipe, stdout=pipe, text=True
    ) as one:
        assert one.stdout is not None
        assert one.stdout.readline().strip().isdigit()
        yield one
        one.kill()


def test_workers_count_those_that_live(tmp_path: Path) -> None:
    worker = Worker(tmp_path / "workers")
    assert worker.count() == 1
    with another(tmp_path / "workers") as first:
        assert worker.count() == 2
        with another(tmp_path / "workers"):
            assert worker.count() == 3
        assert worker.count() == 2
        first.kill()
        first.wait()
        assert worker.count() == 1
    worker.close()


def test_a_worker_that_is_killed_leaves_nothing(tmp_path: Path) -> None:
    worker = Worker(tmp_path / "workers")
    with another(tmp_path / "workers"):
        pass
    worker.count()
    worker.close()
    assert [file.name for file in (tmp_path / "workers").glob("*.worker")] == []


def test_several_federations_of_one_process_are_one_worker(tmp_path: Path) -> None:
    first, second = Worker(tmp_path / "workers"), Worker(tmp_path / "workers")
    assert (first.count(), second.count()) == (1, 1)
    first.close()
    assert second.count() == 1
    second.close()


def test_a_folder_that_others_may_write_into_is_not_used(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "workers"
    folder.mkdir()
    folder.chmod(0o777)
    worker = Worker(folder)
    assert worker.count() == 1
    assert [*folder.iterdir()] == []
    assert "not counted" in caplog.text
    worker.close()


@pytest.mark.parametrize(
    ("processes", "workers", "part"), [(8, 1, 8), (8, 4, 2), (8, 3, 2), (2, 4, 1), (1, 1, 1), (8, 0, 8)]
)
def test_each_has_a_part_and_none_has_nothing(processes: int, workers: int, part: int) -> None:
    assert part_of(processes, workers) == part
