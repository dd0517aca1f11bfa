"""Hanse in Starlette and FastAPI: a middleware, names for Jinja2 templates, and the page of a request."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from typing import Final

import jinja2
from markupsafe import Markup
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection, Request, cookie_parser
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.templating import Jinja2Templates
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hanse.errors import HanseError, NotFoundError, OverrideError, UsageError
from hanse.federation import Federation
from hanse.web.blank import BlankPage
from hanse.web.integration import AnyPage, render, render_async
from hanse.web.options import PageOptions
from hanse.web.overrides import override_page
from hanse.web.page import Pages, Visit
from hanse.web.server import create_app
from hanse.web.starting import Starter

__all__ = ["HanseMiddleware", "hanse_page", "install", "render_template"]

KEY: Final = "hanse"
LAST_WORDS: Final = ("lifespan.startup.failed", "lifespan.shutdown.complete", "lifespan.shutdown.failed")


class HanseMiddleware:
    """Gives every request a page, and the site Hanse's own app.

    A page is opened when it is first used; responses of requests that use none are not touched. To the others
    go `Link`, `Vary` and the content security policy. The federation is started with the site and ended with
    it, through ASGI's lifespan.

    Args:
        app: The site.
        federation: What its pages show.
        pages: Instead of a federation: its pages, where the site has other uses for them.
        options: How pages are written; only together with `federation`.

    Raises:
        UsageError: The arguments do not fit together.
    """

    def __init__(
        self,
        app: ASGIApp,
        federation: Federation | None = None,
        *,
        pages: Pages | None = None,
        options: PageOptions | None = None,
    ) -> None:
        self.app = app
        self.pages = choose_pages(federation, pages, options)
        self.site = create_app(self.pages.federation, limits=self.pages.limits)
        # For sites that are served without a lifespan: there the first request starts the federation.
        self._starter = Starter(self.pages.federation, self.pages.limits)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "lifespan":
            await self._live(scope, receive, send)
        elif scope["type"] == "http" and (inside := self._go_inside(scope)) is not None:
            await self._serve_site(inside, receive, send)
        elif scope["type"] == "http":
            # In this very scope: what the site writes into it is for the middleware outside of this one too.
            scope[KEY] = opening = Opening(self.pages, scope)
            if not self._starter.running:
                await self._starter.attempt()
            await self._serve_page(opening, scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _serve_page(self, opening: Opening, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the site; a developer whose override cannot be used is told so."""
        await opening.prepare()
        try:
            await self.app(scope, receive, opening.watch(send))
        except OverrideError as error:
            if opening.begun:
                raise
            body, headers = override_page(error)
            await Response(body, status_code=502, headers=headers)(scope, receive, send)

    def _go_inside(self, scope: Scope) -> Scope | None:
        """Return the scope of Hanse's own app, or None where the path is not below it."""
        root, base = scope.get("root_path", ""), self.pages.options.base
        path = path_below(scope["path"], root)
        if path != base and not path.startswith(f"{base}/"):
            return None
        # Servers differ in whether the path has the root in it; below, it always has.
        return {**scope, "path": f"{root}{path}", "root_path": f"{root}{base}", "app_root_path": root}

    async def _serve_site(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve Hanse's own app; it uses relative URLs, which need the slash at the end."""
        if scope["path"] == scope["root_path"]:
            await RedirectResponse(f"{scope['root_path']}/")(scope, receive, send)
        else:
            await self.site(scope, receive, send)

    async def _live(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Start the federation before the site, and end it after the site."""
        federation = self.pages.federation
        begun = False

        async def begin() -> Message:
            nonlocal begun
            message = await receive()
            if message["type"] == "lifespan.startup":
                begun = True
                try:
                    await federation.start()
                except HanseError as error:
                    await send({"type": "lifespan.startup.failed", "message": str(error)})
                    raise
            return message

        async def end(message: Message) -> None:
            # With the site's last word the server ends its loop: the federation has to be closed before.
            if message["type"] in LAST_WORDS:
                await federation.aclose()
            await send(message)

        try:
            await self.app(scope, begin, end)
        finally:
            # Nothing has begun where the site does not know the lifespan: then the first page begins it.
            if begun:
                await federation.aclose()


class Opening:
    """The page of a request, which is opened when it is first used.

    The request has it, and it does not have the request: with the last of a request its page is gone at once,
    and with the last page the generation that it was rendered from may end.

    Attributes:
        begun: Whether the response has begun.
    """

    def __init__(self, pages: Pages, scope: Scope) -> None:
        self._pages = pages
        self.begun = False
        headers = Headers(scope=scope)
        self._visit = Visit(
            headers=headers,
            query=scope.get("query_string", b"").decode("latin-1"),
            cookies=cookie_parser(headers.get("cookie", "")),
            # Mounts inside the site move it later.
            root=scope.get("root_path", ""),
            path=scope.get("path", "/"),
        )
        self._page: AnyPage | None = None
        self._used = False
        self._error: OverrideError | None = None

    @property
    def page(self) -> AnyPage:
        """The page; one without modules where the federation has no snapshot.

        Raises:
            OverrideError: The visitor overrides a remote, with what cannot be used.
        """
        if self._error is not None:
            raise self._error
        self._used = True
        if self._page is None:
            self._page = self._open()
        return self._page

    def _open(self) -> AnyPage:
        """Open the page. Nothing is waited for: this is called in the event loop."""
        visit = self._visit
        try:
            _ = self._pages.federation.snapshot
        except NotFoundError as error:
            return BlankPage(error, self._pages.options)
        return self._pages.open(
            headers=visit.headers, query=visit.query, cookies=visit.cookies, root=visit.root, path=visit.path
        )

    async def prepare(self) -> None:
        """Open the page now where a remote is overridden, which may take its time."""
        visit = self._visit
        if not self._pages.overridden(visit):
            return
        try:
            self._page = await self._pages.aopen(
                headers=visit.headers,
                query=visit.query,
                cookies=visit.cookies,
                root=visit.root,
                path=visit.path,
            )
        except OverrideError as error:
            self._error = error

    def watch(self, send: Send) -> Send:
        """Return a `send` that adds the page's headers to the response, where the page was used."""

        async def add_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.begun = True
                if self._page is not None and self._used:
                    extend(message, self._page)
            await send(message)

        return add_headers


def extend(message: Message, page: AnyPage) -> None:
    """Add a page's headers to the start of a response.

    Not to a 304: its headers would replace those of the stored page, whose nonce is another.
    """
    if message["status"] == 304:
        return
    headers = MutableHeaders(raw=[*message.get("headers", ())])
    for name, value in page.response_headers():
        if name == "Content-Security-Policy" and name in headers:
            page.note_policy(", ".join(headers.getlist(name)))
            continue
        if name == "Cache-Control":
            del headers[name]
        headers.append(name, value)
    message["headers"] = headers.raw


def choose_pages(federation: Federation | None, pages: Pages | None, options: PageOptions | None) -> Pages:
    """Return the pages to open.

    Raises:
        UsageError: There are none, or two.
    """
    if pages is None and federation is not None:
        return Pages(federation, options)
    if pages is None or federation is not None or options is not None:
        raise UsageError(
            "the middleware takes either a federation, with options, or pages",
            subject="HanseMiddleware",
            hint="app.add_middleware(HanseMiddleware, federation=federation)",
        )
    return pages


def path_below(path: str, root: str) -> str:
    """Return the path without the root that the site is mounted at, if it has it."""
    return path.removeprefix(root) if root and path.startswith(f"{root}/") else path


def hanse_page(connection: HTTPConnection) -> AnyPage:
    """Return the page of a request; the same one for as long as the request lasts.

    As long as the federation has no snapshot it is one without modules.

    Raises:
        UsageError: The middleware is not there.
    """
    opening = connection.scope.get(KEY)
    if not isinstance(opening, Opening):
        raise UsageError(
            "this request has no page",
            subject=str(connection.scope.get("path", "")),
            hint="app.add_middleware(HanseMiddleware, federation=federation)",
        )
    return opening.page


class LazyNonce:
    """The page's nonce as text; the page is opened when a template writes it."""

    def __init__(self, request: Request) -> None:
        self._request = request

    def __str__(self) -> str:
        return hanse_page(self._request).nonce


def install(templates: Jinja2Templates) -> None:
    """Give templates `hanse_head`, `hanse_mount`, `hanse_render`, `hanse_url` and `hanse_nonce`.

    `hanse_head(modules=[…], scoped=None)`, `hanse_mount("team/mfe1/Button", "fallback", label="x")`,
    `hanse_render("shop", "./Card", "fallback", product=p)` and `hanse_url("team/mfe1/Button")` are those of
    `Page`; what stands inside `{% call %}` is the fallback. A template that does not await can render only
    where it does not block the event loop: `render_template` writes one that does.
    """
    templates.env.globals.update(
        hanse_head=write_head, hanse_mount=write_mount, hanse_render=write_fragment, hanse_url=write_url
    )
    templates.context_processors.append(lambda request: {"hanse_nonce": LazyNonce(request)})


def page_of(context: jinja2.runtime.Context) -> AnyPage:
    """Return the page of the request that a template is rendered for.

    Raises:
        UsageError: The template is not rendered for a request.
    """
    request = context.get("request")
    if not isinstance(request, HTTPConnection):
        raise UsageError(
            "this template has no request",
            subject=str(context.name),
            hint="render it with TemplateResponse; import macros `with context`",
        )
    return hanse_page(request)


@jinja2.pass_context
def write_head(
    context: jinja2.runtime.Context, modules: Sequence[str] = (), *, scoped: bool | None = None
) -> Markup:
    """Write the head of the template's page."""
    return page_of(context).head(modules, scoped=scoped)


@jinja2.pass_context
def write_mount(
    context: jinja2.runtime.Context, module: str, fallback: str = "", /, **props: object
) -> Markup:
    """Write the element of a module; the inside of `{% call %}` is its fallback."""
    caller = props.get("caller")
    if callable(caller):
        props.pop("caller")
        fallback = caller()
    return page_of(context).mount(module, fallback, **props)


@jinja2.pass_context
def write_fragment(
    context: jinja2.runtime.Context, remote: str, key: str, fallback: object = "", /, **props: object
) -> Markup | Awaitable[Markup]:
    """Render a module on the server; in an environment that awaits, the template does."""
    page = page_of(context)
    if context.environment.is_async:
        return render_async(page, remote, key, fallback, props)
    return render(page, remote, key, fallback, props)


async def render_template(
    templates: Jinja2Templates,
    request: Request,
    name: str,
    context: Mapping[str, object] | None = None,
    *,
    status_code: int = 200,
    headers: Mapping[str, str] | None = None,
) -> HTMLResponse:
    """Write a template of an environment with `enable_async=True`, in a view that awaits.

    Args:
        templates: Those that `install` was called with.
        request: The request.
        name: The template's name.
        context: What the template is given.
        status_code: The response's status.
        headers: More headers.
    """
    given: dict[str, object] = {"request": request, **(context or {})}
    for processor in templates.context_processors:
        given.update(processor(request))
    body = await templates.env.get_template(name).render_async(given)
    return HTMLResponse(body, status_code=status_code, headers=headers)


@jinja2.pass_context
def write_url(context: jinja2.runtime.Context, module: str) -> str:
    """Return where a module lies."""
    return page_of(context).url(module)
