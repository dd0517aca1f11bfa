"""How a federation is resolved: the policy's name and its options.

The options are the native federation orchestrator's (4.6), in snake_case; their meaning is described in
`docs/reference/policies.md`.
"""

from __future__ import annotations

import difflib
from typing import Literal

import msgspec

from hanse.errors import UsageError

__all__ = ["FAMILIES", "Feature", "Policy", "PolicyName", "Profile", "Strict"]

PolicyName = Literal["coherent", "compatible"]

FAMILIES: tuple[tuple[str, ...], ...] = (
    # React's renderer refuses to run beside another version of React itself.
    ("react", "react-dom", "react-is", "react-server-dom-webpack"),
    # Angular's packages are released together and depend on each other by exact version; CDK and
    # Material have a release train of their own.
    (
        "@angular/animations",
        "@angular/common",
        "@angular/compiler",
        "@angular/core",
        "@angular/elements",
        "@angular/forms",
        "@angular/localize",
        "@angular/platform-browser",
        "@angular/platform-browser-dynamic",
        "@angular/platform-server",
        "@angular/router",
        "@angular/service-worker",
        "@angular/upgrade",
    ),
    ("@angular/cdk", "@angular/material"),
    # Vue's compiler emits code for the runtime of exactly its own version.
    (
        "vue",
        "@vue/compiler-core",
        "@vue/compiler-dom",
        "@vue/compiler-sfc",
        "@vue/reactivity",
        "@vue/runtime-core",
        "@vue/runtime-dom",
        "@vue/server-renderer",
        "@vue/shared",
    ),
    ("svelte",),
    ("preact", "preact-render-to-string"),
)
"""Packages that demand equal versions of each other and so move together under `coherent`."""


class Strict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which findings are errors instead of notices; all off by default.

    `strict_remote_entry`: a remote that cannot be fetched, or has another name than asked for.
    `strict_external_compatibility`: a strict consumer that rejects the shared version.
    `strict_external_same_version_compatibility`: two ranges for one version that differ in text.
    `strict_external_version`: a version that is not semver. `strict_import_map`: a map with gaps.
    `strict_entry_point_coverage`: a consumer's entrypoint that the shared version does not have.
    """

    strict_remote_entry: bool = False
    strict_external_compatibility: bool = False
    strict_external_same_version_compatibility: bool = False
    strict_external_version: bool = False
    strict_import_map: bool = False
    strict_entry_point_coverage: bool = False

    @classmethod
    def all(cls) -> Strict:
        """Return every flag switched on, as `strict: true` does."""
        return cls(**dict.fromkeys(cls.__struct_fields__, True))


class Profile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The orchestrator's profile: how versions are chosen and cached remotes treated."""

    latest_shared_external: bool = False
    skip_invalid_external_versions: bool = False
    scope_uncovered_entrypoints: bool = False
    override_cached_remotes: Literal["never", "init-only", "always"] = "init-only"
    override_cached_remotes_if_url_matches: bool = False
    cache_tag: str | None = None

    @classmethod
    def caching(cls) -> Profile:
        """Return the orchestrator's caching profile: a cached remote is never overridden."""
        return cls(override_cached_remotes="never")


class Feature(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The orchestrator's features: reading flat entries as dense, pooling by npm scope."""

    convert_flat_shared_info: bool = False
    use_auto_external_pooling: bool = False


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """A named policy with its options.

    `families` is the table of packages that move together; only `coherent` reads it. Add lines of your own:
    `Policy(families=(*FAMILIES, ("lit", "@lit/context")))`.
    """

    name: PolicyName = "coherent"
    strict: Strict = Strict()
    profile: Profile = Profile()
    feature: Feature = Feature()
    families: tuple[tuple[str, ...], ...] = FAMILIES

    @classmethod
    def compatible(cls, **options: bool | str | None) -> Policy:
        """Build the policy that decides as the native federation orchestrator does.

        Args:
            **options: Any field of `Strict`, `Profile` or `Feature`.

        Raises:
            UsageError: An option of another name.
        """
        return cls.named("compatible", options)

    @classmethod
    def coherent(cls, **options: bool | str | None) -> Policy:
        """Build Hanse's own policy, the default; options as for `compatible`.

        Raises:
            UsageError: An option of another name.
        """
        return cls.named("coherent", options)

    @classmethod
    def named(cls, name: PolicyName, options: dict[str, bool | str | None]) -> Policy:
        """Build a policy from a flat table of options.

        Raises:
            UsageError: An option nobody knows, or a value of the wrong kind.
        """
        groups: dict[str, type[Strict | Profile | Feature]] = {
            "strict": Strict,
            "profile": Profile,
            "feature": Feature,
        }
        known = {field: group for group, kind in groups.items() for field in kind.__struct_fields__}
        sorted_options: dict[str, dict[str, bool | str | None]] = {group: {} for group in groups}
        for option, value in options.items():
            if option not in known:
                raise unknown_option(option, list(known))
            sorted_options[known[option]][option] = value
        try:
            return msgspec.convert({"name": name, **sorted_options}, cls)
        except msgspec.ValidationError as error:
            raise UsageError(f"a policy option has the wrong kind of value: {error}") from error


def unknown_option(option: str, known: list[str]) -> UsageError:
    """Say which option was probably meant."""
    near = difflib.get_close_matches(option, known, n=1)
    return UsageError(
        f"no policy option is called {option!r}",
        hint=f"did you mean {near[0]!r}?" if near else f"options are {', '.join(sorted(known))}",
    )
