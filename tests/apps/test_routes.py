"""The routes of several apps in one table: which page a path leads to, and what hides what."""

from __future__ import annotations

import itertools

import pytest

from hanse.apps.routes import Route, RouteTable, make_table, read_route


def routes(app: str, *paths: str) -> list[Route]:
    return [read_route(app, path, f"./pages{path}", loader=False) for path in paths]


HOME = routes("home", "/", "/about", "/[...rest]")
SHOP = routes("shop", "/shop", "/shop/[id]", "/shop/new", "/shop/[id]/reviews", "/about")
CHECKOUT = routes("checkout", "/checkout", "/checkout/[step]", "/shop/[product]")


def owner(table: RouteTable, path: str) -> tuple[str, str] | None:
    found = table.match(path)
    return None if found is None else (found.route.app, found.route.pattern.text)


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("/", ("home", "/")),
        ("/about", ("home", "/about")),
        ("/shop", ("shop", "/shop")),
        ("/shop/new", ("shop", "/shop/new")),
        ("/shop/7", ("shop", "/shop/[id]")),
        ("/shop/7/reviews", ("shop", "/shop/[id]/reviews")),
        ("/shop/7/none", ("home", "/[...rest]")),
        ("/checkout/pay", ("checkout", "/checkout/[step]")),
        ("/nowhere", ("home", "/[...rest]")),
        ("/../etc", None),
    ],
)
def test_a_path_leads_to_the_page_that_says_most_about_it(path: str, wanted: tuple[str, str] | None) -> None:
    assert owner(make_table([HOME, SHOP, CHECKOUT]), path) == wanted


def test_of_two_apps_with_one_path_the_earlier_is_shown_and_the_other_reported() -> None:
    table = make_table([SHOP, HOME, CHECKOUT])
    assert owner(table, "/about") == ("shop", "/about")
    assert [str(one) for one in table.conflicts] == [
        "/about is a page of shop and of home: shop's is shown",
        "/shop/[id] is a page of shop and of checkout: shop's is shown",
    ]
    assert owner(make_table([CHECKOUT, SHOP, HOME]), "/shop/7") == ("checkout", "/shop/[product]")


def test_without_conflicts_the_order_of_apps_changes_nothing() -> None:
    apps = [routes("a", "/", "/x/[id]"), routes("b", "/x/new", "/[y]"), routes("c", "/x/[...rest]")]
    tables = [make_table(order) for order in itertools.permutations(apps)]
    for path in ("/", "/x/new", "/x/1", "/x/1/2", "/z", "/z/1"):
        assert len({owner(table, path) for table in tables}) == 1


def test_a_route_says_what_the_browser_imports() -> None:
    route = read_route("shop", "/shop/[id]", "./pages/shop/[id]", loader=True)
    assert route.specifier == "shop/pages/shop/[id]"
