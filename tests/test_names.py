"""What may be a name, and what may not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hanse.errors import FormatError
from hanse.names import (
    check_expose_name,
    check_package_name,
    check_remote_name,
    expose_name_fault,
    package_name_fault,
    remote_name_fault,
)

ORDINARY = [
    "constructor",
    "prototype",
    "toString",
    "Team",
    "42",
    "team/mfe1",
    "@acme/Shop",
    "__NF-HOST__",
    "überall",
]


@pytest.mark.parametrize("fault", [remote_name_fault, package_name_fault, expose_name_fault])
@pytest.mark.parametrize("name", ORDINARY)
def test_names_that_work_everywhere(fault: Callable[[str], str | None], name: str) -> None:
    assert fault(name) is None


@pytest.mark.parametrize("key", [".", "./Card", "Card", "./api/client", "constructor", "./__proto__x"])
def test_keys_of_exposed_modules(key: str) -> None:
    assert expose_name_fault(key) is None


@pytest.mark.parametrize(
    "name", ["@angular/core/primitives/signals", "@nf-internal/chunk-A", "react/jsx-runtime", "lodash.merge"]
)
def test_names_of_packages(name: str) -> None:
    assert package_name_fault(name) is None


@pytest.mark.parametrize(
    ("check", "name"),
    [
        (check_remote_name, "a b"),
        (check_remote_name, "./a"),
        (check_package_name, "https://a.example/x.js"),
        (check_package_name, "react/"),
        (check_expose_name, "./../x"),
        (check_expose_name, ""),
    ],
)
def test_a_check_says_what_where_and_why(check: Callable[..., None], name: str) -> None:
    with pytest.raises(FormatError) as caught:
        check(name, subject="manifest.json", path="$.x")
    assert (caught.value.subject, caught.value.path) == ("manifest.json", "$.x")
    assert caught.value.found == repr(name)


def test_a_check_lets_good_names_pass() -> None:
    check_remote_name("shop")
    check_package_name("react")
    check_expose_name("./Card")


def test_a_long_name_is_shortened_in_the_message() -> None:
    with pytest.raises(FormatError) as caught:
        check_remote_name("x" * 5000)
    assert len(str(caught.value)) < 300
