from __future__ import annotations

import pytest

from hanse.errors import UsageError
from hanse.share.presets import FRAMEWORKS, Framework, framework_shared, match_shared, plain_table


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_every_entry_is_a_singleton_with_a_reason_and_no_version(name: Framework) -> None:
    for entry in FRAMEWORKS[name]:
        assert entry.option.singleton is True
        assert len(entry.reason.split()) > 3
    assert {key for one in plain_table(framework_shared(name)).values() for key in dict(one)} <= {  # type: ignore[call-overload]
        "singleton",
        "strictVersion",
    }


@pytest.mark.parametrize(
    ("name", "requests"),
    [
        ("react", ["react", "react/jsx-runtime", "react/jsx-dev-runtime", "react-dom", "react-dom/client"]),
        (
            "angular",
            [
                "@angular/core",
                "@angular/core/rxjs-interop",
                "@angular/common/http",
                "@angular/platform-browser",
                "@angular/router",
                "@angular/forms",
                "rxjs",
                "rxjs/operators",
            ],
        ),
        ("vue", ["vue", "vue-router", "pinia"]),
    ],
)
def test_what_an_app_imports_of_its_framework_is_shared(name: Framework, requests: list[str]) -> None:
    table = framework_shared(name)
    assert [request for request in requests if match_shared(table, request) is None] == []
    assert match_shared(table, "lodash") is None


def test_an_unknown_framework_is_refused() -> None:
    with pytest.raises(UsageError, match="react, angular, vue"):
        framework_shared("svelte")  # type: ignore[arg-type]


def test_angular_insists_and_patches_of_globals_are_not_shared() -> None:
    table = framework_shared("angular")
    assert {option.strict_version for key, option in table.items() if key.startswith("@angular/")} == {True}
    assert match_shared(table, "zone.js") is None
