"""Builds an app whenever it has changed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from hanse.apps.build.documents import write_documents
from hanse.apps.build.driver import Driver, find_node
from hanse.apps.build.task import make_task, require_packages
from hanse.apps.dev.watch import State, scan, watch
from hanse.apps.project import Project
from hanse.errors import BuildError, HanseError

__all__ = ["Tell", "Workshop", "build_again", "first_build", "tell_mistakes"]

Tell = Callable[[str], object]
"""Is told what happens, a line each."""


class Workshop:
    """Builds an app again and again, with a bundler that stays and builds what has changed.

    Args:
        folder: The app's folder.
        read: Reads it, as it is now.
        production: Whether it is built for visitors.

    Attributes:
        seen: What the files were when the build before was begun.
    """

    def __init__(self, folder: Path, read: Callable[[], Project], *, production: bool) -> None:
        self.folder = folder
        self.seen: State = {}
        self._read = read
        self._production = production
        self._driver: tuple[object, Driver] | None = None

    def build(self) -> tuple[Project, float]:
        """Build what is there now; return the app and the seconds it took.

        Raises:
            HanseError: It cannot be read or bundled.
        """
        self.seen = scan(self.folder)
        project = self._read()
        require_packages(project.folder)
        began = time.monotonic()
        task = make_task(project, production=self._production)
        if self._driver is None or self._driver[0] != task:
            self.close()
            self._driver = task, Driver(task, node=find_node())
        try:
            browser, server = self._driver[1].build()
        except BuildError as error:
            if not error.mistakes:
                self.close()
            raise
        write_documents(project, task, browser, server)
        return project, time.monotonic() - began

    def close(self) -> None:
        """End the bundler."""
        driver, self._driver = self._driver, None
        if driver is not None:
            driver[1].close()


async def build_again(workshop: Workshop, tell: Tell) -> None:
    """Build an app, and again with each change, until it is cancelled.

    Raises:
        HanseError: It cannot be built at all, for no mistake in its sources.
    """
    try:
        await first_build(workshop, tell)
        async for changed in watch(workshop.folder, workshop.seen):
            try:
                project, seconds = await asyncio.to_thread(workshop.build)
            except (HanseError, OSError) as error:
                tell_mistakes(error, tell)
            else:
                tell(f"{project.name}: built in {seconds:.2f} s ({', '.join(sorted(changed)[:3])})")
    finally:
        workshop.close()


async def first_build(workshop: Workshop, tell: Tell) -> Project:
    """Build until there is something to show.

    Raises:
        HanseError: It is no mistake in its sources.
    """
    while True:
        try:
            project, seconds = await asyncio.to_thread(workshop.build)
        except BuildError as error:
            if not error.mistakes:
                raise
            tell_mistakes(error, tell)
            await anext(watch(workshop.folder, workshop.seen))
        else:
            tell(f"{project.name}: built in {seconds:.2f} s")
            return project


def tell_mistakes(error: Exception, tell: Tell) -> str:
    """Tell what is wrong, each mistake with its place; return it as one text."""
    mistakes = error.mistakes if isinstance(error, BuildError) else ()
    lines = [str(one) for one in mistakes] or [str(error)]
    for line in lines:
        tell(line)
    return "\n".join(lines)
