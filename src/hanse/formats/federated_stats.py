"""`federated-stats.json`: which files an exposed module needs, as older Next and webpack builds note it.

Source: the chunk correlation plugin of `@module-federation/node`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from hanse.errors import FormatError
from hanse.formats.decoding import convert_value, decode_json, key_path, shorten
from hanse.formats.mf_checks import asset_name_fault
from hanse.limits import LIMITS, Limits
from hanse.names import expose_name_fault

__all__ = ["FederatedModule", "FederatedStats", "decode_federated_stats", "files_of_exposes"]


class FederatedModule(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """One container of a build: `exposes` maps a key to the files that its module needs."""

    remote: str | None = None
    entry: str | None = None
    shared_modules: Any = None
    exposes: dict[str, list[str]] | None = None
    remote_modules: Any = None


class FederatedStats(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """The whole document."""

    shared_modules: Any = None
    federated_modules: list[FederatedModule] | None = None


DECODER: Final = msgspec.json.Decoder(FederatedStats)


def decode_federated_stats(
    data: bytes | str | Mapping[str, object], *, subject: str, limits: Limits = LIMITS
) -> FederatedStats:
    """Decode the document; unknown fields are ignored.

    Raises:
        FormatError: Not JSON, wrong types, too many parts, or a name or file outside the grammar.
    """
    if isinstance(data, Mapping):
        stats = convert_value(data, FederatedStats, subject=subject)
    else:
        stats = decode_json(DECODER, data, subject=subject, cap=limits.remote_entry_bytes)
    modules = stats.federated_modules or []
    count = sum(1 + sum(map(len, (one.exposes or {}).values())) for one in modules)
    if count > limits.files_per_entry:
        raise FormatError(
            "there are too many files",
            subject=subject,
            path="$.federatedModules",
            found=str(count),
            expected=f"at most {limits.files_per_entry}",
        )
    for index, module in enumerate(modules):
        check_exposes(module.exposes or {}, subject, f"$.federatedModules[{index}].exposes")
    return stats


def check_exposes(exposes: Mapping[str, list[str]], subject: str, path: str) -> None:
    """Raise unless all keys and files are in order.

    Raises:
        FormatError: One is not.
    """
    for key, files in exposes.items():
        place = key_path(path, key)
        asked = [(expose_name_fault(key), key, place)]
        asked += [(asset_name_fault(file), file, f"{place}[{index}]") for index, file in enumerate(files)]
        for fault, text, where in asked:
            if fault:
                raise FormatError(
                    f"this is neither a key nor a file of a build: {fault}",
                    subject=subject,
                    path=where,
                    found=repr(shorten(text)),
                    expected="a key such as `./Card`, and plain file names",
                )


def files_of_exposes(stats: FederatedStats, name: str) -> dict[str, tuple[str, ...]]:
    """Return key -> files of a container's exposed modules; of the only container, whatever its name."""
    modules = stats.federated_modules or []
    chosen = [one for one in modules if one.remote == name] or (modules if len(modules) == 1 else [])
    return {
        key: tuple(dict.fromkeys(files)) for module in chosen for key, files in (module.exposes or {}).items()
    }
