"""What the Next.js plugin is told, what it finds around it, and what it refuses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final, Literal, TypeAlias

import msgspec

from hanse.errors import FormatError, UsageError
from hanse.formats.decoding import decode_json, key_path
from hanse.limits import LIMITS
from hanse.share.presets.externals import ExternalKind
from hanse.share.presets.next_tables import NextVersion, Target, check_known
from hanse.share.presets.options import Own, check_table
from hanse.share.remote_strings import parse_remote

__all__ = [
    "Environment",
    "ExtraOptions",
    "NextOptions",
    "check_remotes",
    "decode_next_options",
    "exposed_pages",
    "validate_build",
]

Strategy: TypeAlias = Literal["version-first", "loaded-first"]

PAGE_LOADER: Final = "@module-federation/nextjs-mf/dist/src/loaders/nextPageMapLoader.js"
PAGE: Final = re.compile(r"(?P<folder>(?:src/)?pages/)(?P<path>.+)\.(?:tsx?|jsx?)")
# Pages that belong to one site alone; a catch-all at the root would answer for every other site's pages.
UNEXPOSED: Final = re.compile(r"api/.*|(?:_app|_document|_error|404|500)(?:\..*)?|\[\.\.\.[^/]*\](?:\..*)?")


class ExtraOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """The plugin's `extraOptions`, with its defaults."""

    automatic_page_stitching: bool = False
    enable_image_loader_fix: bool = False
    enable_url_loader_fix: bool = False
    skip_sharing_next_internals: bool = False
    expose_pages: bool = False
    debug: bool = False


class NextOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """What the plugin is constructed with.

    `library` is only warned about: the plugin sets its own. `manifest` may be False for none.
    """

    name: str = ""
    filename: str = ""
    exposes: Mapping[str, str] = {}
    remotes: Mapping[str, str] = {}
    shared: Mapping[str, Own] = {}
    runtime_plugins: tuple[str, ...] = ()
    library: Mapping[str, str] | None = None
    manifest: bool | Mapping[str, bool | str] | None = None
    dts: bool = False
    share_strategy: Strategy = "loaded-first"
    extra_options: ExtraOptions = ExtraOptions()


DECODER: Final = msgspec.json.Decoder(NextOptions)


def decode_next_options(data: bytes | str, *, subject: str = "options") -> NextOptions:
    """Read from JSON what the plugin is constructed with, in its own spelling.

    Raises:
        FormatError: It is no such object, too large, its `shared` cannot be, or a text names no remote.
    """
    options = decode_json(DECODER, data, subject=subject, cap=LIMITS.config_bytes)
    check_table(options.shared, subject, at="$.shared")
    check_remotes(options.remotes, subject)
    return options


def check_remotes(remotes: Mapping[str, str], subject: str) -> None:
    """Raise where a text names no remote.

    Raises:
        FormatError: It does not; the path names the remote.
    """
    for name, text in remotes.items():
        try:
            parse_remote(text)
        except FormatError as error:
            error.subject, error.path = subject, key_path("$.remotes", name)
            raise


class Environment(msgspec.Struct, frozen=True, kw_only=True):
    """What the plugin finds in the compiler and around it.

    `app_dir`: the app directory is in use. `local_webpack`: NEXT_PRIVATE_LOCAL_WEBPACK is set. `externals`:
    what each item of the configuration is. `pages`: the files of the pages folder, from the project's folder
    on (`pages/index.tsx`, `src/pages/shop/[id].tsx`).
    """

    app_dir: bool = False
    local_webpack: bool = True
    development: bool = False
    public_path: str = "/_next/"
    chunk_filename: str | None = None
    externals: tuple[ExternalKind, ...] = ("function",)
    pages: tuple[str, ...] = ()


def validate_build(
    compiler: str | None, next_version: int, options: NextOptions, environment: Environment
) -> Target | None:
    """Return which build this is, or None for a compiler that the plugin leaves alone.

    The checks are the plugin's, in its order: the app directory, the compiler's name, file name, name,
    and the project's own webpack.

    Raises:
        UsageError: The plugin would refuse to work.
    """
    check_known(next_version, NextVersion, "version of Next.js")
    if environment.app_dir:
        raise UsageError(
            "the app directory cannot be federated by this plugin",
            subject="app",
            hint="use the pages directory",
        )
    if not compiler:
        raise UsageError(
            "the compiler has no name", subject="compiler", hint="Next.js names it server or client"
        )
    check_required("filename", options.filename, "such as static/chunks/remoteEntry.js")
    check_required("name", options.name, "the container's name, such as shop")
    if not environment.local_webpack:
        raise UsageError(
            "Next.js would build with the webpack inside it, which cannot be extended",
            subject="NEXT_PRIVATE_LOCAL_WEBPACK",
            hint="set it to true, and install webpack",
        )
    match compiler:
        case "server" | "client":
            return compiler
        case _:
            return None


def check_required(name: str, value: str, hint: str) -> None:
    """Raise where an option that must be given is not."""
    if not value:
        raise UsageError(f"the option `{name}` is missing", subject=name, hint=hint)


def exposed_pages(files: Iterable[str]) -> dict[str, str]:
    """Return what is exposed with `exposePages`: two maps of the pages, and each page.

    Left out are the API, the special pages (`_app`, `_document`, `_error`, `404`, `500`) and a catch-all at
    the root.
    """
    pages = {
        f"./pages/{found['path']}": f"./{file}"
        for file in files
        if (found := PAGE.fullmatch(file)) and not UNEXPOSED.fullmatch(found["path"])
    }
    maps = {
        "./pages-map": f"{PAGE_LOADER}!{PAGE_LOADER}",
        "./pages-map-v2": f"{PAGE_LOADER}?v2!{PAGE_LOADER}",
    }
    return {**maps, **pages}
