"""The HTML of remotes that nobody trusts: parsed, and written anew with what may stand in a page.

What is not on these lists does not come through. Elements are on them for being text, tables, pictures or
links; attributes for meaning nothing but what a reader sees. The reasons for what is missing:

* Scripts, event handlers, `javascript:` and `data:` URLs, frames, plug-ins, SVG and MathML: they run code, or
  have done so in some browser.
* `data-*` attributes, custom elements, `is`, `slot`: they are the page's own language; Hanse's loader mounts
  what is marked by them.
* `style`, `<style>`, `<link>`: they can lie over the page, and ask other servers for what it contains.
* Forms and all their parts: a reader would take them for the site's own, and type a password.
* `<base>`, `<meta>`, `<title>`, `<template>`: they speak for the page.
* `target`, `ping`, `srcset`, `name`, `usemap`, `download`: they do more than lead somewhere.

Ids and classes get a prefix, so that they never are one of the page's: neither its style sheets nor its
scripts take an element of a stranger for theirs, and no id shadows a name of the page's JavaScript. Who wants
to style a fragment writes rules for the prefixed classes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Final

from hanse.limits import Limits
from hanse.render.faults import Fault, RenderError

__all__ = ["class_prefix", "sanitise"]

TEXT: Final = frozenset(
    (
        *("a", "abbr", "address", "article", "aside", "b", "bdi", "bdo", "blockquote", "br", "caption"),
        *("cite", "code", "col", "colgroup", "data", "dd", "del", "details", "dfn", "div", "dl", "dt", "em"),
        *("figcaption", "figure", "footer", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hgroup", "hr"),
        *("i", "img", "ins", "kbd", "li", "mark", "meter", "ol", "p", "pre", "progress", "q", "rp", "rt"),
        *("ruby", "s", "samp", "section", "small", "span", "strong", "sub", "summary", "sup", "table"),
        *("tbody", "td", "tfoot", "th", "thead", "time", "tr", "u", "ul", "var", "wbr"),
    )
)
"""The elements that stay; of all others the text does."""

GONE: Final = frozenset(
    (
        *(
            "script",
            "style",
            "template",
            "title",
            "textarea",
            "select",
            "option",
            "iframe",
            "object",
            "embed",
        ),
        *("noscript", "noembed", "noframes", "xmp", "plaintext", "svg", "math", "head", "audio", "video"),
        "canvas",
    )
)
"""The elements that go with what is inside, which is no text for readers."""

EVERYWHERE: Final = frozenset(
    {
        *("id", "class", "title", "lang", "dir", "role"),
        *("aria-label", "aria-labelledby", "aria-describedby", "aria-hidden", "aria-level"),
    }
)
OWN: Final[Mapping[str, frozenset[str]]] = {
    "a": frozenset({"href"}),
    "abbr": frozenset(),
    "col": frozenset({"span"}),
    "colgroup": frozenset({"span"}),
    "data": frozenset({"value"}),
    "del": frozenset({"datetime"}),
    "details": frozenset({"open"}),
    "img": frozenset({"src", "alt", "width", "height"}),
    "ins": frozenset({"datetime"}),
    "li": frozenset({"value"}),
    "meter": frozenset({"value", "min", "max", "low", "high", "optimum"}),
    "ol": frozenset({"start", "reversed", "type"}),
    "progress": frozenset({"value", "max"}),
    "td": frozenset({"colspan", "rowspan", "headers"}),
    "th": frozenset({"colspan", "rowspan", "headers", "scope", "abbr"}),
    "time": frozenset({"datetime"}),
}
# What describes a part of a text. Not `alert` or `dialog`, which speak to the reader in the page's name.
ROLES: Final = frozenset(
    (
        *("article", "cell", "columnheader", "figure", "group", "heading", "img", "list", "listitem"),
        *("none", "note", "presentation", "region", "row", "rowgroup", "rowheader", "separator", "table"),
    )
)
REFERENCES: Final = frozenset({"id", "aria-labelledby", "aria-describedby", "headers"})
NUMBERS: Final = frozenset({"width", "height", "colspan", "rowspan", "span", "start"})
NUMBER: Final = re.compile(r"-?[0-9]{1,4}")
# A link leads to another site, to a place of this site by its path, into the fragment, or to a person.
LINK: Final = re.compile(r"(?:https?://|mailto:|tel:|/(?![/\\]))[\x21-\x7e\u00a1-\U0010ffff]*", re.IGNORECASE)
# A picture comes from elsewhere: one from this site could be any of its addresses, asked for with cookies.
PICTURE: Final = re.compile(r"https://[a-z0-9\x80-\U0010ffff][\x21-\x7e\u00a1-\U0010ffff]*", re.IGNORECASE)
IDENTIFIER: Final = re.compile(r"[A-Za-z0-9_.:-]{1,128}")
CLASS: Final = re.compile(r"[A-Za-z0-9_-]{1,128}")
REL: Final = "noopener noreferrer nofollow ugc"
SHOWN_LATE: Final = {"img": {"loading": "lazy", "referrerpolicy": "no-referrer", "decoding": "async"}}
# Every start tag there can be, for what they may weigh together before anything is parsed.
OPENED: Final = re.compile(r"<[a-zA-Z]")


def class_prefix(remote: str) -> str:
    """Return what the classes of an untrusted remote begin with: `team-mfe1--` for `team/mfe1`."""
    return f"{re.sub(r'[^a-zA-Z0-9]+', '-', remote).strip('-').lower()}--"


def sanitise(html: str, *, remote: str, prefix: str, limits: Limits) -> str:
    """Write the HTML of an untrusted remote anew.

    Args:
        html: As the remote wrote it.
        remote: The remote, whose name its classes begin with.
        prefix: What its ids begin with: the fragment's own prefix.
        limits: `untrusted_html` and `untrusted_depth` are used.

    Raises:
        RenderError: It is too long or nested too deep, or `nh3` is not installed.
    """
    if len(html) > limits.untrusted_html:
        raise RenderError(
            Fault("html", f"it wrote {len(html)} characters, more than are taken from strangers")
        )
    if deeper_than(html, limits.untrusted_depth):
        raise RenderError(Fault("html", "its elements are nested too deep"))
    change = partial(filter_attribute, prefix, class_prefix(remote))
    return cleaner()(html, change)


def deeper_than(html: str, most: int) -> bool:
    """Tell whether elements could be nested deeper: more are open at once than is allowed, at some place.

    What is counted is the worst that any reading of it could come to, for a parser has rules of its own.
    """
    if len(OPENED.findall(html)) <= most:
        return False
    depth = deepest = 0
    for found in re.finditer(r"<(/?)([a-zA-Z][^\s/>]*)", html):
        if found[2].lower() not in {"br", "hr", "img", "col", "wbr"}:
            depth = max(0, depth + (-1 if found[1] else 1))
            deepest = max(deepest, depth)
    return deepest > most


@cache
def cleaner() -> Callable[[str, Callable[[str, str, str], str | None]], str]:
    """Return the function that cleans; the library is loaded when it is first needed.

    Raises:
        RenderError: It is not installed.
    """
    try:
        import nh3
    except ImportError:
        missing = "nh3 is not installed, without which no untrusted HTML is taken: pip install hanse[wasm]"
        raise RenderError(Fault("html", missing)) from None
    attributes = {"*": {*EVERYWHERE}, **{name: {*own} for name, own in OWN.items()}}

    def clean(html: str, change: Callable[[str, str, str], str | None]) -> str:
        return nh3.clean(
            html,
            tags={*TEXT},
            clean_content_tags={*GONE},
            attributes=attributes,
            attribute_filter=change,
            strip_comments=True,
            link_rel=REL,
            set_tag_attribute_values=SHOWN_LATE,
            url_schemes={"http", "https", "mailto", "tel"},
        )

    return clean


def filter_attribute(prefix: str, classes: str, element: str, name: str, value: str) -> str | None:
    """Return the value that an attribute gets, or None where it does not stay.

    Args:
        prefix: What ids begin with.
        classes: What classes begin with.
        element: The element's name.
        name: The attribute's name.
        value: What it has been given.
    """
    if name in REFERENCES:
        return " ".join(f"{prefix}{one}" for one in value.split() if IDENTIFIER.fullmatch(one)) or None
    if name == "class":
        return " ".join(f"{classes}{one}" for one in value.split() if CLASS.fullmatch(one)) or None
    if name == "href":
        return link_to(prefix, value.strip())
    if name == "src":
        return value if PICTURE.fullmatch(value) else None
    if name == "role":
        return value if value in ROLES else None
    if name in NUMBERS or (element == "li" and name == "value"):
        return value if NUMBER.fullmatch(value) else None
    return value


def link_to(prefix: str, value: str) -> str | None:
    """Return where a link leads, None where it may not."""
    if value.startswith("#"):
        return f"#{prefix}{value[1:]}" if IDENTIFIER.fullmatch(value[1:]) else None
    return value if LINK.fullmatch(value) else None
