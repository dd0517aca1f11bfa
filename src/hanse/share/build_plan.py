"""What the Next.js plugin does to a build, as steps with their effects: data that a builder can act on.

`plan_build` decides everything and does nothing. The steps come in the order of the plugin's description;
its code does some of them in another order, which changes nothing, as no effect reads what another wrote.
"""

from __future__ import annotations

from typing import Final

import msgspec

from hanse.errors import NotFoundError
from hanse.share.build_options import Environment, ExtraOptions, NextOptions, check_remotes, validate_build
from hanse.share.build_steps import (
    VALIDATED,
    Action,
    Build,
    Effect,
    Step,
    StepName,
    client_steps,
    server_steps,
)
from hanse.share.presets.externals import Detection
from hanse.share.presets.next import retrieve_default_shared
from hanse.share.presets.next_layers import Layered
from hanse.share.presets.next_tables import NextVersion, Target, Variant

__all__ = [
    "Action",
    "BuildPlan",
    "Effect",
    "Environment",
    "ExtraOptions",
    "NextOptions",
    "Step",
    "StepName",
    "plan_build",
]

USUAL: Final = Environment()


class BuildPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What is done to one build; `target` is None for a compiler that is left alone."""

    target: Target | None
    next_version: NextVersion
    steps: tuple[Step, ...]

    def step(self, name: StepName) -> Step:
        """Return one step.

        Raises:
            NotFoundError: This build has no such step.
        """
        for step in self.steps:
            if step.name == name:
                return step
        raise NotFoundError("this build has no such step", subject=name)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the user is told, in order."""
        effects = (effect for step in self.steps for effect in step.effects)
        return tuple(str(effect.value) for effect in effects if effect.action == "warn")


def plan_build(
    compiler: str | None,
    next_version: NextVersion,
    options: NextOptions,
    *,
    environment: Environment = USUAL,
    variant: Variant = "published",
    layered: Layered | None = None,
    styled_jsx: str | None = None,
    detection: Detection | None = None,
) -> BuildPlan:
    """Plan what the plugin does to the build of one compiler.

    Args:
        compiler: The compiler's name; `server` and `client` are federated, others left alone.
        next_version: The major version of Next.js.
        options: What the plugin is constructed with.
        environment: What it finds.
        variant: Its code, or its description: as for `retrieve_default_shared`.
        layered: Which layered entries come first.
        styled_jsx: The version of styled-jsx, if not the one this Next.js depends on.
        detection: Where the externals function is looked for. By default at any index; in the documented
            variant with Next.js 14 at index 0 alone.

    Raises:
        UsageError: The plugin would refuse.
        FormatError: A text names no remote.
    """
    target = validate_build(compiler, next_version, options, environment)
    if target is None:
        return BuildPlan(target=None, next_version=next_version, steps=(VALIDATED,))
    check_remotes(options.remotes, "options")
    defaults = retrieve_default_shared(
        target == "server", next_version=next_version, variant=variant, layered=layered, styled_jsx=styled_jsx
    )
    first_only = variant == "documented" and next_version == 14
    build = Build(
        options=options,
        environment=environment,
        defaults=defaults,
        detection=detection or ("first" if first_only else "dynamic"),
    )
    steps = server_steps(build) if target == "server" else client_steps(build)
    return BuildPlan(target=target, next_version=next_version, steps=(VALIDATED, *steps))
