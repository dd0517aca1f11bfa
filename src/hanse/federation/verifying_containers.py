"""Whether the files of Module Federation containers are there, and such that a browser runs them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from hanse.errors import DeadlineError, HanseError
from hanse.federation.faults import Fault, kind_of
from hanse.federation.headers import cors_fault, type_fault
from hanse.federation.telling import tell
from hanse.formats.container import Container
from hanse.limits import Limits
from hanse.net import Client
from hanse.urls import is_web

__all__ = ["verify_containers"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file of a container: `module` says that it is loaded as one, `served` that only servers need it."""

    container: str
    url: str
    module: bool = False
    served: bool = False


async def verify_containers(
    containers: Iterable[Container], client: Client, limits: Limits, *, page: str, locked: bool
) -> list[Fault]:
    """Ask for container scripts and for what exposed modules need at once, and report what is wrong.

    Files that are relative to the page are let be.

    Args:
        containers: Those of a snapshot.
        client: Asks the web.
        limits: The bounds.
        page: The origin of the page that loads the files.
        locked: Whether every file should have integrity, which these cannot.
    """
    listed = list(containers)
    gate = asyncio.Semaphore(limits.modules_at_once)
    ends = asyncio.get_running_loop().time() + limits.modules_deadline

    async def ask(wanted: Wanted) -> list[Fault]:
        try:
            async with asyncio.timeout_at(ends), gate:
                found = await client.fetch(wanted.url, cap=limits.module_bytes, accept="*/*")
        except TimeoutError:
            text = f"the reading ended after {limits.modules_deadline:g} s before it was here"
            return [failed(wanted, DeadlineError(text, subject=wanted.url))]
        except HanseError as error:
            return [failed(wanted, error)]
        return [*header_faults(wanted, found.headers, page)] if wanted.module else []

    files = dict.fromkeys(wanted for one in listed for wanted in files_of(one))
    found = await asyncio.gather(*(ask(wanted) for wanted in files))
    uncovered = [uncovered_fault(one) for one in listed] if locked else []
    return [fault for faults in found for fault in faults] + uncovered


def files_of(container: Container) -> Iterator[Wanted]:
    """Yield the files that a page, or a server, asks for."""
    module = container.type == "module"
    urls = [container.script or ""]
    styles: list[str] = []
    for expose in (container.exposes or {}).values():
        urls += expose.js
        styles += expose.css
    yield from (Wanted(container.name, url, module=module) for url in urls if is_web(url))
    yield from (Wanted(container.name, url) for url in styles if is_web(url))
    if container.server_script is not None and is_web(container.server_script):
        yield Wanted(container.name, container.server_script, served=True)


def failed(wanted: Wanted, error: HanseError) -> Fault:
    """Report a file that could not be had; what only servers need breaks no page."""
    severity: Literal["error", "warning"] = "warning" if wanted.served else "error"
    text = f"its container script for servers: {tell(error)}" if wanted.served else tell(error)
    return Fault(severity, kind_of(error), wanted.container, wanted.url, "", text)


def header_faults(wanted: Wanted, headers: Mapping[str, str], page: str) -> Iterator[Fault]:
    """Report headers that keep a browser from running a file as a module."""
    for kind, text in (("cors", cors_fault(wanted.url, headers, page=page)), ("type", type_fault(headers))):
        if text is not None:
            yield Fault("error", "cors" if kind == "cors" else "type", wanted.container, wanted.url, "", text)


def uncovered_fault(container: Container) -> Fault:
    """Say that a locked map does not cover what a container loads."""
    text = "what a container loads by itself has no integrity: Module Federation knows no digests of files"
    return Fault("warning", "uncovered", container.name, container.script or "", "", text)
