"""What Django and Flask have in common: pages and an app for code without event loop or lifespan."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import isawaitable
from types import MappingProxyType
from typing import Final, Protocol

from markupsafe import Markup

from hanse.errors import HanseError
from hanse.federation import Federation
from hanse.limits import LIMITS, Limits
from hanse.render import read_wishes
from hanse.web.blank import BlankPage
from hanse.web.bridge import Bridge
from hanse.web.options import PageOptions
from hanse.web.page import Page, Pages

__all__ = [
    "AnyPage",
    "Headers",
    "Integration",
    "add_headers",
    "mount",
    "nonce_of",
    "read_body",
    "render",
    "render_async",
]

AnyPage = Page | BlankPage
"""A page, or what stands in for it where there is no snapshot."""

NOTHING: Final[Mapping[str, str]] = MappingProxyType({})
CSP: Final = "Content-Security-Policy"
COOKIE: Final = "Set-Cookie"
NOT_MODIFIED: Final = 304
# Headers of which there may be several, and of which many frameworks keep one: its values are listed.
LISTED: Final = frozenset({"link", "vary"})
# Where those who write a policy leave its nonce on the request: django-csp and Flask-Talisman, then Django.
NONCES: Final = ("csp_nonce", "_csp_nonce")
BODILESS: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


class Readable(Protocol):
    """The body of a request."""

    def read(self, size: int, /) -> bytes:
        """Return at most so many bytes; none at the end."""


class Headers(Protocol):
    """A response's headers, as Django and Werkzeug have them."""

    def get(self, name: str, /) -> str | None:
        """Return a header's value."""

    def __setitem__(self, name: str, value: str, /) -> None: ...


class Integration:
    """Hanse inside a framework: one for each application, for any thread and any event loop.

    Args:
        federation: What is shown and served; started when it is first needed, in each process.
        options: How pages are written.
        limits: The caps.
    """

    def __init__(self, federation: Federation, options: PageOptions, *, limits: Limits = LIMITS) -> None:
        self.federation = federation
        self.options = options
        self.limits = limits
        self.bridge = Bridge(federation, limits=limits)
        self._pages = Pages(federation, options, limits=limits)

    def open(
        self,
        *,
        nonce: str | None = None,
        headers: Mapping[str, str] = NOTHING,
        query: str = "",
        cookies: Mapping[str, str] = NOTHING,
        root: str = "",
        path: str = "/",
    ) -> AnyPage:
        """Open the page of one request, as `Pages.open`; a blank one where there is no snapshot.

        Raises:
            UsageError: The nonce is none.
        """
        try:
            self.bridge.starter.ensure()
        except HanseError as error:
            return BlankPage(error, self.options, nonce=nonce)
        return self._pages.open(
            nonce=nonce, headers=headers, query=query, cookies=cookies, root=root, path=path
        )


def add_headers(
    headers: Headers,
    page: AnyPage,
    *,
    status: int,
    policy: bool = True,
    add: Callable[[str, str], object] | None = None,
) -> None:
    """Add what a page brings to the headers of its response.

    Args:
        headers: Those that are there; what they say of a content security policy counts.
        page: The page of this response; leave those alone that had none.
        status: The response's status: where nothing has changed, the browser keeps what it has.
        policy: Whether the policy may be the page's.
        add: Adds a cookie to those that are among the headers; where they never are, it is not needed.
    """
    if status == NOT_MODIFIED:
        return
    given = headers.get(CSP)
    if given is not None:
        page.note_policy(given)
    own = not policy or given is not None
    for name, value in page.response_headers():
        if name == CSP:
            if not own:
                headers[name] = value
        elif name == COOKIE and add is not None:
            add(name, value)
        else:
            before = headers.get(name)
            headers[name] = f"{before}, {value}" if before and name.lower() in LISTED else value


def mount(page: AnyPage, module: str, fallback: str, props: Mapping[str, object]) -> Markup:
    """Write the element of a module for a Jinja template; the inside of `{% call %}` is its fallback.

    Raises:
        HanseError: As `Page.mount`.
    """
    caller = props.get("caller")
    if not callable(caller):
        return page.mount(module, fallback, **props)
    return page.mount(module, caller(), **{name: one for name, one in props.items() if name != "caller"})


def render(page: AnyPage, remote: str, key: str, fallback: object, arguments: Mapping[str, object]) -> Markup:
    """Render a module for a template; the inside of `{% call %}` is its fallback.

    Args:
        page: The page.
        remote: The remote's name.
        key: The module's key.
        fallback: What is shown where there is no HTML.
        arguments: The properties, and by their prefix `hanse_` what else a caller may ask for.

    Raises:
        HanseError: As `Page.render_sync`.
        UsageError: There is no such option.
    """
    props, wishes = read_wishes(arguments)
    caller = props.pop("caller", None)
    wishes["fallback"] = caller() if callable(caller) else fallback
    return Markup(page.render_sync(remote, key, props, **wishes).markup)  # noqa: S704


async def render_async(
    page: AnyPage, remote: str, key: str, fallback: object, arguments: Mapping[str, object]
) -> Markup:
    """Do what `render` does for a template that awaits; takes and raises the same."""
    props, wishes = read_wishes(arguments)
    caller = props.pop("caller", None)
    inside = caller() if callable(caller) else fallback
    wishes["fallback"] = await inside if isawaitable(inside) else inside
    return Markup((await page.render(remote, key, props, **wishes)).markup)  # noqa: S704


def nonce_of(request: object) -> str | None:
    """Return the nonce that somebody else made for this request's policy; None where nobody did."""
    found = (getattr(request, name, None) for name in NONCES)
    # A lazy nonce is false until it has been looked at.
    return next((str(nonce) for nonce in found if nonce is not None and nonce is not False), None)


def read_body(body: Readable, method: str, limits: Limits) -> bytes:
    """Read the body of a request for Hanse's app: to its end, or one byte further than is allowed."""
    received = bytearray()
    if method in BODILESS:
        return b""
    while len(received) <= limits.request_bytes:
        chunk = body.read(limits.request_bytes + 1 - len(received))
        if not chunk:
            break
        received += chunk
    return bytes(received)
