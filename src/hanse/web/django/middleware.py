"""The middleware: a page for each request, and what the page brings to the response's headers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import cast

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.functional import SimpleLazyObject

from hanse.errors import OverrideError
from hanse.web.django.site import integration, open_page, used_page
from hanse.web.integration import add_headers, nonce_of
from hanse.web.overrides import override_page

__all__ = ["HanseMiddleware"]

Response = HttpResponseBase
GetResponse = Callable[[HttpRequest], Response] | Callable[[HttpRequest], Awaitable[Response]]


class HanseMiddleware:
    """Gives each request its page as `request.hanse`, and the responses of those who used it their headers.

    `Link` and `Vary` are added to what is there. The content security policy is the page's where the response
    has none and nobody else makes nonces for this request: Django's own middleware, or django-csp. Works with
    and without awaiting.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self._awaits = iscoroutinefunction(get_response)
        if self._awaits:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Response | Awaitable[Response]:
        """Answer a request."""
        if self._awaits:
            return self._answer(request)
        offer(request)
        return finish(request, cast("Response", self.get_response(request)))

    def process_exception(self, _: HttpRequest, error: Exception) -> HttpResponse | None:
        """Tell a developer that an override cannot be used, and the way out; leave other errors alone."""
        if not isinstance(error, OverrideError):
            return None
        body, headers = override_page(error)
        return HttpResponse(body, status=502, headers=headers)

    async def _answer(self, request: HttpRequest) -> Response:
        """Answer a request without blocking the event loop, also where it is the first."""
        offer(request)
        await integration().bridge.starter.attempt()
        return finish(request, await cast("Awaitable[Response]", self.get_response(request)))


def offer(request: HttpRequest) -> None:
    """Give a request its page, which costs nothing until it is used."""
    request.hanse = SimpleLazyObject(partial(open_page, request))  # type: ignore[attr-defined]


def finish(request: HttpRequest, response: Response) -> Response:
    """Add the page's headers, where the request had a page."""
    page = used_page(request)
    if page is not None:
        add_headers(response.headers, page, status=response.status_code, policy=nonce_of(request) is None)
    return response
