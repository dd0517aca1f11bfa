"""The page of a site whose federation has nothing to serve yet: everything but its modules."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final, Unpack

from markupsafe import Markup

from hanse.errors import HanseError
from hanse.html import tag, text
from hanse.render import Fragment, Wishes
from hanse.render.markup import fallback_html
from hanse.web.csp import check_nonce, default_policy, make_nonce
from hanse.web.fragments import Told
from hanse.web.options import PageOptions

__all__ = ["BlankPage"]

NOTHING: Final[Mapping[str, object]] = MappingProxyType({})


class BlankPage:
    """Stands in for a `Page` where there is no snapshot; in development, whatever is asked of it is an error.

    Args:
        error: Why there is no snapshot.
        options: How pages are written.
        nonce: The nonce of a policy that somebody else writes; a new one if not given.

    Raises:
        UsageError: The nonce is none.
    """

    def __init__(self, error: HanseError, options: PageOptions, *, nonce: str | None = None) -> None:
        self.nonce = make_nonce() if nonce is None else check_nonce(nonce)
        self.options = options
        self._error = error

    def head(self, modules: Sequence[str] = (), *, scoped: bool | None = None) -> Markup:  # noqa: ARG002
        """Write nothing: there is no map, and without one a loader finds nothing.

        Raises:
            HanseError: In development, why there is no snapshot.
        """
        self._complain()
        return Markup()

    def mount(self, module: str, fallback: str = "", /, **props: object) -> Markup:  # noqa: ARG002
        """Write the element, with its fallback in it and the reason on it.

        Raises:
            HanseError: In development, why there is no snapshot.
        """
        self._complain()
        remote = module.replace("/./", "/").rpartition("/")[0] or module
        inside = fallback.__html__() if hasattr(fallback, "__html__") else text(str(fallback))
        attributes = {"data-hanse-fallback": f"remote={remote};reason=unavailable"}
        return Markup(f"{tag('div', attributes)}{inside}</div>")  # noqa: S704

    def tell(self, **told: Unpack[Told]) -> None:
        """Do nothing: nobody is asked."""

    async def render(
        self, remote: str, key: str, props: Mapping[str, object] = NOTHING, /, **wishes: Unpack[Wishes]
    ) -> Fragment:
        """Return the fallback.

        Raises:
            HanseError: In development, why there is no snapshot.
        """
        return self.render_sync(remote, key, props, **wishes)

    def render_sync(
        self,
        remote: str,
        key: str,
        props: Mapping[str, object] = NOTHING,  # noqa: ARG002
        /,
        **wishes: Unpack[Wishes],
    ) -> Fragment:
        """Return the fallback.

        Raises:
            HanseError: In development, why there is no snapshot.
        """
        inside = Markup(fallback_html(wishes.get("fallback", "")))  # noqa: S704
        markup = str(self.mount(f"{remote}/{key.removeprefix('./')}", inside))
        return Fragment(
            remote=remote, key=key, mode="fallback", html=inside, markup=markup, fallback="unavailable"
        )

    async def stream(
        self, remote: str, key: str, props: Mapping[str, object] = NOTHING, /, **wishes: Unpack[Wishes]
    ) -> AsyncIterator[str]:
        """Yield the fallback.

        Raises:
            HanseError: In development, why there is no snapshot.
        """
        yield self.render_sync(remote, key, props, **wishes).markup

    def url(self, module: str) -> str:  # noqa: ARG002
        """Return the empty text.

        Raises:
            HanseError: In development, why there is no snapshot.
        """
        self._complain()
        return ""

    def response_headers(self) -> list[tuple[str, str]]:
        """Return the policy, where there is to be one; the page's own scripts may have its nonce."""
        return [("Content-Security-Policy", default_policy(self.nonce))] if self.options.csp else []

    def note_policy(self, policy: str) -> None:
        """Do nothing: there is nothing to preload."""

    def _complain(self) -> None:
        """Raise where somebody is there to read it."""
        if self.options.development:
            raise self._error.with_traceback(None)
