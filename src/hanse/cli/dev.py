"""`hanse dev`."""

from __future__ import annotations

import asyncio
import logging
import os
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter

from hanse.apps.dev import develop
from hanse.cli.options import Json
from hanse.cli.output import visible, write_bytes, write_text

__all__ = ["dev"]


def dev(
    folder: Annotated[Path, Parameter(help="The app's folder, with its hanse.toml.")] = Path(),
    *,
    host: Annotated[str, Parameter(help="The address to listen on, of this machine.")] = "127.0.0.1",
    port: Annotated[
        int | None, Parameter(help="The port (that of the app's URL).", show_default=False)
    ] = None,
    json: Json = False,
) -> int:
    """Build an app, serve it, and build it again whenever one of its files changes.

    Open pages of every app that uses it are loaded again; what is wrong in the sources is shown on the page
    and here. Types of what other apps expose are put into `.hanse/types`, for the editor. Needs no keys. Ends
    at SIGINT or SIGTERM.

    Args:
        folder: The app's folder, with its hanse.toml.
        host: The address to listen on, of this machine.
        port: The port; that of the app's URL if not given.
        json: Tell what happens as JSON, a document a line; errors, too.

    Raises:
        HanseError: The app cannot be read, or its port is taken.
    """
    logging.basicConfig(level=logging.ERROR, format="%(levelname)s: %(message)s")

    def tell(line: str) -> None:
        if json:
            write_bytes(msgspec.json.encode({"text": line}))
        else:
            write_text(visible(line))

    asyncio.run(develop(folder, os.environ, host=host, port=port, tell=tell))
    return 0
