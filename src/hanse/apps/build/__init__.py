"""Builds an app: TSX and CSS into ES modules for browsers, `dist/browser`, and for servers, `dist/server`."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from hanse.apps.build.documents import Sizes, write_documents
from hanse.apps.build.driver import Driver, find_node
from hanse.apps.build.task import make_task, require_packages
from hanse.apps.project import Project
from hanse.errors import Mistake

__all__ = ["Built", "build_app"]


@dataclass(frozen=True, slots=True)
class Built:
    """What a build came to.

    Attributes:
        sizes: Files and bytes, by folder.
        seconds: How long it took.
        warnings: What the bundler noticed.
    """

    sizes: Mapping[str, Sizes]
    seconds: float
    warnings: tuple[Mistake, ...]


def build_app(project: Project, *, production: bool = True) -> Built:
    """Build an app once.

    Args:
        project: The app.
        production: Whether it is for visitors: minified, and without React's warnings.

    Raises:
        BuildError: Packages or Node are missing, or its sources are wrong.
        FormatError: What came out cannot be published.
    """
    require_packages(project.folder)
    began = time.monotonic()
    task = make_task(project, production=production)
    with Driver(task, node=find_node()) as driver:
        browser, server = driver.build()
    sizes = write_documents(project, task, browser, server)
    return Built(sizes, time.monotonic() - began, (*browser.warnings, *server.warnings))
