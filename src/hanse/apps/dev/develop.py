"""`hanse dev`: one process that builds, serves and watches an app."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from hanse.apps.app import App
from hanse.apps.build.documents import write_documents
from hanse.apps.build.driver import Driver, find_node
from hanse.apps.build.task import make_task, require_packages
from hanse.apps.dev.keys import is_own_machine, with_keys
from hanse.apps.dev.types import TypeKeeper
from hanse.apps.dev.watch import watch
from hanse.apps.project import CONFIG, Project, open_project
from hanse.apps.start import start
from hanse.errors import BuildError, HanseError, UsageError
from hanse.federation import News

__all__ = ["Workshop", "develop"]

# Seconds between two looks at what the others have built.
LOOK: Final = 0.1

Tell = Callable[[str], object]


class Workshop:
    """Builds an app again and again, with a bundler that stays and builds what has changed.

    Args:
        folder: The app's folder.
        environ: What `env:NAME` in its configuration is looked up in.
    """

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self._folder = folder
        self._environ = environ
        self._driver: tuple[object, Driver] | None = None

    def build(self) -> tuple[Project, float]:
        """Build what is there now; return the app and the seconds it took.

        Raises:
            HanseError: It cannot be read or bundled.
        """
        project = with_keys(open_project(self._folder, self._environ))
        require_packages(project.folder)
        began = time.monotonic()
        task = make_task(project, production=False)
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


async def develop(
    folder: Path, environ: Mapping[str, str], *, host: str, port: int | None, tell: Tell
) -> None:
    """Build, serve and watch an app until SIGINT or SIGTERM.

    Args:
        folder: The app's folder.
        environ: What `env:NAME` in its configuration is looked up in.
        host: The address to listen on, of this machine.
        port: The port; that of the app's URL if not given.
        tell: Told what happens, a line each.

    Raises:
        HanseError: The app cannot be read, or its port is taken. Mistakes in sources are told, and waited for
            to be mended.
    """
    if not is_own_machine(f"http://{host}/"):
        raise UsageError(
            "developing is for this machine alone: its keys are known to everybody",
            subject=host,
            hint="`hanse start` serves others",
        )
    workshop = Workshop(folder, environ)
    try:
        project = await first_build(workshop, folder, tell)
        app = App(project, development=True)
        number = port or app.port
        types = TypeKeeper(project, tell)
        tasks = [
            asyncio.create_task(rebuild(workshop, app, types, tell)),
            asyncio.create_task(follow(app, types)),
        ]
        types.begin()
        try:
            await start(app, host=host, port=number, announce=lambda url: tell(f"{app.name}: open {url}"))
        finally:
            for task in (*tasks, *types.tasks):
                task.cancel()
            await asyncio.gather(*tasks, *types.tasks, return_exceptions=True)
    finally:
        workshop.close()


async def first_build(workshop: Workshop, folder: Path, tell: Tell) -> Project:
    """Build until there is something to show.

    Raises:
        HanseError: It is no mistake in its sources.
    """
    changes = watch(folder)
    while True:
        try:
            project, seconds = await asyncio.to_thread(workshop.build)
        except BuildError as error:
            if not error.mistakes:
                raise
            tell_mistakes(error, tell)
            await anext(changes)
        else:
            tell(f"{project.name}: built in {seconds:.2f} s")
            return project


async def rebuild(workshop: Workshop, app: App, types: TypeKeeper, tell: Tell) -> None:
    """Build whenever something has changed, and have it shown."""
    async for changed in watch(app.project.folder):
        if CONFIG in changed:
            tell(f"{app.name}: {CONFIG} has changed: start `hanse dev` again for it to count")
        try:
            project, seconds = await asyncio.to_thread(workshop.build)
            await app.renew(project)
        except HanseError as error:
            lines = tell_mistakes(error, tell)
            app.federation.tell(News("failing", app.name, reason=lines))
            continue
        tell(f"{app.name}: built in {seconds:.2f} s ({', '.join(sorted(changed)[:3])})")
        app.federation.tell(News("healed", app.name))
        types.begin()


async def follow(app: App, types: TypeKeeper) -> None:
    """Have pages loaded again when anything that they are made of was built, here or elsewhere."""
    before: object = None
    while True:
        await asyncio.sleep(LOOK)
        with contextlib.suppress(HanseError):
            snapshot = app.federation.snapshot.digest
            builds = tuple((one.remote, one.build) for one in app.federation.server_health())
            settled = all(one.status != "starting" for one in app.federation.server_health())
            if (snapshot, builds) != before and settled:
                if before is not None:
                    app.federation.tell(News("reload", app.name, snapshot=snapshot))
                    types.begin()
                before = (snapshot, builds)


def tell_mistakes(error: HanseError, tell: Tell) -> str:
    """Tell what is wrong, each mistake with its place; return it as one text."""
    mistakes = error.mistakes if isinstance(error, BuildError) else ()
    lines = [str(one) for one in mistakes] or [str(error)]
    for line in lines:
        tell(line)
    return "\n".join(lines)
