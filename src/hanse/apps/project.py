"""An app as it lies in a folder: its `hanse.toml`, its pages, and what its `package.json` asks for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from hanse.apps.pages import Pages, find_pages
from hanse.errors import FormatError
from hanse.formats.app_config import AppConfig, decode_app
from hanse.formats.config import Config, read_config

__all__ = ["CONFIG", "Project", "open_project"]

CONFIG = "hanse.toml"


@dataclass(frozen=True, slots=True)
class Project:
    """An app's folder, read.

    Attributes:
        folder: Where it is.
        own: What is said about the app.
        config: What is said about the federation it is a part of.
        pages: Its pages.
        requires: Packages and the ranges that its `package.json` asks for.
    """

    folder: Path
    own: AppConfig
    config: Config
    pages: Pages
    requires: Mapping[str, str]

    @property
    def name(self) -> str:
        """What the app is called among remotes."""
        return self.own.app.name

    @property
    def beside(self) -> dict[str, str]:
        """The Python beside pages and exposed components, by their keys."""
        files = {page.key: page.python for page in self.pages.routes if page.python is not None}
        for key, file in self.own.exposes.items():
            python = PurePosixPath(file).with_suffix(".py").as_posix()
            if (self.folder / python).is_file():
                files[key] = python
        return files

    @property
    def remotes(self) -> tuple[str, ...]:
        """The other apps and remotes, in the order in which they count."""
        # Those whose addresses stand in the environment are known by their tables.
        named = dict.fromkeys((*self.config.remotes, *self.config.settings))
        known = [name for name in named if name != self.name]
        first = [name for name in self.own.app.order if name in known]
        return (*first, *(name for name in known if name not in first))


def open_project(folder: Path, environment: Mapping[str, str] | None) -> Project:
    """Read an app's folder.

    Args:
        folder: The folder with `hanse.toml`.
        environment: What `env:NAME` is looked up in; None where keys and addresses are not needed.

    Raises:
        FormatError: There is no `hanse.toml` in it, or a document or a page's name does not fit.
    """
    file = folder / CONFIG
    try:
        data = file.read_bytes()
    except OSError as error:
        raise FormatError(
            f"the app's {CONFIG} cannot be read: {error.strerror}",
            subject=str(file),
            hint="name the app's folder, or make one with `hanse new`",
        ) from None
    subject = str(file)
    own = decode_app(data, environment=environment, subject=subject)
    config, faults = read_config(data, environment=environment, subject=subject)
    for fault in faults:
        raise fault
    return Project(folder.resolve(), own, config, find_pages(folder), read_requires(folder))


def read_requires(folder: Path) -> Mapping[str, str]:
    """Return what the app's `package.json` depends on; nothing where there is none.

    Raises:
        FormatError: It is not JSON, or not of that shape.
    """
    file = folder / "package.json"
    if not file.is_file():
        return {}
    try:
        document = json.loads(file.read_bytes())
        found = document.get("dependencies", {})
        return {str(name): str(wanted) for name, wanted in found.items()}
    except (ValueError, AttributeError) as error:
        raise FormatError(
            "the document is no package.json", subject=str(file), found=str(error), expected="an object"
        ) from None
