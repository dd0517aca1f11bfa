"""`hanse explain --page`."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import msgspec

from hanse.cli.failing import FOUND
from hanse.cli.options import OriginOptions
from hanse.cli.output import progress, visible, write_json, write_text
from hanse.cli.sources import quiet_logs
from hanse.errors import UsageError
from hanse.federation.visiting import Link, PageReport, visit
from hanse.limits import LIMITS
from hanse.net import Access, Client
from hanse.urls import is_web

__all__ = ["explain_page"]

LATE = "needed only when it runs"


def explain_page(url: str, package: str | None, origin: OriginOptions, *, json: bool) -> int:
    """Explain the preloads of a page; return the exit code.

    Raises:
        HanseError: The page cannot be had, or there is a package as well.
    """
    if package is not None:
        raise UsageError("a package and a page cannot be explained at the same time", subject=package)
    if not is_web(url):
        raise UsageError("this is no page's URL", subject=url, hint="write http://… or https://…")
    with progress(f"reading the modules of {url}"), quiet_logs():
        report = asyncio.run(read(url, origin.allow_origin))
    if json:
        write_json({"failed": report.failed, **msgspec.structs.asdict(report)})
    else:
        write_text(visible("\n".join(render(report))))
    return FOUND if report.failed else 0


async def read(url: str, allowed: tuple[str, ...]) -> PageReport:
    """Visit a page."""
    async with Client(Access.for_urls([url, *allowed], local=True)) as client:
        return await visit(url, client, LIMITS)


def render(report: PageReport) -> Iterator[str]:
    """Write a report for people."""
    yield f"{report.url} runs {len(report.runs)} modules and preloads {len(report.preloads)}"
    for preload in report.preloads:
        yield f"preloaded: {preload.url}"
        if preload.reason == "unreachable":
            yield "  nothing that the page runs imports it"
        else:
            yield f"  {say_chain(preload.chain)}{f' ({LATE})' if preload.reason == 'late' else ''}"
    for needed in report.not_preloaded:
        yield f"needed, and not preloaded: {needed.url}"
        yield f"  {say_chain(needed.chain)}"
    yield from (f"hashes disagree: {text}" for text in report.disagreements)
    yield from (f"cannot be read: {text}" for text in report.unread)
    yield from (f"leads nowhere: {text}" for text in report.unresolved)
    yield from (f"fault of the page: {text}" for text in report.faults)
    yield "verdict: not as it should be" if report.failed else "verdict: fine"


def say_chain(chain: tuple[Link, ...]) -> str:
    """Write a chain of imports from the page to a file."""
    return " -> ".join(("page", *(link.specifier for link in chain)))
