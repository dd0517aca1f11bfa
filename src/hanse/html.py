"""The only writers of inline JSON and of attribute values.

Whatever Hanse puts into a page that came from elsewhere passes through one of these three functions.
"""

from __future__ import annotations

from typing import Final

import msgspec

from hanse.errors import FormatError

__all__ = ["attribute", "inline_json", "text"]

# Inside a script element only `<` can end it or start a comment; `>` and `&` are for XHTML and for
# careless templates around it; U+2028 and U+2029 ended lines in JavaScript before 2019.
JSON_ESCAPES: Final = {character: f"\\u{ord(character):04x}" for character in "&<>\u2028\u2029"}

TEXT_ESCAPES: Final = {ord("&"): "&amp;", ord("<"): "&lt;", ord(">"): "&gt;", ord("\r"): "&#13;"}

# Single quotes and back ticks too: not everybody who writes an attribute quotes it with `"`.
ATTRIBUTE_ESCAPES: Final = TEXT_ESCAPES | {ord('"'): "&#34;", ord("'"): "&#39;", ord("`"): "&#96;"}


def inline_json(value: object) -> str:
    """Return JSON that can stand inside a script element, and still decodes to the same value.

    Args:
        value: Anything msgspec encodes; `bytes` are taken as JSON that is already encoded.

    Raises:
        FormatError: The value cannot be encoded, or the bytes are not UTF-8.
    """
    try:
        encoded = value if isinstance(value, bytes) else msgspec.json.encode(value)
        escaped = encoded.decode()
    except (TypeError, ValueError, RecursionError, msgspec.MsgspecError) as error:
        raise FormatError(f"this value cannot become JSON: {error}", subject="inline JSON") from error
    # Import maps are long: `translate` takes 60 ms a megabyte once one character is not ASCII, this 1 ms.
    for character, escape in JSON_ESCAPES.items():
        escaped = escaped.replace(character, escape)
    return escaped


def attribute(value: str) -> str:
    """Escape an attribute's value; the caller writes the quotes around it."""
    return value.translate(ATTRIBUTE_ESCAPES)


def text(value: str) -> str:
    """Escape text between tags; not for the inside of script and style elements."""
    return value.translate(TEXT_ESCAPES)
