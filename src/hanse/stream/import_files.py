"""Files of one remote, fetched below its folder: concurrently, bounded, each once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Final

from hanse.errors import BlockedError, FetchError, FormatError, HanseError, StatusError, TooLargeError
from hanse.formats.decoding import shorten
from hanse.limits import LIMITS, Limits
from hanse.net import Access, Client
from hanse.urls import join, stays_inside

__all__ = ["Intake"]

SCRIPTS: Final = "text/javascript, application/javascript, */*;q=0.5"
# What origins say of a file that is not there; object stores do not tell it from what is forbidden.
ABSENT: Final = frozenset({403, 404, 410})
# Files that are named in a message.
NAMED: Final = 8


class Intake:
    """Fetches a remote's files into `contents`.

    Nothing is taken from a copy that its origin could not confirm: a build that is half of yesterday is none.

    Args:
        client: Asks the web.
        base: The folder they lie in, with a slash at its end.
        limits: The caps.
        access: The origins that may be asked; the client's own if not given.
        integrity: File -> the digest it has to have.

    Attributes:
        contents: The files so far.
    """

    def __init__(
        self,
        client: Client,
        base: str,
        *,
        limits: Limits = LIMITS,
        access: Access | None = None,
        integrity: Mapping[str, str] | None = None,
    ) -> None:
        self.base = base
        self.contents: dict[str, bytes] = {}
        self._client = client
        self._limits = limits
        self._access = access
        self._integrity = integrity or {}
        self._size = 0
        self._absent: set[str] = set()

    async def take(self, files: Iterable[str]) -> None:
        """Fetch files that have to be there.

        Raises:
            FetchError: Some could not be had: the message names them, with the reasons.
            HanseError: There is but one, and this is the reason.
        """
        faults = await self._take(files)
        if len(faults) == 1:
            raise next(iter(faults.values()))
        if faults:
            some = "; ".join(f"{name}: {fault.message}" for name, fault in [*faults.items()][:NAMED])
            raise FetchError(
                f"{len(faults)} of its files could not be had: {some}",
                subject=self.base,
                hint="see whether all of the build has been deployed",
            )

    async def take_if_there(self, files: Iterable[str]) -> tuple[str, ...]:
        """Fetch files that may not be there, and return those that are not.

        Raises:
            HanseError: One of them could not be had for another reason.
        """
        faults = await self._take(files)
        for name, fault in faults.items():
            missing = isinstance(fault, FormatError) or (
                isinstance(fault, StatusError) and fault.status in ABSENT
            )
            if not missing:
                raise fault
            self._absent.add(name)
        return tuple(faults)

    async def confirm(self, file: str) -> bool:
        """Ask again for a file, and tell whether it is still the same.

        Raises:
            HanseError: It could not be had.
        """
        return await self._fetch(file) == self.contents[file]

    async def _take(self, files: Iterable[str]) -> dict[str, HanseError]:
        """Fetch what is not here yet; return the faults by file.

        Raises:
            TooLargeError: There are too many, or they are too large together.
        """
        wanted = [name for name in dict.fromkeys(files) if name not in self.contents]
        wanted = [name for name in wanted if name not in self._absent]
        if len(self.contents) + len(wanted) > self._limits.stream_modules:
            raise TooLargeError(f"it has more than {self._limits.stream_modules} files", subject=self.base)
        turns = asyncio.Semaphore(self._limits.modules_at_once)
        faults: dict[str, HanseError] = {}

        async def fetch(name: str) -> None:
            async with turns:
                if self._size > self._limits.stream_inflated_bytes:
                    return
                try:
                    body = await self._fetch(name)
                except HanseError as fault:
                    faults[name] = fault
                    return
                self.contents[name] = body
                self._size += len(body)

        async with asyncio.TaskGroup() as group:
            for name in wanted:
                group.create_task(fetch(name))
        if self._size > self._limits.stream_inflated_bytes:
            cap = self._limits.stream_inflated_bytes
            raise TooLargeError(f"its files have more than {cap} bytes together", subject=self.base)
        return {name: faults[name] for name in wanted if name in faults}

    async def _fetch(self, name: str) -> bytes:
        """Fetch one file.

        Raises:
            HanseError: It could not be had, lies elsewhere, or is a page.
        """
        url = join(self.base, name)
        if url is None or not stays_inside(self.base, name):
            raise BlockedError(
                f"{shorten(name)!r} is no file below the remote's folder",
                subject=self.base,
                hint="a build's files have plain names, and lie below its own folder",
            )
        found = await self._client.fetch(
            url,
            cap=self._limits.module_bytes,
            integrity=self._integrity.get(name),
            accept=SCRIPTS,
            revalidate=True,
            access=self._access,
        )
        if found.stale:
            raise found.stale_reason or FetchError("its origin does not confirm this copy", subject=url)
        if found.body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<" and not name.endswith(".css"):
            raise FormatError(
                "this is a page, and no script", subject=url, found="<", expected="a file of the build"
            )
        return found.body
