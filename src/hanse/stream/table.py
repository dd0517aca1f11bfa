"""The signed header of a stream: whose modules these are, for how long, and the table of them.

A table is in dependency order: what a module imports stands before it. Modules that import each other in a
circle, as builds have them, have no order among themselves: they stand together, in the order of their names.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Container, Iterable, Iterator, Mapping
from typing import Final

import msgspec

from hanse.errors import FormatError
from hanse.formats.decoding import decode_json, encode_json, shorten
from hanse.formats.digests import digest_fault
from hanse.limits import LIMITS, Limits
from hanse.names import remote_name_fault, text_fault
from hanse.urls import is_file_name

__all__ = ["Header", "ModuleRow", "decode_header", "digest_of", "encode_header", "order_rows", "table_fault"]

# Serials beyond this are no whole numbers in JavaScript.
LAST_SERIAL: Final = 2**53 - 1
# What a build says of itself, and what a request calls itself: short texts.
LABEL_LENGTH: Final = 256


class ModuleRow(msgspec.Struct, frozen=True):
    """One module of a stream's table.

    Attributes:
        name: Its file, relative to the remote's server build.
        digest: `sha384-` and the digest of its bytes in base64.
        size: Its bytes, inflated.
        imports: The names of the modules of this table that it imports; its own may be among them.
    """

    name: str
    digest: str
    size: int
    imports: tuple[str, ...] = ()


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """What a publisher signs.

    Attributes:
        remote: The remote's name, as its server entry has it.
        version: The remote's version.
        build: The digest that names its build.
        serial: Grows with everything that is published, also when an older build is published again.
        expires: Until when it may be used, in seconds of Unix time.
        nonce: What the request called itself.
        modules: The table, in dependency order, modules of one circle together.
    """

    remote: str
    version: str
    build: str
    serial: int
    expires: int
    nonce: str
    modules: tuple[ModuleRow, ...]


DECODER: Final = msgspec.json.Decoder(Header)


def digest_of(content: bytes) -> str:
    """Return the digest that a table names content by: `sha384-` and base64."""
    return "sha384-" + b64encode(hashlib.sha384(content).digest()).decode("ascii")


def encode_header(header: Header, *, limits: Limits = LIMITS) -> bytes:
    """Write a header, after the same checks that its reader makes.

    Raises:
        FormatError: The reader would refuse it.
    """
    encoded = encode_json(header, subject=header.remote)
    decode_header(encoded, subject=header.remote, limits=limits)
    return encoded


def decode_header(data: bytes, *, subject: str, limits: Limits = LIMITS) -> Header:
    """Read a header whose signature was verified, and check all that types cannot say.

    Raises:
        FormatError: Not JSON, wrong types, names or digests outside their grammar, too many modules, too
            large in all, a name twice, or an order in which an import is not yet there.
    """
    header = decode_json(DECODER, data, subject=subject, cap=limits.stream_header_bytes)
    fault = next(header_faults(header, subject), None) or table_fault(header.modules, subject, limits)
    if fault is not None:
        raise fault
    return header


def header_faults(header: Header, subject: str) -> Iterator[FormatError]:
    """Yield what is wrong with the fields that are no modules."""
    names = (
        ("$.remote", header.remote, "a remote's name", remote_name_fault(header.remote)),
        ("$.version", header.version, "a version", label_fault(header.version)),
        ("$.nonce", header.nonce, "a nonce", label_fault(header.nonce)),
        ("$.build", header.build, "a digest", digest_fault(header.build)),
    )
    for path, text, kind, reason in names:
        if reason is not None:
            yield misnamed(kind, reason, text, path=path, subject=subject)
    for path, number in (("$.serial", header.serial), ("$.expires", header.expires)):
        if not 0 <= number <= LAST_SERIAL:
            yield FormatError(
                "the number is out of range",
                subject=subject,
                path=path,
                found=shorten(str(number)),
                expected=f"0 to {LAST_SERIAL}",
            )


def label_fault(text: str) -> str | None:
    """Say why a short text cannot be one."""
    return text_fault(text) or (
        f"it is longer than {LABEL_LENGTH} characters" if len(text) > LABEL_LENGTH else None
    )


def table_fault(rows: tuple[ModuleRow, ...], subject: str, limits: Limits = LIMITS) -> FormatError | None:
    """Return the first thing that is wrong with a table, or None."""
    if len(rows) > limits.stream_modules:
        return excess("there are too many modules", "$.modules", len(rows), limits.stream_modules, subject)
    fault = next(
        (fault for index, row in enumerate(rows) for fault in row_faults(row, index, subject, limits)), None
    )
    if fault is not None:
        return fault
    total = sum(row.size for row in rows)
    if total > limits.stream_inflated_bytes:
        return excess(
            "the modules are too large together", "$.modules", total, limits.stream_inflated_bytes, subject
        )
    return next(order_faults(rows, subject), None)


def row_faults(row: ModuleRow, index: int, subject: str, limits: Limits) -> Iterator[FormatError]:
    """Yield what is wrong with one row alone."""
    path = f"$.modules[{index}]"
    if reason := module_name_fault(row.name):
        yield misnamed("a module's file", reason, row.name, path=f"{path}.name", subject=subject)
    if reason := digest_fault(row.digest):
        yield misnamed("a digest", reason, row.digest, path=f"{path}.digest", subject=subject)
    elif not row.digest.startswith("sha384-"):
        yield misnamed("a digest", "it is not sha384", row.digest, path=f"{path}.digest", subject=subject)
    if not 0 <= row.size <= limits.module_bytes:
        yield excess("the module is too large", f"{path}.size", row.size, limits.module_bytes, subject)
    if len(row.imports) > limits.imports_per_module:
        count = len(row.imports)
        yield excess(
            "there are too many imports", f"{path}.imports", count, limits.imports_per_module, subject
        )


def module_name_fault(name: str) -> str | None:
    """Say why this cannot be a module's file, or return None."""
    if fault := text_fault(name):
        return fault
    return None if is_file_name(name) else "it is no plain relative path such as `chunks/card.js`"


def order_faults(rows: tuple[ModuleRow, ...], subject: str) -> Iterator[FormatError]:
    """Yield what is wrong with the order: a name twice, an import that is missing or comes too late."""
    places: dict[str, int] = {}
    for index, row in enumerate(rows):
        if places.setdefault(row.name, index) != index:
            yield FormatError(
                "the module is there twice",
                subject=subject,
                path=f"$.modules[{index}].name",
                found=repr(shorten(row.name)),
                expected=f"a name other than that of $.modules[{places[row.name]}]",
            )
    circles = circles_of(rows)
    sizes: dict[str, int] = {}
    for index, row in enumerate(rows):
        if sizes.setdefault(row.digest, row.size) != row.size:
            yield FormatError(
                "modules with the same digest have different sizes",
                subject=subject,
                path=f"$.modules[{index}].size",
                found=str(row.size),
                expected=str(sizes[row.digest]),
            )
        for name in row.imports:
            same = name in circles and circles[name] == circles[row.name]
            if not same and places.get(name, len(rows)) >= index:
                yield late(row, name, places, f"$.modules[{index}].imports", subject)
    yield from torn_circles(rows, circles, subject)


def late(row: ModuleRow, name: str, table: Container[str], path: str, subject: str) -> FormatError:
    """Say why an import does not stand before the module that has it."""
    importer, imported = shorten(row.name), shorten(name)
    if name not in table:
        message = f"`{importer}` imports `{imported}`, which the table does not name"
    else:
        message = f"`{importer}` comes before `{imported}`, which it imports"
    return FormatError(message, subject=subject, path=path)


def torn_circles(
    rows: tuple[ModuleRow, ...], circles: Mapping[str, int], subject: str
) -> Iterator[FormatError]:
    """Yield a fault where something stands between modules that import each other in a circle."""
    left: set[int] = set()
    last: int | None = None
    for index, row in enumerate(rows):
        circle = circles[row.name]
        if circle != last and circle in left:
            yield FormatError(
                f"`{shorten(row.name)}` is apart from the modules that it makes a circle with",
                subject=subject,
                path=f"$.modules[{index}].name",
            )
        if last is not None and circle != last:
            left.add(last)
        last = circle


def circles_of(rows: Iterable[ModuleRow]) -> Mapping[str, int]:
    """Give each circle of a table a number; a module in none of them is one of its own.

    These are the strongly connected components, found by Tarjan's algorithm (1972) without recursion: chains
    may be thousands long. They are numbered in dependency order: what a circle imports has lower numbers.
    """
    table = {row.name: row for row in rows}
    search = CircleSearch(table)
    for name in table:
        if name not in search.circles:
            search.visit(name)
    return search.circles


class CircleSearch:
    """One search for circles: what it has entered, what is open, and which circles it has closed."""

    def __init__(self, table: Mapping[str, ModuleRow]) -> None:
        self._table = table
        self._entered: dict[str, int] = {}
        self._lowest: dict[str, int] = {}
        self._open: list[str] = []
        self._count = 0
        self.circles: dict[str, int] = {}

    def visit(self, start: str) -> None:
        """Search on from a module that was not entered yet."""
        way = [(start, self._enter(start))]
        while way:
            name, ahead = way[-1]
            following = next(ahead, None)
            if following is None:
                way.pop()
                self._leave(name, way[-1][0] if way else None)
            elif following not in self._entered:
                way.append((following, self._enter(following)))
            elif following not in self.circles:
                self._lowest[name] = min(self._lowest[name], self._entered[following])

    def _enter(self, name: str) -> Iterator[str]:
        """Enter a module; return its imports that the table has."""
        self._entered[name] = self._lowest[name] = len(self._entered)
        self._open.append(name)
        return (imported for imported in self._table[name].imports if imported in self._table)

    def _leave(self, name: str, importer: str | None) -> None:
        """Leave a module: tell its importer how far back it reaches, and close its circle if it began it."""
        if importer is not None:
            self._lowest[importer] = min(self._lowest[importer], self._lowest[name])
        if self._lowest[name] != self._entered[name]:
            return
        while self._open:
            member = self._open.pop()
            self.circles[member] = self._count
            if member == name:
                break
        self._count += 1


def order_rows(rows: Iterable[ModuleRow], *, subject: str) -> tuple[ModuleRow, ...]:
    """Put rows into dependency order; the same rows come out alike, however they went in.

    Raises:
        FormatError: A name twice, or an import that no row names; with the names.
    """
    given = tuple(sorted(rows, key=lambda row: row.name))
    circles = circles_of(given)
    twice = len(circles) < len(given)
    # Where there is a hole, the order is none, and the check says where.
    whole = given if twice else tuple(sorted(given, key=lambda row: (circles[row.name], row.name)))
    fault = next(order_faults(whole, subject), None)
    if fault is not None:
        raise fault
    return whole


def misnamed(kind: str, reason: str, text: str, *, path: str, subject: str) -> FormatError:
    """Say that a text is outside its grammar."""
    return FormatError(
        f"this cannot be {kind}: {reason}",
        subject=subject,
        path=path,
        found=repr(shorten(text)),
        expected=kind,
    )


def excess(message: str, path: str, found: int, cap: int, subject: str) -> FormatError:
    """Say that there is more of something than its cap, or less than nothing."""
    return FormatError(message, subject=subject, path=path, found=shorten(str(found)), expected=f"0 to {cap}")
