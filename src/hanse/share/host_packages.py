"""React from the host, whatever versions say: the plugin that the `next` preset brings.

It does what `resolveShare` of the Next.js plugin for Module Federation does (`@module-federation/nextjs-mf`
8.8): React, React DOM and the parts of Next.js come from the first instance there is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hanse.share.choosing import Found

if TYPE_CHECKING:
    from hanse.share.entries import Entry, Versions
    from hanse.share.hooks import HookArgs
    from hanse.share.runtime import Runtime

__all__ = ["HostPackages"]


@dataclass(frozen=True, slots=True)
class HostPackages:
    """A runtime plugin that takes certain packages from the host.

    Attributes:
        packages: The packages; a name that ends in `/` stands for all that begin with it.
        name: The plugin's name.
    """

    packages: tuple[str, ...] = ("react", "react-dom", "next/")
    name: str = "next-internal-plugin"

    def takes(self, package: str) -> bool:
        """Tell whether a package comes from the host."""
        return package in self.packages or package.startswith(
            tuple(prefix for prefix in self.packages if prefix.endswith("/"))
        )

    def resolve_share(self, args: HookArgs) -> HookArgs:
        """Put the host's copy in the candidate's place, if the host shares the package."""
        runtime: Runtime | None = args["global_federation"]
        if runtime is None or not runtime.instances or not self.takes(args["pkg_name"]):
            return args
        entries = runtime.instances[0].options.shared.get(args["pkg_name"])
        if entries:
            args["resolver"] = lambda: _replace(args["versions"], str(args["version"]), entries)
        return args


def _replace(versions: Versions, candidate: str, entries: list[Entry]) -> Found:
    """Overwrite the candidate with the host's first copy, of the candidate's layer where it has one."""
    replaced = versions.get(candidate)
    layer = None if replaced is None else replaced.layer
    versions[candidate] = next((entry for entry in entries if entry.layer == layer), entries[0])
    return Found(versions[candidate])
