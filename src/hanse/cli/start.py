"""`hanse start`."""

from __future__ import annotations

import asyncio
import logging
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from hanse.apps.app import App
from hanse.apps.start import start as run
from hanse.cli.options import Json
from hanse.cli.output import write_address, write_text

__all__ = ["start"]


def start(
    folder: Annotated[Path, Parameter(help="The app's folder, with its hanse.toml.")] = Path(),
    *,
    host: Annotated[str, Parameter(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int | None, Parameter(help="The port (that of the app's URL).", show_default=False)
    ] = None,
    json: Json = False,
) -> int:
    """Run an app that is built: its own pages and those of the apps it federates with.

    Ends at SIGINT or SIGTERM, after the requests that are under way.

    Args:
        folder: The app's folder, with its hanse.toml.
        host: The address to listen on.
        port: The port; that of the app's URL if not given.
        json: Announce the address as JSON; write errors as JSON, too.

    Raises:
        HanseError: The app is not built, something in it does not fit, or its port is taken.
    """
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s")
    app = App.from_folder(folder)
    number = port or app.port
    announce = write_address if json else write_text
    asyncio.run(run(app, host=host, port=number, announce=announce, ending=keep_quiet))
    sys.stdout.flush()
    return 0


def keep_quiet() -> None:
    """Write no warnings any more: of apps that end together each would tell that the others are gone."""
    logging.getLogger("hanse").setLevel(logging.ERROR)
