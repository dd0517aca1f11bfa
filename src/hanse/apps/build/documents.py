"""What a build says about itself: `remoteEntry.json` for browsers, `server-entry.json` for servers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

import hanse
from hanse.apps.build.driver import SideResult
from hanse.apps.build.stand_ins import StandIns, add_stand_ins, plan_stand_ins
from hanse.apps.build.task import BROWSER, ENTRY, SERVER, Side, Task
from hanse.apps.project import Project
from hanse.errors import BuildError
from hanse.formats.entry_structs import Expose, RemoteEntry, Shared
from hanse.formats.remote_entry import encode_remote_entry
from hanse.formats.server_entry import (
    ServerEntry,
    ServerModule,
    ServerPage,
    build_digest,
    decode_server_entry,
    encode_server_entry,
)
from hanse.stream import digest_of

__all__ = ["Sizes", "write_documents"]

SCRIPT: Final = ".js"
COMPRESSED: Final = (".br", ".gz")
# What stands for the digest of a document while that is being made; it is left out of it.
NOT_YET: Final = digest_of(b"")


@dataclass(frozen=True, slots=True)
class Sizes:
    """What was written, in files and bytes."""

    files: int
    bytes: int


def write_documents(
    project: Project, task: Task, browser: SideResult, server: SideResult
) -> dict[str, Sizes]:
    """Write both documents beside the files that they name; return what is there now, by folder.

    Raises:
        BuildError: A package that is shared is not installed.
        FormatError: What came out is no build that others could use.
    """
    shared = list(shared_packages(project, task))
    folder = project.folder / BROWSER
    made = plan_stand_ins(
        project.remotes,
        [
            (folder, browser, exposed(task, browser)),
            (project.folder / SERVER, server, exposed(task, server)),
        ],
    )
    browser = add_stand_ins(folder, browser, made)
    server = add_stand_ins(project.folder / SERVER, server, made)
    digests = {name: digest_of((folder / name).read_bytes()) for name in scripts(browser)}
    entry = RemoteEntry(
        name=project.name,
        exposes=[Expose(key, file) for key, file in exposed(task, browser).items()],
        shared=[with_files(one, provided(task.browser, browser)) for one in shared],
        integrity=digests,
        absence=made.absence,
        assets={name: digest_of((folder / name).read_bytes()) for name in assets(browser)},
    )
    document = encode_remote_entry(entry)
    (folder / ENTRY).write_bytes(document)
    write_server_entry(project, task, (browser, server), shared, made, digest_of(document))
    return {side: measure(project.folder / side) for side in (BROWSER, SERVER)}


def write_server_entry(
    project: Project,
    task: Task,
    sides: tuple[SideResult, SideResult],
    shared: list[Shared],
    made: StandIns,
    browser_digest: str,
) -> None:
    """Write `server-entry.json`, and remove what a server does not run."""
    browser, server = sides
    folder = project.folder / SERVER
    # Styles and pictures are the browser's, and lie there under the same names.
    for name in server.outputs:
        if not name.endswith(SCRIPT):
            (folder / name).unlink(missing_ok=True)
    exposes = exposed(task, server)
    styles = styles_of(task, browser, exposes)
    entry = ServerEntry(
        schema=1,
        name=project.name,
        version=project.own.app.version,
        build=NOT_YET,
        serial=0,
        exposes=exposes,
        pages=tuple(
            ServerPage(page.pattern.text, exposes[page.key], loader=page.python is not None)
            for page in project.pages.routes
        ),
        modules={name: server_module(folder, name, server, styles.get(name, ())) for name in scripts(server)},
        shared=tuple(with_files(one, provided(task.server, server)) for one in shared),
        browser=browser_digest,
        absence=made.absence,
        loads=tuple(key for key in project.own.exposes if key in project.beside),
    )
    subject = f"{SERVER}/server-entry.json"
    digest = build_digest(encode_server_entry(entry), subject=subject)
    document = encode_server_entry(msgspec.structs.replace(entry, build=digest))
    decode_server_entry(document, subject=subject)
    (folder / "server-entry.json").write_bytes(document)


def scripts(side: SideResult) -> Iterator[str]:
    """Yield the modules of a build."""
    return (name for name in side.outputs if name.endswith(SCRIPT))


def assets(side: SideResult) -> Iterator[str]:
    """Yield what a browser loads beside modules: style sheets, pictures, fonts."""
    return (name for name in side.outputs if not name.endswith((SCRIPT, ".map", ".txt")))


def server_module(folder: Path, name: str, side: SideResult, styles: tuple[str, ...]) -> ServerModule:
    """Return what is known of one module of a server build."""
    body = (folder / name).read_bytes()
    imports = side.outputs[name].imports
    return ServerModule(
        digest=digest_of(body),
        size=len(body),
        imports=tuple(dict.fromkeys(one.path for one in imports if not one.external)),
        externals=tuple(dict.fromkeys(one.path for one in imports if one.external)),
        styles=styles,
    )


def exposed(task: Task, side: SideResult) -> dict[str, str]:
    """Return the file of each exposed module."""
    made = made_for(side)
    found = {}
    for entry in task.entries:
        source = entry.file if entry.layouts is None else f"page:{entry.key}"
        found[entry.key] = made[source]
    return found


def provided(side: Side, result: SideResult) -> dict[str, str]:
    """Return the file of each specifier that a build provides."""
    made = made_for(result)
    return {specifier: made[f"package:{specifier}"] for specifier in side.provides}


def made_for(side: SideResult) -> dict[str, str]:
    """Return the scripts by what they were made for."""
    return {
        output.entry: name
        for name, output in side.outputs.items()
        if output.entry is not None and name.endswith(SCRIPT)
    }


def styles_of(task: Task, browser: SideResult, files: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Return the style sheets of the browser's build that go with each module of the server's."""
    names = exposed(task, browser)
    found: dict[str, tuple[str, ...]] = {}
    for key, file in files.items():
        css = browser.outputs[names[key]].css
        if css is not None:
            found[file] = (css,)
    return found


def shared_packages(project: Project, task: Task) -> Iterator[Shared]:
    """Yield what the app shares, without the files."""
    for name, table in project.own.shared.items():
        version = hanse.__version__ if name == "hanse" else installed_version(project.folder, name)
        wanted = table.required_version or project.requires.get(name) or f"^{version}"
        specifiers = {*task.browser.shared, *task.server.shared, *table.entries}
        yield Shared(
            package_name=name,
            version=version,
            required_version=wanted,
            singleton=table.singleton,
            strict_version=table.strict_version,
            entries={one: "" for one in sorted(specifiers) if one == name or one.startswith(f"{name}/")},
        )


def with_files(package: Shared, files: Mapping[str, str]) -> Shared:
    """Return a shared package with the files of one build."""
    entries = {one: files[one] for one in package.entries or {} if one in files}
    return msgspec.structs.replace(package, entries=entries)


def installed_version(folder: Path, package: str) -> str:
    """Return the version of a package that is installed in an app's folder.

    Raises:
        BuildError: It is not.
    """
    file = folder / "node_modules" / package / "package.json"
    try:
        return str(json.loads(file.read_bytes())["version"])
    except (OSError, ValueError, KeyError, TypeError):
        raise BuildError(
            f"{package} is shared, and not installed", subject=str(folder), hint="run `npm install` there"
        ) from None


def measure(folder: Path) -> Sizes:
    """Return how much lies in a folder, before it was compressed."""
    files = (file for file in folder.iterdir() if file.is_file() and file.suffix not in COMPRESSED)
    sizes = [file.stat().st_size for file in files]
    return Sizes(len(sizes), sum(sizes))
