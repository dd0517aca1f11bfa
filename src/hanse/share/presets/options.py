"""One entry of a `shared` table, as bundlers take it, and tables of them.

JavaScript tells a key that is absent from one whose value is `undefined`, and so does Module Federation in
places: here `UNSET` is absent and `None` is `undefined`. `False` and texts are values like any other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, TypeAlias

import msgspec
from msgspec import UNSET, UnsetType

from hanse.errors import FormatError
from hanse.formats.decoding import decode_json, key_path, shorten
from hanse.limits import LIMITS
from hanse.names import text_fault

__all__ = [
    "Own",
    "SharedOption",
    "SharedTable",
    "check_table",
    "decode_shared",
    "given",
    "plain_entry",
    "plain_table",
]

Text: TypeAlias = str | UnsetType | None
Flag: TypeAlias = bool | UnsetType | None


class SharedOption(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """What a `shared` table says of one package; everything not given is left to the bundler.

    `import_` is Module Federation's `import`: False for "neither provide nor fall back", a text for another
    request. `required_version=False` switches the check off. `layer` is the layer the shared module is built
    in, `issuer_layer` the one it is imported from, `request` what is matched where it is not the key.
    """

    singleton: Flag = UNSET
    required_version: bool | Text = UNSET
    import_: bool | Text = msgspec.field(default=UNSET, name="import")
    version: bool | Text = UNSET
    eager: Flag = UNSET
    strict_version: Flag = UNSET
    layer: Text = UNSET
    issuer_layer: Text = UNSET
    share_key: Text = UNSET
    request: Text = UNSET
    share_scope: str | tuple[str, ...] | UnsetType | None = UNSET
    package_name: Text = UNSET
    allow_node_modules_suffix_match: Flag = UNSET


Own: TypeAlias = SharedOption | str
"""An entry as users write it: options, or a text that is a range or another request."""

SharedTable: TypeAlias = Mapping[str, Own]
"""A `shared` object: a request, or with a slash at its end every request that begins so, to its entry."""

Value: TypeAlias = bool | str | tuple[str, ...] | None

DECODER: Final = msgspec.json.Decoder(dict[str, Own])
NEVER_TRUE: Final = ("required_version", "import_", "version")


def given(option: SharedOption) -> Iterator[tuple[str, Value]]:
    """Yield what an entry says, by its JavaScript names; `None` is `undefined`."""
    fields = zip(option.__struct_fields__, option.__struct_encode_fields__, strict=True)
    for field, name in fields:
        value = getattr(option, field)
        if value is not UNSET:
            yield name, value


def plain_entry(entry: Own) -> object:
    """Return an entry as JSON has it: what is `undefined` is left out."""
    if isinstance(entry, str):
        return entry
    return {
        name: [*value] if isinstance(value, tuple) else value
        for name, value in given(entry)
        if value is not None
    }


def plain_table(table: SharedTable) -> dict[str, object]:
    """Return a table as JSON has it, in its order: what is `undefined` is left out."""
    return {key: plain_entry(entry) for key, entry in table.items()}


def decode_shared(data: bytes | str, *, subject: str = "shared") -> dict[str, Own]:
    """Read a user's own `shared` object from JSON; `null` stands for `undefined`.

    Raises:
        FormatError: It is no object of entries, too large, or a key or value cannot be.
    """
    table = decode_json(DECODER, data, subject=subject, cap=LIMITS.config_bytes)
    check_table(table, subject)
    return table


def check_table(table: SharedTable, subject: str, *, at: str = "$") -> None:
    """Raise FormatError where a key or a value of the `shared` object at this path cannot be."""
    for key, entry in table.items():
        place = key_path(at, key)
        check_key(key, subject, place)
        check_entry(key, entry, subject, place)


def check_key(key: str, subject: str, place: str) -> None:
    """Raise unless this can be a key of a `shared` object."""
    if fault := text_fault(key):
        raise FormatError(
            f"this cannot be shared: {fault}",
            subject=subject,
            path=place,
            found=repr(shorten(key)),
            expected="a package, a request, or a prefix that ends with a slash",
        )


def check_entry(key: str, entry: Own, subject: str, place: str) -> None:
    """Raise where an entry has a value that bundlers refuse."""
    if isinstance(entry, str):
        return
    share_key = entry.share_key or key
    if (entry.request or key).endswith("/") and not share_key.endswith("/"):
        raise FormatError(
            "a prefix needs a share key that ends with a slash, too",
            subject=subject,
            path=f"{place}.shareKey",
            found=repr(shorten(share_key)),
            expected=repr(shorten(f"{share_key}/")),
        )
    for field in NEVER_TRUE:
        if getattr(entry, field) is True:
            name = field.rstrip("_") if field != "required_version" else "requiredVersion"
            raise FormatError(
                "this is false or a text, never true",
                subject=subject,
                path=f"{place}.{name}",
                found="true",
                expected="false, a text, or nothing",
            )
