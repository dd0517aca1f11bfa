"""Modules that are absent: who gets which stand-in, and how far it spreads."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hanse.errors import FormatError
from hanse.formats.entry_structs import Absence, Expose, RemoteEntry
from hanse.formats.import_map import ImportMap
from hanse.formats.remote_entry import decode_remote_entry, encode_remote_entry
from hanse.resolve import Remote
from hanse.resolve.absence import Importer, find_absent, with_stand_ins

HOME = Importer(["./Title"], Absence({"shop/Card": "a.js", "checkout/Badge": "b.js"}))
CHECKOUT = Importer(
    ["./Badge", "./Steps"], Absence({"shop/cart": "c.js"}, {"./Badge": ("shop/cart",), "./Steps": ()})
)
SHOP = Importer(["./Card", "./cart"])


def test_nothing_stands_in_where_all_is_there() -> None:
    assert find_absent({"home": HOME, "checkout": CHECKOUT, "shop": SHOP}) == {}


def test_what_is_absent_is_stood_in_for_where_it_is_imported() -> None:
    # The badge is there, but cannot do without the cart: it is as good as absent.
    assert find_absent({"home": HOME, "checkout": CHECKOUT}) == {
        "home": {"shop/Card": "a.js", "checkout/Badge": "b.js"},
        "checkout": {"shop/cart": "c.js"},
    }


def test_a_module_that_its_remote_has_no_longer_is_absent() -> None:
    assert find_absent({"home": HOME, "checkout": CHECKOUT, "shop": Importer(["cart"])}) == {
        "home": {"shop/Card": "a.js"}
    }


@pytest.mark.parametrize("written", ["shop/./Card", "shop/Card"])
@pytest.mark.parametrize("key", ["./Card", "Card"])
def test_both_spellings_mean_the_same_module(written: str, key: str) -> None:
    importer = Importer([], Absence({written: "a.js"}))
    assert find_absent({"home": importer, "shop": Importer([key])}) == {}
    assert find_absent({"home": importer}) == {"home": {written: "a.js"}}


def test_nobody_knows_what_others_expose() -> None:
    assert find_absent({"home": HOME, "checkout": CHECKOUT}, {"shop"}) == {}


NAMES = st.sampled_from(["a/x", "a/y", "b/x", "c/x"])
IMPORTERS = st.builds(
    lambda exposes, essential: Importer(
        exposes,
        Absence(
            {one: "f.js" for needed in essential.values() for one in needed},
            {key: tuple(needed) for key, needed in essential.items()},
        ),
    ),
    st.lists(st.sampled_from(["./x", "./y"]), unique=True),
    st.dictionaries(st.sampled_from(["./x", "./y"]), st.lists(NAMES, min_size=1, max_size=3, unique=True)),
)


@given(st.dictionaries(st.sampled_from("abc"), IMPORTERS))
def test_a_module_is_absent_exactly_where_it_or_what_it_needs_is_not_there(
    importers: dict[str, Importer],
) -> None:
    found = find_absent(importers)

    def there(name: str, above: frozenset[str] = frozenset()) -> bool:
        remote, key = name.split("/")
        one = importers.get(remote)
        if one is None or f"./{key}" not in one.exposes:
            return False
        # Modules that need each other in a circle are there as long as nothing else of the circle is missing.
        needed = one.absence.essential.get(f"./{key}", ())
        return all(other in above or there(other, above | {name}) for other in needed)

    for name, importer in importers.items():
        for specifier in importer.absence.stand_ins:
            assert (specifier in found.get(name, {})) is not there(specifier)


def remote(name: str, importer: Importer) -> Remote:
    exposes = [Expose(key, f"{key.removeprefix('./')}.js") for key in importer.exposes]
    entry = RemoteEntry(name, exposes, integrity={"a.js": "sha384-x"}, absence=importer.absence)
    return Remote(name, f"https://{name}.example/remoteEntry.json", entry)


def test_a_map_leads_each_importer_to_its_own_stand_ins() -> None:
    before = ImportMap(
        imports={"checkout/Badge": "https://checkout.example/Badge.js"}, scopes={}, integrity={}
    )
    after = with_stand_ins([remote("home", HOME), remote("checkout", CHECKOUT)], before)
    assert after.imports == before.imports
    assert after.scopes == {
        "https://home.example/": {
            "shop/Card": "https://home.example/a.js",
            "checkout/Badge": "https://home.example/b.js",
        },
        "https://checkout.example/": {"shop/cart": "https://checkout.example/c.js"},
    }
    assert after.integrity == {"https://home.example/a.js": "sha384-x"}


def test_an_entry_is_read_back_as_it_was_written() -> None:
    entry = RemoteEntry(
        "checkout", absence=CHECKOUT.absence, assets={"card.css": "sha384-" + "A" * 64}, integrity={}
    )
    assert decode_remote_entry(encode_remote_entry(entry), subject="x") == entry


@pytest.mark.parametrize(
    ("field", "path"),
    [
        ('"absence": {"standIns": {"shop/Card": "../x.js"}}', "$.absence.standIns"),
        ('"absence": {"standIns": {"/shop": "x.js"}}', "$.absence.standIns"),
        ('"absence": {"essential": {"./A": ["shop/Card"]}}', "$.absence.essential"),
        ('"assets": {"../x.css": "sha384-AAAA"}', "$.assets"),
        ('"assets": {"x.css": "md5-AAAA"}', "$.assets"),
    ],
)
def test_what_leads_elsewhere_is_refused(field: str, path: str) -> None:
    with pytest.raises(FormatError) as caught:
        decode_remote_entry(f'{{"name": "a", "exposes": [], {field}}}', subject="remoteEntry.json")
    assert caught.value.path is not None
    assert caught.value.path.startswith(path)
