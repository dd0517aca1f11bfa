"""Federations for tests: strategies of hypothesis, and short ways to write a remote down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hypothesis import strategies as st

from hanse.formats.remote_entry import Expose, RemoteEntry, Shared
from hanse.resolve import Remote

PACKAGES = ("react", "react-dom", "lodash", "@angular/core", "@angular/common", "@acme/ui", "zod")
SUBPATHS = ("", "/client", "/jsx-runtime", "/testing")
VERSIONS = ("1.0.0", "1.2.0", "1.2.3", "1.3.0-rc.1", "2.0.0", "2.1.0")
RANGES = ("^1.0.0", "~1.2.0", "1.2.3", ">=1.2.0", "^2.0.0", "^1.0.0 || ^2.0.0", "*", "nonsense", "")


def shared(
    package: str,
    version: str,
    required: str | bool | None = None,
    *,
    entries: Sequence[str] | Mapping[str, str] | None = None,
    strict: bool = True,
    singleton: bool = True,
    scope: str | None = None,
    pool: str | None = None,
    bundle: str | None = None,
) -> Shared:
    """Write down a dense shared item; files are named after their specifiers."""
    names = entries if entries is not None else [package]
    table = dict(names) if isinstance(names, Mapping) else {name: file_of(name) for name in names}
    return Shared(
        package_name=package,
        version=version,
        required_version=f"^{version}" if required is None else required,
        singleton=singleton,
        strict_version=strict,
        share_scope=scope,
        pool=pool,
        bundle=bundle,
        entries=table,
    )


def flat(package: str, version: str, required: str | None = None, *, singleton: bool = True) -> Shared:
    """Write down a flat shared item."""
    return Shared(
        package_name=package,
        version=version,
        required_version=required or f"^{version}",
        singleton=singleton,
        strict_version=singleton,
        out_file_name=file_of(package),
    )


def file_of(specifier: str) -> str:
    """Name the file of a specifier."""
    return specifier.strip("@").replace("/", "_") + ".js"


def remote(
    name: str,
    *items: Shared,
    host: bool = False,
    url: str | None = None,
    exposes: Sequence[str] = ("./Card",),
    chunks: dict[str, list[str]] | None = None,
    integrity: dict[str, str] | None = None,
    called: str | None = None,
) -> Remote:
    """Write down a remote."""
    entry = RemoteEntry(
        name=called or name,
        exposes=[Expose(key=key, out_file_name=key.strip("./") + ".js") for key in exposes],
        shared=list(items),
        chunks=chunks,
        integrity=integrity,
    )
    where = url or f"https://{name.replace('/', '-').strip('@').lower()}.example/remoteEntry.json"
    return Remote(name=name, url=where, entry=entry, host=host)


@st.composite
def shared_items(draw: st.DrawFn) -> Shared:
    """Draw a shared item, dense or flat."""
    package = draw(st.sampled_from(PACKAGES))
    subpaths = draw(st.lists(st.sampled_from(SUBPATHS), min_size=1, max_size=3, unique=True))
    if draw(st.integers(0, 4)) == 0:
        package += draw(st.sampled_from(SUBPATHS))
        subpaths = [""]
    return shared(
        package,
        draw(st.sampled_from(VERSIONS)),
        draw(st.sampled_from(RANGES)),
        entries=[package + subpath for subpath in subpaths],
        strict=draw(st.booleans()),
        singleton=draw(st.integers(0, 5)) > 0,
        scope=draw(st.sampled_from((None, None, None, "team", "strict"))),
        pool=draw(st.sampled_from((None, None, None, "p"))),
    )


@st.composite
def remotes(draw: st.DrawFn, *, name: str) -> Remote:
    """Draw a remote of this name."""
    items = draw(
        st.lists(shared_items(), max_size=6, unique_by=lambda i: (i.share_scope, i.package_name, i.singleton))
    )
    return remote(name, *items, host=False)


@st.composite
def federations(draw: st.DrawFn, *, most: int = 6) -> list[Remote]:
    """Draw a federation; at most one of its remotes is the host."""
    names = [f"r{index}" for index in range(draw(st.integers(1, most)))]
    drawn = [draw(remotes(name=name)) for name in names]
    host = draw(st.integers(-3, len(drawn) - 1))
    return [
        Remote(name=one.name, url=one.url, entry=one.entry, host=index == host)
        for index, one in enumerate(drawn)
    ]
