"""Options that several commands have: where the federation is from, and how it is resolved."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Annotated, Final, Literal

import msgspec
from cyclopts import Parameter

from hanse.resolve import Policy, PolicyName

__all__ = ["NO_OPTIONS", "NO_ORIGIN", "Json", "Manifest", "OriginOptions", "PolicyOptions", "Quiet"]

Json = Annotated[
    bool, Parameter(name="--json", negative="", show_default=False, help="Write JSON; errors, too.")
]
Quiet = Annotated[
    bool, Parameter(name=["--quiet", "-q"], negative="", show_default=False, help="Write no warnings.")
]
Manifest = Annotated[
    str,
    Parameter(help="A manifest or hanse.toml (a path or URL), or a folder that has one or remote entries."),
]

Flag = bool | None


def flag(text: str) -> Parameter:
    """Make the parameter of an option of the policy."""
    return Parameter(help=text, negative="", show_default=False, group="Policy options")


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class PolicyOptions:
    """How the federation is resolved; what is not given is as hanse.toml has it, or off."""

    policy: Annotated[
        PolicyName | None,
        Parameter(help="Hanse's own policy (the default), or the orchestrator's.", show_default=False),
    ] = None
    strict: Annotated[Flag, flag("All six --strict-... options.")] = None
    strict_remote_entry: Annotated[Flag, flag("Fail where a remote cannot be had, or is misnamed.")] = None
    strict_external_compatibility: Annotated[
        Flag, flag("Fail where a strict consumer rejects the shared version.")
    ] = None
    strict_external_same_version_compatibility: Annotated[
        Flag, flag("Fail where two ranges for one version differ.")
    ] = None
    strict_external_version: Annotated[Flag, flag("Fail where a version is not semver.")] = None
    strict_import_map: Annotated[Flag, flag("Fail where the map would have gaps.")] = None
    strict_entry_point_coverage: Annotated[
        Flag, flag("Fail where the shared version lacks an entrypoint that a consumer needs.")
    ] = None
    latest_shared_external: Annotated[Flag, flag("Publish the latest version of each package.")] = None
    skip_invalid_external_versions: Annotated[Flag, flag("Leave out packages with invalid versions.")] = None
    scope_uncovered_entrypoints: Annotated[
        Flag, flag("Let consumers of uncovered entrypoints keep their own copy.")
    ] = None
    override_cached_remotes: Annotated[
        Literal["never", "init-only", "always"] | None, flag("When a cached remote is read anew.")
    ] = None
    override_cached_remotes_if_url_matches: Annotated[
        Flag, flag("Read a cached remote anew even if its URL is the same.")
    ] = None
    cache_tag: Annotated[str | None, flag("A text added to every remote entry's URL.")] = None
    convert_flat_shared_info: Annotated[Flag, flag("Read flat remote entries as dense ones.")] = None
    use_auto_external_pooling: Annotated[Flag, flag("Pool packages by their npm scope.")] = None

    def given(self) -> dict[str, bool | str | None]:
        """Return the options that are given, `strict` spelt out, without the policy's name."""
        options: dict[str, bool | str | None] = asdict(self)
        every = options.pop("strict")
        del options["policy"]
        if every is not None:
            for name in options:
                if name.startswith("strict_") and options[name] is None:
                    options[name] = every
        return {name: value for name, value in options.items() if value is not None}

    def over(self, base: Policy) -> Policy:
        """Return a policy with what is given in place of what it says."""
        groups = (base.strict, base.profile, base.feature)
        merged = {name: value for group in groups for name, value in msgspec.structs.asdict(group).items()}
        named = Policy.named(self.policy or base.name, {**merged, **self.given()})
        return msgspec.structs.replace(named, families=base.families)


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class OriginOptions:
    """What a manifest does not say; a hanse.toml says it itself."""

    host_entry: Annotated[
        str | None, Parameter(help="The host's own remote entry, whose versions take precedence: its URL.")
    ] = None
    allow_origin: Annotated[
        tuple[str, ...],
        Parameter(
            help="One more origin that may be asked, also http: or private.", negative="", show_default=False
        ),
    ] = ()
    integrity: Annotated[str | None, Parameter(help="The digest that the manifest must have, sha384-...")] = (
        None
    )

    @property
    def any(self) -> bool:
        """Tell whether anything is given."""
        return self.host_entry is not None or bool(self.allow_origin) or self.integrity is not None


NO_OPTIONS: Final = PolicyOptions()
NO_ORIGIN: Final = OriginOptions()
