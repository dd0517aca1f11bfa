"""Following imports through files and an import map."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from hanse.errors import SpecifierError
from hanse.formats.import_map import ImportMap, parse_import_map, resolve_specifier
from hanse.graph import SOME_PAGE, Graph, ModuleFile, place_on_page, walk, write_for_page
from tests.soak.counts import often

SHOP = "https://shop.example/"
CDN = "https://cdn.example/"


def file(url: str, *imports: str, dynamic: tuple[str, ...] = (), **more: object) -> ModuleFile:
    return ModuleFile(url, "sha384-x", 1, imports, dynamic, **more)  # type: ignore[arg-type]


def graph(*files: ModuleFile) -> Graph:
    return {one.url: one for one in files}


MAP = ImportMap(
    imports={"shop/Card": SHOP + "card.js", "react": CDN + "react.js"},
    scopes={SHOP: {"lodash": SHOP + "lodash.js"}},
)


def test_a_module_with_all_it_needs_breadth_first() -> None:
    files = graph(
        file(SHOP + "card.js", "react", "./chunk.js", dynamic=("./lazy.js",)),
        file(SHOP + "chunk.js", "lodash", "./deep/er.js", "./card.js"),
        file(SHOP + "deep/er.js", "../chunk.js", "lodash"),
        file(SHOP + "lodash.js"),
        file(SHOP + "lazy.js", "react"),
        file(CDN + "react.js", "./react.js"),
    )
    found = walk(files, MAP, ["shop/Card"])
    assert [(step.url, step.importer, step.specifier) for step in found.steps] == [
        (SHOP + "card.js", None, "shop/Card"),
        (CDN + "react.js", SHOP + "card.js", "react"),
        (SHOP + "chunk.js", SHOP + "card.js", "./chunk.js"),
        (SHOP + "lodash.js", SHOP + "chunk.js", "lodash"),
        (SHOP + "deep/er.js", SHOP + "chunk.js", "./deep/er.js"),
    ]
    assert (found.complete, found.opaque, found.unresolved) == (True, False, ())
    assert SHOP + "lazy.js" in [step.url for step in walk(files, MAP, ["shop/Card"], dynamic=True).steps]


def test_what_is_not_there_is_named() -> None:
    files = graph(
        file(SHOP + "card.js", "vue", "./gone.js", "lodash"),
        file(CDN + "other.js", "lodash", opaque=True),
    )
    found = walk(files, MAP, ["shop/Card", CDN + "other.js", "nobody/Here"])
    assert found.unresolved == (
        ("", "nobody/Here"),
        (SHOP + "card.js", "vue"),
        (CDN + "other.js", "lodash"),  # outside its scope
    )
    assert [step.url for step in found.steps if step.file is None] == [SHOP + "gone.js", SHOP + "lodash.js"]
    assert not found.complete
    assert found.opaque


def test_relative_urls_are_those_of_the_map() -> None:
    local = ImportMap(imports={"a": "./shop/a.js", "b": "/assets/b.js", "c": "../c.js"})
    files = graph(
        file("./shop/a.js", "./more/x.js", "b", "c"),
        file("./shop/more/x.js", "../a.js"),
        file("/assets/b.js", "./c.js"),
        file("/assets/c.js"),
        file("../c.js"),
    )
    for base in (SOME_PAGE, "https://site.example/en/page.html", "https://site.example/a/b/"):
        found = walk(files, local, ["a"], base=base)
        assert {step.url for step in found.steps} == set(files), base
        assert found.complete
    assert walk(files, local, ["b"], base="https://site.example/").complete
    unread = walk({}, local, ["a", "b", "c"])
    assert [step.url for step in unread.steps] == ["./shop/a.js", "/assets/b.js", "../c.js"]


def test_a_remote_on_the_pages_own_origin_is_found_by_its_absolute_url() -> None:
    own = ImportMap(imports={"a": "https://site.example/mfe/a.js"})
    files = graph(file("https://site.example/mfe/a.js", "./b.js"), file("https://site.example/mfe/b.js"))
    assert walk(files, own, ["a"], base="https://site.example/page").complete


def test_redirected_files_import_from_where_they_were_found() -> None:
    moved = graph(
        file(CDN + "react.js", "./x.js", location="https://cdn.example/react@19/index.js"),
        file(CDN + "react@19/x.js"),
    )
    assert walk(moved, MAP, ["react"]).complete


def test_what_is_no_script_is_marked() -> None:
    files = graph(file(SHOP + "card.js", "./d.json", "./s.js", others=("./d.json",)))
    assert [(s.url, s.script) for s in walk(files, MAP, ["shop/Card"]).steps[1:]] == [
        (SHOP + "d.json", False),
        (SHOP + "s.js", True),
    ]


def test_a_chain_of_any_length_is_walked() -> None:
    count = 20_000
    chain = graph(*(file(f"{SHOP}{number}.js", f"./{number + 1}.js") for number in range(count)))
    assert len(walk(chain, ImportMap(), [SHOP + "0.js"]).steps) == count + 1


PLACES = [f"{host}{folder}{name}.js" for host in (SHOP, CDN) for folder in ("", "in/") for name in "abc"]
SPECIFIERS = st.sampled_from(
    ["./a.js", "../b.js", "./in/c.js", "/in/a.js", "react", "pkg", "pkg/x", SHOP + "a.js"]
)
FILES = st.dictionaries(
    st.sampled_from(PLACES),
    st.tuples(st.lists(SPECIFIERS, max_size=4), st.lists(SPECIFIERS, max_size=2)),
)
RULES = st.dictionaries(st.sampled_from(["react", "pkg", "pkg/", SHOP + "a.js"]), st.sampled_from(PLACES))
MAPS = st.builds(
    ImportMap, imports=RULES, scopes=st.dictionaries(st.sampled_from([SHOP, SHOP + "in/", CDN]), RULES)
)


@given(FILES, MAPS, st.lists(SPECIFIERS, max_size=3), st.booleans())
@settings(deadline=None, max_examples=often(75, soak=1000))
def test_it_reaches_what_a_browser_reaches_and_nothing_else(
    sources: dict[str, tuple[list[str], list[str]]], rules: ImportMap, roots: list[str], dynamic: bool
) -> None:
    """Compared with the closure written as a fixed point, over sets."""
    files = graph(*(file(url, *static, dynamic=tuple(late)) for url, (static, late) in sources.items()))
    parsed, _ = parse_import_map(rules, base=SOME_PAGE)

    def edges(importer: str, names: list[str]) -> tuple[set[str], set[tuple[str, str]]]:
        reached, lost = set(), set()
        for name in names:
            try:
                reached.add(write_for_page(resolve_specifier(parsed, name, importer=importer)))
            except SpecifierError:
                lost.add((importer if importer in sources else "", name))
        return reached, lost

    reached, lost = edges(SOME_PAGE, roots)
    while True:
        more = [
            edges(url, sources[url][0] + (sources[url][1] if dynamic else []))
            for url in reached
            if url in sources
        ]
        wider, lost = reached.union(*(one for one, _ in more)), lost.union(*(two for _, two in more))
        if wider == reached:
            break
        reached = wider
    found = walk(files, rules, roots, dynamic=dynamic)
    urls = [step.url for step in found.steps]
    assert set(urls) == reached
    assert len(urls) == len(set(urls))
    assert set(found.unresolved) == lost
    assert found.complete == (reached <= sources.keys())
    importers = {url: index for index, url in enumerate(urls)}
    starts = [importers[step.importer] if step.importer else -1 for step in found.steps]
    assert starts == sorted(starts), "not breadth first"
    assert walk(files, parsed, roots, dynamic=dynamic) == found


@given(st.from_regex(r"(\./|/|\.\./)?([a-z]{1,3}/){0,3}[a-z]\.js", fullmatch=True))
def test_what_a_map_writes_is_written_again(url: str) -> None:
    placed = place_on_page(url)
    assert placed is not None
    written = url if url.startswith((".", "/")) else f"./{url}"
    assert write_for_page(placed) == written
