"""Examples in processes of their own, started as a newcomer starts them."""

from __future__ import annotations

import os
import re
import selectors
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.house.source import ROOT

__all__ = ["run_example"]

PATIENCE = 60.0
ADDRESS = re.compile(r"open (http://\S+)")


@contextmanager
def run_example(module: str, *arguments: str, **environ: str) -> Iterator[str]:
    """Run `python -m module` while the block runs; yield the address it prints.

    Raises:
        RuntimeError: It ended, or printed none in time.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        env={**os.environ, **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield await_address(process)
    finally:
        process.terminate()
        try:
            process.communicate(timeout=PATIENCE)
        finally:
            process.kill()


def await_address(process: subprocess.Popen[str]) -> str:
    """Read what a process prints until an address is in it."""
    assert process.stdout is not None
    printed = ""
    deadline = time.monotonic() + PATIENCE
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while selector.select(max(0.0, deadline - time.monotonic())):
            line = process.stdout.readline()
            printed += line
            found = ADDRESS.search(line)
            if found is not None:
                return found[1]
            if not line:
                break
    raise RuntimeError(f"no address was printed: {printed}")
