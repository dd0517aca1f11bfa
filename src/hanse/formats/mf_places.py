"""Where a container's files lie: the public path, in all the ways that builds write it.

The official runtime joins texts, and so asks the page's own origin for a root-relative public path, and for
`static/chunks/static/chunks/…` where Next wrote the folder twice. Here URLs are resolved as browsers do,
against the manifest's own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

from hanse.errors import FormatError
from hanse.formats.container import ContainerFinding
from hanse.formats.decoding import shorten
from hanse.formats.mf_checks import script_path
from hanse.formats.mf_structs import MetaData
from hanse.urls import is_web, join, normalise, origin

__all__ = ["MANIFEST_NAME", "find_base", "manifest_reference", "place_file", "place_files", "public_base"]

# What builds call their manifest, where nobody says otherwise.
MANIFEST_NAME: Final = "mf-manifest.json"

# A host that cannot exist (RFC 2606): what is relative to the page is resolved below it, and written back.
PAGE: Final = "https://page.invalid/"

Findings = list[ContainerFinding]


def manifest_reference(named: str) -> str:
    """Return the URL of a build's manifest, where that or its folder is named; what is relative stays so."""
    whole, mark, fragment = named.partition("#")
    path, question, query = whole.partition("?")
    if not path.endswith(".json"):
        path = f"{path}{'' if path.endswith('/') else '/'}{MANIFEST_NAME}"
    return path + question + query + mark + fragment


def find_base(meta: MetaData, url: str, origins: Collection[str], found: Findings) -> str:
    """Find the folder that a container's files are relative to, with a slash at the end.

    Args:
        meta: The document's metadata.
        url: Where the document was read; absolute, or relative to the page.
        origins: Those the public path may have, beside the one the document was read from.
        found: What is odd is added to it.

    Raises:
        FormatError: It is no web address, or of an origin that is not allowed.
    """
    if meta.get_public_path is not None:
        text = "it is JavaScript that is not run; the files are looked for beside the document instead"
        found.append(ContainerFinding("get-public-path", "$.metaData.getPublicPath", text))
        return undoubled(meta, url, found)
    if meta.public_path is None:
        text = "there is no publicPath; the files are looked for beside the document"
        found.append(ContainerFinding("no-public-path", "$.metaData.publicPath", text))
    if meta.public_path in (None, "", "auto"):
        return undoubled(meta, url, found)
    return public_base(meta.public_path or "", url, "$.metaData.publicPath", origins, found)


def public_base(path: str, url: str, place: str, origins: Collection[str], found: Findings) -> str:
    """Resolve a public path against the URL of its document.

    Raises:
        FormatError: It is no web address, or of an origin that is not allowed.
    """
    whole = join(join(PAGE, url) or PAGE, path)
    local = not is_web(url)
    home = None if whole is None else origin(whole)
    allowed = local or home in {origin(url), *origins}
    if whole is None or home is None or not is_web(whole) or not allowed:
        raise FormatError(
            "the container's files lie elsewhere",
            subject=url,
            path=place,
            found=repr(shorten(path)),
            expected="an address of the origin the document was read from, or of one that is allowed",
            hint="list the origin among the allowed origins if its files really lie there",
        )
    if normalise(path) is None and path.startswith("/") and not path.startswith("//"):
        text = f"{shorten(path)!r} has no origin; that of the document is taken, and not the page's"
        found.append(ContainerFinding("root-relative", place, text))
    base = whole.partition("#")[0].partition("?")[0]
    if not base.endswith("/"):
        text = f"{shorten(path)!r} has no slash at its end; one is added"
        found.append(ContainerFinding("no-slash", place, text))
        base += "/"
    return as_written(base, rooted=url.startswith("/") or path.startswith("/"))


def undoubled(meta: MetaData, url: str, found: Findings) -> str:
    """Return the folder of a document; where the script's own folder is its end, that is not said twice."""
    folder = folder_of(url)
    script = "" if meta.remote_entry is None else script_path(meta.remote_entry)
    below = script.rpartition("/")[0]
    if below and folder.endswith(f"/{below}/"):
        text = f"the files are written with the folder {below}/, which the document itself lies in"
        found.append(ContainerFinding("doubled-folder", "$.metaData.remoteEntry", text))
        return folder[: -len(below) - 1]
    return folder


def folder_of(url: str) -> str:
    """Return the folder that a document lies in; one relative to the page stays so."""
    whole = join(join(PAGE, url) or PAGE, ".") or PAGE
    return as_written(whole, rooted=url.startswith("/"))


def as_written(whole: str, *, rooted: bool) -> str:
    """Write a URL below the page as one that is relative to it; all others stay."""
    if not whole.startswith(PAGE):
        return whole
    return ("/" if rooted else "./") + whole.removeprefix(PAGE)


def place_file(base: str, file: str) -> str | None:
    """Return the URL of a file; None where it would leave the folder."""
    plain = file.removeprefix("./").removeprefix("/")
    folder = join(PAGE, base)
    whole = None if folder is None else join(folder, plain)
    if folder is None or whole is None or whole == folder or not whole.startswith(folder):
        return None
    return as_written(whole, rooted=base.startswith("/"))


def place_files(base: str, files: Collection[str]) -> Iterator[str]:
    """Yield the URLs of files, each once; those that would leave the folder are left out."""
    placed = (place_file(base, file) for file in dict.fromkeys(files))
    yield from dict.fromkeys(url for url in placed if url is not None)
