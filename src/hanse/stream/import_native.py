"""A native federation remote's files as server modules, pulled over HTTP.

Its remote entry says where exposed modules and shared packages lie; what they import is known when they have
been read. So files are fetched level by level, those of one level at once.
"""

from __future__ import annotations

import asyncio
import posixpath
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import msgspec

from hanse.errors import DeadlineError, FormatError, NotFoundError, UsageError
from hanse.formats.config_structs import Layer
from hanse.formats.remote_entry import RemoteEntry, Shared
from hanse.formats.server_entry import ServerEntry, ServerModule
from hanse.graph import Lexed, lex
from hanse.limits import LIMITS, Limits
from hanse.names import package_name_fault
from hanse.net import Access, Client
from hanse.resolve.dense import CHUNK_PREFIX, specifiers_of
from hanse.resolve.paths import chunk_specifier
from hanse.stream.import_entries import (
    UNTOLD,
    Imported,
    ImportFinding,
    finish_build,
    make_module,
    stop_after,
)
from hanse.stream.import_files import Intake
from hanse.stream.import_stubs import stubbed_requires
from hanse.urls import is_file_name, scope_of

__all__ = ["import_native"]

# What renders on a server what the first is used in; a remote that shares it gives it along.
RENDERERS: Final[Mapping[str, tuple[str, ...]]] = {
    "react": ("react-dom/server", "react-dom/server.browser", "react-dom/server.edge"),
    "vue": ("vue/server-renderer", "@vue/server-renderer"),
    "preact": ("preact-render-to-string",),
}
NO_CODE: Final = (".json", ".css", ".wasm", ".map")


@dataclass(frozen=True, slots=True)
class Read:
    """What a file was found to import: files of the build, bare specifiers, style sheets; and what is odd."""

    files: tuple[str, ...] = ()
    bare: tuple[str, ...] = ()
    styles: tuple[str, ...] = ()
    findings: tuple[ImportFinding, ...] = ()


async def import_native(
    entry: RemoteEntry,
    url: str,
    client: Client,
    *,
    name: str | None = None,
    exposes: Collection[str] | None = None,
    shared: Collection[str] | None = None,
    layer: Layer = "ssr",
    limits: Limits = LIMITS,
    access: Access | None = None,
) -> Imported:
    """Pull what some exposed modules of a native federation remote need.

    Args:
        entry: Its remote entry.
        url: Where that was read.
        client: Asks the web.
        name: Its name in the federation, for messages; the entry's own if not given.
        exposes: The keys of the modules that are wanted; all where it is None.
        shared: Specifiers of its shared packages that are wanted; where it is None, those that its own
            modules import. What is not fetched is not offered to others.
        layer: What the build is for.
        limits: The caps; `limits.import_deadline` for all of it.
        access: The origins that may be asked; the client's own if not given.

    Raises:
        NotFoundError: It exposes or shares no such thing.
        HanseError: A file of it could not be had, or cannot be used.
    """
    name = name or entry.name
    base = entry.url or scope_of(url)
    intake = Intake(
        client,
        base if base.endswith("/") else scope_of(base),
        limits=limits,
        access=access,
        integrity=entry.integrity,
    )
    keys = pick_exposes(entry, name, exposes)
    own = {**chunk_files(entry), **shared_files(entry.shared or ())}
    start = [*keys.values(), *pick_shared(own, name, shared or ())]
    try:
        async with asyncio.timeout(limits.import_deadline):
            read = await follow(intake, start, own, name, given=shared, limits=limits)
    except TimeoutError:
        raise DeadlineError(
            f"pulling its modules took longer than {limits.import_deadline:g} s", subject=url
        ) from None
    modules = {file: describe(intake.contents[file], found) for file, found in read.items()}
    return Imported(
        finish_build(
            ServerEntry(
                schema=1,
                name=entry.name,
                version=UNTOLD,
                build="",
                serial=0,
                layer=layer,
                exposes=keys,
                modules=modules,
                shared=tuple(offered(entry, modules)),
            ),
            intake.contents,
            subject=url,
            limits=limits,
        ),
        tuple(finding for found in read.values() for finding in found.findings),
    )


def describe(body: bytes, found: Read) -> ServerModule:
    """Describe a file by what it imports."""
    externals = (bare.replace("/./", "/") for bare in found.bare)
    return make_module(body, imports=found.files, externals=externals, styles=found.styles)


def pick_exposes(entry: RemoteEntry, name: str, wanted: Collection[str] | None) -> dict[str, str]:
    """Return key -> file of the exposed modules that are wanted; a key may be given with or without `./`.

    Raises:
        NotFoundError: There is no such module.
    """
    known = {expose.key: plain(expose.out_file_name) for expose in entry.exposes or ()}
    if wanted is None:
        return known
    picked: dict[str, str] = {}
    for key in wanted:
        bare = key.removeprefix("./")
        found = next((one for one in (key, f"./{bare}", bare) if one in known), None)
        if found is None:
            offers = ", ".join(sorted(known)) or "nothing"
            raise NotFoundError(
                f"it exposes no module {key!r}", subject=name, hint=f"it exposes {offers[:500]}"
            )
        picked[found] = known[found]
    return picked


def pick_shared(own: Mapping[str, str], name: str, wanted: Iterable[str]) -> Iterator[str]:
    """Yield the files of shared packages that are wanted.

    Raises:
        NotFoundError: It shares no such specifier.
    """
    for specifier in wanted:
        if specifier not in own:
            raise NotFoundError(f"it does not share {specifier!r}", subject=name)
        yield own[specifier]


def plain(file: str) -> str:
    """Return a file's name without what leads nowhere."""
    return file.removeprefix("./")


def chunk_files(entry: RemoteEntry) -> dict[str, str]:
    """Return specifier -> file of the chunks that the entry lists by bundles."""
    return {chunk_specifier(file): plain(file) for files in (entry.chunks or {}).values() for file in files}


def shared_files(shared: Iterable[Shared]) -> dict[str, str]:
    """Return specifier -> file of what is shared."""
    return {specifier: plain(file) for item in shared for specifier, file in specifiers_of(item).items()}


async def follow(
    intake: Intake,
    start: Iterable[str],
    own: Mapping[str, str],
    remote: str,
    *,
    given: Collection[str] | None,
    limits: Limits,
) -> dict[str, Read]:
    """Fetch files and all that they import; return what each was found to import.

    Raises:
        HanseError: One of them could not be had or read, or there is no end to them.
    """
    read: dict[str, Read] = {}
    level = [*dict.fromkeys(start)]
    for _ in range(limits.import_rounds):
        if not level:
            return read
        await intake.take(level)
        found = await asyncio.to_thread(
            read_all, {file: intake.contents[file] for file in level}, remote, limits
        )
        read.update(found)
        upcoming = dict.fromkeys(
            target for one in found.values() for target in targets(one, own, follow_shared=given is None)
        )
        level = [file for file in upcoming if file not in read]
    raise UsageError(
        f"its modules import each other through more than {limits.import_rounds} levels", subject=remote
    )


def targets(found: Read, own: Mapping[str, str], *, follow_shared: bool) -> Iterator[str]:
    """Yield the files of this remote that a module needs next."""
    yield from found.files
    for specifier in found.bare:
        if specifier in own and (follow_shared or specifier.startswith(CHUNK_PREFIX)):
            yield own[specifier]
            yield from (own[one] for one in RENDERERS.get(specifier, ()) if one in own)


def read_all(bodies: Mapping[str, bytes], remote: str, limits: Limits) -> dict[str, Read]:
    """Find out what files import.

    Raises:
        FormatError: One cannot be read, or climbs out of the remote's folder.
    """
    return {file: read_file(file, body, remote, limits) for file, body in bodies.items()}


def read_file(file: str, body: bytes, remote: str, limits: Limits) -> Read:
    """Find out what one file imports.

    Raises:
        FormatError: It cannot be read, or climbs out of the remote's folder.
    """
    if file.endswith(NO_CODE):
        return Read()
    lexed = lex(body, subject=f"{remote}/{file}", stop=stop_after(limits.lex_seconds), limits=limits)
    files: list[str] = []
    bare: list[str] = []
    odd: list[ImportFinding] = []
    for specifier in (*lexed.imports, *lexed.dynamic):
        if specifier.startswith(("./", "../")):
            files.append(beside(file, specifier, remote))
        elif package_name_fault(specifier.replace("/./", "/")) is None:
            bare.append(specifier)
        else:
            text = f"it imports {specifier[:200]!r}, which no generation of server modules has"
            odd.append(ImportFinding("unsupported-import", remote, file, text))
    odd.extend(other_findings(file, body, lexed, remote))
    styles = tuple(one for one in files if one.endswith(".css"))
    return Read(tuple(one for one in files if one not in styles), tuple(bare), styles, tuple(odd))


def other_findings(file: str, body: bytes, lexed: Lexed, remote: str) -> Iterator[ImportFinding]:
    """Yield what is odd about a module beside what it imports."""
    if lexed.opaque:
        text = "it has an import() whose argument is computed: what that loads is not in the build"
        yield ImportFinding("computed-import", remote, file, text)
    for package in stubbed_requires(body):
        text = f"it requires {package[:200]!r} by a function that only throws in ES modules"
        yield ImportFinding("require-stub", remote, file, text)


def beside(file: str, specifier: str, remote: str) -> str:
    """Return the file that a relative import leads to.

    Raises:
        FormatError: It lies outside the remote's folder, or has no plain name.
    """
    found = posixpath.normpath(posixpath.join(posixpath.dirname(file), specifier))
    if not is_file_name(found):
        raise FormatError(
            "this import leads out of the remote's folder, or to no plain file",
            subject=f"{remote}/{file}",
            found=repr(specifier[:200]),
            expected="a file below the folder of its remote entry",
        )
    return found


def offered(entry: RemoteEntry, modules: Mapping[str, ServerModule]) -> Iterator[Shared]:
    """Yield what the build shares: what is in it."""
    named: set[str] = set()
    for item in entry.shared or ():
        files = {one: plain(file) for one, file in specifiers_of(item).items() if plain(file) in modules}
        if not files:
            continue
        named.update(files)
        if item.entries is not None:
            yield msgspec.structs.replace(item, entries=files, bundle=None, dev=None)
        else:
            yield msgspec.structs.replace(
                item, out_file_name=next(iter(files.values())), bundle=None, dev=None
            )
    for specifier, file in chunk_files(entry).items():
        if file in modules and specifier not in named:
            yield Shared(
                package_name=specifier,
                version="0.0.0",
                required_version="0.0.0",
                singleton=False,
                strict_version=False,
                out_file_name=file,
            )
