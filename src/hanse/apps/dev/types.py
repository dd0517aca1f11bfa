"""Types of what apps expose, for editors and `tsc`: this app's are given out, the others' fetched.

They lie in `.hanse/types`, by the names that are imported: `shop/ProductCard.d.ts`. Where TypeScript is not
installed there are none, and nothing else is missing.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from importlib.resources import files
from pathlib import Path, PurePosixPath
from typing import Final

import msgspec

from hanse.apps.build.driver import find_node
from hanse.apps.dev.watch import scan
from hanse.apps.making import server_addresses
from hanse.apps.project import Project
from hanse.errors import HanseError
from hanse.limits import LIMITS
from hanse.net import Access, Client
from hanse.urls import is_asset_name

__all__ = ["TYPES", "TypeKeeper", "Types", "make_types", "place_types"]

TYPES: Final = "_hanse/types"
FOLDER: Final = ".hanse/types"
ENDING: Final = ".d.ts"
# What types are made of.
TYPED: Final = (".ts", ".tsx", ".json", ".toml")
# The files of a remote's types lie below this, where no key of an exposed module leads.
INSIDE: Final = "_"


class Types(msgspec.Struct, frozen=True):
    """What an app gives out: texts by file, and the file of each exposed module without its ending."""

    files: Mapping[str, str]
    exposes: Mapping[str, str]


class TypeKeeper:
    """Makes an app's types and fetches the others', in the background, one after the other.

    Args:
        project: The app.
        tell: Told what types were placed.
    """

    def __init__(self, project: Project, tell: Callable[[str], object]) -> None:
        self._project = project
        self._tell = tell
        self._again = False
        self._placed: dict[str, Types] = {}
        self._made_of: Mapping[str, tuple[int, int]] | None = None
        self.tasks: list[asyncio.Task[None]] = []

    def begin(self) -> None:
        """Begin, or begin again when what is under way has ended."""
        self._again = True
        if not any(not task.done() for task in self.tasks):
            self.tasks = [asyncio.create_task(self._work())]

    async def _work(self) -> None:
        while self._again:
            self._again = False
            # Without types everything else is as it should be.
            with contextlib.suppress(HanseError, OSError, subprocess.SubprocessError):
                await asyncio.to_thread(self._make_own)
            await self._fetch_others()

    def _make_own(self) -> None:
        folder = self._project.folder
        place_file(
            folder / FOLDER / f"hanse{ENDING}", (files("hanse.apps.client") / "hanse.d.ts").read_text()
        )
        sources = {name: state for name, state in scan(folder).items() if name.endswith(TYPED)}
        if sources == self._made_of:
            return
        made = make_types(self._project)
        self._made_of = sources
        if made is not None:
            place_file(folder / ".hanse" / "types.json", msgspec.json.encode(made).decode())

    async def _fetch_others(self) -> None:
        servers = server_addresses(self._project)
        async with Client(Access.for_urls(servers.values(), local=True)) as client:
            for name, server in servers.items():
                with contextlib.suppress(HanseError):
                    found = await client.fetch(
                        f"{server}{TYPES}", cap=LIMITS.page_data_bytes, revalidate=True, validate=read_types
                    )
                    types = read_types(found.body)
                    if self._placed.get(name) != types:
                        self._placed[name] = types
                        place_types(self._project.folder / FOLDER, name, types)
                        self._tell(f"{self._project.name}: types of {name} are in {FOLDER}")


def read_types(data: bytes) -> Types:
    """Read what another app gives out; files with names that lead elsewhere are left out.

    Raises:
        HanseError: It is no such document.
    """
    try:
        found = msgspec.json.decode(data, type=Types)
    except msgspec.DecodeError as error:
        raise HanseError(f"these are no types: {error}") from None
    texts = {
        name: text for name, text in found.files.items() if is_asset_name(name) and name.endswith(ENDING)
    }
    exposes = {
        key: file
        for key, file in found.exposes.items()
        if f"{file}{ENDING}" in texts and is_asset_name(f"{key.removeprefix('./')}{ENDING}")
    }
    return Types(texts, exposes)


def make_types(project: Project) -> Types | None:
    """Have TypeScript write the types of what an app exposes; None where it is not installed, or cannot."""
    compiler = project.folder / "node_modules" / "typescript" / "bin" / "tsc"
    sources = [file for file in project.own.exposes.values() if file.endswith((".ts", ".tsx"))]
    if not compiler.is_file() or not sources:
        return None
    out = project.folder / ".hanse" / "own"
    shutil.rmtree(out, ignore_errors=True)
    options = project.folder / ".hanse" / "tsconfig.json"
    own = project.folder / "tsconfig.json"
    document = {
        **({"extends": "../tsconfig.json"} if own.is_file() else {}),
        "compilerOptions": {
            "declaration": True,
            "emitDeclarationOnly": True,
            "noEmit": False,
            "noEmitOnError": False,
            "outDir": "own",
            "rootDir": "..",
            "jsx": "react-jsx",
            "skipLibCheck": True,
        },
        "files": [f"../{file}" for file in sources],
        "include": [],
    }
    place_file(options, json.dumps(document, indent=2))
    # What is wrong with the types is for the editor to say: here the rest of them is of use.
    subprocess.run(  # noqa: S603 - Node and the app's own compiler
        [str(find_node()), str(compiler), "--project", str(options)],
        cwd=project.folder,
        capture_output=True,
        check=False,
        timeout=120,
    )
    texts = {file.relative_to(out).as_posix(): file.read_text() for file in sorted(out.rglob(f"*{ENDING}"))}
    exposes = {
        key: PurePosixPath(file).with_suffix("").as_posix() for key, file in project.own.exposes.items()
    }
    return Types(texts, {key: file for key, file in exposes.items() if f"{file}{ENDING}" in texts})


def place_types(folder: Path, remote: str, types: Types) -> None:
    """Write a remote's types to where editors find them by the names that are imported."""
    place = folder / remote
    shutil.rmtree(place, ignore_errors=True)
    for name, text in types.files.items():
        place_file(place / INSIDE / name, text)
    for key, file in types.exposes.items():
        bare = key.removeprefix("./")
        inside = f"{'../' * bare.count('/') or './'}{INSIDE}/{file}"
        lines = entry_lines(inside, types.files[f"{file}{ENDING}"])
        place_file(place / f"{bare}{ENDING}", "".join(f"{line}\n" for line in lines))


def entry_lines(inside: str, text: str) -> Iterator[str]:
    """Yield the lines of a file that gives on what another one exports."""
    yield f"export * from '{inside}';"
    if "export default" in text or "as default" in text:
        yield f"export {{ default }} from '{inside}';"


def place_file(file: Path, text: str) -> None:
    """Write a file where it is not there yet, or another: editors look at what has changed."""
    with contextlib.suppress(OSError):
        if file.read_text() == text:
            return
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
