"""The Python beside pages: `load` and `action`, found in files and called."""

from __future__ import annotations

import importlib.util
import inspect
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Final, TypeVar, cast

from hanse.apps.answers import Answer, PageRequest
from hanse.apps.project import Project
from hanse.errors import UsageError

__all__ = ["Loaders", "read_loaders"]

T = TypeVar("T")
Function = Callable[[PageRequest, Mapping[str, object]], "Given | Awaitable[Given]"]
Given = Mapping[str, object] | Answer | None
NAMES: Final = ("load", "action")


@dataclass(frozen=True, slots=True)
class Loader:
    """What one file has of both."""

    load: Function | None = None
    action: Function | None = None


class Loaders:
    """The Python of an app, by the keys of what it stands beside.

    Args:
        found: What each key has.
    """

    def __init__(self, found: Mapping[str, Loader]) -> None:
        self._found = found

    async def load(self, key: str, request: PageRequest, params: Mapping[str, object]) -> Answer:
        """Load the data of a page or component; none where nothing loads any.

        Raises:
            Redirect: The visitor is sent elsewhere.
            Missing: There is no such page.
        """
        loader = self._found.get(key)
        if loader is None or loader.load is None:
            return Answer({})
        return await call(loader.load, request, params)

    async def act(self, key: str, request: PageRequest, params: Mapping[str, object]) -> Answer | None:
        """Take a form; None where the page takes none. Raises what `load` raises."""
        loader = self._found.get(key)
        if loader is None or loader.action is None:
            return None
        return await call(loader.action, request, params)


def read_loaders(project: Project) -> Loaders:
    """Import the Python beside an app's pages and exposed components.

    Raises:
        UsageError: A file cannot be imported, or what it calls `load` or `action` is no function.
    """
    # Its own modules are found as they are from its folder.
    if str(project.folder) not in sys.path:
        sys.path.insert(0, str(project.folder))
    return Loaders({key: read_loader(project.folder / file) for key, file in project.beside.items()})


def read_loader(file: Path) -> Loader:
    """Import one file."""
    module = import_file(file)
    functions = {name: getattr(module, name, None) for name in NAMES}
    for name, found in functions.items():
        if found is not None and not callable(found):
            raise UsageError(f"its `{name}` is no function", subject=str(file))
    return Loader(**cast("dict[str, Function | None]", functions))


def import_file(file: Path) -> ModuleType:
    """Import a file whose name may be none of Python's."""
    spec = importlib.util.spec_from_file_location(f"hanse_page_{abs(hash(str(file)))}", file)
    if spec is None or spec.loader is None:
        raise UsageError("this file cannot be imported", subject=str(file))
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise UsageError(f"it cannot be imported: {error}", subject=str(file)) from error
    return module


async def call(function: Function, request: PageRequest, params: Mapping[str, object]) -> Answer:
    """Call `load` or `action`, and return its answer as one."""
    given = function(request, params)
    if inspect.isawaitable(given):
        given = await given
    if isinstance(given, Answer):
        return given
    return Answer(given or {})
