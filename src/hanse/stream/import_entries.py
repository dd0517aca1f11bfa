"""The server entry of a build that came without one."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

import msgspec

from hanse.formats.server_entry import (
    ServerEntry,
    ServerModule,
    build_digest,
    encode_server_entry,
    server_entry_faults,
)
from hanse.graph.lexing import Stop
from hanse.limits import Limits
from hanse.names import package_name_fault
from hanse.net import digest
from hanse.stream.builds import Build

__all__ = [
    "UNTOLD",
    "FindingCode",
    "ImportFinding",
    "Imported",
    "finish_build",
    "make_module",
    "stop_after",
]

UNTOLD: Final = "0"
"""The version of a build that does not say which one it is."""


FindingCode = Literal[
    "computed-import",
    "manifest-differs",
    "nested",
    "no-manifest",
    "odd-global",
    "require-stub",
    "unsupported-import",
]
"""`computed-import`: an `import()` whose argument is not known, so that what it loads is not in the build.
`manifest-differs`: the manifest beside a script is not its own. `nested`: a remote that the build consumes
could not be pulled. `no-manifest`: what it shares and needs is not known. `odd-global`: its container has a
name that no global variable can have. `require-stub`: an external that is required by a function that only
throws. `unsupported-import`: an import of something that no generation has."""


class ImportFinding(msgspec.Struct, frozen=True):
    """Something about a build that its owner should know: a stable code, the remote, a file, a sentence."""

    code: FindingCode
    remote: str
    file: str
    text: str


@dataclass(frozen=True, slots=True)
class Imported:
    """What pulling a plain build gave.

    Attributes:
        build: The remote's own build.
        findings: What was odd about it.
        nested: The builds of remotes that it consumes on the server, by the names it has for them.
        formats: File -> format, where that is not the build's own.
        open: Whether it is a delegate, which may expose more than its entry says.
    """

    build: Build
    findings: tuple[ImportFinding, ...] = ()
    nested: Mapping[str, Build] = field(default_factory=dict)
    formats: Mapping[str, Literal["esm", "cjs", "json"]] = field(default_factory=dict)
    open: bool = False


def make_module(
    body: bytes, *, imports: Iterable[str] = (), externals: Iterable[str] = (), styles: Iterable[str] = ()
) -> ServerModule:
    """Describe a file; externals that cannot be packages, such as `node:fs` or a URL, are left out."""
    return ServerModule(
        digest=digest(body),
        size=len(body),
        imports=tuple(dict.fromkeys(imports)),
        externals=tuple(name for name in dict.fromkeys(externals) if package_name_fault(name) is None),
        styles=tuple(dict.fromkeys(styles)),
    )


def finish_build(entry: ServerEntry, contents: Mapping[str, bytes], *, subject: str, limits: Limits) -> Build:
    """Give an entry the digest of its build, and check it as if it had come as a document.

    Raises:
        FormatError: A name or a number in it is outside the grammar.
    """
    whole = msgspec.structs.replace(
        entry, build=build_digest(encode_server_entry(entry), subject=subject, limits=limits)
    )
    for fault in server_entry_faults(whole, subject=subject, limits=limits):
        raise fault
    return Build(whole, dict(contents))


def stop_after(seconds: float) -> Stop:
    """Return what tells whether this thread has used so much processor time."""
    ends = time.thread_time() + seconds
    return lambda: time.thread_time() > ends
