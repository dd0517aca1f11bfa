"""Seeded federations of remotes as the official builder writes them, with every file they have.

Sizes are those of real builds: React's four entrypoints as in `examples/basic`, libraries of 2 to 30 kB,
exposed modules of 5 to 40 kB with one to three chunks beside them. What a module runs depends on what it is:
one in React brings React and React DOM along and six or more libraries, a custom element three libraries.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from benchmarks.page.sources import Script

__all__ = [
    "CHUNK",
    "EXTERNALS",
    "PAYLOADS",
    "Federation",
    "Offer",
    "Payload",
    "Remote",
    "generate",
    "remote_entry",
]

Payload = Literal["react", "elements"]
PAYLOADS: tuple[Payload, ...] = ("react", "elements")

EXTERNALS = 20
ORIGINS = 4
MODULES = ("Page", "Card", "Menu")
SHOWN = 3
# React's entrypoints: bytes, and what each imports. All of them share one small chunk, as in a real build.
CHUNK = "@nf-internal/chunk-76NKDFXR"
REACT = {
    "react": (14_537, ()),
    "react/jsx-runtime": (2_669, ("react",)),
    "react-dom": (8_333, ("react",)),
    "react-dom/client": (187_789, ("react", "react-dom")),
}
REACT_VERSIONS = ("19.2.0", "19.2.9", "19.3.1")
# Everybody shares these; of the others a remote shares enough to come to `EXTERNALS`.
CORE = tuple(f"library-{number:02d}" for number in range(4))
OTHERS = tuple(f"library-{number:02d}" for number in range(4, 24))
MINORS = 5
# One library in ten is asked for in the minor version the remote was built with.
INSISTING = 0.1


@dataclass(frozen=True, slots=True)
class Offer:
    """One package a remote shares: its version, whether it takes no other minor, and its file."""

    version: str
    insists: bool
    file: str


@dataclass(frozen=True, slots=True)
class Remote:
    """A remote: which of the origins it lies on, what it shares and exposes, and its files.

    `shares` goes from specifier to offer, `exposes` from key to file, `scripts` from file to module.
    """

    name: str
    origin: int
    shares: Mapping[str, Offer]
    exposes: Mapping[str, str]
    scripts: Mapping[str, Script]

    @property
    def chunk(self) -> str:
        """The file of the chunk that React's entrypoints share."""
        return next(file for file in self.scripts if file.startswith("chunk-76NKDFXR"))


@dataclass(frozen=True, slots=True)
class Federation:
    """A federation, in the order of its manifest, and the modules its page shows, each of another remote."""

    remotes: tuple[Remote, ...]
    shown: tuple[tuple[Remote, str], ...]

    def manifest(self, origins: Sequence[str]) -> dict[str, str]:
        """Return name to remote entry URL, with the remotes spread over these origins."""
        return {remote.name: f"{folder_of(remote, origins)}remoteEntry.json" for remote in self.remotes}


def folder_of(remote: Remote, origins: Sequence[str]) -> str:
    """Return the URL below which a remote's files lie."""
    return f"{origins[remote.origin]}/{remote.name}/"


def generate(size: int, *, seed: int, payload: Payload = "react") -> Federation:
    """Make a federation of `size` remotes; the same arguments give the same one."""
    remotes = tuple(make_remote(number, size, seed=seed, payload=payload) for number in range(size))
    places = [size * turn // SHOWN for turn in range(SHOWN)]
    shown = tuple((remotes[place], f"./{MODULES[turn]}") for turn, place in enumerate(places))
    return Federation(remotes, shown)


def make_remote(number: int, size: int, *, seed: int, payload: Payload) -> Remote:
    """Make one remote."""
    rng = random.Random(f"page/{size}/{seed}/{number}")
    name = f"remote-{number:03d}"
    react = rng.choice(REACT_VERSIONS)
    scripts: dict[str, Script] = {f"chunk-76NKDFXR.{tag(react)}.js": Script("ran:chunk-76NKDFXR", 160)}
    shares: dict[str, Offer] = {}
    for specifier, (weight, needs) in REACT.items():
        file = file_of(specifier, react)
        scripts[file] = Script(f"ran:{specifier}@{react}", weight, (*needs, CHUNK))
        shares[specifier] = Offer(react, insists=False, file=file)
    libraries = sorted((*CORE, *rng.sample(OTHERS, k=EXTERNALS - len(REACT) - len(CORE))))
    for library in libraries:
        offer = offer_library(rng, library)
        scripts[offer.file] = Script(f"ran:{library}@{offer.version}", weigh(library), needs_of(library))
        shares[library] = offer
    exposes = {}
    for key in MODULES:
        add = add_module if payload == "react" else add_element
        exposes[f"./{key}"] = add(rng, name, key, libraries, scripts)
    return Remote(name, number % ORIGINS, shares, exposes, scripts)


def offer_library(rng: random.Random, library: str) -> Offer:
    """Share a library in one of five versions of one major; some remotes take no other minor."""
    minor = rng.randrange(MINORS)
    version = f"2.{minor}.{int(library[-2:]) % 7}"
    insists = library not in CORE and rng.random() < INSISTING
    return Offer(version, insists, file_of(library, version))


def weigh(library: str) -> int:
    """Return the bytes of a library: 2 to 30 kB, small ones more often."""
    return scaled(random.Random(library), 2_000, 30_000)


def needs_of(library: str) -> tuple[str, ...]:
    """Return what a library imports: every second one React, some one that everybody shares as well."""
    number = int(library[-2:])
    needs = ("react",) if number % 2 else ()
    return (*needs, CORE[number % 3]) if number % 4 > 1 and library not in CORE else needs


def add_module(
    rng: random.Random, remote: str, key: str, libraries: Sequence[str], scripts: dict[str, Script]
) -> str:
    """Add an exposed module with its chunks to a remote's scripts; return the module's file.

    The second chunk is imported by the first, the third by the module itself, a lazy one by nobody yet.
    """
    chunks = [chunk_of(remote, key, turn) for turn in range(rng.randint(1, 3))]
    used = rng.sample(libraries, k=8)
    for turn, chunk in enumerate(chunks):
        deeper = (f"./{chunks[1]}",) if turn == 0 and len(chunks) > 1 else ()
        needs = (*deeper, "react", used[turn])
        scripts[chunk] = Script(f"ran:{remote}/{chunk}", scaled(rng, 2_000, 15_000), needs)
    lazy = chunk_of(remote, key, len(chunks))
    scripts[lazy] = Script(f"ran:{remote}/{lazy}", scaled(rng, 2_000, 15_000), ("react", used[-1]))
    near = tuple(f"./{chunk}" for chunk in (chunks[0], *chunks[2:]))
    imports = ("react", "react/jsx-runtime", "react-dom/client", *used[3:], *near)
    return add_exposed(rng, remote, key, scripts, imports=imports, lazy=f"./{lazy}")


def add_element(
    rng: random.Random, remote: str, key: str, libraries: Sequence[str], scripts: dict[str, Script]
) -> str:
    """Add an exposed custom element, with a chunk, to a remote's scripts; return its file."""
    chunk, lazy = (chunk_of(remote, key, turn) for turn in range(2))
    used = rng.sample(libraries, k=3)
    scripts[chunk] = Script(f"ran:{remote}/{chunk}", scaled(rng, 2_000, 15_000), (used[0],))
    scripts[lazy] = Script(f"ran:{remote}/{lazy}", scaled(rng, 2_000, 15_000), (used[0],))
    return add_exposed(rng, remote, key, scripts, imports=(*used[1:], f"./{chunk}"), lazy=f"./{lazy}")


def add_exposed(
    rng: random.Random,
    remote: str,
    key: str,
    scripts: dict[str, Script],
    *,
    imports: tuple[str, ...],
    lazy: str,
) -> str:
    """Add the exposed module itself; return its file."""
    file = f"{key}-{tag(f'{remote}/{key}').upper()}.js"
    mark = f"module:{remote}/./{key}"
    scripts[file] = Script(mark, scaled(rng, 5_000, 40_000), imports, lazy=lazy, mounts=True)
    return file


def scaled(rng: random.Random, least: int, most: int) -> int:
    """Draw a size of which the logarithm is spread evenly."""
    return int(least * (most / least) ** rng.random())


def file_of(specifier: str, version: str) -> str:
    """Name the file of a shared package, as the builder does."""
    return f"{specifier.replace('/', '_').replace('-', '_')}.{tag(f'{specifier}@{version}')}.js"


def chunk_of(remote: str, key: str, turn: int) -> str:
    """Name a chunk of an exposed module."""
    return f"chunk-{tag(f'{remote}/{key}/{turn}').upper()}.js"


def tag(text: str) -> str:
    """Return what builders put into file names: a hash, here of what the file is."""
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def remote_entry(remote: Remote) -> dict[str, object]:
    """Write a remote's entry, in the flat form that is the builder's default."""
    return {
        "$version": "v4",
        "name": remote.name,
        "shared": [*declarations(remote)],
        "exposes": [{"key": key, "outFileName": file} for key, file in remote.exposes.items()],
    }


def declarations(remote: Remote) -> Iterator[dict[str, object]]:
    """Yield what a remote shares: its packages as singletons, and its chunk as a package of its own."""
    for specifier, offer in remote.shares.items():
        major, minor, _ = offer.version.split(".")
        yield {
            "packageName": specifier,
            "outFileName": offer.file,
            "requiredVersion": f"~{major}.{minor}.0" if offer.insists else f"^{major}.0.0",
            "singleton": True,
            "strictVersion": True,
            "version": offer.version,
        }
    yield {
        "packageName": CHUNK,
        "outFileName": remote.chunk,
        "requiredVersion": "0.0.0",
        "singleton": False,
        "strictVersion": False,
        "version": "0.0.0",
    }
