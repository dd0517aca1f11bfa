"""The tables of the Next.js plugin. What is expected was written down by hand from its evaluated releases."""

from __future__ import annotations

import re

import pytest
from msgspec import UNSET

from hanse.errors import UsageError
from hanse.share.presets import (
    SharedOption,
    SharedTable,
    layered_entries,
    layered_table,
    merge_shared,
    next_shared,
    plain_table,
    remove_unnecessary_shared_keys,
    retrieve_default_shared,
)
from hanse.share.presets.options import given

# Written as in the record: U is present and undefined, - is absent. The columns are
# singleton, requiredVersion, import on the server, import in the browser, version.
U, ABSENT, V, CARET_V = "U", "-", "v", "^v"
PUBLISHED: list[tuple[str, object, object, object, object, object]] = [
    ("next/dynamic", True, U, U, U, ABSENT),
    ("next/head", True, U, U, U, ABSENT),
    ("next/link", True, U, U, U, ABSENT),
    ("next/router", True, False, U, U, ABSENT),
    ("next/image", True, U, U, U, ABSENT),
    ("next/script", True, U, U, U, ABSENT),
    ("react", True, False, False, U, ABSENT),
    ("react/", True, False, False, U, ABSENT),
    ("react-dom/", True, False, False, U, ABSENT),
    ("react-dom", True, False, False, U, ABSENT),
    ("react/jsx-dev-runtime", True, False, ABSENT, U, ABSENT),
    ("react/jsx-runtime", True, False, ABSENT, U, ABSENT),
    ("styled-jsx", True, CARET_V, U, U, V),
    ("styled-jsx/style", True, CARET_V, False, U, V),
    ("styled-jsx/css", True, CARET_V, U, U, V),
]


def cell(option: SharedOption, field: str, version: str) -> object:
    """Write a field of an option as the record does."""
    value = getattr(option, field)
    if value is UNSET:
        return ABSENT
    if value is None:
        return U
    return {version: V, f"^{version}": CARET_V}.get(value, value) if isinstance(value, str) else value


def rows(
    server: dict[str, SharedOption], client: dict[str, SharedOption], version: str
) -> list[tuple[object, ...]]:
    """Write both tables as one, as the record has them."""
    assert [*server] == [*client]
    for key in server:
        for field in ("singleton", "required_version", "version"):
            assert cell(server[key], field, version) == cell(client[key], field, version)
    return [
        (
            key,
            cell(server[key], "singleton", version),
            cell(server[key], "required_version", version),
            cell(server[key], "import_", version),
            cell(client[key], "import_", version),
            cell(server[key], "version", version),
        )
        for key in server
    ]


def tables(**choice: object) -> tuple[dict[str, SharedOption], dict[str, SharedOption]]:
    return (
        retrieve_default_shared(True, **choice),  # type: ignore[arg-type]
        retrieve_default_shared(False, **choice),  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(("next_version", "styled"), [(14, "5.1.1"), (15, "5.1.6")])
def test_the_published_tables_are_as_the_code_has_them(next_version: int, styled: str) -> None:
    assert rows(*tables(next_version=next_version), styled) == PUBLISHED


def test_an_installed_styled_jsx_counts() -> None:
    assert rows(*tables(styled_jsx="5.2.0"), "5.2.0") == PUBLISHED


def test_no_published_entry_says_anything_else() -> None:
    said = {name for table in tables() for option in table.values() for name, _ in given(option)}
    assert said == {"singleton", "requiredVersion", "import", "version"}


def test_an_earlier_release_left_the_jsx_runtimes_without_a_required_version() -> None:
    expected = [
        (key, one, U if key.startswith("react/jsx") else required, *rest)
        for key, one, required, *rest in PUBLISHED
    ]
    assert rows(*tables(release="8.3.5"), "5.1.6") == expected


DOCUMENTED: list[tuple[str, object, object, object, object, object]] = [
    ("react", True, False, False, U, ABSENT),
    ("react/", True, False, False, U, ABSENT),
    ("react-dom", True, False, False, U, ABSENT),
    ("react-dom/", True, False, False, U, ABSENT),
    ("react/jsx-runtime", True, False, False, U, ABSENT),
    ("react/jsx-dev-runtime", True, False, False, U, ABSENT),
    ("next/dynamic", True, ABSENT, U, U, ABSENT),
    ("next/head", True, ABSENT, U, U, ABSENT),
    ("next/link", True, ABSENT, U, U, ABSENT),
    ("next/router", True, False, U, U, ABSENT),
    ("next/image", True, ABSENT, U, U, ABSENT),
    ("next/script", True, ABSENT, U, U, ABSENT),
    ("next/navigation", True, ABSENT, U, U, ABSENT),
    ("styled-jsx", True, CARET_V, U, U, V),
    ("styled-jsx/style", True, CARET_V, False, U, V),
    ("styled-jsx/css", True, CARET_V, U, U, V),
]


def test_the_documented_tables_are_as_the_description_draws_them() -> None:
    assert rows(*tables(variant="documented"), "5.1.6") == DOCUMENTED
    without = [row for row in DOCUMENTED if row[0] != "next/navigation"]
    assert rows(*tables(variant="documented", next_version=14), "5.1.1") == without


# key, import on the server, layer, request; in the browser every import is undefined.
LAYERED: list[tuple[str, object, object, str]] = [
    ("react-rsc", U, "rsc", "react"),
    ("react-ssr", U, "ssr", "react"),
    ("react", False, U, "react"),
    ("react-dom-rsc", U, "rsc", "react-dom"),
    ("react-dom-ssr", U, "ssr", "react-dom"),
    ("react-dom", False, U, "react-dom"),
    ("next-navigation-rsc", U, "rsc", "next/navigation"),
    ("next-navigation-ssr", U, "ssr", "next/navigation"),
    ("react/-rsc", U, "rsc", "react/"),
    ("react/-ssr", U, "ssr", "react/"),
]


def layered_rows(table: dict[str, SharedOption]) -> list[tuple[str, object, object, object]]:
    for option in table.values():
        assert option.singleton is True
        assert option.required_version is False
        assert option.layer == option.issuer_layer
        assert option.share_key == option.request
    return [
        (key, cell(option, "import_", ""), cell(option, "layer", ""), option.request)
        for key, option in table.items()
    ]


def test_the_layered_entries_give_react_dom_keys_of_its_own() -> None:
    assert layered_rows(layered_table("server")) == LAYERED
    assert layered_rows(layered_table("client")) == [(key, U, *rest) for key, _, *rest in LAYERED]


def test_the_upstream_layered_entries_lose_react() -> None:
    table = layered_table("server", "upstream")
    assert [*table] == [key for key, *_ in LAYERED if not key.startswith("react-dom")]
    assert {table[key].request for key in ("react-rsc", "react-ssr", "react")} == {"react-dom"}


def test_the_documented_layered_entries_have_no_request() -> None:
    table = layered_table("server", "documented")
    assert [*table] == ["react-rsc", "react-ssr", "react"]
    assert {cell(option, "request", "") for option in table.values()} == {ABSENT}
    assert [cell(option, "issuer_layer", "") for option in table.values()] == ["rsc", "ssr", U]


def test_layers_come_first_and_plain_entries_replace_them_in_place() -> None:
    table = retrieve_default_shared(True, layered="corrected")
    assert [*table][:10] == [key for key, *_ in LAYERED]
    assert [*table][10:] == [key for key, *_ in PUBLISHED if key not in ("react", "react-dom")]
    assert table["react"] == retrieve_default_shared(True)["react"]


def test_a_layered_entry_without_a_layer_may_have_a_fallback_withheld() -> None:
    assert plain_table(layered_entries("a", "a/b", [None])) == {
        "a": {
            "singleton": True,
            "requiredVersion": False,
            "import": False,
            "shareKey": "a/b",
            "request": "a/b",
        }
    }


def test_the_users_entries_win_as_a_whole_and_keep_the_place() -> None:
    own: SharedTable = {"react": SharedOption(eager=True), "lodash": "^4.17.0"}
    table = next_shared("server", own)
    assert table["react"] == SharedOption(eager=True)
    assert [*table] == [*(key for key, *_ in PUBLISHED), "lodash"]
    assert merge_shared({}, own) == own


def test_the_internals_can_be_left_out() -> None:
    assert next_shared("client", {"lodash": "^4.17.0"}, skip_sharing_next_internals=True) == {
        "lodash": "^4.17.0"
    }


def test_unnecessary_keys_are_removed_with_a_warning_each() -> None:
    own: SharedTable = {"lodash": "^4", "react": SharedOption(), "next/router": "next/router"}
    tidied = remove_unnecessary_shared_keys(own)
    assert tidied.shared == {"lodash": "^4"}
    assert [text.split()[0] for text in tidied.warnings] == ["react", "next/router"]
    assert [*own] == ["lodash", "react", "next/router"]


@pytest.mark.parametrize(
    ("choice", "subject"),
    [
        ({"next_version": 13}, "13"),
        ({"variant": "imagined"}, "imagined"),
        ({"release": "8.3.4"}, "8.3.4"),
        ({"layered": "twice"}, "twice"),
        ({"variant": "documented", "release": "8.3.5"}, "8.3.5"),
        ({"next_version": 14, "layered": "corrected"}, "layered"),
        ({"styled_jsx": ""}, "styled-jsx"),
        ({"styled_jsx": "^5.1.0"}, "styled-jsx"),
    ],
)
def test_tables_that_there_are_not_are_refused(choice: dict[str, object], subject: str) -> None:
    with pytest.raises(UsageError) as caught:
        retrieve_default_shared(True, **choice)  # type: ignore[arg-type]
    assert caught.value.subject == subject
    assert caught.value.hint


def test_a_build_is_the_servers_or_the_clients() -> None:
    for make in (next_shared, layered_table):
        with pytest.raises(UsageError, match="server, client"):
            make("browser")  # type: ignore[arg-type]


def test_what_is_undefined_is_no_json() -> None:
    plain = plain_table(retrieve_default_shared(True, styled_jsx="5.1.6"))
    assert plain["next/head"] == {"singleton": True}
    assert plain["react"] == {"singleton": True, "requiredVersion": False, "import": False}
    assert plain["styled-jsx"] == {"singleton": True, "requiredVersion": "^5.1.6", "version": "5.1.6"}
    assert not re.search("None|UNSET", repr(plain))
