"""Which imports of a server build stay `require` calls, and which are bundled so that they can be shared.

Next.js makes nearly every package external on the server; what is external cannot be shared. The plugin wraps
the function that decides it: what is shared is bundled, React's and Next.js's own modules stay external, and
everything else is bundled as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal, TypeAlias

from msgspec import UNSET, UnsetType

from hanse.share.presets.matching import matched_by
from hanse.share.presets.options import Own, SharedTable

__all__ = [
    "RULES",
    "Detection",
    "External",
    "ExternalKind",
    "ExternalReason",
    "ExternalRules",
    "bundled_by",
    "decide_external",
    "find_wrapped",
]

ExternalKind: TypeAlias = Literal["function", "string", "object", "regexp"]
"""What an item of a configuration's `externals` is."""

Detection: TypeAlias = Literal["dynamic", "first"]
"""Where the function to wrap is looked for: at any index (from release 8.7.1 on), or at index 0 alone."""


class ExternalReason(StrEnum):
    """Why an import is external or bundled."""

    NOT_TEXT = "not-text"
    """The wrapped function gave no text: its answer is passed on."""
    NO_REQUEST = "no-request"
    """The wrapped function's text names no module."""
    SHARED = "shared"
    """It is shared with a fallback, which has to be bundled."""
    FEDERATION = "federation"
    """It is part of Module Federation itself."""
    FRAMEWORK = "framework"
    """It is React's or Next.js's own, and the server has it."""
    OTHER = "other"
    """It is none of these, and is bundled."""


@dataclass(frozen=True, slots=True)
class External:
    """What becomes of an import: the external it is, or None where it is bundled."""

    external: str | None
    reason: ExternalReason


@dataclass(frozen=True, slots=True)
class ExternalRules:
    """The names that stay external: texts a request may begin with, and whole requests."""

    prefixes: tuple[str, ...] = ("next", "react/", "react-dom/")
    exact: tuple[str, ...] = ("react", "react-dom", "styled-jsx/style")
    bundled_inside: str = "@module-federation/"

    def stays(self, request: str) -> bool:
        """Tell whether a request is React's or Next.js's own."""
        return request.startswith(self.prefixes) or request in self.exact


RULES: Final = ExternalRules()


def bundled_by(shared: SharedTable) -> dict[str | None, tuple[str, ...]]:
    """Return the requests and prefixes that a table bundles: those of entries with a fallback.

    They come by layer; those under None are bundled whichever layer imports them.
    """
    found: dict[str | None, tuple[str, ...]] = {None: ()}
    for key, entry in shared.items():
        if has_fallback(entry):
            request, layer = matched_by(key, entry)
            found[layer] = (*found.get(layer, ()), request)
    return found


def has_fallback(entry: Own) -> bool:
    """Tell whether an entry has a module to bundle: all but `import: false`."""
    return isinstance(entry, str) or entry.import_ is not False


def decide_external(
    request: str,
    *,
    shared: SharedTable,
    answer: str | UnsetType | None = UNSET,
    issuer_layer: str | None = None,
) -> External:
    """Decide about one import of a server build.

    Args:
        request: What is imported.
        shared: The whole table: defaults and the user's entries.
        answer: What the wrapped function says, as `commonjs react`; None where it says anything but a text.
            If not given, `commonjs` and the request, as where every package is external.
        issuer_layer: The layer of the module that imports.

    As in the plugin, the second word of the answer is what the table and the names are compared with, and a
    key that ends with a slash matches anywhere in it. The plugin knows no layers here: it compares keys. With
    layered entries `react-rsc` would never be found so, and React stay external in every layer.
    """
    if answer is None:
        return External(None, ExternalReason.NOT_TEXT)
    text = f"commonjs {request}" if answer is UNSET else answer
    words = text.split(" ")
    named = words[1] if len(words) > 1 else ""
    if not named:
        return External(None, ExternalReason.NO_REQUEST)
    bundled = bundled_by(shared)
    keys = bundled[None] + (bundled.get(issuer_layer, ()) if issuer_layer else ())
    if any(key in named if key.endswith("/") else key == named for key in keys):
        return External(None, ExternalReason.SHARED)
    if RULES.bundled_inside in request:
        return External(None, ExternalReason.FEDERATION)
    if RULES.stays(named):
        return External(text, ExternalReason.FRAMEWORK)
    return External(None, ExternalReason.OTHER)


def find_wrapped(externals: Sequence[ExternalKind], *, detection: Detection = "dynamic") -> int | None:
    """Return the index of the function that is wrapped, or None where nothing is.

    Args:
        externals: What each item of the configuration's `externals` is.
        detection: `dynamic` takes the first function at any index, `first` only one at index 0. Up to release
            8.7.0 the plugin looked at index 0 alone, so a configuration that puts a text before Next.js's
            function went unwrapped.
    """
    if detection == "first":
        return 0 if externals and externals[0] == "function" else None
    return next((index for index, kind in enumerate(externals) if kind == "function"), None)
