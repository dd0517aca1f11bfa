"""The build that a publisher gives out at present, and the look at its folder for the next one."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from hanse.errors import HanseError
from hanse.limits import LIMITS, Limits
from hanse.stream.published import ENTRY_FILE, RECORD_FILE, Edition, publish, publish_kept

__all__ = ["Shelf"]

LOG: Final = logging.getLogger("hanse.stream")

# So many looks are left out after a build that was broken.
PATIENCE: Final = 4
# What says that a file is another one: when it was changed, its size, its place on the disk.
Trace = tuple[int, int, int]


class Shelf:
    """Holds one edition, whole, and replaces it in one step.

    The folder is looked at when somebody asks, once in `publisher_look` seconds at the most. A look costs the
    state of two files; only where one has changed is the build read, in a thread. A build that is broken, as
    one is while its files are being copied, is read again at the next look, and changes nothing until then.

    Args:
        folder: The build's.
        record: Where it is written down what was published.
        now: Seconds of Unix time.
        clock: Seconds, monotonic.
        limits: The caps.

    Raises:
        HanseError: The build is broken, and none was published before.
        OSError: The folder cannot be read, or the record not written.
    """

    def __init__(
        self,
        folder: Path,
        record: Path,
        *,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
        limits: Limits = LIMITS,
    ) -> None:
        self._folder = folder
        self._record = record
        self._now = now
        self._clock = clock
        self._limits = limits
        self._seen: tuple[Trace, Trace] | None = None
        self._looked_at = clock()
        self._complaint = ""
        self._hung_up = False
        self._reading: asyncio.Task[None] | None = None
        self.edition = self._first()

    def look(self) -> None:
        """See whether there is another build, and begin to read it; nothing is waited for."""
        now = self._clock()
        if now - self._looked_at < self._limits.publisher_look:
            return
        self._looked_at = now
        if self._reading is None and self._trace() != self._seen:
            self._reading = asyncio.get_running_loop().create_task(self._read())
            self._reading.add_done_callback(self._done)

    async def refresh(self) -> Edition:
        """Read the folder now, and return what is given out after that."""
        await self._read()
        return self.edition

    def hang_up(self) -> None:
        """Let nobody wait any more: the server is about to end."""
        self._hung_up = True

    async def changed(self, etag: str, *, seconds: float) -> None:
        """Wait until something else is given out, or so many seconds are over."""
        deadline = self._clock() + seconds
        while self.edition.etag == etag and not self._hung_up and (left := deadline - self._clock()) > 0:
            await asyncio.sleep(min(left, self._limits.publisher_look))
            self.look()

    def _first(self) -> Edition:
        """Publish the folder's build, or else the last one that was published."""
        seen = self._trace()
        try:
            edition = publish(self._folder, self._record, now=self._now(), limits=self._limits)
        except (HanseError, OSError) as error:
            kept = publish_kept(self._record, limits=self._limits)
            if kept is None:
                raise
            self._complain(error)
            return kept
        self._seen = seen
        return edition

    async def _read(self) -> None:
        """Read the folder, and give out what it has if all of it is in order."""
        seen = self._trace()
        try:
            edition = await asyncio.to_thread(
                publish, self._folder, self._record, now=self._now(), limits=self._limits
            )
        except (HanseError, OSError) as error:
            self._complain(error)
            return
        # What changed while it was read is seen at the next look; so is the record that it wrote itself.
        self._seen = seen
        self._complaint = ""
        if edition.etag != self.edition.etag:
            self.edition = edition
            entry = edition.entry
            LOG.info("%s: version %s is published, serial %d", entry.name, entry.version, entry.serial)

    def _done(self, _: asyncio.Task[None]) -> None:
        self._reading = None

    def _complain(self, error: HanseError | OSError) -> None:
        """Log why a build is not published, once for each reason."""
        text = str(error)
        if text != self._complaint:
            LOG.warning("the build in %s is not published, and the one before stays: %s", self._folder, text)
        self._complaint = text
        # To read and verify a large build costs a second: one that stays broken must not cost every one.
        self._looked_at = self._clock() + PATIENCE * self._limits.publisher_look

    def _trace(self) -> tuple[Trace, Trace]:
        """Return what the two files look like from outside."""
        return trace_of(self._folder / ENTRY_FILE), trace_of(self._record / RECORD_FILE)


def trace_of(file: Path) -> Trace:
    """Return what a file looks like from outside; zeros where it is not there."""
    try:
        found = file.stat()
    except OSError:
        return (0, 0, 0)
    return (found.st_mtime_ns, found.st_size, found.st_ino)
