"""`hanse dev`: one process that builds, serves and watches an app."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from hanse.apps.app import App
from hanse.apps.dev.keys import is_own_machine, with_keys
from hanse.apps.dev.types import TypeKeeper
from hanse.apps.dev.watch import watch
from hanse.apps.dev.workshop import Tell, Workshop, first_build, tell_mistakes
from hanse.apps.project import CONFIG, open_project
from hanse.apps.start import start
from hanse.errors import HanseError, UsageError
from hanse.federation import News

__all__ = ["develop"]

# Seconds between two looks at what the others have built.
LOOK: Final = 0.1


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
    workshop = Workshop(folder, lambda: with_keys(open_project(folder, environ)), production=False)
    try:
        project = await first_build(workshop, tell)
        app = App(project, development=True)
        number = port or app.port
        types = TypeKeeper(project, tell)
        tasks = [
            asyncio.create_task(rebuild(workshop, app, types, tell)),
            asyncio.create_task(follow(app, types, tell)),
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


async def rebuild(workshop: Workshop, app: App, types: TypeKeeper, tell: Tell) -> None:
    """Build whenever something has changed, and have it shown."""
    async for changed in watch(workshop.folder, workshop.seen):
        if CONFIG in changed:
            tell(f"{app.name}: {CONFIG} has changed: start `hanse dev` again for it to count")
        try:
            project, seconds = await asyncio.to_thread(workshop.build)
            await app.renew(project)
        except Exception as error:  # noqa: BLE001 - whatever it was, the next change is built again
            lines = tell_mistakes(error, tell)
            app.federation.tell(News("failing", app.name, reason=lines))
            continue
        tell(f"{app.name}: built in {seconds:.2f} s ({', '.join(sorted(changed)[:3])})")
        app.federation.tell(News("healed", app.name))
        types.begin()


async def follow(app: App, types: TypeKeeper, tell: Tell) -> None:
    """Have pages loaded again when anything that they are made of was built, here or elsewhere."""
    before: object = None
    hidden: frozenset[str] = frozenset()
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
                now = frozenset(app.conflicts)
                for conflict in sorted(now - hidden):
                    tell(f"{app.name}: {conflict}")
                hidden = now
