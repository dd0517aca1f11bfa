"""A Module Federation server build, pulled over HTTP: its container script and all chunks, at once.

Which chunks there are is written in the manifest beside the script, where there is one, and in the script
itself. A bundle's own runtime would ask for them one after another while it renders, without a deadline, a
size, or a look at the status; here everything is there before any of it runs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from hanse.errors import DeadlineError, FormatError, HanseError
from hanse.formats.config_structs import Layer
from hanse.formats.server_entry import ContainerScript, ServerEntry, ServerModule
from hanse.limits import LIMITS, Limits
from hanse.names import container_name_fault, remote_name_fault
from hanse.net import Access, Client
from hanse.stream.builds import Build
from hanse.stream.import_entries import (
    UNTOLD,
    Imported,
    ImportFinding,
    finish_build,
    make_module,
    stop_after,
)
from hanse.stream.import_files import Intake
from hanse.stream.import_papers import Papers, find_manifest, find_papers, read_papers
from hanse.stream.import_script import Script, chunk_ids, read_script, required_by
from hanse.stream.import_templates import apply_template
from hanse.urls import join

__all__ = ["import_container"]


@dataclass(slots=True)
class Errand:
    """One pull with the remotes that are consumed: who asks, by what rules, and what came of it."""

    client: Client
    layer: Layer
    limits: Limits
    access: Access | None
    known: frozenset[str]
    builds: dict[str, Build] = field(default_factory=dict)
    findings: list[ImportFinding] = field(default_factory=list)

    def find(self, code: str, remote: str, file: str, text: str) -> None:
        """Note something odd."""
        self.findings.append(ImportFinding(code, remote, file, text))  # type: ignore[arg-type]


async def import_container(
    url: str,
    client: Client,
    *,
    name: str,
    known: Collection[str] = (),
    layer: Layer = "ssr",
    limits: Limits = LIMITS,
    access: Access | None = None,
) -> Imported:
    """Pull a container for servers, and the remotes that it consumes there.

    Args:
        url: Its `remoteEntry.js`, or its manifest.
        client: Asks the web.
        name: Its name in the federation.
        known: Remotes that are in the federation anyway: where it consumes one of these, that one is meant.
        layer: What the build is for.
        limits: The caps; `limits.import_deadline` for all of it.
        access: The origins that may be asked; the client's own if not given.

    Raises:
        HanseError: A file of the build itself could not be had, or cannot be used. What is wrong with a
            remote that it consumes is a finding.
    """
    errand = Errand(client, layer, limits, access, frozenset({name, *known}))
    try:
        async with asyncio.timeout(limits.import_deadline):
            remotes = await pull(errand, url, name)
            await pull_nested(errand, remotes, name)
    except TimeoutError:
        raise DeadlineError(
            f"pulling its build took longer than {limits.import_deadline:g} s", subject=url
        ) from None
    build = errand.builds.pop(name)
    return Imported(build, tuple(errand.findings), errand.builds)


async def pull_nested(errand: Errand, remotes: Mapping[str, str], consumer: str) -> None:
    """Pull the remotes that a build consumes, those of one round at once, and theirs in their turn."""
    waiting = [(name, url, consumer) for name, url in remotes.items()]
    asked: set[str] = set(errand.known)
    for _ in range(errand.limits.nested_remotes):
        fresh = {name: (url, by) for name, url, by in waiting if name not in asked}
        if not fresh:
            return
        asked.update(fresh)
        if len(asked) - len(errand.known) > errand.limits.nested_remotes:
            text = f"it consumes more than {errand.limits.nested_remotes} remotes in all"
            errand.find("nested", consumer, "", text)
            return
        found = await asyncio.gather(*(pull_one(errand, url, name, by) for name, (url, by) in fresh.items()))
        waiting = [
            (inner, url, name) for name, more in zip(fresh, found, strict=True) for inner, url in more.items()
        ]


async def pull_one(errand: Errand, url: str, name: str, consumer: str) -> Mapping[str, str]:
    """Pull a remote that another one consumes, and return those that it consumes; a fault is a finding."""
    try:
        if fault := remote_name_fault(name):
            raise FormatError(f"this cannot be a remote's name: {fault}", subject=name[:200])
        return await pull(errand, url, name)
    except HanseError as error:
        text = f"it consumes {name[:200]!r}, which could not be pulled: {error}"
        errand.find("nested", consumer, "", text)
        return {}


async def pull(errand: Errand, url: str, name: str) -> Mapping[str, str]:
    """Pull one build into `errand.builds`; return the remotes that it consumes.

    Raises:
        HanseError: A file of it could not be had, or cannot be used.
    """
    papers = await find_papers(url, errand.client, limits=errand.limits, access=errand.access)
    intake = Intake(errand.client, papers.base, limits=errand.limits, access=errand.access)
    if papers.script_body is not None:
        intake.contents[papers.script] = papers.script_body
    # The script, and all that its manifest names, in one go.
    await intake.take([papers.script, *papers.files])
    script = await asyncio.to_thread(
        read, intake.contents[papers.script], join(papers.base, papers.script) or url, errand.limits
    )
    if papers.manifest is None and script.climb:
        intake, papers = await move(intake, papers, script, errand)
    await take_chunks(intake, script, papers, url)
    if not await intake.confirm(papers.script):
        raise FormatError(
            "its container script has changed while its chunks were pulled",
            subject=url,
            found="another build",
            expected="one and the same build",
            hint="it is being deployed: the next refresh finds it whole",
        )
    errand.builds[name] = make_build(errand, intake.contents, script, papers, name=name, url=url)
    return {**papers.remotes, **(script.remotes or {})}


def read(body: bytes, subject: str, limits: Limits) -> Script:
    """Read a container script, within its processor time.

    Raises:
        FormatError: It is none.
    """
    return read_script(body, subject=subject, stop=stop_after(limits.lex_seconds), limits=limits)


async def move(intake: Intake, papers: Papers, script: Script, errand: Errand) -> tuple[Intake, Papers]:
    """Count from the build's folder, where the script lies in a folder of its own below that.

    Raises:
        FormatError: There is no folder so far up.
    """
    base = join(papers.base, "../" * script.climb) or papers.base
    below = papers.base.removeprefix(base)
    if below == papers.base or not below:
        raise FormatError(
            "its chunks would lie above the root of its origin",
            subject=papers.base,
            found="../" * script.climb,
            expected="a folder of that origin",
        )
    moved = Intake(errand.client, base, limits=errand.limits, access=errand.access)
    path = below + papers.script
    moved.contents[path] = intake.contents[papers.script]
    found = await find_manifest(base, path, errand.client, limits=errand.limits, access=errand.access)
    await moved.take(found.files)
    return moved, found


async def take_chunks(intake: Intake, script: Script, papers: Papers, url: str) -> None:
    """Fetch every chunk that the script names, and those that chunks name in their turn.

    Raises:
        FormatError: It is not known how they are called.
        HanseError: One that has to be there could not be had.
    """
    if script.template is None and not papers.files and loads_chunks(intake.contents[papers.script]):
        raise FormatError(
            "it is not known what its chunks are called",
            subject=url,
            path="__webpack_require__.u",
            found="a function that is not understood, and no manifest that lists files",
            expected="tables of names, or mf-manifest.json beside the script",
            hint="have the build write a manifest: `manifest: true` among the options of its plugin",
        )
    await intake.take(script.files)
    named = set(script.files)
    level: Iterable[str] = script.possible
    seen: set[str] = set()
    while upcoming := [file for file in level if file not in seen]:
        seen.update(upcoming)
        await intake.take_if_there(upcoming)
        bodies = [body for file, body in intake.contents.items() if file in seen or file in named]
        level = [*dict.fromkeys(name for body in bodies for name in called(script, chunk_ids(body)))]


def loads_chunks(body: bytes) -> bool:
    """Tell whether a script loads any chunk."""
    return bool(chunk_ids(body))


def called(script: Script, ids: Iterable[str]) -> Iterator[str]:
    """Yield what chunks are called."""
    for one in ids:
        name = None if script.template is None else apply_template(script.template, one)
        if name is not None:
            yield name


def make_build(
    errand: Errand,
    contents: Mapping[str, bytes],
    script: Script,
    papers: Papers,
    *,
    name: str,
    url: str,
) -> Build:
    """Make a build of what was fetched.

    Raises:
        FormatError: What it exposes is not known, or a name in it is outside the grammar.
    """
    found = read_papers(papers, name, errand.limits)
    for code, text in found.findings:
        errand.find(code, name, papers.script, text)
    exposes = {**(script.exposes or {}), **found.exposes}
    if not exposes:
        raise FormatError(
            "it is not known what it exposes",
            subject=url,
            found="no table of exposed modules, and no manifest beside it",
            expected="mf-manifest.json beside the script",
        )
    chunks = [file for file in contents if file != papers.script]
    modules = {file: describe(file, body, papers.script, chunks) for file, body in sorted(contents.items())}
    entry = ServerEntry(
        schema=1,
        name=name,
        version=found.version or UNTOLD,
        build="",
        serial=0,
        format="cjs",
        layer=errand.layer,
        exposes={
            key: file if file is not None and file in contents else papers.script
            for key, file in exposes.items()
        },
        modules=modules,
        shared=found.shared,
        container=ContainerScript(papers.script, global_of(script, found.global_name, name, url)),
    )
    return finish_build(entry, contents, subject=url, limits=errand.limits)


def describe(file: str, body: bytes, script: str, chunks: list[str]) -> ServerModule:
    """Describe a file; the script is what loads all chunks."""
    return make_module(body, imports=chunks if file == script else (), externals=required_by(body))


def global_of(script: Script, told: str | None, name: str, url: str) -> str:
    """Return what the container is called in `module.exports`.

    Raises:
        FormatError: It has a name that cannot be one.
    """
    found = script.global_name or told or name
    if fault := container_name_fault(found):
        raise FormatError(
            f"its container has a name that cannot be used: {fault}",
            subject=url,
            path="module.exports",
            found=repr(found[:200]),
            expected="an identifier, or what a remote may be called",
            hint="give the library of its build a plain name",
        )
    return found
