"""The `next` preset: which table a build gets, and how the user's own entries join it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hanse.errors import UsageError
from hanse.share.presets.next_layers import Layered, layered_table
from hanse.share.presets.next_tables import (
    STYLED_JSX,
    NextVersion,
    Release,
    Table,
    Target,
    Variant,
    check_known,
    documented_table,
    published_table,
)
from hanse.share.presets.options import Own, SharedTable

__all__ = [
    "Tidied",
    "merge_shared",
    "next_shared",
    "remove_unnecessary_shared_keys",
    "retrieve_default_shared",
]


def retrieve_default_shared(
    is_server: bool,  # noqa: FBT001 - the plugin's own signature
    *,
    next_version: NextVersion = 15,
    variant: Variant = "published",
    release: Release = "current",
    layered: Layered | None = None,
    styled_jsx: str | None = None,
) -> Table:
    """Return the table of a server build, or else of a browser build.

    Args:
        is_server: Whether the build is the server's.
        next_version: Decides about styled-jsx, and in the documented variant about `next/navigation`.
        variant: `published` as the plugin's code has it, `documented` as its description does.
        release: An earlier release of the plugin; its published variant alone is known.
        layered: Put the layered entries of this variant before the plain ones; `corrected` is useful.
        styled_jsx: The version of styled-jsx that is installed, if not the one this Next.js depends on.

    Raises:
        UsageError: The arguments do not fit together, or name what there is not.
    """
    check_choice(next_version, variant, release, layered)
    target: Target = "server" if is_server else "client"
    version = STYLED_JSX[next_version] if styled_jsx is None else styled_jsx
    if variant == "documented":
        plain = documented_table(target, styled_jsx=version, next_version=next_version)
    else:
        plain = published_table(target, styled_jsx=version, release=release)
    return with_layers(plain, target, layered) if layered else plain


def next_shared(
    target: Target,
    own: SharedTable | None = None,
    *,
    skip_sharing_next_internals: bool = False,
    next_version: NextVersion = 15,
    variant: Variant = "published",
    release: Release = "current",
    layered: Layered | None = None,
    styled_jsx: str | None = None,
) -> dict[str, Own]:
    """Return the finished `shared` object of a build: the defaults, and the user's entries over them.

    Args:
        target: Which build.
        own: The user's entries.
        skip_sharing_next_internals: Leave the defaults out; the user's entries remain.
        next_version: As for `retrieve_default_shared`, like all that follow.
        variant: The plugin's code, or its description.
        release: An earlier release of the plugin.
        layered: Whether, and which, layered entries come first.
        styled_jsx: The version of styled-jsx.

    Raises:
        UsageError: The arguments do not fit together, or name what there is not.
    """
    check_known(target, Target, "target")
    defaults = retrieve_default_shared(
        target == "server",
        next_version=next_version,
        variant=variant,
        release=release,
        layered=layered,
        styled_jsx=styled_jsx,
    )
    return merge_shared({} if skip_sharing_next_internals else defaults, own or {})


def merge_shared(defaults: SharedTable, own: SharedTable) -> dict[str, Own]:
    """Lay the user's entries over the defaults: an entry replaces another as a whole.

    A key that both have stays in the defaults' place, as in JavaScript's `{...defaults, ...own}`.
    """
    return {**defaults, **own}


@dataclass(frozen=True, slots=True)
class Tidied:
    """The user's entries without those that the defaults have, and a warning for each that went."""

    shared: Mapping[str, Own]
    warnings: tuple[str, ...]


def remove_unnecessary_shared_keys(own: SharedTable) -> Tidied:
    """Take out of the user's entries every key that the plain default table has.

    The plugin has this function and calls it nowhere, and neither do preset and plan: the user's entries win.
    """
    defaults = published_table("server", styled_jsx=STYLED_JSX[15])
    return Tidied(
        {key: entry for key, entry in own.items() if key not in defaults},
        tuple(
            f"{key} is shared by default; your entry for it is not needed" for key in own if key in defaults
        ),
    )


def with_layers(plain: Table, target: Target, layered: Layered) -> Table:
    """Put the layered entries before the plain ones.

    An entry of the plain table replaces the layered one of the same key. So `react` without a layer is the
    plain table's in every variant, as it would be in the plugin's code.
    """
    return {**layered_table(target, layered), **plain}


def check_choice(
    next_version: NextVersion, variant: Variant, release: Release, layered: Layered | None
) -> None:
    """Raise where a table is asked for that there is not."""
    check_known(next_version, NextVersion, "version of Next.js")
    check_known(variant, Variant, "variant")
    check_known(release, Release, "release")
    if variant == "documented" and release != "current":
        raise UsageError(
            "the description is of the current release only",
            subject=release,
            hint="leave the release out, or take the published variant",
        )
    if layered and next_version == 14:
        raise UsageError(
            "Next.js 14 has no layered table", subject="layered", hint="layers are shared from Next.js 15 on"
        )
