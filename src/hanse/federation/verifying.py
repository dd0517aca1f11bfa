"""Whether a federation would work in a browser: every file read, and looked at as a browser would."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import msgspec

from hanse.errors import HanseError
from hanse.federation.faults import Fault, FaultKind, kind_of
from hanse.federation.files import Files, Owners, Unread
from hanse.federation.headers import caching_fault, cors_fault, entry_caching_fault, type_fault
from hanse.federation.holdings import Holdings
from hanse.federation.owners import owners_of
from hanse.federation.shelf import Shelf
from hanse.federation.snapshot import Snapshot
from hanse.federation.surveying import Surveyor, allow_owners, roots_of
from hanse.federation.telling import tell
from hanse.federation.verifying_containers import verify_containers
from hanse.formats.import_map import ParsedImportMap, parse_import_map
from hanse.graph import SOME_PAGE, follow, place_on_page, write_for_page
from hanse.limits import Limits
from hanse.net import Client, Document
from hanse.resolve import Remote

__all__ = ["PAGE", "Fault", "FaultKind", "RemoteReport", "Report", "verify"]

PAGE = "https://page.invalid"
"""The origin of a page that is nobody's: who lets it import a file lets everybody."""


class RemoteReport(msgspec.Struct, frozen=True):
    """What was found of one remote: files within reach, those with integrity in the map, bytes read.

    `coverage` is in per cent; 100 where there are no files.
    """

    remote: str
    reachable: int
    covered: int
    coverage: float
    bytes: int


class Report(msgspec.Struct, frozen=True):
    """What verifying a federation came to: counts over all remotes; `locked` is what was asked for."""

    locked: bool
    reachable: int
    covered: int
    coverage: float
    remotes: tuple[RemoteReport, ...]
    faults: tuple[Fault, ...]

    @property
    def failed(self) -> bool:
        """Whether something is wrong that breaks a page."""
        return any(fault.severity == "error" for fault in self.faults)


@dataclass(frozen=True, slots=True)
class Inquiry:
    """What is known once all files were read; `answers` are the headers by absolute URL."""

    snapshot: Snapshot
    files: Files
    answers: Mapping[str, Mapping[str, str]]
    page: str
    locked: bool


async def verify(
    holdings: Holdings, snapshot: Snapshot, client: Client, limits: Limits, *, page: str, locked: bool
) -> Report:
    """Read every file that a snapshot's import map reaches, and report what is wrong.

    Args:
        holdings: The documents the snapshot is made from.
        snapshot: The snapshot.
        client: Whose connections and origins are used.
        limits: The bounds.
        page: The origin of the page that imports the files.
        locked: Ask for the integrity of every file: that of the map which would be served locked.
    """
    answers: dict[str, Mapping[str, str]] = {}

    def watch(url: str, found: Document) -> None:
        answers[url] = found.headers

    owners = owners_of(holdings)
    async with client.beside(limits=replace(limits, cache_bytes=0), origin=page) as asking:
        asking.access = allow_owners(client.access, owners)
        surveyor = Surveyor(asking, Shelf(limits.modules_per_federation), limits, watch=watch)
        parsed, _ = await asyncio.to_thread(parse_import_map, snapshot.plan.import_map, base=SOME_PAGE)
        files = await surveyor.survey(parsed, roots_of(parsed), owners)
        await ask_entries(asking, snapshot.plan.remotes, answers, limits)
        containers = snapshot.containers.containers.values()
        found = await verify_containers(containers, asking, limits, page=page, locked=locked)
    inquiry = Inquiry(snapshot, files, answers, page, locked)
    made = await asyncio.to_thread(report, inquiry, parsed, owners)
    return msgspec.structs.replace(made, faults=(*made.faults, *found)) if found else made


async def ask_entries(
    client: Client, remotes: Mapping[str, Remote], answers: dict[str, Mapping[str, str]], limits: Limits
) -> None:
    """Ask for the remote entries once more, for their headers; who fails has been reported already."""

    async def ask(remote: Remote) -> None:
        try:
            found = await client.fetch(remote.url, cap=limits.remote_entry_bytes)
        except HanseError:
            return
        answers[remote.url] = found.headers

    web = [remote for remote in remotes.values() if remote.url.startswith(("https:", "http:"))]
    await asyncio.gather(*(ask(remote) for remote in web))


def report(inquiry: Inquiry, parsed: ParsedImportMap, owners: Owners) -> Report:
    """Put together what was found."""
    counts = count(inquiry, parsed, owners)
    reachable, covered = sum(one.reachable for one in counts), sum(one.covered for one in counts)
    faults = (
        *remote_faults(inquiry),
        *(unread_fault(one) for one in inquiry.files.unread),
        *import_faults(inquiry),
        *header_faults(inquiry, owners),
        *coverage_faults(inquiry, counts),
    )
    return Report(inquiry.locked, reachable, covered, per_cent(covered, reachable), tuple(counts), faults)


def count(inquiry: Inquiry, parsed: ParsedImportMap, owners: Owners) -> list[RemoteReport]:
    """Count each remote's files, and those with integrity in the map that would be served."""
    files = inquiry.files
    found: dict[str, list[tuple[bool, int]]] = {name: [] for name in inquiry.snapshot.plan.remotes}
    for url, file in files.graph.items():
        placed = place_on_page(url) or url
        owner = owners.find(placed)
        name = "" if owner is None else owner.name
        found.setdefault(name, []).append((inquiry.locked or placed in parsed.integrity, file.size))
    for lost in files.unread:
        found.setdefault(lost.remote, []).append((False, 0))
    return [
        RemoteReport(
            remote=name,
            reachable=len(rows),
            covered=sum(covered for covered, _ in rows),
            coverage=per_cent(sum(covered for covered, _ in rows), len(rows)),
            bytes=sum(size for _, size in rows),
        )
        for name, rows in found.items()
    ]


def per_cent(part: int, whole: int) -> float:
    """Return a share in per cent, never rounded up to all of it."""
    return 100.0 if part == whole else min(99.9, round(100 * part / whole, 1))


def remote_faults(inquiry: Inquiry) -> Iterator[Fault]:
    """Report remotes whose entry could not be had."""
    for one in inquiry.snapshot.remotes:
        if one.error is not None:
            yield Fault("error", "remote", one.name, one.url, "", one.error)


def unread_fault(lost: Unread) -> Fault:
    """Report a file that could not be read."""
    return Fault("error", kind_of(lost.error), lost.remote, lost.url, lost.importer, tell(lost.error))


def import_faults(inquiry: Inquiry) -> Iterator[Fault]:
    """Report imports that lead nowhere, and those that are computed."""
    for lost in inquiry.files.unprovided:
        text = f"nothing provides '{lost.specifier}'"
        text += ", which it imports only when it runs" if lost.late else ""
        severity: Literal["error", "warning"] = "warning" if lost.late else "error"
        yield Fault(severity, "unprovided-import", lost.remote, lost.importer, "", text)
    for file in inquiry.files.graph.values():
        if file.opaque:
            owner = inquiry.files.owners.find(place_on_page(file.url) or "")
            text = "it has an import() whose argument is computed: what that leads to is not in this report"
            yield Fault("warning", "computed-import", "" if owner is None else owner.name, file.url, "", text)


def header_faults(inquiry: Inquiry, owners: Owners) -> Iterator[Fault]:
    """Report headers that keep a browser from running a file, or from keeping it."""
    others = no_scripts(inquiry.files)
    for url, headers in inquiry.answers.items():
        owner = owners.find(url)
        name = "" if owner is None else owner.name
        if any(remote.url == url for remote in inquiry.snapshot.plan.remotes.values()):
            fault = entry_caching_fault(headers)
            if fault is not None:
                yield Fault("error", "caching", name, url, "", fault)
            continue
        written = write_for_page(url)
        fault = cors_fault(url, headers, page=inquiry.page)
        if fault is not None:
            yield Fault("error", "cors", name, written, "", fault)
        fault = None if url in others else type_fault(headers)
        if fault is not None:
            yield Fault("error", "type", name, written, "", fault)
        fault = caching_fault(url, headers)
        if fault is not None:
            yield Fault("warning", "caching", name, written, "", fault)


def no_scripts(files: Files) -> set[str]:
    """Return the absolute URLs of the files that are imported as something else than scripts."""
    if files.parsed is None:
        return set()
    importers = [file for file in files.graph.values() if file.others]
    return {
        url
        for file in importers
        for specifier, url in follow(file, files.parsed).found
        if specifier in file.others
    }


def coverage_faults(inquiry: Inquiry, counts: list[RemoteReport]) -> Iterator[Fault]:
    """Report, where maps are to be locked, remotes of which a file is without integrity."""
    for one in counts:
        if inquiry.locked and one.covered < one.reachable:
            text = f"{one.reachable - one.covered} of {one.reachable} files cannot have integrity"
            yield Fault("error", "uncovered", one.remote, "", "", f"{text}: the remote would be left out")
