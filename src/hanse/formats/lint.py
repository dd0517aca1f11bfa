"""Every fault of a document, not the first: what `hanse lint` prints.

This is a validator of its own, slow and talkative; the decoders of this package are quick and stop at once.
What they refuse has a fault of severity `error` here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final, Literal

from hanse.errors import FormatError
from hanse.formats.config import read_config
from hanse.formats.federated_stats import decode_federated_stats
from hanse.formats.json_tree import Fault, Pairs, Tree, parse_tree, tree_faults
from hanse.formats.lint_entry import entry_faults, server_fields
from hanse.formats.lint_map import manifest_faults, map_faults
from hanse.formats.lint_mf import federated_faults, mf_faults
from hanse.formats.manifest import SOME_PAGE, decode_manifest
from hanse.formats.map_document import TOP_LEVEL, parse_import_map
from hanse.formats.mf_manifest import decode_mf_manifest
from hanse.formats.mf_structs import MfManifest
from hanse.formats.read_container import read_container
from hanse.formats.remote_entry import decode_remote_entry
from hanse.formats.server_entry import read_types, server_entry_faults
from hanse.limits import LIMITS, Limits
from hanse.urls import is_web

__all__ = ["Fault", "Kind", "guess_kind", "lint"]

Kind = Literal[
    "manifest",
    "remote-entry",
    "server-entry",
    "import-map",
    "hanse-toml",
    "mf-manifest",
    "mf-stats",
    "federated-stats",
]

NAMES: Final[dict[str, Kind]] = {
    "mfmanifest": "mf-manifest",
    "mfstats": "mf-stats",
    "federatedstats": "federated-stats",
    "remoteentry": "remote-entry",
    "serverentry": "server-entry",
    "importmap": "import-map",
    "manifest": "manifest",
}


def lint(
    data: bytes,
    *,
    subject: str,
    kind: Kind | None = None,
    limits: Limits = LIMITS,
    server: tuple[MfManifest, str] | None = None,
) -> list[Fault]:
    """List every fault of a document; an empty list means there is none.

    Args:
        data: The document.
        subject: Its file name or URL.
        kind: What it is; guessed from its name and content where it is not given.
        limits: The caps on sizes and counts.
        server: Of a Module Federation manifest, that of the same container's build for servers, and where it
            was read: the two are compared.
    """
    chosen = kind or guess_kind(data, subject)
    if chosen == "hanse-toml":
        return toml_faults(data, subject, limits)
    cap = size_cap(chosen, limits)
    if len(data) > cap:
        return [
            Fault(
                path="$",
                message="the document is too large",
                found=f"{len(data)} bytes",
                expected=f"at most {cap} bytes",
            )
        ]
    try:
        tree = parse_tree(data)
    except json.JSONDecodeError as error:
        return [
            Fault(path="$", message=f"the document is not JSON: {error}", expected="JSON", line=error.lineno)
        ]
    except ValueError as error:
        return [Fault(path="$", message=f"the document is not JSON: {error}", expected="UTF-8 JSON")]
    except RecursionError:
        return [Fault(path="$", message="the document is nested too deeply")]
    faults = [*tree_faults(tree, limits.json_depth), *kind_faults(tree, chosen, limits)]
    if not any(fault.severity == "error" for fault in faults):
        faults += decoder_faults(data, chosen, subject, limits, server)
    return faults


def guess_kind(data: bytes, subject: str) -> Kind:
    """Guess what a document is, from its name first; what looks like nothing else is a manifest."""
    name = subject.partition("?")[0].rpartition("/")[2].lower()
    if name.endswith(".toml"):
        return "hanse-toml"
    flat = name.replace("-", "").replace("_", "").replace(".", "")
    named = next((kind for word, kind in NAMES.items() if word in flat), None)
    if named is not None and named != "manifest":
        return named
    try:
        tree = parse_tree(data)
    except (ValueError, RecursionError):
        return "manifest"
    keys = tree.last().keys() if isinstance(tree, Pairs) else frozenset[str]()
    # Builds may call their manifest `shop-manifest.json`; no federation has remotes of these names.
    if "metaData" in keys and keys & {"exposes", "shared"}:
        return "mf-manifest"
    if named is not None:
        return named
    if "federatedModules" in keys:
        return "federated-stats"
    if keys >= {"serial", "modules"}:
        return "server-entry"
    if keys & {"exposes", "shared"}:
        return "remote-entry"
    return "import-map" if keys & {*TOP_LEVEL} else "manifest"


def size_cap(kind: Kind, limits: Limits) -> int:
    """Return how many bytes a document of a kind may have."""
    caps = {
        "manifest": limits.manifest_bytes,
        "import-map": limits.import_map_bytes,
        "hanse-toml": limits.config_bytes,
        "server-entry": limits.server_entry_bytes,
    }
    return caps.get(kind, limits.remote_entry_bytes)


def kind_faults(tree: Tree, kind: Kind, limits: Limits) -> Iterator[Fault]:
    """Yield what is wrong with a document of a kind."""
    if kind == "import-map":
        return map_faults(tree)
    kinds = {
        "remote-entry": entry_faults,
        "server-entry": server_fields,
        "manifest": manifest_faults,
        "federated-stats": federated_faults,
    }
    return kinds.get(kind, mf_faults)(tree, limits)


def decoder_faults(
    data: bytes, kind: Kind, subject: str, limits: Limits, server: tuple[MfManifest, str] | None
) -> Iterator[Fault]:
    """Yield what the decoder refuses, should it know of anything that the checks do not."""
    try:
        if kind == "manifest":
            decode_manifest(data, subject=subject, limits=limits)
        elif kind == "remote-entry":
            decode_remote_entry(data, subject=subject, limits=limits)
        elif kind == "server-entry":
            entry = read_types(data, subject, limits)
            yield from map(fault_of, server_entry_faults(entry, subject=subject, limits=limits))
        elif kind == "federated-stats":
            decode_federated_stats(data, subject=subject, limits=limits)
        elif kind in ("mf-manifest", "mf-stats"):
            yield from container_faults(data, subject, limits, server)
        else:
            parse_import_map(data, base=SOME_PAGE, subject=subject, limits=limits)
    except FormatError as error:
        yield fault_of(error)


def container_faults(
    data: bytes, subject: str, limits: Limits, server: tuple[MfManifest, str] | None
) -> Iterator[Fault]:
    """Yield what is odd about a container, which is dealt with, as warnings.

    Raises:
        FormatError: The document cannot be used.
    """
    manifest = decode_mf_manifest(data, subject=subject, limits=limits)
    url = subject if is_web(subject) else f"./{subject.removeprefix('/')}"
    found = read_container(manifest, name=manifest.name or "container", url=url, server=server)
    for finding in found.findings:
        yield Fault(path=finding.path, message=finding.text, severity="warning")


def toml_faults(data: bytes, subject: str, limits: Limits) -> list[Fault]:
    """List the faults of a `hanse.toml`; variables of the environment are not looked up."""
    try:
        _, errors = read_config(data, environment=None, subject=subject, limits=limits)
    except FormatError as error:
        errors = [error]
    return [fault_of(error, line_of(error.subject.removeprefix(f"{subject}:"))) for error in errors]


def line_of(text: str) -> int | None:
    """Return the line that a fault of a TOML file has behind the file's name."""
    return int(text) if text.isascii() and text.isdecimal() else None


def fault_of(error: FormatError, line: int | None = None) -> Fault:
    """Turn an error of a decoder into a fault."""
    return Fault(
        path=error.path,
        message=error.message,
        found=error.found,
        expected=error.expected,
        hint=error.hint,
        line=line,
    )
