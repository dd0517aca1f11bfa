"""How HTML ends that breaks off: whatever is open at that point is closed, and nothing after it is touched.

What is looked at has been sent already, so a bounded, single pass over it is all that is needed; and only
where a stream fails. The rules are those of HTML's tokeniser, as far as they decide what is still open.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["close_html"]

VOID: Final = frozenset(
    "area base br col embed hr img input link meta param source track wbr".split()  # noqa: SIM905
)
# Elements whose inside is text up to their own end tag.
RAW: Final = frozenset(
    "script style textarea title xmp iframe noembed noframes noscript".split()  # noqa: SIM905
)
COMMENT: Final = re.compile(r"<!--(?:>|->|.*?--!?>)", re.DOTALL)
BOGUS: Final = re.compile(r"<[!?][^>]*>|</[^a-zA-Z>][^>]*>|</>")
# A quote counts only where a value begins. Nothing here can be matched in two ways: it takes one pass.
TAG: Final = re.compile(
    r"<(?P<end>/?)(?P<name>[a-zA-Z][^\s/>]*)"
    r"(?P<rest>(?:[^>=]++|=\s*+(?:\"[^\"]*\"|'[^']*'|(?![\"'])))*+)>"
)
NAME: Final = re.compile(r"</?(?P<name>[a-zA-Z][^\s/>]*)")
# The part of an unfinished tag after which a value is open, and with which quote.
QUOTE: Final = re.compile(r"=\s*(?:\"[^\"]*\"|'[^']*'|(?P<open>[\"']).*)", re.DOTALL)


def close_html(sent: str) -> str:
    """Return what closes everything that is open at the end of this HTML.

    Args:
        sent: The inside of an element, from its beginning, cut off anywhere.
    """
    stack: list[str] = []
    position = 0
    while (position := sent.find("<", position)) >= 0:
        if found := COMMENT.match(sent, position) or (
            None if sent.startswith("<!--", position) else BOGUS.match(sent, position)
        ):
            position = found.end()
        elif found := TAG.match(sent, position):
            position = found.end()
            note(stack, found["name"].lower(), ends=bool(found["end"]), alone=found["rest"].endswith("/"))
            if not found["end"] and stack and stack[-1] in RAW:
                position = skip_raw(sent, position, stack)
        elif NAME.match(sent, position) or sent.startswith(("<!", "</", "<?"), position):
            return close_token(sent[position:], stack) + close_elements(stack)
        else:
            position += 1
    return close_elements(stack)


def note(stack: list[str], name: str, *, ends: bool, alone: bool) -> None:
    """Note a tag: an element is open from its start tag on, and ends with those inside it."""
    if ends and name in stack:
        while stack.pop() != name:
            pass
    elif not ends and name not in VOID and not (alone and inside_drawing(stack)):
        stack.append(name)


def inside_drawing(stack: list[str]) -> bool:
    """Tell whether a slash at the end of a tag means something here."""
    return "svg" in stack or "math" in stack


def skip_raw(sent: str, position: int, stack: list[str]) -> int:
    """Return where the text of the innermost element ends; it stays open where that has not come."""
    end = re.compile(rf"</{re.escape(stack[-1])}(?=[\s/>])", re.IGNORECASE).search(sent, position)
    return len(sent) if end is None else end.start()


def close_token(token: str, stack: list[str]) -> str:
    """Return what ends an unfinished tag or comment; an element whose tag that was is open then."""
    if token.startswith("<!--") or token in {"<!", "<!-"}:
        return "-->"
    found = NAME.match(token)
    if found is None:
        return ">"
    if not token.startswith("</"):
        note(stack, found["name"].lower(), ends=False, alone=False)
    quotes = [one["open"] for one in QUOTE.finditer(token)]
    # A space, for the tag may break off in a name or a value, of which a slash would be a part.
    return f"{(quotes[-1] or '') if quotes else ''} >"


def close_elements(stack: list[str]) -> str:
    """Return the end tags of what is open, the innermost first; a comment inside a script ends as well."""
    closed = [f"-->{end_tag(name)}" if name == "script" else end_tag(name) for name in reversed(stack)]
    return "".join(closed)


def end_tag(name: str) -> str:
    """Write an end tag."""
    return f"</{name}>"
