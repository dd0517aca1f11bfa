"""What a Module Federation container comes to: one value from manifest, stats and server manifest.

Everything in it is absolute and checked, so that whoever uses it need not know how many ways there are to
write these documents. What was odd about them is kept as findings.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

__all__ = [
    "Container",
    "ContainerExpose",
    "ContainerFinding",
    "FindingCode",
    "ScriptType",
    "SharedUse",
    "bare_container",
    "with_finding",
]

ScriptType = Literal["script", "module"]
"""How a container script hands out its container: as a global of a classic script, or as a module."""

FindingCode = Literal[
    "bare-script",
    "builds-differ",
    "doubled-folder",
    "get-public-path",
    "no-public-path",
    "no-remote-entry",
    "no-slash",
    "odd-type",
    "prefix-share",
    "root-relative",
    "server-fault",
    "server-only",
    "server-version",
    "ssr-not-built",
    "stats-differ",
    "stats-fault",
]


class ContainerFinding(msgspec.Struct, frozen=True):
    """Something odd about the documents that is dealt with: a stable code, the place, a sentence.

    `package` is the shared package it is about, if it is about one.
    """

    code: FindingCode
    path: str
    text: str
    package: str = ""


class SharedUse(msgspec.Struct, frozen=True):
    """One package as a container uses it.

    Attributes:
        package: Its name, or a specifier of it such as `react/jsx-runtime`.
        version: The version of the container's own copy; None where it brings none (`import: false`).
        required: The range it accepts; None for any version.
        singleton: Whether it wants to be the only one on the page.
        strict: Whether a version outside its range is an error.
        scopes: The share scopes it is looked for in, in this order.
        eager: Whether its own copy is loaded together with the container script.
        assumed: Whether range and `singleton` may only be what builds write where they were told nothing.
        exports: The names its modules use of it, where the stats know them.
    """

    package: str
    version: str | None
    required: str | None
    singleton: bool
    strict: bool
    scopes: tuple[str, ...] = ("default",)
    eager: bool = False
    assumed: bool = False
    exports: tuple[str, ...] = ()


class ContainerExpose(msgspec.Struct, frozen=True):
    """The URLs of the files that an exposed module needs, in the order they are loaded."""

    js: tuple[str, ...] = ()
    css: tuple[str, ...] = ()


class Container(msgspec.Struct, frozen=True):
    """A container of the federation.

    Attributes:
        name: The remote's name in the federation's manifest.
        script: The URL of the container script for browsers; None where there is none.
        type: How the script hands out the container.
        global_name: The global variable that a classic script leaves it in.
        exposes: Key -> its files; None where that is not known.
        shared: What it shares and consumes; None where that is not known.
        scopes: The share scopes it is initialised with, in this order.
        server_script: The URL of the container script for servers, if there is one.
        server_type: Its library type, as the build says.
        remotes: The containers it consumes in its turn, by their names there.
        build_version: Which build it is, as it says itself.
        findings: What was odd about its documents.
        facades: Package -> the names that its copy exports, as the operator wrote them down: native remotes
            may be given that copy.
    """

    name: str
    script: str | None
    type: ScriptType = "script"
    global_name: str = ""
    exposes: Mapping[str, ContainerExpose] | None = None
    shared: tuple[SharedUse, ...] | None = None
    scopes: tuple[str, ...] = ("default",)
    server_script: str | None = None
    server_type: str | None = None
    remotes: tuple[str, ...] = ()
    build_version: str | None = None
    findings: tuple[ContainerFinding, ...] = ()
    facades: Mapping[str, tuple[str, ...]] = {}


def with_finding(container: Container, finding: ContainerFinding) -> Container:
    """Return a container with one more finding."""
    return msgspec.structs.replace(container, findings=(*container.findings, finding))


def bare_container(name: str, url: str) -> Container:
    """Return what is known of a container that is only a script: where it lies, and nothing else.

    A `.mjs` is a module; of a `.js` that cannot be told, and it is taken as a classic script.
    """
    path = url.partition("#")[0].partition("?")[0]
    text = "it is given as a container script without a manifest: what it shares and exposes is not known"
    return Container(
        name=name,
        script=url,
        type="module" if path.endswith(".mjs") else "script",
        global_name=name,
        findings=(ContainerFinding("bare-script", "$", text),),
    )
