"""The properties of a fragment: as JSON for the browser, as values for the engine, and their digest."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, cast

import msgspec

from hanse.engines.base import JSON
from hanse.errors import FormatError
from hanse.html import inline_json

__all__ = ["Payload", "make_payload"]

# A key that means something else than a property where JavaScript copies objects.
POISON: Final = "__proto__"
DIGEST_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class Payload:
    """Properties, ready for both sides.

    Attributes:
        text: Them as JSON, as `html.inline_json` writes it.
        values: What that JSON decodes to: what the engine gets is what the browser gets.
        digest: Of the text, in hexadecimal.
    """

    text: str
    values: Mapping[str, JSON]
    digest: str


def make_payload(props: Mapping[str, object]) -> Payload:
    """Encode properties; whatever is called `__proto__` in them is left out, all the way down.

    Args:
        props: Anything that msgspec makes a JSON object of.

    Raises:
        FormatError: They cannot be written as JSON, or read from it again.
    """
    text = inline_json({**props})
    values = read_back(text)
    if POISON in text:
        values = cast("Mapping[str, JSON]", without_poison(values))
        text = inline_json(values)
    return Payload(text, values, hashlib.blake2b(text.encode(), digest_size=DIGEST_BYTES).hexdigest())


def read_back(text: str) -> Mapping[str, JSON]:
    """Decode what was encoded.

    Raises:
        FormatError: It is too deep, or no object.
    """
    try:
        return cast("Mapping[str, JSON]", msgspec.json.decode(text, type=dict))
    except (ValueError, RecursionError) as error:
        raise FormatError(f"these are no properties: {error}", subject="props") from error


def without_poison(value: JSON) -> JSON:
    """Return a value without the key that is none."""
    if isinstance(value, dict):
        return {key: without_poison(one) for key, one in value.items() if key != POISON}
    return [without_poison(one) for one in value] if isinstance(value, list) else value
