"""The only writers of inline JSON, of attribute values and of script elements.

Whatever Hanse puts into a page that came from elsewhere passes through one of these functions. What needs a
nonce is written in pieces with a place for it, so that it can be kept and used for many responses.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, TypeAlias

import msgspec

from hanse.errors import FormatError

__all__ = [
    "Pieces",
    "attribute",
    "inline_json",
    "link",
    "script",
    "splice",
    "tag",
    "text",
    "write_attributes",
]

Pieces: TypeAlias = tuple[str | None, ...]
"""HTML in pieces; each None is a place for the nonce of one response."""

# Inside a script element only `<` can end it or start a comment; `>` and `&` are for XHTML and for
# careless templates around it; U+2028 and U+2029 ended lines in JavaScript before 2019.
JSON_ESCAPES: Final = {character: f"\\u{ord(character):04x}" for character in "&<>\u2028\u2029"}

TEXT_ESCAPES: Final = {ord("&"): "&amp;", ord("<"): "&lt;", ord(">"): "&gt;", ord("\r"): "&#13;"}

# Single quotes and back ticks too: not everybody who writes an attribute quotes it with `"`.
ATTRIBUTE_ESCAPES: Final = TEXT_ESCAPES | {ord('"'): "&#34;", ord("'"): "&#39;", ord("`"): "&#96;"}

# What ends a script element, or begins the comment inside of which its end would not count.
SCRIPT_BREAKS: Final = re.compile(r"<(?:!--|/?script)", re.IGNORECASE)


def inline_json(value: object) -> str:
    """Return JSON that can stand inside a script element, and still decodes to the same value.

    Args:
        value: Anything msgspec encodes; `bytes` are taken as JSON that is already encoded.

    Raises:
        FormatError: The value cannot be encoded, or the bytes are not UTF-8.
    """
    try:
        encoded = value if isinstance(value, bytes) else msgspec.json.encode(value, enc_hook=plain_text)
        escaped = encoded.decode()
    except (TypeError, ValueError, RecursionError, msgspec.MsgspecError) as error:
        raise FormatError(f"this value cannot become JSON: {error}", subject="inline JSON") from error
    # Import maps are long: `translate` takes 60 ms a megabyte once one character is not ASCII, this 1 ms.
    for character, escape in JSON_ESCAPES.items():
        escaped = escaped.replace(character, escape)
    return escaped


def plain_text(value: object) -> str:
    """Return the text of a template engine's own kind of text, such as a string marked as safe.

    Raises:
        TypeError: It is no text.
    """
    if isinstance(value, str):
        return str.__str__(value)
    raise TypeError(f"Encoding objects of type {type(value).__name__} is unsupported")


def attribute(value: str) -> str:
    """Escape an attribute's value; the caller writes the quotes around it."""
    return value.translate(ATTRIBUTE_ESCAPES)


def text(value: str) -> str:
    """Escape text between tags; not for the inside of script and style elements."""
    return value.translate(TEXT_ESCAPES)


def tag(name: str, attributes: Mapping[str, str]) -> str:
    """Write an opening tag; the names are the caller's own, the values are escaped."""
    return f"<{name}{write_attributes(attributes)}>"


def script(kind: str, content: str, *, identifier: str = "") -> Pieces:
    """Write a script element with a place for a nonce.

    Args:
        kind: Its type: `importmap`, `module`, `application/json`; empty for a classic script.
        content: What `inline_json` wrote, or code of this package.
        identifier: Its id; none if empty.

    Raises:
        FormatError: The content would end the element, or open a comment inside it.
    """
    if "<" in content and (found := SCRIPT_BREAKS.search(content)):
        raise FormatError(
            "this cannot stand inside a script element", subject="inline script", found=repr(found[0])
        )
    attributes = {"type": kind, "id": identifier}
    opening = write_attributes({name: value for name, value in attributes.items() if value})
    return (f'<script{opening} nonce="', None, '">', content, "</script>")


def link(attributes: Mapping[str, str]) -> Pieces:
    """Write a link element with a place for a nonce."""
    return (f'<link{write_attributes(attributes)} nonce="', None, '">')


def splice(pieces: Pieces, nonce: str) -> str:
    """Put a response's nonce into its places."""
    escaped = attribute(nonce)
    return "".join([escaped if piece is None else piece for piece in pieces])


def write_attributes(attributes: Mapping[str, str]) -> str:
    """Write attributes, each with a space before it."""
    return "".join([f' {name}="{attribute(value)}"' for name, value in attributes.items()])
