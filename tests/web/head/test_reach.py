"""Maps for one page: what they keep decides as before, and what they leave out nobody asks for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hanse.errors import SpecifierError
from hanse.federation.modules import RemoteModule
from hanse.formats.import_map import ImportMap, parse_import_map, resolve_specifier
from hanse.graph import SOME_PAGE, Graph, ModuleFile, walk
from hanse.web.head.reach import Atlas
from tests.soak.counts import often

CDN = "https://cdn.example"


def file(url: str, *imports: str, dynamic: Iterable[str] = (), opaque: bool = False) -> ModuleFile:
    return ModuleFile(url, "sha384-x", 1, imports=imports, dynamic=tuple(dynamic), opaque=opaque)


def module(import_map: ImportMap, specifier: str) -> RemoteModule:
    remote, _, key = specifier.partition("/")
    return RemoteModule(remote, key, specifier, import_map.imports[specifier], None, ())


def graph_of(*files: ModuleFile) -> Graph:
    return {one.url: one for one in files}


SHOP = ImportMap(
    imports={
        "shop/./Card": f"{CDN}/shop/Card.js",
        "shop/Card": f"{CDN}/shop/Card.js",
        "shop/./Other": f"{CDN}/shop/Other.js",
        "react": f"{CDN}/home/react.js",
        "clsx": f"{CDN}/home/clsx.js",
        "later": f"{CDN}/home/later.js",
    },
    scopes={
        f"{CDN}/shop/": {"clsx": f"{CDN}/shop/clsx.js", "@nf-internal/chunk": f"{CDN}/shop/chunk.js"},
        f"{CDN}/other/": {"react": f"{CDN}/other/react.js"},
    },
    integrity={
        f"{CDN}/shop/chunk.js": "sha384-c",
        f"{CDN}/home/clsx.js": "sha384-n",
        f"{CDN}/shop/deep.js": "sha384-d",
    },
)
FILES = graph_of(
    file(f"{CDN}/shop/Card.js", "react", "@nf-internal/chunk", dynamic=["later"]),
    file(f"{CDN}/shop/chunk.js", "clsx", "./deep.js"),
    file(f"{CDN}/shop/deep.js"),
    file(f"{CDN}/shop/clsx.js"),
    file(f"{CDN}/home/react.js"),
    file(f"{CDN}/home/later.js"),
)


def test_a_page_gets_what_its_modules_import_at_once_and_later() -> None:
    reach = Atlas(SHOP, FILES).reach([module(SHOP, "shop/./Card")])
    assert reach.because == ""
    assert reach.import_map == ImportMap(
        imports={
            "shop/./Card": f"{CDN}/shop/Card.js",
            "shop/Card": f"{CDN}/shop/Card.js",
            "react": f"{CDN}/home/react.js",
            "later": f"{CDN}/home/later.js",
        },
        scopes={
            f"{CDN}/shop/": {"clsx": f"{CDN}/shop/clsx.js", "@nf-internal/chunk": f"{CDN}/shop/chunk.js"}
        },
        integrity={f"{CDN}/shop/chunk.js": "sha384-c", f"{CDN}/shop/deep.js": "sha384-d"},
    )


def test_a_computed_import_may_need_anything() -> None:
    files = {**FILES, f"{CDN}/home/later.js": file(f"{CDN}/home/later.js", opaque=True)}
    reach = Atlas(SHOP, files).reach([module(SHOP, "shop/./Card")])
    assert reach.import_map is None
    assert reach.because == f"{CDN}/home/later.js has an import() whose argument is computed"


def test_a_file_that_was_not_read_may_need_anything() -> None:
    files = {url: one for url, one in FILES.items() if "deep" not in url}
    reach = Atlas(SHOP, files).reach([module(SHOP, "shop/./Card")])
    assert reach.import_map is None
    assert reach.because == f"{CDN}/shop/deep.js has not been read"


def test_without_modules_nothing_is_needed() -> None:
    assert Atlas(SHOP, FILES).reach([]).import_map == ImportMap()


@pytest.mark.parametrize("folder", ["/remotes/shop/", "./shop/", "../shop/"])
def test_urls_relative_to_the_page_are_found(folder: str) -> None:
    import_map = ImportMap(
        imports={"shop/./Card": f"{folder}Card.js", "react": f"{folder}react.js"},
        scopes={folder: {"own": f"{folder}own.js"}},
        integrity={f"{folder}own.js": "sha384-o"},
    )
    files = graph_of(
        file(f"{folder}Card.js", "own", "./near.js"), file(f"{folder}own.js"), file(f"{folder}near.js")
    )
    reach = Atlas(import_map, files).reach([module(import_map, "shop/./Card")])
    assert reach.import_map == ImportMap(
        imports={"shop/./Card": f"{folder}Card.js"},
        scopes=import_map.scopes,
        integrity=import_map.integrity,
    )


URLS = [f"{CDN}/{folder}{name}.js" for folder in ("", "a/", "a/b/", "c/") for name in ("x", "y", "z")]
NAMES = ["one", "two", "three", "pkg/deep", "a/./x"]
SPECIFIERS = [*NAMES, "pkg/", "./x.js", "../y.js", f"{CDN}/a/z.js", f"{CDN}/a/"]
tables = st.dictionaries(
    st.sampled_from([*NAMES, f"{CDN}/a/z.js"]), st.sampled_from(URLS), max_size=5
).flatmap(
    lambda table: (
        st.just(table)
        | st.just({**table, "pkg/": f"{CDN}/a/"})
        | st.just({**table, f"{CDN}/a/": f"{CDN}/c/"})
    )
)
maps = st.builds(
    ImportMap,
    imports=tables.map(lambda table: {**table, "root": URLS[0]}),
    scopes=st.dictionaries(
        st.sampled_from([f"{CDN}/", f"{CDN}/a/", f"{CDN}/a/b/", URLS[3]]), tables, max_size=3
    ),
    integrity=st.dictionaries(st.sampled_from(URLS), st.just("sha384-x"), max_size=6),
)
specifiers = st.lists(st.sampled_from(SPECIFIERS), max_size=3, unique=True)
graphs = st.fixed_dictionaries(
    {
        url: st.builds(lambda now, later, url=url: file(url, *now, dynamic=later), specifiers, specifiers)
        for url in URLS
    }
)


def resolutions(import_map: ImportMap, files: Graph) -> Iterator[tuple[str, str, str | None]]:
    """Yield what every file that can be reached makes of its imports."""
    parsed, _ = parse_import_map(import_map, base=SOME_PAGE)
    for step in walk(files, parsed, ["root"], dynamic=True).steps:
        for specifier in () if step.file is None else (*step.file.imports, *step.file.dynamic):
            try:
                yield step.url, specifier, resolve_specifier(parsed, specifier, importer=step.url)
            except SpecifierError:
                yield step.url, specifier, None


@settings(max_examples=often(50, soak=1000), deadline=None)
@given(maps, graphs)
def test_everything_means_what_it_meant(import_map: ImportMap, files: Graph) -> None:
    reach = Atlas(import_map, files).reach([module(import_map, "root")])
    whole = [*resolutions(import_map, files)]
    if reach.import_map is None:
        assert "read" in reach.because
        return
    cut = reach.import_map
    assert [*resolutions(cut, files)] == whole
    assert cut.imports.items() <= import_map.imports.items()
    assert all(table.items() <= import_map.scopes[scope].items() for scope, table in cut.scopes.items())
    reached = {url for _, _, url in whole if url} | {URLS[0]}
    assert cut.integrity == {url: one for url, one in import_map.integrity.items() if url in reached}


@settings(max_examples=often(20, soak=1000), deadline=None)
@given(maps, graphs)
def test_no_rule_is_there_in_vain(import_map: ImportMap, files: Graph) -> None:
    cut = Atlas(import_map, files).reach([module(import_map, "root")]).import_map
    if cut is None:
        return
    whole = [*resolutions(import_map, files)]
    for key in cut.imports:
        if key != "root":
            fewer = {name: url for name, url in cut.imports.items() if name != key}
            # A rule may say what would be so without it; any other is missed.
            same = [*resolutions(ImportMap(imports=fewer, scopes=cut.scopes), files)] == whole
            assert not same or key.startswith("https:")
