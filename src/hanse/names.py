"""The grammar of names: remotes, packages, specifiers and exposed modules.

`__proto__` is refused, whole or as a path segment, because a name becomes a key of JavaScript objects in
systems that Hanse's documents travel through. `constructor`, `prototype`, `toString`, capitals and slashes
are names like any other.

A name that a browser would read as a URL (`/x`, `./x`, `https://x`) is refused where it becomes a key of an
import map: a remote could otherwise put its own file in the place of anybody's address.
"""

from __future__ import annotations

import re
from typing import Final

from hanse.errors import FormatError
from hanse.limits import LIMITS

__all__ = [
    "POISON",
    "bare_name",
    "check_expose_name",
    "check_package_name",
    "check_remote_name",
    "container_name_fault",
    "export_name_fault",
    "expose_name_fault",
    "package_name_fault",
    "remote_name_fault",
    "text_fault",
]

POISON: Final = "__proto__"

IDENTIFIER: Final = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")
SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


def text_fault(text: str) -> str | None:
    """Say why a text cannot be any kind of name, or return None.

    Refused are the empty text, overlong text, white space, control and other invisible characters,
    backslashes and the path segment `__proto__`.
    """
    if not text:
        return "it is empty"
    if len(text) > LIMITS.text_length:
        return f"it is longer than {LIMITS.text_length} characters"
    if " " in text or not text.isprintable():
        return "it has white space, control or invisible characters in it"
    if "\\" in text:
        return "it has a backslash in it"
    if POISON in text and POISON in text.split("/"):
        return f"`{POISON}` is not a name"
    return None


def path_fault(name: str) -> str | None:
    """Say what is wrong with the segments of a name that has slashes in it."""
    for segment in name.split("/"):
        if not segment:
            return "it has an empty path segment"
        if segment in (".", ".."):
            return f"it has the path segment `{segment}`"
    return None


def key_fault(name: str) -> str | None:
    """Say why a name cannot be a bare specifier: the first half of an import map's line."""
    if fault := text_fault(name):
        return fault
    if name.startswith(("/", "./", "../")) or SCHEME.match(name):
        return "a browser would read it as a URL"
    return path_fault(name)


def remote_name_fault(name: str) -> str | None:
    """Say why this cannot be a remote's name, or return None; `team/mfe1` and `@acme/shop` are fine."""
    return key_fault(name)


def package_name_fault(name: str) -> str | None:
    """Say why this cannot be a package's name or specifier, or return None; `@s/p/x` is fine."""
    return key_fault(name)


def expose_name_fault(name: str) -> str | None:
    """Say why this cannot be an exposed module's key, or return None; `./Card`, `Card`, `.` are fine."""
    if fault := text_fault(name):
        return fault
    return None if name == "." else path_fault(name.removeprefix("./"))


def bare_name(specifier: str) -> str:
    """Return a module's name as most write it: `shop/Card` for `shop/./Card`, `shop` for `shop/.`."""
    return specifier.replace("/./", "/", 1).removesuffix("/.")


def export_name_fault(name: str) -> str | None:
    """Say why this cannot be the name of a module's export, or return None: plain identifiers are fine."""
    if len(name) > LIMITS.text_length:
        return f"it is longer than {LIMITS.text_length} characters"
    if name == POISON:
        return f"`{POISON}` is not a name"
    return None if IDENTIFIER.fullmatch(name) else "it is no identifier of ASCII letters, digits, _ and $"


def container_name_fault(name: str) -> str | None:
    """Say why this cannot be what a container is called in `module.exports`, or return None.

    Identifiers are fine, and so is what a remote may be called: `my-shop` is read as a property.
    """
    fault = export_name_fault(name)
    return None if fault is None or remote_name_fault(name) is None else fault


def check_remote_name(name: str, *, subject: str = "", path: str = "$") -> None:
    """Raise unless this can be a remote's name.

    Raises:
        FormatError: With the reason `remote_name_fault` gives.
    """
    raise_fault(remote_name_fault(name), name, "a remote's name", subject, path)


def check_package_name(name: str, *, subject: str = "", path: str = "$") -> None:
    """Raise unless this can be a package's name or specifier.

    Raises:
        FormatError: With the reason `package_name_fault` gives.
    """
    raise_fault(package_name_fault(name), name, "a package's name", subject, path)


def check_expose_name(name: str, *, subject: str = "", path: str = "$") -> None:
    """Raise unless this can be an exposed module's key.

    Raises:
        FormatError: With the reason `expose_name_fault` gives.
    """
    raise_fault(expose_name_fault(name), name, "an exposed module's key", subject, path)


def raise_fault(fault: str | None, name: str, kind: str, subject: str, path: str) -> None:
    """Raise a name's fault, if there is one."""
    if fault is not None:
        raise FormatError(
            f"this cannot be {kind}: {fault}", subject=subject, path=path, found=shown(name), expected=kind
        )


def shown(name: str) -> str:
    """Quote a name for a message, shortened."""
    return repr(name) if len(name) <= 60 else repr(name[:57]) + "…"
