r"""The container: a signed header and the modules it lists, in one piece of bytes that `seal` then seals.

```
hanse-stream-1\n
4 bytes      length of the header
…            the header, JSON (`hanse.stream.table.Header`)
16 bytes     id of the public key
64 bytes     ed25519 signature of the header
then, for each module that the asker does not have, in the table's order:
4 bytes      its row in the table
4 bytes      length of what follows
…            the module, deflated (zlib)
```

Numbers are big-endian. A frame has no name: its row has, in the signed table. Content that the asker has, by
its digest, is left out; content that several rows share is sent with the first of them.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from hanse.errors import FormatError, IntegrityError, StreamError
from hanse.formats.decoding import shorten
from hanse.limits import LIMITS, Limits
from hanse.stream.keys import check_key_id
from hanse.stream.signing import SIGNATURE_BYTES, Publishers, Signature, sign, verify
from hanse.stream.table import Header, ModuleRow, decode_header, digest_of, encode_header, order_rows

__all__ = [
    "InUse",
    "Offer",
    "PackedModule",
    "Pulled",
    "pack_module",
    "pick_modules",
    "read_stream",
    "write_stream",
]

MAGIC: Final = b"hanse-stream-1\n"
NUMBER_BYTES: Final = 4
ID_BYTES: Final = 16
# What zlib takes by itself: modules are packed once a build, not once a request.
DEFLATE_LEVEL: Final = 6


@dataclass(frozen=True, slots=True)
class PackedModule:
    """A module as it travels: its row of the table, and its bytes, deflated once for all askers."""

    row: ModuleRow
    deflated: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What a publisher says of a stream beside its modules; the fields of `Header` with these names."""

    remote: str
    version: str
    build: str
    serial: int
    expires: int
    nonce: str


@dataclass(frozen=True, slots=True)
class InUse:
    """The serial and the build that a consumer runs at present."""

    serial: int
    build: str


@dataclass(frozen=True, slots=True)
class Pulled:
    """A stream that was verified as a whole.

    Attributes:
        header: What the publisher signed.
        modules: Name -> content, in dependency order, those the asker had already among them.
        fresh: The digests of what came with this stream.
    """

    header: Header
    modules: Mapping[str, bytes] = field(repr=False)
    fresh: frozenset[str]


def pack_module(name: str, content: bytes, *, imports: Iterable[str] = ()) -> PackedModule:
    """Make a module ready to travel.

    Args:
        name: Its file, relative to the remote's server build.
        content: Its bytes.
        imports: The names of the modules of the same build that it imports.
    """
    row = ModuleRow(name, digest_of(content), len(content), tuple(imports))
    return PackedModule(row, zlib.compress(content, DEFLATE_LEVEL))


def pick_modules(
    modules: Mapping[str, PackedModule], names: Iterable[str], *, subject: str
) -> tuple[PackedModule, ...]:
    """Return modules of a build with all that they import, and nothing else, in dependency order.

    Raises:
        FormatError: A name or an import that is not in the build; with the names.
    """
    found: dict[str, PackedModule] = {}
    waiting = list(names)
    for name in waiting:
        if name not in modules:
            raise FormatError(f"the build has no module `{shorten(name)}`", subject=subject)
    while waiting:
        name = waiting.pop()
        if name in modules and name not in found:
            found[name] = modules[name]
            waiting += modules[name].row.imports
    rows = order_rows((module.row for module in found.values()), subject=subject)
    return tuple(found[row.name] for row in rows)


def write_stream(
    modules: Iterable[PackedModule],
    *,
    offer: Offer,
    private: bytes,
    have: Collection[str] = (),
    limits: Limits = LIMITS,
) -> bytes:
    """Write a container, to be sealed as a whole.

    Args:
        modules: What was asked for, with all that it imports, in any order.
        offer: Whose it is, which build, for how long, and for which request.
        private: The ed25519 key that signs.
        have: The digests of what the asker has already: left out.
        limits: The caps on counts and sizes, which the reader has as well.

    Raises:
        FormatError: The reader would refuse it: names, sizes, an import that is missing.
        UsageError: The key has another length than 32 bytes.
    """
    listed = list(modules)
    packed = {module.row.name: module for module in listed}
    rows = order_rows((module.row for module in listed), subject=offer.remote)
    header = Header(
        remote=offer.remote,
        version=offer.version,
        build=offer.build,
        serial=offer.serial,
        expires=offer.expires,
        nonce=offer.nonce,
        modules=rows,
    )
    encoded = encode_header(header, limits=limits)
    signature = sign(encoded, private=private)
    parts = [MAGIC, number(len(encoded)), encoded, signature.key.encode("ascii"), signature.value]
    for index in travelling(rows, have):
        deflated = packed[rows[index].name].deflated
        parts += (number(index), number(len(deflated)), deflated)
    return b"".join(parts)


def travelling(rows: tuple[ModuleRow, ...], have: Collection[str]) -> Iterator[int]:
    """Yield the rows whose content is sent: the first of each digest that the asker does not have."""
    known = set(have)
    for index, row in enumerate(rows):
        if row.digest not in known:
            known.add(row.digest)
            yield index


def number(value: int) -> bytes:
    """Write a number as it stands in a container."""
    return value.to_bytes(NUMBER_BYTES, "big")


def read_stream(
    container: bytes,
    *,
    remote: str,
    publishers: Publishers,
    nonce: str,
    now: float,
    in_use: InUse | None = None,
    have: Mapping[str, bytes] | None = None,
    limits: Limits = LIMITS,
) -> Pulled:
    """Read a container, and return it only if all of it is in order.

    The header's signature is checked before anything in the header is looked at, the header before the first
    module, and every module's size and digest before any is returned.

    Args:
        container: What `open_sealed` returned.
        remote: Whose modules were asked for.
        publishers: Who may publish for which remote.
        nonce: What the request called itself.
        now: Seconds of Unix time.
        in_use: What runs at present; nothing older takes its place.
        have: Digest -> content, as the request named them; their digests are checked again.
        limits: The caps on counts and sizes.

    Raises:
        FormatError: It is no container, or is outside a grammar or a cap, or its modules have no order.
        StreamError: `publisher`, `signature`, `remote`, `nonce`, `serial` or `expired`.
        IntegrityError: A module's bytes are not those of its digest.
    """
    encoded, signature, start = split_header(container, remote, limits)
    verify(encoded, signature, remote=remote, publishers=publishers)
    header = decode_header(encoded, subject=remote, limits=limits)
    check_header(header, remote=remote, nonce=nonce, now=now, in_use=in_use)
    kept = have if have is not None else {}
    contents = dict(read_frames(container, start, header, kept))
    fresh = frozenset(contents)
    for row in header.modules:
        if row.digest not in contents:
            contents[row.digest] = check_content(kept[row.digest], row, remote, "the copy that is kept of")
    return Pulled(header, {row.name: contents[row.digest] for row in header.modules}, fresh)


def split_header(container: bytes, subject: str, limits: Limits) -> tuple[bytes, Signature, int]:
    """Return the header's bytes, their signature, and where the frames begin.

    Raises:
        FormatError: It is no container, or its header is too large.
    """
    if not container.startswith(MAGIC):
        raise FormatError("this is no stream of modules", subject=subject, expected="`hanse-stream-1`")
    size, start = take_number(container, len(MAGIC), "the header's length", subject)
    if size > limits.stream_header_bytes:
        raise FormatError(
            "the header is too large",
            subject=subject,
            found=f"{size} bytes",
            expected=f"at most {limits.stream_header_bytes} bytes",
        )
    encoded, start = take(container, start, size, "the header", subject)
    key, start = take(container, start, ID_BYTES, "the signing key's id", subject)
    value, start = take(container, start, SIGNATURE_BYTES, "the signature", subject)
    name = key.decode("latin-1")
    check_key_id(name, subject=subject)
    return encoded, Signature(name, value), start


def check_header(header: Header, *, remote: str, nonce: str, now: float, in_use: InUse | None) -> None:
    """Raise unless a header is for this remote, this request and this time.

    Raises:
        StreamError: It is not.
    """
    if header.remote != remote:
        raise refused("remote", f"it has the modules of `{shorten(header.remote)}`", remote)
    if header.nonce != nonce:
        raise refused("nonce", "it is the answer to another request", remote, "was it sent a second time?")
    if header.expires <= now:
        late = f"it expired {now - header.expires:.0f} seconds ago"
        raise refused("expired", late, remote, "compare the clocks of both servers")
    if in_use is None:
        return
    if header.serial < in_use.serial:
        older = f"its serial is {header.serial}, and {in_use.serial} is in use"
        raise refused("serial", older, remote, "publish the older build again, under a new serial")
    if header.serial == in_use.serial and header.build != in_use.build:
        other = f"it has another build under serial {in_use.serial}, which is in use"
        raise refused("serial", other, remote, "publish each build under a serial of its own")


def refused(reason: str, message: str, remote: str, hint: str = "") -> StreamError:
    """Say why a stream that is signed must not be used all the same."""
    return StreamError(message, reason=reason, subject=remote, hint=hint)


def read_frames(
    container: bytes, start: int, header: Header, have: Collection[str]
) -> Iterator[tuple[str, bytes]]:
    """Yield digest and content of each module that was sent, after checking them.

    Raises:
        FormatError: A frame is missing, too many, out of order, cut off, or inflates to another size.
        IntegrityError: A content's digest is another.
    """
    subject = header.remote
    for index in travelling(header.modules, have):
        row = header.modules[index]
        place = f"the frame of `{shorten(row.name)}`"
        found, start = take_number(container, start, place, subject)
        if found != index:
            raise misplaced(found, header, index)
        size, start = take_number(container, start, place, subject)
        deflated, start = take(container, start, size, place, subject)
        yield row.digest, check_content(inflate(deflated, row, subject), row, subject, "the content of")
    if start != len(container):
        raise FormatError(
            "something follows the last module",
            subject=subject,
            found=f"{len(container) - start} bytes more",
            expected="the end",
        )


def misplaced(found: int, header: Header, index: int) -> FormatError:
    """Say that a frame is another module's."""
    rows = header.modules
    name = f"that of `{shorten(rows[found].name)}`" if found < len(rows) else f"one of row {found}"
    return FormatError(
        "a frame is missing, there twice, or out of order",
        subject=header.remote,
        path=f"$.modules[{index}]",
        found=name,
        expected=f"that of `{shorten(rows[index].name)}`",
    )


def inflate(deflated: bytes, row: ModuleRow, subject: str) -> bytes:
    """Inflate a module, and not one byte beyond the size that was signed.

    Raises:
        FormatError: It is not deflated, or has another size.
    """
    machine = zlib.decompressobj()
    try:
        content = machine.decompress(deflated, row.size + 1)
    except zlib.error:
        raise FormatError(f"`{shorten(row.name)}` cannot be inflated", subject=subject) from None
    if len(content) != row.size:
        raise wrong_size(row, len(content), subject)
    if not machine.eof or machine.unused_data:
        raise FormatError(f"the frame of `{shorten(row.name)}` does not end with it", subject=subject)
    return content


def check_content(content: bytes, row: ModuleRow, subject: str, what: str) -> bytes:
    """Return content that has the digest of its row.

    Raises:
        IntegrityError: It has another digest.
    """
    if digest_of(content) != row.digest:
        raise IntegrityError(
            f"{what} `{shorten(row.name)}` has not the digest that was signed", subject=subject
        )
    return content


def wrong_size(row: ModuleRow, found: int, subject: str) -> FormatError:
    """Say that a module has not the size its row says."""
    return FormatError(
        f"`{shorten(row.name)}` has not the size that was signed",
        subject=subject,
        found="more" if found > row.size else f"{found} bytes",
        expected=f"{row.size} bytes",
    )


def take_number(container: bytes, start: int, what: str, subject: str) -> tuple[int, int]:
    """Return a number, and where it ends.

    Raises:
        FormatError: The container ends before.
    """
    raw, end = take(container, start, NUMBER_BYTES, what, subject)
    return int.from_bytes(raw, "big"), end


def take(container: bytes, start: int, size: int, what: str, subject: str) -> tuple[bytes, int]:
    """Return so many bytes, and where they end.

    Raises:
        FormatError: The container ends before.
    """
    end = start + size
    if end > len(container):
        raise FormatError(
            f"the stream ends within {what}",
            subject=subject,
            found=f"{len(container) - start} bytes",
            expected=f"{size} bytes",
        )
    return container[start:end], end
