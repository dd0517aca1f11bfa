"""The HTML document around a page, and what belongs into its head."""

from __future__ import annotations

import re
from typing import Final

from hanse.html import tag, text
from hanse.render import Fragment

__all__ = ["hoist", "write_document", "write_failure"]

# What React writes first, wherever in the tree it stands: it is the document's, and not the page's.
HOISTED: Final = re.compile(r"(?:<title(?: [^<>]*)?>[^<]*</title>|<meta [^<>]*/?>|<link [^<>]*/?>)+")


def hoist(fragment: Fragment) -> tuple[str, str]:
    """Return what of a page's markup belongs into the head, and the markup without it."""
    found = HOISTED.match(fragment.html)
    if fragment.mode != "server" or found is None:
        return "", fragment.markup
    opening, _, rest = fragment.markup.partition(fragment.html)
    return found[0], f"{opening}{fragment.html[found.end() :]}{rest}"


def write_document(head: str, body: str, *, language: str = "en") -> str:
    """Write a document.

    Args:
        head: HTML for the head, import map and all.
        body: HTML for the body.
        language: The language of the page.
    """
    return (
        f'<!doctype html>{tag("html", {"lang": language})}<head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">{head}</head>'
        f"<body>{body}</body></html>"
    )


def write_failure(title: str, message: str) -> str:
    """Write the body of a page that says what went wrong, where an app has no page of its own for that."""
    return f"<main><h1>{text(title)}</h1><p>{text(message)}</p></main>"
