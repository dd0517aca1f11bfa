"""Where a candidate belongs: the remote it replaces, and the URL it will be served from."""

from __future__ import annotations

from pathlib import Path

from hanse.cli.sources import Loaded, read_document
from hanse.errors import FormatError, HanseError, UsageError
from hanse.federation.containers import Papers, ServerPaper, with_facades, work_out
from hanse.formats.container import Container
from hanse.formats.lint import guess_kind
from hanse.formats.mf_manifest import decode_mf_manifest
from hanse.formats.mf_places import manifest_reference
from hanse.formats.mf_stats import stats_name, stats_url
from hanse.formats.remote_entry import RemoteEntry, decode_remote_entry
from hanse.limits import LIMITS
from hanse.names import check_remote_name
from hanse.resolve import Remote
from hanse.urls import is_web

__all__ = ["read_candidate"]


def read_candidate(
    loaded: Loaded, source: str, *, name: str | None, url: str | None, server: str | None = None
) -> Remote | Container:
    """Read what is to be deployed: a remote entry, or a Module Federation manifest with what lies beside it.

    Args:
        loaded: The federation as it is.
        source: Where the document is: a path or URL.
        name: Its name in the manifest, where the user gave one.
        url: Where it will be served, where the user said so.
        server: The manifest of the same container's build for servers, or that build's folder.

    Raises:
        HanseError: It cannot be had, or is neither of the two; or the name is none.
    """
    body = read_document(source, cap=LIMITS.remote_entry_bytes)
    if guess_kind(body, source) == "mf-manifest":
        paper = None if server is None else read_server(server)
        return place_container(loaded, body, source, name=name, url=url, server=paper)
    if server is not None:
        raise UsageError(
            "this is no Module Federation manifest, and has no build for servers beside it",
            subject=source,
            hint="leave --server out",
        )
    return place_candidate(loaded, decode_remote_entry(body, subject=source), source, name=name, url=url)


def place_container(
    loaded: Loaded,
    body: bytes,
    source: str,
    *,
    name: str | None,
    url: str | None,
    server: ServerPaper | None = None,
) -> Container:
    """Make a container of a candidate's manifest; what its predecessor has as facades it has, too.

    Raises:
        FormatError: It is no proper manifest, or the name is none.
    """
    manifest = decode_mf_manifest(body, subject=source)
    chosen = name or find_name(loaded, manifest.name or "container")
    check_remote_name(chosen, subject="--name")
    where = choose_url(loaded, chosen, source, url, "mf-manifest.json")
    # What is not deployed together with it stays as it is.
    papers = Papers(stats=read_stats(source), server=server or loaded.servers.get(chosen))
    try:
        found = work_out(body, papers, chosen, where, LIMITS, loaded.origins)
    except FormatError as error:
        # Where it will be served is no place its author could look at.
        error.subject = source
        raise
    before = next((one for one in loaded.containers if one.name == chosen), None)
    return found if before is None else with_facades(found, before.facades)


def read_server(source: str) -> ServerPaper:
    """Read the manifest of a build for servers, which the user has named.

    Raises:
        HanseError: It cannot be had.
    """
    whole = manifest_reference(source)
    body = read_document(whole, cap=LIMITS.remote_entry_bytes)
    return ServerPaper(whole if is_web(whole) else f"./{Path(whole).name}", body)


def read_stats(source: str) -> bytes | None:
    """Read the stats beside a manifest, where there are any."""
    beside = (
        stats_url(source) if is_web(source) else str(Path(source).with_name(stats_name(Path(source).name)))
    )
    try:
        return None if beside is None else read_document(beside, cap=LIMITS.remote_entry_bytes)
    except HanseError:
        return None


def place_candidate(
    loaded: Loaded, entry: RemoteEntry, source: str, *, name: str | None, url: str | None
) -> Remote:
    """Make a remote of a candidate's entry.

    Raises:
        FormatError: The name is none.
    """
    chosen = name or find_name(loaded, entry.name)
    check_remote_name(chosen, subject="--name")
    return Remote(chosen, choose_url(loaded, chosen, source, url, "remoteEntry.json"), entry)


def choose_url(loaded: Loaded, name: str, source: str, url: str | None, file: str) -> str:
    """Return where a candidate will be served: as was said, where the remote is now, or where it was read."""
    known = {one.name: one.url for one in loaded.health} | {
        one.name: one.url for one in loaded.remotes if one.name not in {c.name for c in loaded.containers}
    }
    own = source if is_web(source) else f"./{name}/{file}"
    return url or known.get(name) or own


def find_name(loaded: Loaded, called: str) -> str:
    """Return the manifest's name for a document: its own, or that of the remote whose entry is called so."""
    names = {one.name for one in loaded.health} | {one.name for one in loaded.remotes}
    if called in names:
        return called
    aliases = [one.name for one in loaded.remotes if one.entry.name == called]
    aliases += [one.name for one in loaded.containers if one.global_name == called]
    return aliases[0] if aliases else called
