"""Makes a new app: a folder with a page, a component, and what it takes to build them."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

from hanse.apps.build.driver import find_node
from hanse.errors import BuildError, UsageError
from hanse.urls import is_web, join

__all__ = ["install_packages", "make_app"]

NAME: Final = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
# In the starter it is called otherwise, or it would count for the starter itself.
RENAMED: Final = {"gitignore": ".gitignore", "pages/index.py.txt": "pages/index.py"}
PAGES: Final = "pages"
DEADLINE: Final = 600


def make_app(
    folder: Path, *, name: str, port: int, remotes: Mapping[str, str], pages: bool = True
) -> tuple[str, ...]:
    """Make the folder of an app; return its files.

    Args:
        folder: Where; nothing that is there is written over.
        name: What it is called among remotes, and its host below `localhost`.
        port: The port it listens on.
        remotes: The URLs of other apps, by name.
        pages: Whether it has pages; a remote has components alone.

    Raises:
        UsageError: The folder is there and not empty, or a name or URL does not fit.
        OSError: It cannot be written.
    """
    for one in (name, *remotes):
        if NAME.fullmatch(one) is None:
            raise UsageError(
                "this cannot be an app's name",
                subject=one,
                hint="small letters, digits and hyphens, as `my-shop`",
            )
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(
            "there is something already", subject=str(folder), hint="name a folder that is not there"
        )
    words = {"__NAME__": name, "__PORT__": str(port), "__REMOTES__": write_remotes(remotes)}
    written = []
    for path, source in starter(files("hanse.apps.starter"), ""):
        if path.startswith(f"{PAGES}/") and not pages:
            continue
        text = source.read_text(encoding="utf-8")
        for word, meant in words.items():
            text = text.replace(word, meant)
        target = RENAMED.get(path, path)
        (folder / target).parent.mkdir(parents=True, exist_ok=True)
        (folder / target).write_text(f"{text.rstrip()}\n", encoding="utf-8")
        written.append(target)
    return tuple(sorted(written))


def write_remotes(remotes: Mapping[str, str]) -> str:
    """Write the tables of other apps.

    Raises:
        UsageError: A URL is none.
    """
    tables = []
    for name, url in remotes.items():
        entry = join(url, "remoteEntry.json") if is_web(url) and url.endswith("/") else None
        if entry is None:
            raise UsageError(
                "this is no app's address", subject=url, hint="such as http://shop.localhost:3002/"
            )
        tables.append(f'\n[remotes.{name}]\nurl = "{entry}"\nserver = "{url}"\n')
    return "".join(tables)


def starter(folder: Traversable, path: str) -> Iterator[tuple[str, Traversable]]:
    """Yield the files of the starter with their paths."""
    for item in folder.iterdir():
        place = f"{path}{item.name}"
        if item.is_dir() and item.name != "__pycache__":
            yield from starter(item, f"{place}/")
        elif item.is_file() and item.name != "__init__.py":
            yield place, item


def install_packages(folder: Path) -> None:
    """Install an app's npm packages; npm's own output is passed through.

    Raises:
        BuildError: There is no npm, or it failed.
    """
    try:
        done = subprocess.run(  # noqa: S603 - npm, which was found
            [*find_npm(), "install", "--no-fund", "--no-audit"], cwd=folder, check=False, timeout=DEADLINE
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BuildError(f"npm could not be run: {error}", subject=str(folder)) from None
    if done.returncode != 0:
        raise BuildError(
            f"npm failed with {done.returncode}", subject=str(folder), hint="run it there by hand"
        )


def find_npm() -> tuple[str, ...]:
    """Return npm as a command: that on the PATH, or that beside the Node of a wheel.

    Raises:
        BuildError: There is none.
    """
    found = shutil.which("npm")
    if found is not None:
        return (found,)
    node = find_node()
    script = node.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    if script.is_file():
        return (str(node), str(script))
    raise BuildError("there is no npm", hint="install Node with npm, or hanse[build], which brings both")
