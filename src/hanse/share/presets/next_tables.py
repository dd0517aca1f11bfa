"""The share tables of the Next.js plugin (@module-federation/nextjs-mf), for the server and for the browser.

`published` is what the plugin's code does: evaluated from its releases 8.3.26 to 8.8.76, which agree to the
byte. `documented` is what its written description says; the two differ, and `docs/reference/presets.md` says
where. `8.3.5` is the one earlier release that is known entry by entry.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias, get_args

from msgspec import UNSET
from msgspec.structs import replace

from hanse.errors import UsageError
from hanse.semver import valid
from hanse.share.presets.options import SharedOption

__all__ = [
    "STYLED_JSX",
    "NextVersion",
    "Release",
    "Table",
    "Target",
    "Variant",
    "check_known",
    "documented_table",
    "published_table",
]

NextVersion: TypeAlias = Literal[14, 15]
Target: TypeAlias = Literal["server", "client"]
Variant: TypeAlias = Literal["published", "documented"]
Release: TypeAlias = Literal["current", "8.3.5"]
Table: TypeAlias = dict[str, SharedOption]

STYLED_JSX: Final[dict[int, str]] = {14: "5.1.1", 15: "5.1.6"}
"""The styled-jsx that each major version of Next.js depends on, exactly."""

# Two kinds of server entry: `import: undefined` bundles a fallback, `import: false` has none.
BUNDLED: Final = SharedOption(singleton=True, required_version=None, import_=None)
UNCHECKED: Final = SharedOption(singleton=True, required_version=False, import_=None)
EXTERNAL: Final = SharedOption(singleton=True, required_version=False, import_=False)
# The runtimes of JSX do not have the key `import` at all, which bundlers read like `undefined`.
RUNTIME: Final = SharedOption(singleton=True, required_version=False)


def published_table(target: Target, *, styled_jsx: str, release: Release = "current") -> Table:
    """Make the table that the plugin's code has, in its order.

    Args:
        target: The browser's table is the server's with every `import` set to `undefined`, nothing else.
        styled_jsx: The version of styled-jsx that is installed; the plugin reads it when it is loaded.
        release: `8.3.5` leaves the runtimes of JSX without a required version.
    """
    runtime = RUNTIME if release == "current" else replace(RUNTIME, required_version=None)
    table = {
        "next/dynamic": BUNDLED,
        "next/head": BUNDLED,
        "next/link": BUNDLED,
        "next/router": UNCHECKED,
        "next/image": BUNDLED,
        "next/script": BUNDLED,
        "react": EXTERNAL,
        "react/": EXTERNAL,
        "react-dom/": EXTERNAL,
        "react-dom": EXTERNAL,
        "react/jsx-dev-runtime": runtime,
        "react/jsx-runtime": runtime,
        **styled_table(styled_jsx),
    }
    return table if target == "server" else for_browser(table)


def documented_table(target: Target, *, styled_jsx: str, next_version: NextVersion) -> Table:
    """Make the table that the plugin's description draws, in its order.

    There the runtimes of JSX are external on the server, most entries name no required version, and
    `next/navigation` is shared from Next.js 15 on. The description's row of `react/jsx-runtime` is taken to
    stand for the development runtime too.
    """
    bundled = replace(BUNDLED, required_version=UNSET)
    table = {
        "react": EXTERNAL,
        "react/": EXTERNAL,
        "react-dom": EXTERNAL,
        "react-dom/": EXTERNAL,
        "react/jsx-runtime": EXTERNAL,
        "react/jsx-dev-runtime": EXTERNAL,
        "next/dynamic": bundled,
        "next/head": bundled,
        "next/link": bundled,
        "next/router": UNCHECKED,
        "next/image": bundled,
        "next/script": bundled,
        **({"next/navigation": bundled} if next_version == 15 else {}),
        **styled_table(styled_jsx),
    }
    return table if target == "server" else for_browser(table)


def styled_table(version: str) -> Table:
    """Make the entries of styled-jsx: the only ones with a version."""
    if valid(version) is None:
        raise UsageError(
            f"{version!r} is no version",
            subject="styled-jsx",
            hint="leave it out for the one that this Next.js depends on",
        )
    bundled = SharedOption(singleton=True, import_=None, version=version, required_version=f"^{version}")
    return {
        "styled-jsx": bundled,
        "styled-jsx/style": replace(bundled, import_=False),
        "styled-jsx/css": bundled,
    }


def check_known(value: object, kind: object, what: str) -> None:
    """Raise unless a value is one of those that a `Literal` lists.

    Raises:
        UsageError: It is another one; the hint lists them.
    """
    known = get_args(kind)
    if value not in known:
        listed = ", ".join(str(one) for one in known)
        raise UsageError(f"there is no such {what}", subject=str(value), hint=f"there are {listed}")


def for_browser(table: Table) -> Table:
    """Return a table with every `import` present and `undefined`: everything is bundled."""
    return {key: replace(option, import_=None) for key, option in table.items()}
