from __future__ import annotations

import pytest

from hanse.share.presets import (
    ExternalKind,
    SharedOption,
    SharedTable,
    decide_external,
    find_wrapped,
    merge_shared,
    next_shared,
    retrieve_default_shared,
)

SERVER = retrieve_default_shared(True)


@pytest.mark.parametrize(
    ("request_", "external", "reason"),
    [
        ("react", "commonjs react", "framework"),
        ("react-dom", "commonjs react-dom", "framework"),
        ("react-dom/server", "commonjs react-dom/server", "framework"),
        ("react/compiler-runtime", "commonjs react/compiler-runtime", "framework"),
        ("styled-jsx/style", "commonjs styled-jsx/style", "framework"),
        ("next/navigation", "commonjs next/navigation", "framework"),
        ("next", "commonjs next", "framework"),
        ("nextcloud", "commonjs nextcloud", "framework"),
        ("react/jsx-runtime", None, "shared"),
        ("react/jsx-dev-runtime", None, "shared"),
        ("next/router", None, "shared"),
        ("styled-jsx", None, "shared"),
        ("styled-jsx/css", None, "shared"),
        ("lodash", None, "other"),
        ("react-carousel", None, "other"),
        ("@module-federation/runtime", None, "federation"),
    ],
)
def test_the_server_keeps_react_and_bundles_what_is_shared(
    request_: str, external: str | None, reason: str
) -> None:
    decided = decide_external(request_, shared=SERVER)
    assert (decided.external, decided.reason) == (external, reason)


def test_as_described_the_jsx_runtimes_stay_external() -> None:
    table = retrieve_default_shared(True, variant="documented")
    assert decide_external("react/jsx-runtime", shared=table).external == "commonjs react/jsx-runtime"


def test_the_wrapped_functions_answer_counts() -> None:
    moved = decide_external("react", shared=SERVER, answer="commonjs next/dist/compiled/react")
    assert moved.external == "commonjs next/dist/compiled/react"
    assert decide_external("react", shared=SERVER, answer="module react").external == "module react"
    assert decide_external("react", shared=SERVER, answer=None).reason == "not-text"
    assert decide_external("react", shared=SERVER, answer="react").reason == "no-request"
    assert decide_external("react", shared=SERVER, answer="").reason == "no-request"


def test_the_users_entries_decide_too() -> None:
    own: SharedTable = {"react": "^18.0.0", "ui/": SharedOption(singleton=True)}
    table = merge_shared(SERVER, own)
    assert decide_external("react", shared=table).reason == "shared"
    assert decide_external("@acme/ui/button", shared=table).reason == "shared"
    assert decide_external("ui", shared=table).reason == "other"


def test_layers_have_their_own_react_bundled() -> None:
    table = next_shared("server", layered="corrected")
    assert decide_external("react", shared=table, issuer_layer="rsc").reason == "shared"
    assert decide_external("react/jsx-runtime", shared=table, issuer_layer="ssr").reason == "shared"
    assert decide_external("react", shared=table, issuer_layer="api").reason == "framework"
    assert decide_external("react", shared=table).reason == "framework"


@pytest.mark.parametrize(
    ("externals", "dynamic", "first"),
    [
        ([], None, None),
        (["function"], 0, 0),
        (["string", "function", "function"], 1, None),
        (["regexp", "object"], None, None),
    ],
)
def test_the_function_is_found_at_any_index_now(
    externals: list[ExternalKind], dynamic: int | None, first: int | None
) -> None:
    assert find_wrapped(externals) == dynamic
    assert find_wrapped(externals, detection="first") == first
