"""`hanse verify`."""

from __future__ import annotations

import asyncio
from typing import Annotated

import msgspec
from cyclopts import Parameter

from hanse.cli.failing import FOUND
from hanse.cli.options import NO_OPTIONS, NO_ORIGIN, Json, Manifest, OriginOptions, PolicyOptions
from hanse.cli.output import progress, visible, write_json, write_text
from hanse.cli.sources import find_document, make_federation, quiet_logs
from hanse.errors import UsageError
from hanse.federation import Fault, Federation, Report

__all__ = ["verify"]


def verify(
    manifest: Manifest = "hanse.toml",
    *,
    locked: Annotated[
        bool,
        Parameter(help="Ask for the integrity of every file, as a locked federation does.", negative=""),
    ] = False,
    page_origin: Annotated[
        str | None,
        Parameter(help="The origin of the pages; without it, files must be open to all.", show_default=False),
    ] = None,
    origin: OriginOptions = NO_ORIGIN,
    options: PolicyOptions = NO_OPTIONS,
    json: Json = False,
) -> int:
    """Read every file that the import map can reach, and report what would fail in a browser.

    That is integrity coverage, CORS headers, MIME types, cache headers, missing files, wrong digests, and
    imports that nothing provides. The exit code is 1 where there is an error; warnings alone leave it at 0.

    Args:
        manifest: A manifest or hanse.toml (a path or URL), or a folder that has one.
        locked: Ask for the integrity of every file.
        page_origin: The origin of the pages, as https://shop.example.
        origin: What the manifest does not say.
        options: How it is resolved.
        json: Write JSON; errors, too.

    Raises:
        HanseError: There is no federation, or a strict option forbids it.
    """
    document = find_document(manifest)
    if document is None:
        raise UsageError("there is no hanse.toml or manifest.json in this folder", subject=manifest)
    asks_lock = make_federation(document, origin, options, refresh=None, modules=None)[0].modules == "locked"
    federation, _ = make_federation(document, origin, options, refresh=None)
    with progress(f"reading the modules of {manifest}"), quiet_logs():
        report = asyncio.run(read(federation, locked=locked or asks_lock, page_origin=page_origin))
    if json:
        write_json({"failed": report.failed, **msgspec.structs.asdict(report)})
    else:
        write_text(render(report))
    return FOUND if report.failed else 0


async def read(federation: Federation, *, locked: bool, page_origin: str | None) -> Report:
    """Start a federation, verify it, and end it."""
    async with federation:
        return await federation.verify(locked=locked, page_origin=page_origin)


def render(report: Report) -> str:
    """Write a report for people: a line for each remote, then one for each fault."""
    lines = [
        f"{one.remote or '(nobody)'}: {one.covered} of {one.reachable} files with integrity, "
        f"{one.coverage:g} %, {one.bytes} bytes"
        for one in report.remotes
    ]
    lines += [fault_line(fault) for fault in report.faults]
    lines.append(f"integrity coverage: {report.covered} of {report.reachable} files, {report.coverage:g} %")
    lines.append("verdict: something would fail" if report.failed else "verdict: fine")
    return visible("\n".join(lines))


def fault_line(fault: Fault) -> str:
    """Write one fault; the sentence names the file where an error brought it along."""
    named = not fault.url or fault.url in fault.sentence
    text = fault.sentence if named else f"{fault.url}: {fault.sentence}"
    importer = f" (imported by {fault.importer})" if fault.importer else ""
    who = f"{fault.remote}: " if fault.remote else ""
    return f"  {fault.severity:7}  {fault.kind}: {who}{text}{importer}"
