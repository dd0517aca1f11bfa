"""The steps of a Next.js build, for the server and for the browser, and what each of them changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal, TypeAlias

import msgspec

from hanse.share.build_options import Environment, NextOptions, exposed_pages
from hanse.share.layers import LAYER_QUERIES
from hanse.share.presets.externals import Detection, find_wrapped
from hanse.share.presets.next import merge_shared
from hanse.share.presets.next_tables import Table
from hanse.share.presets.options import plain_table
from hanse.share.presets.writing import Config, plain_config

__all__ = ["VALIDATED", "Action", "Build", "Effect", "Step", "StepName", "client_steps", "server_steps"]

Action: TypeAlias = Literal["set", "add", "apply", "wrap", "warn"]
"""Set a value; add one to a list; apply a plugin; wrap a function; tell the user."""

Effects: TypeAlias = Iterator["Effect"]

NODE_RUNTIME: Final = "@module-federation/node/dist/src/runtimePlugin.js"
NEXT_RUNTIME: Final = "@module-federation/nextjs-mf/dist/src/plugins/container/runtimePlugin.js"
STATS: Final = ("static/chunks/federated-stats.json", "server/federated-stats.json")
# Importing them puts them into the build, from where they are provided to the share scope.
PROVIDED: Final = (
    *(f"next/{name}" for name in ("head", "router", "link", "script", "image", "dynamic", "error", "amp")),
    "styled-jsx",
    "styled-jsx/style",
    "react/jsx-runtime",
)


class StepName(StrEnum):
    """What the plugin does, in order; some steps belong to one side only."""

    VALIDATE_OPTIONS = "validate-options"
    DETECT_ENVIRONMENT = "detect-environment"
    RETRIEVE_SHARED = "retrieve-shared"
    APPLY_SERVER_PLUGINS = "apply-server-plugins"
    APPLY_CLIENT_PLUGINS = "apply-client-plugins"
    SET_LIBRARY = "set-library"
    CONFIGURE_EXTERNALS = "configure-externals"
    ADD_CHUNK_CORRELATION = "add-chunk-correlation"
    ADD_INVERTED_CONTAINER = "add-inverted-container"
    ADD_RUNTIME_PLUGINS = "add-runtime-plugins"
    APPLY_MODULE_FEDERATION = "apply-module-federation"
    CONFIGURE_LAYERS = "configure-layers"


class Effect(msgspec.Struct, frozen=True):
    """One change: what is done, where in the configuration, and with what (JSON).

    Places below `federation` are options of the federation plugin, all others are webpack's. For `apply` the
    place is the plugin's name and the value its options; for `wrap` the value holds the rules.
    """

    action: Action
    at: str
    value: object = None


class Step(msgspec.Struct, frozen=True):
    """A step: its name, what it is for, and its effects in order."""

    name: StepName
    purpose: str
    effects: tuple[Effect, ...] = ()


@dataclass(frozen=True, slots=True)
class Build:
    """What the steps work on: `defaults` is the preset's table, whether or not it is shared."""

    options: NextOptions
    environment: Environment
    defaults: Table
    detection: Detection

    @property
    def internals(self) -> bool:
        """Tell whether the defaults are shared."""
        return not self.options.extra_options.skip_sharing_next_internals


VALIDATED: Final = Step(StepName.VALIDATE_OPTIONS, "refuse what cannot work, before anything is changed")
DETECTED: Final = Step(StepName.DETECT_ENVIRONMENT, "tell the server's build from the browser's")


def server_steps(build: Build) -> tuple[Step, ...]:
    """Return the steps of the server's build, after the validation."""
    name = build.options.name
    library = {"type": "commonjs-module", "name": name}
    filename = build.options.filename.rpartition("/")[2]
    return (
        DETECTED,
        retrieve_shared(build, "take the server's table: React and its like come from the server"),
        Step(
            StepName.APPLY_SERVER_PLUGINS,
            "let chunks be loaded from other servers",
            (*common_effects(build), *server_effects(build)),
        ),
        Step(
            StepName.SET_LIBRARY,
            "let other servers require the container",
            (Effect("set", "federation.library", library), Effect("set", "federation.filename", filename)),
        ),
        Step(StepName.CONFIGURE_EXTERNALS, "bundle what is shared", tuple(external_effects(build))),
        runtime_plugins(build, NODE_RUNTIME, NEXT_RUNTIME),
        INVERTED,
        apply_federation(build, manifest_path=""),
        LAYERED,
    )


def client_steps(build: Build) -> tuple[Step, ...]:
    """Return the steps of the browser's build, after the validation."""
    library = {"type": "window", "name": build.options.name}
    return (
        DETECTED,
        retrieve_shared(build, "take the browser's table: everything is bundled"),
        Step(
            StepName.APPLY_CLIENT_PLUGINS,
            "let chunks be found wherever the container is",
            (*common_effects(build), *client_effects(build)),
        ),
        Step(
            StepName.SET_LIBRARY,
            "let pages find the container in a global",
            (
                *library_warning(build),
                Effect("set", "federation.library", library),
                Effect("set", "federation.filename", build.options.filename),
            ),
        ),
        Step(
            StepName.ADD_CHUNK_CORRELATION,
            "tell hosts that read no manifest which files a module needs",
            (Effect("apply", correlation_plugin(build.options), {"filenames": [*STATS]}),),
        ),
        INVERTED,
        runtime_plugins(build, NEXT_RUNTIME),
        apply_federation(build, manifest_path="/static/chunks"),
        LAYERED,
    )


INVERTED: Final = Step(
    StepName.ADD_INVERTED_CONTAINER,
    "let a host use its own container, as if it were a remote",
    (Effect("apply", "InvertedContainerPlugin"),),
)
LAYERED: Final = Step(
    StepName.CONFIGURE_LAYERS,
    "give modules that are imported with a layer's query that layer",
    tuple(
        Effect("add", "module.rules", {"resourceQuery": f"\\{query}", "layer": layer})
        for query, layer in LAYER_QUERIES.items()
    ),
)


def retrieve_shared(build: Build, purpose: str) -> Step:
    """Return the step that makes the finished table; without the internals the user's entries are all."""
    shared = merge_shared(build.defaults if build.internals else {}, build.options.shared)
    return Step(StepName.RETRIEVE_SHARED, purpose, (Effect("set", "federation.shared", plain_table(shared)),))


def common_effects(build: Build) -> Effects:
    """Yield what both sides need before anything else."""
    yield Effect("set", "output.uniqueName", build.options.name)
    yield Effect("set", "output.environment.asyncFunction", True)
    if build.options.extra_options.enable_image_loader_fix:
        yield Effect("add", "module.rules[next-image-loader]", "fixImageLoader")
    if build.options.extra_options.enable_url_loader_fix:
        yield Effect("add", "module.rules[url-loader]", "fixUrlLoader")
    if build.options.extra_options.debug:
        yield Effect("set", "devtool", False)


def server_effects(build: Build) -> Effects:
    """Yield the changes of the server's compiler.

    The copy is what lets browsers and other servers fetch the server's files, below `_next/static/ssr`.
    """
    copied = "static/ssr" if build.environment.development else "ssr"
    yield Effect("apply", "CopyFederationPlugin", {"from": ".", "to": copied})
    yield Effect("set", "node.global", False)
    yield Effect("set", "target", "async-node")
    chunks = build.environment.chunk_filename
    if chunks is not None and build.options.name not in chunks:
        yield Effect("set", "output.chunkFilename", chunks.replace(".js", "-[contenthash].js", 1))
    yield Effect("apply", "UniverseEntryChunkTrackerPlugin")


def client_effects(build: Build) -> Effects:
    """Yield the changes of the browser's compiler; in production it publishes the server's copy."""
    if not build.environment.development:
        yield Effect("apply", "CopyFederationPlugin", {"from": "ssr", "to": "static/ssr"})
    if build.environment.public_path == "/_next/":
        yield Effect("set", "output.publicPath", "auto")
    if build.options.extra_options.automatic_page_stitching:
        yield Effect(
            "warn", "federation.extraOptions", "automatic page stitching does nothing since release 7"
        )


def library_warning(build: Build) -> Effects:
    """Yield a warning where the user has set a library, which the plugin replaces."""
    if build.options.library:
        yield Effect("warn", "federation.library", "a library of your own is not used")


def external_effects(build: Build) -> Effects:
    """Yield how the externals are wrapped; the defaults count here even where they are not shared."""
    index = find_wrapped(build.environment.externals, detection=build.detection)
    if index is None:
        yield Effect(
            "warn", "externals", "no function decides about externals, so shared packages stay external"
        )
        return
    shared = merge_shared(build.defaults, build.options.shared)
    yield Effect("wrap", f"externals[{index}]", plain_config(Config(shared, external=True))["externals"])


def correlation_plugin(options: NextOptions) -> str:
    """Return what writes the statistics: from the manifest where it has the assets, else from the build."""
    manifest = options.manifest
    unread = isinstance(manifest, Mapping) and bool(manifest.get("disableAssetsAnalyze"))
    bare = manifest is False or unread
    return "ChunkCorrelationPlugin" if bare else "FederatedStatsCompatibilityPlugin"


def runtime_plugins(build: Build, *own: str) -> Step:
    """Return the step that lists the runtime plugins: the plugin's first, then the user's."""
    listed = [f"{plugin}?runtimePlugin" for plugin in (*own, *build.options.runtime_plugins)]
    return Step(
        StepName.ADD_RUNTIME_PLUGINS,
        "put hooks into the runtime",
        (Effect("set", "federation.runtimePlugins", listed),),
    )


def apply_federation(build: Build, *, manifest_path: str) -> Step:
    """Return the step that applies the federation plugin, with every option that no other step sets."""
    return Step(
        StepName.APPLY_MODULE_FEDERATION,
        "hand everything to the federation plugin",
        tuple(federation_effects(build, manifest_path)),
    )


def federation_effects(build: Build, manifest_path: str) -> Effects:
    """Yield the remaining options, the plugin itself, and the entry that provides Next.js's modules."""
    options = build.options
    pages = exposed_pages(build.environment.pages) if options.extra_options.expose_pages else {}
    described = {**options.manifest} if isinstance(options.manifest, Mapping) else {}
    manifest = False if options.manifest is False else {**described, "filePath": manifest_path}
    for key, value in {
        "name": options.name,
        "runtime": False,
        "remoteType": "script",
        "exposes": {**options.exposes, **pages},
        "remotes": {**options.remotes},
        "manifest": manifest,
        "dts": options.dts,
        "shareStrategy": options.share_strategy,
        "experiments": {"asyncStartup": True},
    }.items():
        yield Effect("set", f"federation.{key}", value)
    yield Effect("apply", "ModuleFederationPlugin")
    if build.internals:
        yield Effect("add", "entry.noop", [*PROVIDED])
