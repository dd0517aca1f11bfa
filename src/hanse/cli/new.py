"""`hanse new`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from hanse.apps.new import install_packages, make_app
from hanse.cli.options import Json
from hanse.cli.output import visible, write_json, write_text
from hanse.errors import UsageError

__all__ = ["new"]


def new(
    folder: Annotated[Path, Parameter(help="The folder to make; the app is called as its last part.")],
    *,
    port: Annotated[int, Parameter(help="The port it listens on.")] = 3000,
    with_: Annotated[
        list[str] | None,
        Parameter(
            name="--with",
            help="Another app it federates with: NAME=URL. May be given again.",
            negative="",
            show_default=False,
        ),
    ] = None,
    remote: Annotated[bool, Parameter(negative="", help="Make it without pages: components alone.")] = False,
    install: Annotated[bool, Parameter(help="Install its npm packages at once.")] = True,
    json: Json = False,
) -> int:
    """Make a new app that runs: a page with data, a component, and what it takes to build them.

    Args:
        folder: The folder to make; the app is called as its last part.
        port: The port it listens on.
        with_: Another app it federates with: NAME=URL. May be given again.
        remote: Make it without pages: components alone.
        install: Install its npm packages at once.
        json: Write what was made as JSON; errors, too.

    Raises:
        HanseError: The folder is there already, a name or URL does not fit, or npm failed.
    """
    name = folder.resolve().name
    remotes = dict(read_pair(one) for one in with_ or ())
    files = make_app(folder, name=name, port=port, remotes=remotes, pages=not remote)
    if json:
        write_json({"name": name, "folder": str(folder), "files": list(files)})
    else:
        write_text(visible("\n".join(f"{folder}/{file}" for file in files)))
    if install:
        install_packages(folder)
    if not json:
        first = "" if install else f"cd {folder} && npm install && cd - && "
        write_text(visible(f"{name}: run `{first}hanse dev {folder}`"))
    return 0


def read_pair(text: str) -> tuple[str, str]:
    """Split NAME=URL.

    Raises:
        UsageError: It is not written so.
    """
    name, equals, url = text.partition("=")
    if not equals or not name or not url:
        raise UsageError(
            "--with takes NAME=URL", subject=text, hint="--with shop=http://shop.localhost:3002/"
        )
    return name, url if url.endswith("/") else f"{url}/"
