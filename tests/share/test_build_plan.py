"""What the Next.js plugin does to a build. What is expected was written down by hand from its record."""

from __future__ import annotations

import msgspec
import pytest

from hanse.errors import FormatError, NotFoundError, UsageError
from hanse.share.build_options import exposed_pages
from hanse.share.build_plan import (
    BuildPlan,
    Environment,
    ExtraOptions,
    NextOptions,
    StepName,
    plan_build,
)
from hanse.share.presets import SharedOption

SHOP = NextOptions(
    name="shop",
    filename="static/chunks/remoteEntry.js",
    exposes={"./card": "./components/card.js"},
    remotes={"home": "home@https://home.example/remoteEntry.js"},
    shared={"lodash": "^4.17.0", "react": SharedOption(eager=True)},
    runtime_plugins=("./own.js",),
)
NODE = "@module-federation/node/dist/src/runtimePlugin.js?runtimePlugin"
NEXT = "@module-federation/nextjs-mf/dist/src/plugins/container/runtimePlugin.js?runtimePlugin"


def set_to(plan: BuildPlan) -> dict[str, object]:
    """Return what a plan sets, by its place."""
    effects = [effect for step in plan.steps for effect in step.effects]
    return {effect.at: effect.value for effect in effects if effect.action == "set"}


def of_kind(plan: BuildPlan, action: str) -> list[tuple[str, object]]:
    effects = [effect for step in plan.steps for effect in step.effects]
    return [(effect.at, effect.value) for effect in effects if effect.action == action]


def test_the_servers_steps_in_their_order() -> None:
    assert [step.name for step in plan_build("server", 15, SHOP).steps] == [
        "validate-options",
        "detect-environment",
        "retrieve-shared",
        "apply-server-plugins",
        "set-library",
        "configure-externals",
        "add-runtime-plugins",
        "add-inverted-container",
        "apply-module-federation",
        "configure-layers",
    ]


def test_the_clients_steps_in_their_order() -> None:
    assert [step.name for step in plan_build("client", 15, SHOP).steps] == [
        "validate-options",
        "detect-environment",
        "retrieve-shared",
        "apply-client-plugins",
        "set-library",
        "add-chunk-correlation",
        "add-inverted-container",
        "add-runtime-plugins",
        "apply-module-federation",
        "configure-layers",
    ]


@pytest.mark.parametrize("next_version", [14, 15])
def test_what_the_server_is_set_to(next_version: int) -> None:
    environment = Environment(chunk_filename="[name].js")
    plan = plan_build("server", next_version, SHOP, environment=environment)  # type: ignore[arg-type]
    values = set_to(plan)
    shared = values.pop("federation.shared")
    assert values == {
        "target": "async-node",
        "node.global": False,
        "output.chunkFilename": "[name]-[contenthash].js",
        "output.uniqueName": "shop",
        "output.environment.asyncFunction": True,
        "federation.name": "shop",
        "federation.library": {"type": "commonjs-module", "name": "shop"},
        "federation.filename": "remoteEntry.js",
        "federation.runtime": False,
        "federation.remoteType": "script",
        "federation.runtimePlugins": [NODE, NEXT, "./own.js?runtimePlugin"],
        "federation.exposes": {"./card": "./components/card.js"},
        "federation.remotes": {"home": "home@https://home.example/remoteEntry.js"},
        "federation.manifest": {"filePath": ""},
        "federation.dts": False,
        "federation.shareStrategy": "loaded-first",
        "federation.experiments": {"asyncStartup": True},
    }
    assert isinstance(shared, dict)
    assert shared["react"] == {"eager": True}
    assert shared["react-dom"] == {"singleton": True, "requiredVersion": False, "import": False}
    assert shared["lodash"] == "^4.17.0"
    assert len(shared) == 16


def test_what_the_client_is_set_to() -> None:
    values = set_to(plan_build("client", 15, SHOP))
    shared = values.pop("federation.shared")
    assert values == {
        "output.publicPath": "auto",
        "output.uniqueName": "shop",
        "output.environment.asyncFunction": True,
        "federation.name": "shop",
        "federation.library": {"type": "window", "name": "shop"},
        "federation.filename": "static/chunks/remoteEntry.js",
        "federation.runtime": False,
        "federation.remoteType": "script",
        "federation.runtimePlugins": [NEXT, "./own.js?runtimePlugin"],
        "federation.exposes": {"./card": "./components/card.js"},
        "federation.remotes": {"home": "home@https://home.example/remoteEntry.js"},
        "federation.manifest": {"filePath": "/static/chunks"},
        "federation.dts": False,
        "federation.shareStrategy": "loaded-first",
        "federation.experiments": {"asyncStartup": True},
    }
    assert isinstance(shared, dict)
    assert shared["react-dom"] == {"singleton": True, "requiredVersion": False}


def test_which_plugins_each_side_gets() -> None:
    assert of_kind(plan_build("server", 15, SHOP), "apply") == [
        ("CopyFederationPlugin", {"from": ".", "to": "ssr"}),
        ("UniverseEntryChunkTrackerPlugin", None),
        ("InvertedContainerPlugin", None),
        ("ModuleFederationPlugin", None),
    ]
    files = {"filenames": ["static/chunks/federated-stats.json", "server/federated-stats.json"]}
    assert of_kind(plan_build("client", 15, SHOP), "apply") == [
        ("CopyFederationPlugin", {"from": "ssr", "to": "static/ssr"}),
        ("FederatedStatsCompatibilityPlugin", files),
        ("InvertedContainerPlugin", None),
        ("ModuleFederationPlugin", None),
    ]


def test_in_development_the_server_publishes_and_the_client_does_not() -> None:
    environment = Environment(development=True)
    server = plan_build("server", 15, SHOP, environment=environment)
    client = plan_build("client", 15, SHOP, environment=environment)
    assert of_kind(server, "apply")[0] == ("CopyFederationPlugin", {"from": ".", "to": "static/ssr"})
    assert "CopyFederationPlugin" not in dict(of_kind(client, "apply"))


@pytest.mark.parametrize("manifest", [False, {"disableAssetsAnalyze": True}])
def test_without_a_manifest_of_assets_the_build_is_analysed(manifest: bool | dict[str, bool | str]) -> None:
    plan = plan_build("client", 15, msgspec.structs.replace(SHOP, manifest=manifest))
    assert plan.step(StepName.ADD_CHUNK_CORRELATION).effects[0].at == "ChunkCorrelationPlugin"
    expected = False if manifest is False else {"disableAssetsAnalyze": True, "filePath": "/static/chunks"}
    assert set_to(plan)["federation.manifest"] == expected


def test_both_sides_get_the_rules_of_layers_and_the_provided_modules() -> None:
    for side in ("server", "client"):
        assert of_kind(plan_build(side, 15, SHOP), "add") == [
            (
                "entry.noop",
                [
                    "next/head",
                    "next/router",
                    "next/link",
                    "next/script",
                    "next/image",
                    "next/dynamic",
                    "next/error",
                    "next/amp",
                    "styled-jsx",
                    "styled-jsx/style",
                    "react/jsx-runtime",
                ],
            ),
            ("module.rules", {"resourceQuery": r"\?rsc", "layer": "rsc"}),
            ("module.rules", {"resourceQuery": r"\?client", "layer": "client"}),
            ("module.rules", {"resourceQuery": r"\?ssr", "layer": "ssr"}),
        ]


def test_the_externals_function_is_wrapped_wherever_it_is() -> None:
    environment = Environment(externals=("string", "function"))
    wrapped = dict(of_kind(plan_build("server", 15, SHOP, environment=environment), "wrap"))
    assert [*wrapped] == ["externals[1]"]
    rules = wrapped["externals[1]"]
    assert isinstance(rules, dict)
    assert "react" in rules["bundle"]["exact"]
    assert "react-dom" in rules["external"]["exact"]


def test_once_the_function_was_looked_for_at_index_0_alone() -> None:
    environment = Environment(externals=("string", "function"))
    early = plan_build("server", 15, SHOP, environment=environment, detection="first")
    described = plan_build("server", 14, SHOP, environment=environment, variant="documented")
    for plan in (early, described):
        assert of_kind(plan, "wrap") == []
        assert "stay external" in plan.warnings[0]
    later = plan_build("server", 15, SHOP, environment=environment, variant="documented")
    assert of_kind(later, "wrap") != []


def test_without_the_internals_the_defaults_count_for_externals_only() -> None:
    options = msgspec.structs.replace(SHOP, extra_options=ExtraOptions(skip_sharing_next_internals=True))
    plan = plan_build("server", 15, options)
    assert set_to(plan)["federation.shared"] == {"lodash": "^4.17.0", "react": {"eager": True}}
    assert of_kind(plan, "add") == of_kind(plan_build("server", 15, SHOP), "add")[1:]
    rules = dict(of_kind(plan, "wrap"))["externals[0]"]
    assert isinstance(rules, dict)
    assert "next/router" in rules["bundle"]["exact"]


def test_extra_options_have_their_effects() -> None:
    extra = ExtraOptions(
        automatic_page_stitching=True,
        enable_image_loader_fix=True,
        enable_url_loader_fix=True,
        expose_pages=True,
        debug=True,
    )
    options = msgspec.structs.replace(SHOP, extra_options=extra, library={"type": "var", "name": "own"})
    plan = plan_build("client", 15, options, environment=Environment(pages=("pages/index.tsx",)))
    assert [text.split(" ")[0] for text in plan.warnings] == ["automatic", "a"]
    assert set_to(plan)["devtool"] is False
    assert [value for _, value in of_kind(plan, "add")][:2] == ["fixImageLoader", "fixUrlLoader"]
    exposes = set_to(plan)["federation.exposes"]
    assert isinstance(exposes, dict)
    assert [*exposes] == ["./card", "./pages-map", "./pages-map-v2", "./pages/index"]


def test_pages_are_exposed_but_for_special_ones() -> None:
    files = [
        "pages/index.tsx",
        "src/pages/shop/[id].js",
        "pages/shop/[...rest].jsx",
        "pages/docs/_app.tsx",
        "pages/[...page].tsx",
        "pages/api/cart.ts",
        "pages/_app.tsx",
        "pages/_document.js",
        "pages/_error.jsx",
        "pages/404.tsx",
        "pages/500.tsx",
        "pages/style.css",
        "lib/pages/x.ts",
    ]
    assert {key: file for key, file in exposed_pages(files).items() if "map" not in key} == {
        "./pages/index": "./pages/index.tsx",
        "./pages/shop/[id]": "./src/pages/shop/[id].js",
        "./pages/shop/[...rest]": "./pages/shop/[...rest].jsx",
        "./pages/docs/_app": "./pages/docs/_app.tsx",
    }


def test_other_public_paths_and_chunk_names_with_the_name_stay() -> None:
    environment = Environment(public_path="https://cdn.example/", chunk_filename="shop-[name].js")
    assert "output.publicPath" not in set_to(plan_build("client", 15, SHOP, environment=environment))
    assert "output.chunkFilename" not in set_to(plan_build("server", 15, SHOP, environment=environment))


def test_other_compilers_are_left_alone() -> None:
    plan = plan_build("edge-server", 15, SHOP)
    assert plan.target is None
    assert [step.name for step in plan.steps] == ["validate-options"]
    with pytest.raises(NotFoundError):
        plan.step(StepName.SET_LIBRARY)


@pytest.mark.parametrize(
    ("compiler", "next_version", "options", "environment", "subject"),
    [
        ("server", 13, SHOP, Environment(), "13"),
        ("server", 15, SHOP, Environment(app_dir=True), "app"),
        (None, 15, SHOP, Environment(), "compiler"),
        ("client", 15, NextOptions(name="shop"), Environment(), "filename"),
        ("client", 15, NextOptions(filename="remoteEntry.js"), Environment(), "name"),
        ("edge-server", 15, SHOP, Environment(local_webpack=False), "NEXT_PRIVATE_LOCAL_WEBPACK"),
    ],
)
def test_what_cannot_work_is_refused_with_a_hint(
    compiler: str | None, next_version: int, options: NextOptions, environment: Environment, subject: str
) -> None:
    with pytest.raises(UsageError) as caught:
        plan_build(compiler, next_version, options, environment=environment)  # type: ignore[arg-type]
    assert caught.value.subject == subject
    assert caught.value.hint


def test_options_are_read_in_the_plugins_spelling() -> None:
    document = b"""{
        "name": "shop", "filename": "remoteEntry.js", "shareStrategy": "version-first",
        "runtimePlugins": ["./own.js"],
        "shared": {"react": {"requiredVersion": false}, "lodash": "^4"}, "extraOptions": {"exposePages": true}
    }"""
    options = msgspec.json.decode(document, type=NextOptions)
    values = set_to(plan_build("client", 15, options))
    assert values["federation.shareStrategy"] == "version-first"
    assert values["federation.runtimePlugins"] == [NEXT, "./own.js?runtimePlugin"]
    exposes = values["federation.exposes"]
    assert isinstance(exposes, dict)
    assert [*exposes] == ["./pages-map", "./pages-map-v2"]


def test_layered_entries_reach_the_plan() -> None:
    shared = set_to(plan_build("server", 15, SHOP, layered="corrected"))["federation.shared"]
    assert isinstance(shared, dict)
    assert shared["react-dom-rsc"]["request"] == "react-dom"


def test_a_plan_is_json_and_the_same_when_read_back() -> None:
    plan = plan_build("server", 15, SHOP)
    text = msgspec.json.encode(plan)
    assert msgspec.json.decode(text, type=BuildPlan) == plan
    assert b"null" not in msgspec.json.encode(plan.step(StepName.RETRIEVE_SHARED))


def test_a_remote_that_cannot_be_read_is_named() -> None:
    options = msgspec.structs.replace(
        SHOP, remotes={"cart": "cart@https://cart.example/a.js", "a b": "cart@"}
    )
    with pytest.raises(FormatError) as caught:
        plan_build("client", 15, options)
    assert caught.value.path == '$.remotes["a b"]'
