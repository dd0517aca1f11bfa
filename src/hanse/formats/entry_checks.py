"""What types cannot say about a remote entry: the grammar of its names and files, and its counts.

A federation of a thousand remotes decodes a hundred thousand names at once. So there are two ways through
the same rules: a quick one over all texts together, which proves that an ordinary entry is in order, and an
exact one, text by text with paths, for whatever the quick one cannot vouch for.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from itertools import chain
from operator import attrgetter
from typing import Final

from hanse.errors import FormatError
from hanse.formats.decoding import key_path, shorten
from hanse.formats.digests import digest_fault
from hanse.formats.entry_structs import Absence, Expose, RemoteEntry, Shared
from hanse.limits import LIMITS, Limits
from hanse.names import POISON, bare_name, expose_name_fault, package_name_fault, remote_name_fault
from hanse.urls import is_asset_name, is_file_name

__all__ = [
    "absence_counts",
    "absence_violations",
    "check_counts",
    "is_plain",
    "label_fault",
    "pick_files",
    "plain_exposes",
    "plain_frame",
    "plain_shared",
    "refuse_excess",
    "violations",
]

FILE_BYTES: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._@+~-\n"

ENTRIES: Final = attrgetter("entries")
PACKAGE_NAME: Final = attrgetter("package_name")
POOL: Final = attrgetter("pool")
SHARE_SCOPE: Final = attrgetter("share_scope")

SUFFIXES: Final = (".mjs\n", ".css\n", ".cjs\n", ".json\n", ".wasm\n", ".map\n")

# Names that passed before: a federation repeats `react` a thousand times. Only short names and not too many,
# so that nobody can fill the memory with them.
VETTED: Final[set[str]] = set()
VETTED_KEYS: Final[set[str]] = set()
VETTED_REMOTES: Final[set[str]] = set()
VETTED_COUNT: Final = 20_000
VETTED_LENGTH: Final = 128


def is_plain(entry: RemoteEntry, files: list[str], data: bytes | str | Mapping[str, object]) -> bool:
    """Tell, quickly, that nothing is wrong with an entry's names and files; False means not known."""
    extended = entry.absence is not None or entry.assets is not None
    return not (extended or may_escape(data)) and plain_files(files) and plain_names(entry)


def may_escape(data: bytes | str | Mapping[str, object]) -> bool:
    """Tell whether texts can have control characters; in JSON they need a backslash, line feeds too."""
    if isinstance(data, bytes):
        return b"\\" in data
    return not isinstance(data, str) or "\\" in data


def pick_files(entry: RemoteEntry) -> list[str]:
    """Collect every file name that can end up in an import map."""
    files = files_of(entry.shared or ())
    if entry.exposes:
        files += [item.out_file_name for item in entry.exposes]
    if entry.chunks:
        files += chain.from_iterable(entry.chunks.values())
    return files


def files_of(shared: Collection[Shared]) -> list[str]:
    """Collect the file names of shared packages."""
    tables = tables_of(shared)
    files = list(chain.from_iterable([table.values() for table in tables]))
    if len(tables) < len(shared):
        files += [item.out_file_name for item in shared if item.out_file_name is not None]
    return files


def tables_of(shared: Iterable[Shared]) -> list[dict[str, str]]:
    """Return the tables of specifiers and files of those shared packages that have one."""
    return [table for table in map(ENTRIES, shared) if table is not None]


def plain_files(files: list[str]) -> bool:
    """Tell that all these are plain file names; those without folders by a few passes over them joined."""
    lines = "\n".join(files) + "\n"
    if not lines.isascii() or lines.encode("ascii").translate(None, FILE_BYTES):
        return all(map(is_file_name, files))
    scripts = lines.count(".js\n")
    if scripts != len(files) and scripts + sum(map(lines.count, SUFFIXES)) != len(files):
        return not files
    return len(lines) <= LIMITS.text_length or max(map(len, files)) <= LIMITS.text_length


def plain_names(entry: RemoteEntry) -> bool:
    """Tell that every name of an entry has passed before, or passes now."""
    return (
        plain_frame(entry.name, None)
        and plain_shared_names(entry.shared or ())
        and plain_keys(entry.exposes or ())
        and not any(map(label_fault, entry.chunks or ()))
    )


def plain_frame(name: str, chunks: Mapping[str, Collection[str]] | None) -> bool:
    """Tell that a remote's name is in order, and so are its bundles and their files."""
    if not vet((name,), VETTED_REMOTES, remote_name_fault):
        return False
    return not chunks or (
        not any(map(label_fault, chunks)) and plain_files([*chain.from_iterable(chunks.values())])
    )


def plain_shared(shared: Collection[Shared]) -> bool:
    """Tell that the names and files of shared packages are in order."""
    return plain_files(files_of(shared)) and plain_shared_names(shared)


def plain_exposes(exposes: Collection[Expose]) -> bool:
    """Tell that the keys and files of exposed modules are in order."""
    return plain_files([item.out_file_name for item in exposes]) and plain_keys(exposes)


def plain_shared_names(shared: Collection[Shared]) -> bool:
    """Tell that the names of shared packages, of their specifiers, scopes and pools are in order."""
    tables = tables_of(shared)
    labels = {*map(POOL, shared), *map(SHARE_SCOPE, shared)}
    return (
        vet(list(map(PACKAGE_NAME, shared)), VETTED, package_name_fault)
        and (all(map(VETTED.issuperset, tables)) or vet(set().union(*tables), VETTED, package_name_fault))
        and not any(map(label_fault, labels))
    )


def plain_keys(exposes: Collection[Expose]) -> bool:
    """Tell that the keys of exposed modules are in order."""
    return vet([item.key for item in exposes], VETTED_KEYS, expose_name_fault)


def vet(names: Collection[str], vetted: set[str], fault: Callable[[str], str | None]) -> bool:
    """Tell that no name has a fault, and remember those that are new."""
    if vetted.issuperset(names):
        return True
    fresh = set(names) - vetted
    if any(map(fault, fresh)):
        return False
    if len(vetted) > VETTED_COUNT:
        vetted.clear()
    vetted.update(name for name in fresh if len(name) <= VETTED_LENGTH)
    return True


def label_fault(label: str | None) -> str | None:
    """Say why this cannot name a share scope, a pool or a bundle: any text can, but `__proto__`."""
    return f"`{POISON}` is not a name" if label and POISON in label.split("/") else None


def check_counts(entry: RemoteEntry, files: list[str], subject: str, limits: Limits) -> None:
    """Raise where an entry has more parts than any real one.

    Raises:
        FormatError: Too many exposes, shared packages, or files in all.
    """
    counts = (
        ("$.exposes", len(entry.exposes or ()), limits.exposes_per_entry),
        ("$.shared", len(entry.shared or ()), limits.shared_per_entry),
        ("$", len(files), limits.files_per_entry),
        ("$.assets", len(entry.assets or ()), limits.files_per_entry),
        *absence_counts(entry.absence, limits),
    )
    refuse_excess(counts, subject)


def absence_counts(absence: Absence | None, limits: Limits) -> Iterator[tuple[str, int, int]]:
    """Yield path, count and cap of what stands in for others' modules."""
    if absence is not None:
        yield "$.absence.standIns", len(absence.stand_ins), limits.exposes_per_entry
        needed = sum(map(len, absence.essential.values()), len(absence.essential))
        yield "$.absence.essential", needed, limits.exposes_per_entry


def refuse_excess(counts: Iterable[tuple[str, int, int]], subject: str) -> None:
    """Raise for the first path that has more items than its cap; each is path, count and cap.

    Raises:
        FormatError: There are too many.
    """
    for path, count, cap in counts:
        if count > cap:
            raise FormatError(
                "there are too many items",
                subject=subject,
                path=path,
                found=str(count),
                expected=f"at most {cap}",
            )


def violations(entry: RemoteEntry, subject: str) -> Iterator[FormatError]:
    """Yield a fault for each name and file that is outside the grammar, in the document's order."""
    yield from name_violation(remote_name_fault(entry.name), entry.name, "a remote's name", subject, "$.name")
    for index, expose in enumerate(entry.exposes or ()):
        path = f"$.exposes[{index}]"
        key_fault = expose_name_fault(expose.key)
        yield from name_violation(key_fault, expose.key, "an exposed module's key", subject, f"{path}.key")
        yield from file_violation(expose.out_file_name, subject, f"{path}.outFileName")
    for index, item in enumerate(entry.shared or ()):
        yield from shared_violations(item, subject, f"$.shared[{index}]")
    for bundle, files in (entry.chunks or {}).items():
        path = key_path("$.chunks", bundle)
        yield from name_violation(label_fault(bundle), bundle, "a bundle's name", subject, path)
        for index, file in enumerate(files):
            yield from file_violation(file, subject, f"{path}[{index}]")
    if entry.absence is not None:
        yield from absence_violations(entry.absence, subject)
    for asset, digest in (entry.assets or {}).items():
        path = key_path("$.assets", asset)
        yield from file_violation(asset, subject, path, plain=is_asset_name)
        yield from name_violation(digest_fault(digest), digest, "a digest", subject, path)


def absence_violations(absence: Absence, subject: str) -> Iterator[FormatError]:
    """Yield the faults of what stands in for others' modules."""
    for specifier, file in absence.stand_ins.items():
        path = key_path("$.absence.standIns", specifier)
        yield from name_violation(
            package_name_fault(bare_name(specifier)), specifier, "a specifier", subject, path
        )
        yield from file_violation(file, subject, path)
    for key, needed in absence.essential.items():
        path = key_path("$.absence.essential", key)
        yield from name_violation(expose_name_fault(key), key, "an exposed module's key", subject, path)
        for index, specifier in enumerate(needed):
            if specifier not in absence.stand_ins:
                yield FormatError(
                    "`standIns` does not name this specifier",
                    subject=subject,
                    path=f"{path}[{index}]",
                    found=repr(shorten(specifier)),
                    expected="a specifier of `standIns`",
                )


def shared_violations(item: Shared, subject: str, path: str) -> Iterator[FormatError]:
    """Yield the faults of one shared package."""
    name = item.package_name
    yield from name_violation(
        package_name_fault(name), name, "a package's name", subject, f"{path}.packageName"
    )
    for label, field, kind in (
        (item.share_scope, "shareScope", "a share scope's name"),
        (item.pool, "pool", "a pool's name"),
    ):
        yield from name_violation(label_fault(label), label or "", kind, subject, f"{path}.{field}")
    if item.out_file_name is not None:
        yield from file_violation(item.out_file_name, subject, f"{path}.outFileName")
    for specifier, file in (item.entries or {}).items():
        place = key_path(f"{path}.entries", specifier)
        yield from name_violation(package_name_fault(specifier), specifier, "a specifier", subject, place)
        yield from file_violation(file, subject, place)


def name_violation(fault: str | None, name: str, kind: str, subject: str, path: str) -> Iterator[FormatError]:
    """Yield a name's fault, if there is one."""
    if fault is not None:
        yield FormatError(
            f"this cannot be {kind}: {fault}",
            subject=subject,
            path=path,
            found=repr(shorten(name)),
            expected=kind,
        )


def file_violation(
    file: str, subject: str, path: str, *, plain: Callable[[str], bool] = is_file_name
) -> Iterator[FormatError]:
    """Yield a fault for a file name that is not plain."""
    if not plain(file):
        yield FormatError(
            "this file name could leave the remote's folder, or is not one a build writes",
            subject=subject,
            path=path,
            found=repr(shorten(file)),
            expected="a plain relative path such as `chunks/card.js`",
        )
