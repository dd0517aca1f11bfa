"""Seeded federations as files: what both sides of the benchmark read.

Five kinds, each stressing another part of a resolver. Every remote shares fifty packages and exposes
three modules; only versions, ranges, entrypoints and families differ between the kinds.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["KINDS", "Federation", "FederationKind", "generate", "remote_entry"]

EXTERNALS = 50
VERSIONS = 5
FAMILY = 5
SUBPATHS = ("core", "forms", "http", "testing")

Declaration = dict[str, object]


@dataclass(frozen=True, slots=True)
class FederationKind:
    """One way of disagreeing about fifty packages.

    `pooling` is whether npm scopes are pooled automatically; `question` is what the kind asks a resolver.
    """

    name: str
    pooling: bool
    question: str
    declare: Callable[[random.Random, int, int, int], Iterator[Declaration]]


@dataclass(frozen=True, slots=True)
class Federation:
    """A generated federation: its manifest (name to URL) and, by URL, the file that answers there."""

    kind: FederationKind
    size: int
    manifest: dict[str, str]
    files: dict[str, Path]

    @property
    def label(self) -> str:
        """Name kind and size, as the tables print them."""
        return f"{self.kind.name}-{self.size}"

    def read(self) -> dict[str, bytes]:
        """Read every file: URL to bytes."""
        return {url: path.read_bytes() for url, path in self.files.items()}


def package_name(index: int) -> str:
    """Name a package that belongs to no family."""
    return f"package-{index:02d}"


def family_member(index: int) -> str:
    """Name a package of an npm scope with `FAMILY` members."""
    return f"@family-{index // FAMILY:02d}/part-{index % FAMILY}"


def shared(name: str, version: str, required: str, entrypoints: tuple[str, ...] = ()) -> Declaration:
    """Write one shared package as the official builder does (dense form)."""
    stem = name.replace("@", "").replace("/", "_")
    entries = {name: f"{stem}-{version}.js"}
    entries |= {f"{name}/{path}": f"{stem}_{path}-{version}.js" for path in entrypoints}
    return {
        "packageName": name,
        "version": version,
        "requiredVersion": required,
        "singleton": True,
        "strictVersion": True,
        "entries": entries,
    }


def declare_typical(rng: random.Random, _remote: int, _size: int, _seed: int) -> Iterator[Declaration]:
    """Share each package in one of five versions of one major; one in ten asks for its own minor."""
    for index in range(EXTERNALS):
        minor = rng.randrange(VERSIONS)
        required = f"~2.{minor}.0" if rng.random() < 0.1 else "^2.0.0"
        yield shared(package_name(index), f"2.{minor}.{index % 7}", required)


def declare_entries(rng: random.Random, _remote: int, _size: int, _seed: int) -> Iterator[Declaration]:
    """Share as typical remotes do, each package with one to five entrypoints."""
    for index in range(EXTERNALS):
        minor = rng.randrange(VERSIONS)
        paths = tuple(sorted(rng.sample(SUBPATHS, rng.randint(0, len(SUBPATHS)))))
        required = f"~2.{minor}.0" if rng.random() < 0.1 else "^2.0.0"
        yield shared(package_name(index), f"2.{minor}.{index % 7}", required, paths)


def declare_pooled(rng: random.Random, _remote: int, _size: int, _seed: int) -> Iterator[Declaration]:
    """Share npm scopes whose members a remote always takes from one release."""
    for family in range(EXTERNALS // FAMILY):
        minor = rng.randrange(VERSIONS)
        required = f"~2.{minor}.0" if rng.random() < 0.1 else "^2.0.0"
        for index in range(family * FAMILY, (family + 1) * FAMILY):
            yield shared(family_member(index), f"2.{minor}.0", required)


def drifting(remote: int, size: int, seed: int) -> tuple[str, str]:
    """Version and range of one remote: nobody else has either.

    Every remote takes a window of versions around its own, so that each candidate suits some of the
    others and none suits all. The pairs repeat from package to package: with pairs of their own, a
    thousand remotes overflow the peer's memory of answers and it gives up.
    """
    place = (remote * 7919 + seed) % size
    reach = 2 + remote * 31 % max(3, size // 4)
    return f"1.{place}.0", f">=1.{max(0, place - reach)}.0 <1.{place + reach}.{remote + 1}"


def declare_drift(_rng: random.Random, remote: int, size: int, seed: int) -> Iterator[Declaration]:
    """Share every package in a version of the remote's own, with a range of its own."""
    version, required = drifting(remote, size, seed)
    for index in range(EXTERNALS):
        yield shared(package_name(index), version, required)


def declare_pooldrift(rng: random.Random, remote: int, size: int, seed: int) -> Iterator[Declaration]:
    """Share every family in a release of the remote's own, each time leaving one member out.

    Windows are wide and the missing members differ, so the members of a family elect different
    releases, and pooling has to find a build that serves each remote's whole family.
    """
    place = (remote * 7919 + seed) % size
    reach = size // 2 + remote * 31 % max(3, size // 2)
    version, required = f"1.{place}.0", f">=1.{max(0, place - reach)}.0 <1.{place + reach}.{remote + 1}"
    for family in range(EXTERNALS // FAMILY):
        missing = rng.randrange(FAMILY + 1)
        for part in range(FAMILY + 1):
            if part != missing:
                yield shared(f"@family-{family:02d}/part-{part}", version, required)


KINDS = {
    kind.name: kind
    for kind in (
        FederationKind("typical", False, "5 versions a package", declare_typical),
        FederationKind("entries", False, "5 versions, 1 to 5 entrypoints", declare_entries),
        FederationKind("pooled", True, "npm scopes pooled automatically", declare_pooled),
        FederationKind("drift", False, "a version and a range per remote", declare_drift),
        FederationKind("pooldrift", True, "drifting npm scopes, pooled", declare_pooldrift),
    )
}


def remote_entry(kind: FederationKind, remote: int, size: int, *, seed: int) -> dict[str, object]:
    """Write one remote's entry; the same arguments give the same entry."""
    rng = random.Random(f"{kind.name}/{size}/{seed}/{remote}")
    exposes = [{"key": f"./{part}", "outFileName": f"{part.lower()}.js"} for part in ("Page", "Card", "api")]
    return {
        "name": f"remote-{remote:04d}",
        "exposes": exposes,
        "shared": list(kind.declare(rng, remote, size, seed)),
        "$version": "v4",
    }


def generate(kind: FederationKind, size: int, folder: Path, *, seed: int) -> Federation:
    """Write a federation of `size` remotes as JSON files under `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    manifest: dict[str, str] = {}
    files: dict[str, Path] = {}
    for remote in range(size):
        entry = remote_entry(kind, remote, size, seed=seed)
        name = str(entry["name"])
        url = f"https://{name}.example/assets/remoteEntry.json"
        path = folder / f"{name}.json"
        path.write_bytes(json.dumps(entry, separators=(",", ":")).encode())
        manifest[name], files[url] = url, path
    return Federation(kind, size, manifest, files)
