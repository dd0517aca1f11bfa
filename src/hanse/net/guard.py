"""Which URLs may be asked, and where a redirect may lead.

The list of origins is the primary control: what the operator's configuration and the manifest do not
name is not asked, wherever it is. The addresses (`hanse.net.addresses`) are the second.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import ada_url

from hanse.errors import BlockedError
from hanse.limits import LIMITS
from hanse.net.addresses import classify, permits
from hanse.urls import join, origin

__all__ = ["Access", "Target", "check_address", "check_redirect", "check_url"]

# The ports of the Fetch standard's port blocking: no browser loads a module from them either, and the
# services there (mail, shells, chat, printers) can be spoken to through an HTTP request.
# fmt: off
BLOCKED_PORTS: Final = frozenset((
    0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101,
    102, 103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427,
    465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990,
    993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667,
    6668, 6669, 6679, 6697, 10080,
))
# fmt: on


@dataclass(frozen=True, slots=True)
class Access:
    """The origins that may be asked; a value, widened by making a new one.

    Attributes:
        origins: All of them, as `https://cdn.example` or `https://cdn.example:8443`.
        local_origins: Those the operator's own configuration or local manifest names; they alone may
            be `http:` or have a loopback or private address. They count as `origins`, too.
    """

    origins: frozenset[str] = frozenset()
    local_origins: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        object.__setattr__(self, "origins", self.origins | self.local_origins)

    @classmethod
    def for_urls(cls, urls: Iterable[str], *, local: bool) -> Access:
        """Allow the origins of these URLs; `local` where the operator wrote the URLs down.

        A URL that has no origin is left out: it is refused by name when it is asked for.
        """
        origins = frozenset(found for url in urls if (found := origin(url)) is not None)
        return cls(origins, origins if local else frozenset())

    def with_urls(self, urls: Iterable[str], *, local: bool) -> Access:
        """Allow the origins of these URLs, too; what is allowed already stays as it is."""
        more = Access.for_urls(urls, local=local)
        return Access(self.origins | more.origins, self.local_origins | more.local_origins)


@dataclass(frozen=True, slots=True)
class Target:
    """A URL that has passed: normalised, without fragment; `local` if its address may be private."""

    url: str
    origin: str
    local: bool


def check_url(url: str, access: Access) -> Target:
    """Check a URL that somebody asks for.

    Raises:
        BlockedError: Its scheme, user information, port, origin or address is not allowed.
    """
    parsed = parse(url)
    return check_target(parsed, local=parsed.origin in access.local_origins, access=access)


def check_redirect(location: str, *, source: Target, access: Access) -> Target:
    """Check where an origin's answer points to.

    A redirect never opens what only the operator can open: on another origin the address has to be
    public and the scheme `https`, even if that origin is one the operator names.

    Raises:
        BlockedError: The same reasons as for a URL; the subject is the URL that redirected.
    """
    joined = join(source.url, location)
    if joined is None:
        raise BlockedError(f"it redirects to {shorten(location)}, which is not a URL", subject=source.url)
    try:
        parsed = parse(joined)
        local = source.local and parsed.origin == source.origin
        return check_target(parsed, local=local, access=access)
    except BlockedError as error:
        message = f"it redirects to {shorten(joined)}: {error.message}"
        raise BlockedError(message, subject=source.url, hint=error.hint) from None


def check_address(address: str, *, local: bool, subject: str) -> None:
    """Check an address before it is connected to.

    Raises:
        BlockedError: It is not public, nor local where `local` is set; rule and address are named.
    """
    verdict = classify(address)
    if permits(verdict, local=local):
        return
    hint = (
        "only an origin that your own configuration or a local manifest names may have such an address"
        if verdict.kind == "local"
        else "nothing that serves a federation has such an address"
    )
    raise BlockedError(f"the address {address} is refused: {verdict.rule}", subject=subject, hint=hint)


def parse(url: str) -> ada_url.URL:
    """Read a URL as browsers do, without its fragment."""
    if len(url) > LIMITS.text_length:
        raise BlockedError(f"it is longer than {LIMITS.text_length} characters", subject=shorten(url))
    try:
        parsed = ada_url.URL(url)
    except ValueError:
        raise BlockedError(
            "it is not an absolute URL", subject=shorten(url) or "an empty URL", hint="write it with https://"
        ) from None
    parsed.hash = ""
    return parsed


def check_target(parsed: ada_url.URL, *, local: bool, access: Access) -> Target:
    """Apply the rules in order, the cheapest and most general first."""
    check_scheme(parsed)
    check_authority(parsed)
    check_origin(parsed, local=local, access=access)
    check_literal(parsed, local=local)
    return Target(url=parsed.href, origin=parsed.origin, local=local)


def check_scheme(parsed: ada_url.URL) -> None:
    """Refuse everything that is not HTTP."""
    if parsed.protocol not in {"https:", "http:"}:
        raise BlockedError(
            f"the scheme {shorten(parsed.protocol)} is refused",
            subject=shorten(parsed.href),
            hint="documents are fetched by https, and by http from origins the operator names",
        )


def check_authority(parsed: ada_url.URL) -> None:
    """Refuse user information and ports no browser would connect to."""
    if parsed.username or parsed.password:
        raise BlockedError(
            "a user name or password in the URL is refused",
            subject=f"{parsed.protocol}//…@{parsed.host}{parsed.pathname}",
            hint="remove what stands before the @",
        )
    if parsed.port and int(parsed.port) in BLOCKED_PORTS:
        raise BlockedError(
            f"the port {parsed.port} is refused", subject=parsed.href, hint="no browser would use it, either"
        )


def check_origin(parsed: ada_url.URL, *, local: bool, access: Access) -> None:
    """Refuse origins that are not listed, and http where the operator did not list them."""
    if parsed.origin not in access.origins:
        raise BlockedError(
            f"the origin {shorten(parsed.origin)} is not allowed",
            subject=parsed.href,
            hint="name it in the manifest, or among the allowed origins of hanse.toml",
        )
    if parsed.protocol == "http:" and not local:
        raise BlockedError(
            "the scheme http: is refused",
            subject=parsed.href,
            hint="use https; only origins that your own configuration or a local manifest names may be http",
        )


def check_literal(parsed: ada_url.URL, *, local: bool) -> None:
    """Refuse an address that stands in the URL itself, in whatever notation it was written."""
    if parsed.host_type != ada_url.HostType.DEFAULT:
        check_address(parsed.hostname.strip("[]"), local=local, subject=parsed.href)


def shorten(text: str) -> str:
    """Cut a text from outside to what fits on a line, with control characters made visible."""
    visible = "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text[:200])
    return visible if len(text) <= 200 else f"{visible}…"
