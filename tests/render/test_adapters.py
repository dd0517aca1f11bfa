"""Which adapter a remote's modules get: React's, where it would be the very React that they get."""

from __future__ import annotations

from hanse.engines import ContainerSource, Generation, SharedCopy, Source
from hanse.formats.import_map import ImportMap, parse_import_map
from hanse.graph import SOME_PAGE
from hanse.render.adapters import Choice, adapter_name, choose_adapter, place_adapters, read_adapter
from hanse.render.hydration import hydration_urls
from tests.render.houses import entry_of

REACT = {"react": "host/react.js", "react-dom/server": "host/server.js"}


def generation(**fields: object) -> Generation:
    modules = {
        name: Source(text="", remote=name.partition("/")[0])
        for name in ("host/react.js", "host/server.js", "shop/react.js", "shop/server.js", "shop/card.js")
    }
    given: dict[str, object] = {"id": "one", "modules": modules, "imports": REACT, **fields}
    return Generation(**given)  # type: ignore[arg-type]


SHOP = entry_of("shop", "react", Card="card.js")


def test_a_remote_that_uses_react_gets_its_adapter_with_its_own_scopes() -> None:
    made, choices = place_adapters(generation(), {"shop": SHOP})
    assert choices == {"shop": Choice("shop/~hanse/react.js", imports={})}
    assert made.modules["shop/~hanse/react.js"] == Source(text=read_adapter(), remote="shop")
    assert made.warm == ("shop/~hanse/react.js",)
    assert made.id == "one"
    assert adapter_name("team/mfe1") == "team%2Fmfe1/~hanse/react.js"


def test_a_subpath_of_react_is_react() -> None:
    entry = entry_of("shop", "react/jsx-runtime", Card="card.js")
    assert choose_adapter(generation(), "shop", entry).adapter is not None


def test_who_does_not_use_react_has_to_render_itself() -> None:
    made, choices = place_adapters(generation(), {"shop": entry_of("shop", "reactive", Card="card.js")})
    assert choices["shop"] == Choice(None, "its build neither shares nor imports react")
    assert made == generation()


def test_who_is_given_no_renderer_is_told_so() -> None:
    choice = choose_adapter(generation(imports={"react": "host/react.js"}), "shop", SHOP)
    assert choice == Choice(None, "its build uses react, but nobody gives it react-dom/server on the server")


def test_a_renderer_that_was_built_for_browsers_is_the_renderer() -> None:
    imports = {"react": "host/react.js", "react-dom/server.browser": "host/server.js"}
    made, choices = place_adapters(generation(imports=imports), {"shop": SHOP})
    assert choices["shop"].adapter == "shop/~hanse/react.js"
    assert made.scopes["shop"]["react-dom/server"] == "host/server.js"


def test_a_renderer_for_another_react_would_break_every_hook() -> None:
    choice = choose_adapter(generation(scopes={"shop": {"react": "shop/react.js"}}), "shop", SHOP)
    assert choice.adapter is None
    assert choice.reason == "its react is shop/react.js, but that of its react-dom/server is host/react.js"
    both = {"react": "shop/react.js", "react-dom/server": "shop/server.js"}
    assert choose_adapter(generation(scopes={"shop": both}), "shop", SHOP).adapter is not None


def test_a_renderer_of_another_version_is_not_used_though_it_takes_the_same_react() -> None:
    made, choices = place_adapters(generation(), {"shop": SHOP}, torn={"shop": "they differ"})
    assert choices == {"shop": Choice(None, "they differ")}
    assert made == generation()


def test_a_container_gets_the_react_of_its_share_scope() -> None:
    copies = tuple(
        SharedCopy(package=package, version="19.2.9", module=module, provider="host")
        for package, module in REACT.items()
    )
    box = {"shop": ContainerSource(script="shop/entry.js", global_name="shop", base="shop/")}
    found = generation(imports={}, containers=box, shared=copies)
    made, choices = place_adapters(found, {"shop": SHOP})
    assert choices["shop"].adapter == "shop/~hanse/react.js"
    assert made.scopes["shop"] == REACT
    two = SharedCopy(package="react", version="18.3.1", module="shop/react.js", provider="shop")
    torn = generation(imports={}, containers=box, shared=(*copies, two))
    assert choose_adapter(torn, "shop", SHOP).adapter is None


def test_the_browser_hydrates_with_what_the_modules_own_imports_mean() -> None:
    import_map = ImportMap(
        imports={"react": "https://cdn.example/react.js", "react-dom/": "https://cdn.example/dom/"},
        scopes={"https://odd.example/": {"react": "https://odd.example/react.js"}},
    )
    parsed, _ = parse_import_map(import_map, base=SOME_PAGE)
    assert hydration_urls(parsed, "https://shop.example/card.js") == {
        "react": "https://cdn.example/react.js",
        "react-dom/client": "https://cdn.example/dom/client",
    }
    assert hydration_urls(parsed, "https://odd.example/card.js")["react"] == "https://odd.example/react.js"


def test_a_map_that_lacks_a_part_of_react_hydrates_nothing() -> None:
    parsed, _ = parse_import_map(ImportMap(imports={"react": "/react.js"}), base=SOME_PAGE)
    assert hydration_urls(parsed, "/shop/card.js") == {}
    full = ImportMap(imports={"react": "/react.js", "react-dom/client": "./dom.js"})
    parsed, _ = parse_import_map(full, base=SOME_PAGE)
    assert hydration_urls(parsed, "/shop/card.js") == {"react": "/react.js", "react-dom/client": "./dom.js"}
    assert hydration_urls(parsed, "https://[") == {}
