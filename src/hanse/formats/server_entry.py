"""The server entry, `server-entry.json`: what a remote's server build exposes, and its modules.

Hanse's own document; it lies beside the build, and is given out with proof only. `shared` has the shape of a
remote entry's.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping
from typing import Final, Literal

import msgspec

from hanse.errors import FormatError
from hanse.formats.config_structs import Layer
from hanse.formats.decoding import convert_value, decode_json, encode_json, key_path, shorten
from hanse.formats.digests import digest_fault
from hanse.formats.entry_checks import (
    absence_counts,
    absence_violations,
    file_violation,
    name_violation,
    shared_violations,
)
from hanse.formats.entry_structs import Absence, Shared
from hanse.limits import LIMITS, Limits
from hanse.names import (
    container_name_fault,
    expose_name_fault,
    package_name_fault,
    path_fault,
    remote_name_fault,
    text_fault,
)

__all__ = [
    "ContainerScript",
    "ServerEntry",
    "ServerModule",
    "ServerPage",
    "build_digest",
    "decode_server_entry",
    "encode_server_entry",
    "server_entry_faults",
]

SCHEMA: Final = 1
# Serials beyond this are no whole numbers in JavaScript.
LAST_SERIAL: Final = 2**53 - 1


class ServerModule(msgspec.Struct, frozen=True, omit_defaults=True):
    """One file of a server build.

    `digest` is sha384, `size` in bytes; `imports` are files of this build, `externals` packages that the
    consumer resolves, `styles` the style sheets of the browser build that go with it.
    """

    digest: str
    size: int
    imports: tuple[str, ...] = ()
    externals: tuple[str, ...] = ()
    styles: tuple[str, ...] = ()


class ServerPage(msgspec.Struct, frozen=True, omit_defaults=True):
    """A page: its path with `[param]` segments, its module, and whether data is loaded for it."""

    path: str
    module: str
    loader: bool = False


class ContainerScript(msgspec.Struct, frozen=True):
    """Where a Module Federation container of this build is: its file, and the global it leaves."""

    script: str
    global_name: str = msgspec.field(name="global")


class ServerEntry(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One remote's server build.

    `build` names the build (`build_digest`), `serial` grows with everything that is published. `exposes` maps
    keys to files, `modules` files to what is known of them. A build in format `cjs` is a Module Federation
    container, and `container` says where it is. `browser` is the digest of the remote entry, or manifest, of
    the build for browsers that belongs with it; empty where that is not told. `loads` are the keys of exposed
    modules, beside pages, for which data is loaded. `absence` says what becomes of
    it where modules of other remotes are absent.
    """

    schema: int
    name: str
    version: str
    build: str
    serial: int
    format: Literal["esm", "cjs"] = "esm"
    layer: Layer = "ssr"
    exposes: Mapping[str, str] = {}
    pages: tuple[ServerPage, ...] = ()
    loads: tuple[str, ...] = ()
    modules: Mapping[str, ServerModule]
    shared: tuple[Shared, ...] = ()
    container: ContainerScript | None = None
    browser: str = ""
    absence: Absence | None = None


DECODER: Final = msgspec.json.Decoder(ServerEntry)
OBJECT_DECODER: Final = msgspec.json.Decoder(dict[str, object])


def decode_server_entry(
    data: bytes | str | Mapping[str, object], *, subject: str, limits: Limits = LIMITS
) -> ServerEntry:
    """Decode a server entry; unknown fields are ignored, types are not coerced.

    Args:
        data: The document, or its decoded JSON.
        subject: Where it came from, for messages.
        limits: The caps on sizes and counts.

    Raises:
        FormatError: Not JSON, wrong types, or the first of `server_entry_faults`.
    """
    entry = read_types(data, subject, limits)
    for fault in server_entry_faults(entry, subject=subject, limits=limits):
        raise fault
    return entry


def read_types(data: bytes | str | Mapping[str, object], subject: str, limits: Limits) -> ServerEntry:
    """Decode without looking at names.

    Raises:
        FormatError: Not JSON, too large, or wrong types.
    """
    if isinstance(data, Mapping):
        return convert_value(data, ServerEntry, subject=subject)
    return decode_json(DECODER, data, subject=subject, cap=limits.server_entry_bytes)


def encode_server_entry(entry: ServerEntry) -> bytes:
    """Encode a server entry as compact JSON; what has its default is left out.

    Raises:
        FormatError: A text in it is not Unicode.
    """
    # `schema` has no default, so that it is always written.
    return encode_json(entry, subject=entry.name)


def build_digest(data: bytes, *, subject: str, limits: Limits = LIMITS) -> str:
    """Return the digest that `build` should be: of all the document says, but `build` and `serial`.

    A stream's header has `build` and is signed: whoever compares this digest with it knows that exposes,
    pages and shared packages are the publisher's too. An older build under a new serial keeps its digest.

    Args:
        data: The document as it came, since fields that this version does not know count as well.
        subject: Where it came from, for messages.
        limits: The cap on its size.

    Raises:
        FormatError: Not a JSON object, or too large.
    """
    fields = decode_json(OBJECT_DECODER, data, subject=subject, cap=limits.server_entry_bytes)
    rest = {name: value for name, value in fields.items() if name not in ("build", "serial")}
    encoded = msgspec.json.encode(rest, order="sorted")
    return "sha384-" + base64.b64encode(hashlib.sha384(encoded).digest()).decode("ascii")


def server_entry_faults(
    entry: ServerEntry, *, subject: str = "", limits: Limits = LIMITS
) -> Iterator[FormatError]:
    """Yield what types cannot say: numbers, names, counts, and files that `modules` does not have."""
    subject = subject or entry.name
    yield from frame_faults(entry, subject)
    yield from count_faults(entry, subject, limits)
    yield from expose_faults(entry, subject)
    for name, module in entry.modules.items():
        yield from module_faults(name, module, entry, subject, limits)
    yield from shared_faults(entry, subject)
    if entry.absence is not None:
        yield from absence_violations(entry.absence, subject)
        for specifier, file in entry.absence.stand_ins.items():
            yield from missing(file, entry, key_path("$.absence.standIns", specifier), subject)


def frame_faults(entry: ServerEntry, subject: str) -> Iterator[FormatError]:
    """Yield what is wrong with the fields that are no lists."""
    if entry.schema != SCHEMA:
        yield misfit("this schema is not known", "$.schema", str(entry.schema), str(SCHEMA), subject)
    yield from name_violation(remote_name_fault(entry.name), entry.name, "a remote's name", subject, "$.name")
    yield from name_violation(text_fault(entry.version), entry.version, "a version", subject, "$.version")
    yield from name_violation(digest_fault(entry.build), entry.build, "a digest", subject, "$.build")
    if entry.browser:
        yield from name_violation(
            digest_fault(entry.browser), entry.browser, "a digest", subject, "$.browser"
        )
    if not 0 <= entry.serial <= LAST_SERIAL:
        yield misfit(
            "the number is out of range", "$.serial", str(entry.serial), f"0 to {LAST_SERIAL}", subject
        )
    if (entry.format == "cjs") != (entry.container is not None):
        found = "no `container`" if entry.container is None else "a `container`"
        expected = "a `container` with format `cjs`, and with no other"
        yield misfit("format and container do not fit together", "$.container", found, expected, subject)
    if entry.container is not None:
        used = entry.container.global_name
        yield from name_violation(
            container_name_fault(used), used, "a container's name", subject, "$.container.global"
        )
        yield from missing(entry.container.script, entry, "$.container.script", subject)


def count_faults(entry: ServerEntry, subject: str, limits: Limits) -> Iterator[FormatError]:
    """Yield a fault for each list that has more items than its cap."""
    counts = (
        ("$.exposes", len(entry.exposes), limits.exposes_per_entry),
        ("$.pages", len(entry.pages), limits.exposes_per_entry),
        ("$.loads", len(entry.loads), limits.exposes_per_entry),
        ("$.modules", len(entry.modules), limits.stream_modules),
        ("$.shared", len(entry.shared), limits.shared_per_entry),
        *absence_counts(entry.absence, limits),
    )
    for path, count, cap in counts:
        if count > cap:
            yield misfit("there are too many items", path, str(count), f"at most {cap}", subject)


def expose_faults(entry: ServerEntry, subject: str) -> Iterator[FormatError]:
    """Yield what is wrong with exposed modules and pages."""
    for key, file in entry.exposes.items():
        path = key_path("$.exposes", key)
        yield from name_violation(expose_name_fault(key), key, "an exposed module's key", subject, path)
        yield from missing(file, entry, path, subject)
    for index, key in enumerate(entry.loads):
        if key not in entry.exposes:
            found = repr(shorten(key))
            yield misfit(
                "`exposes` has no such key", f"$.loads[{index}]", found, "a key of `exposes`", subject
            )
    for index, page in enumerate(entry.pages):
        path = f"$.pages[{index}]"
        yield from name_violation(page_fault(page.path), page.path, "a page's path", subject, f"{path}.path")
        yield from missing(page.module, entry, f"{path}.module", subject)


def page_fault(path: str) -> str | None:
    """Say why this cannot be a page's path, or return None; `/` and `/shop/[id]` are fine."""
    if fault := text_fault(path):
        return fault
    if not path.startswith("/"):
        return "it does not begin with a slash"
    if "?" in path or "#" in path:
        return "it has a query or a fragment"
    return path_fault(path[1:]) if path != "/" else None


def module_faults(
    name: str, module: ServerModule, entry: ServerEntry, subject: str, limits: Limits
) -> Iterator[FormatError]:
    """Yield what is wrong with one module."""
    path = key_path("$.modules", name)
    yield from name_violation(text_fault(name), name, "a module's file", subject, path)
    if not text_fault(name):
        yield from file_violation(name, subject, path)
    reason = digest_fault(module.digest) or (
        None if module.digest.startswith("sha384-") else "it is not sha384"
    )
    yield from name_violation(reason, module.digest, "a digest", subject, f"{path}.digest")
    if not 0 <= module.size <= limits.module_bytes:
        yield misfit(
            "the module is too large",
            f"{path}.size",
            str(module.size),
            f"0 to {limits.module_bytes}",
            subject,
        )
    if len(module.imports) > limits.imports_per_module:
        found, cap = str(len(module.imports)), f"at most {limits.imports_per_module}"
        yield misfit("there are too many imports", f"{path}.imports", found, cap, subject)
    for index, imported in enumerate(module.imports):
        yield from missing(imported, entry, f"{path}.imports[{index}]", subject)
    for index, package in enumerate(module.externals):
        place = f"{path}.externals[{index}]"
        yield from name_violation(package_name_fault(package), package, "a package's name", subject, place)
    for index, sheet in enumerate(module.styles):
        yield from file_violation(sheet, subject, f"{path}.styles[{index}]")


def shared_faults(entry: ServerEntry, subject: str) -> Iterator[FormatError]:
    """Yield what is wrong with shared packages: names, and files that are no modules of this build."""
    for index, item in enumerate(entry.shared):
        path = f"$.shared[{index}]"
        yield from shared_violations(item, subject, path)
        if item.out_file_name is not None:
            yield from missing(item.out_file_name, entry, f"{path}.outFileName", subject)
        for specifier, file in (item.entries or {}).items():
            yield from missing(file, entry, key_path(f"{path}.entries", specifier), subject)


def missing(file: str, entry: ServerEntry, path: str, subject: str) -> Iterator[FormatError]:
    """Yield a fault where a file is no module of the build."""
    if file not in entry.modules:
        yield misfit(
            "`modules` does not name this file", path, repr(shorten(file)), "a file of `modules`", subject
        )


def misfit(message: str, path: str, found: str, expected: str, subject: str) -> FormatError:
    """Make a fault of this document."""
    return FormatError(message, subject=subject, path=path, found=shorten(found), expected=expected)
