"""Notices that files of an app have changed, by looking at them now and then: on every file system alike."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Final

__all__ = ["State", "scan", "watch"]

SKIPPED: Final = frozenset({"node_modules", "dist", "__pycache__", "build"})
# Seconds between two looks: soon enough to be felt as at once, and a few milliseconds of work.
PAUSE: Final = 0.2

State = Mapping[str, tuple[int, int]]
"""Files, relative to the folder, with their times and sizes."""


def scan(folder: Path) -> State:
    """Look at all files that are written by hand."""
    found: dict[str, tuple[int, int]] = {}
    waiting = [str(folder)]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as items:
                for item in items:
                    if item.name.startswith(".") or item.name in SKIPPED:
                        continue
                    if item.is_dir(follow_symlinks=False):
                        waiting.append(item.path)
                    else:
                        known = item.stat()
                        name = os.path.relpath(item.path, folder).replace(os.sep, "/")
                        found[name] = (known.st_mtime_ns, known.st_size)
        except OSError:
            # It went away while it was looked at; the next look tells.
            continue
    return found


async def watch(folder: Path, before: State) -> AsyncIterator[frozenset[str]]:
    """Yield the files that have changed, come or gone, once they rest; for ever.

    Args:
        folder: Where they are.
        before: What they were when somebody looked last.
    """
    while True:
        await asyncio.sleep(PAUSE)
        now = await asyncio.to_thread(scan, folder)
        if now == before:
            continue
        # Editors write in several steps, and version control writes many files.
        while (later := await look_again(folder)) != now:
            now = later
        changed = frozenset(name for name, _ in now.items() ^ before.items())
        before = now
        if changed:
            yield changed


async def look_again(folder: Path) -> State:
    """Look at the files after a moment."""
    await asyncio.sleep(PAUSE / 4)
    return await asyncio.to_thread(scan, folder)
