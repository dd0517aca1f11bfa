"""How a build's `remotes` name a remote: one text, read and written.

| text | what it says |
|---|---|
| `shop@https://shop.example/remoteEntry.js` | the container in the global `shop`, of a script |
| `script shop@https://…` | the same, with its kind spelt out |
| `internal ./delegate.js?remote=shop@https://…` | a delegate: one's own module that connects to it |
| `promise …`, `import …`, `external …` | JavaScript, a module, or an external that gives the container |
| `https://shop.example/mf-manifest.json` | an address alone |

What comes before the first `@` is the global; a scoped name (`@acme/shop@https://…`) ends at the second. All
that follows is the address, which may have an `@` of its own. An address with a scheme in front is an address
alone, whatever it has in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final, Literal, TypeAlias

import msgspec

from hanse.errors import FormatError, UsageError
from hanse.formats.decoding import shorten
from hanse.names import text_fault

__all__ = [
    "AddressRemote",
    "ContainerRemote",
    "DelegateRemote",
    "HintedRemote",
    "RemoteString",
    "create_delegated_module",
    "delegate_remotes",
    "delegates_of",
    "parse_remote",
    "read_delegate_query",
    "write_remote",
]

Scalar: TypeAlias = str | int | bool

HINT: Final = re.compile(r"(?P<hint>[a-z0-9-]+) (?P<rest>.*)", re.DOTALL)
SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
ESCAPES: Final = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
# A query ends or splits at these, and a bundler splits requests at `!`.
SPECIAL: Final = frozenset("%&+#!")
FORMS: Final = (
    "`global@url`, `internal path?query`, `script`, `promise`, `import` or `external` and a value, a URL"
)


class ContainerRemote(msgspec.Struct, frozen=True, kw_only=True, tag="container"):
    """A container script: the global it sets, and its address; `script` where that is spelt out."""

    global_name: str
    url: str
    script: bool = False


class DelegateRemote(msgspec.Struct, frozen=True, kw_only=True, tag="delegate"):
    """A delegate module: its path, and what it is told, decoded."""

    path: str
    query: tuple[tuple[str, str], ...] = ()


class HintedRemote(msgspec.Struct, frozen=True, kw_only=True, tag="hinted"):
    """JavaScript that gives a promise of the container, a module, or an external."""

    hint: Literal["promise", "import", "external"]
    value: str


class AddressRemote(msgspec.Struct, frozen=True, kw_only=True, tag="address"):
    """An address alone: of a manifest, or of a script whose global is the remote's name."""

    url: str


RemoteString: TypeAlias = ContainerRemote | DelegateRemote | HintedRemote | AddressRemote


def parse_remote(text: str, *, subject: str = "remote") -> RemoteString:
    """Read how a remote is named.

    Raises:
        FormatError: It is none of the forms; `subject` is the name of the remote or document.
    """
    if not isinstance(text, str):
        raise FormatError(
            "this names no remote: it is no text", subject=subject, found=shorten(repr(text)), expected=FORMS
        )
    hinted = HINT.fullmatch(text)
    if hinted is None:
        return parse_place(text, subject, script=False)
    hint, rest = hinted["hint"], hinted["rest"]
    if not rest.strip():
        raise unreadable(text, subject, f"nothing follows `{hint}`")
    match hint:
        case "internal":
            return parse_delegate(rest, subject)
        case "script":
            return parse_place(rest, subject, script=True)
        case "promise" | "import" | "external":
            return HintedRemote(hint=hint, value=rest)
        case _:
            raise unreadable(text, subject, f"`{hint}` is no kind of remote")


def parse_place(text: str, subject: str, *, script: bool) -> ContainerRemote | AddressRemote:
    """Read `global@url`, or an address alone."""
    if fault := text_fault(text):
        raise unreadable(text, subject, fault)
    start = 1 if text.startswith("@") else 0
    cut = -1 if SCHEME.match(text) else text.find("@", start)
    if cut == -1 and not script and not start:
        return AddressRemote(url=text)
    if cut <= start or cut == len(text) - 1:
        raise unreadable(text, subject, "it has no global before, or no address after an `@`")
    return ContainerRemote(global_name=text[:cut], url=text[cut + 1 :], script=script)


def parse_delegate(text: str, subject: str) -> DelegateRemote:
    """Read a delegate's path and query."""
    path, _, query = text.partition("?")
    if fault := path_fault(path):
        raise unreadable(text, subject, fault)
    return DelegateRemote(path=path, query=tuple(parse_query(query)))


def path_fault(path: str) -> str | None:
    """Say why this cannot be a delegate's path."""
    if not path or path != path.strip():
        return "the delegate's path is empty, or has blanks around it"
    wrong = next((char for char in path if char in "?#!" or not char.isprintable()), None)
    return f"the delegate's path has {wrong!r} in it, where a bundler splits requests" if wrong else None


def parse_query(query: str) -> list[tuple[str, str]]:
    """Read a query as `URLSearchParams` does."""
    parts = (part.partition("=") for part in query.split("&") if part)
    return [(unescape(name), unescape(value)) for name, _, value in parts]


def unescape(text: str) -> str:
    """Undo `+` and `%xx`; bytes that are no UTF-8 become U+FFFD."""
    return ESCAPES.sub(
        lambda found: bytes.fromhex(found[0].replace("%", "")).decode("utf-8", "replace"),
        text.replace("+", " "),
    )


def escape(text: str, special: frozenset[str] = SPECIAL) -> str:
    """Escape what a query or a bundler would misread, and nothing else: `@`, `:` and `/` stay."""
    return "".join(
        "".join(f"%{byte:02X}" for byte in char.encode("utf-8", "surrogatepass"))
        if char in special or char.isspace() or not char.isprintable()
        else char
        for char in text
    )


def write_remote(remote: RemoteString) -> str:
    """Write how a remote is named; `parse_remote` gives back the same.

    Raises:
        UsageError: No text says this: a global with an `@` inside, a path with a `?`.
    """
    text = unchecked(remote)
    try:
        readable = parse_remote(text) == remote
    except FormatError:
        readable = False
    if not readable:
        raise UsageError("no text names this remote", subject=shorten(text), hint=FORMS)
    return text


def unchecked(remote: RemoteString) -> str:
    """Write a remote, whether or not it can be read again."""
    match remote:
        case ContainerRemote():
            return f"{'script ' if remote.script else ''}{remote.global_name}@{remote.url}"
        case DelegateRemote():
            return delegate_text(remote.path, remote.query, escaped=True)
        case HintedRemote():
            return f"{remote.hint} {remote.value}"
        case AddressRemote():
            return remote.url


def create_delegated_module(path: str, params: Mapping[str, Scalar], *, escaped: bool = True) -> str:
    """Write a delegate: `internal PATH?KEY=VALUE&…`, without a `?` where there are no parameters.

    Args:
        path: The delegate's module.
        params: What it is told: texts, numbers, flags.
        escaped: Escape what would be misread, so that a value comes out as it went in; texts without any
            such character are the same either way. Module Federation's own function escapes nothing.

    Raises:
        UsageError: The path or a value cannot be written: an array, an object, nothing.
    """
    if fault := path_fault(path):
        raise UsageError(fault, subject=shorten(path))
    for name, value in params.items():
        if not isinstance(value, (str, int)):
            raise UsageError(
                f"a delegate's parameter is a text, a number or a flag, not {type(value).__name__}",
                subject=name,
                hint="write a list as one text",
            )
    return delegate_text(
        path, [(name, script_text(value)) for name, value in params.items()], escaped=escaped
    )


def script_text(value: Scalar) -> str:
    """Write a value as JavaScript's `String` does."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def delegate_text(path: str, query: Iterable[tuple[str, str]], *, escaped: bool) -> str:
    """Write a delegate's path and query."""
    pairs = [
        f"{escape(name, SPECIAL | {'='})}={escape(value)}" if escaped else f"{name}={value}"
        for name, value in query
    ]
    return f"internal {path}{'?' if pairs else ''}{'&'.join(pairs)}"


def read_delegate_query(resource_query: str) -> ContainerRemote:
    """Read which remote a delegate is asked for, from the query that it is given (`__resourceQuery`).

    Raises:
        FormatError: It has no `remote`, or that is not `global@url`.
    """
    found = dict(reversed(parse_query(resource_query.removeprefix("?")))).get("remote")
    if found is None:
        raise FormatError("the delegate is asked for no remote", subject=resource_query, expected="?remote=…")
    remote = parse_remote(found, subject=resource_query)
    if not isinstance(remote, ContainerRemote):
        raise unreadable(found, resource_query, "a delegate connects to a container")
    return remote


def delegate_remotes(remotes: Mapping[str, str], path: str) -> dict[str, str]:
    """Give every `global@url` to a delegate, as release 7 of the Next.js plugin did; the rest stays.

    Raises:
        FormatError: A text names no remote.
        UsageError: The delegate's path cannot be written.
    """
    return {
        name: create_delegated_module(path, {"remote": text})
        if isinstance(parse_remote(text, subject=name), ContainerRemote)
        else text
        for name, text in remotes.items()
    }


def delegates_of(remotes: Mapping[str, str]) -> dict[str, str]:
    """Return the remotes that have a delegate."""
    return {name: text for name, text in remotes.items() if text.startswith("internal ")}


def unreadable(text: str, subject: str, fault: str) -> FormatError:
    """Say why a text names no remote."""
    return FormatError(
        f"this names no remote: {fault}", subject=subject, found=repr(shorten(text)), expected=FORMS
    )
