"""Flask: an extension with the template names, the response headers, and Hanse's app under its base."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Final

from flask import Blueprint, Flask, Response, current_app, g, request
from markupsafe import Markup
from werkzeug.local import LocalProxy

from hanse.errors import OverrideError, UsageError
from hanse.federation import Federation
from hanse.web.integration import AnyPage, Integration, add_headers, mount, nonce_of, read_body, render
from hanse.web.options import PageOptions
from hanse.web.overrides import override_page
from hanse.web.questions import Question
from hanse.web.settings import SiteSettings, read_settings
from hanse.web.streams import Stream

__all__ = ["Hanse"]

NAME: Final = "hanse"
# The page of a request under way, once somebody has asked for it.
OPENED: Final = "_hanse_page"
# Hanse's app itself knows which methods a path has.
METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


class Hanse:
    """The extension: `Hanse(app)`, or `hanse = Hanse()` and later `hanse.init_app(app)`.

    Without a federation the app's configuration says where it comes from: `HANSE_MANIFEST`, or `HANSE` for
    the path of a `hanse.toml`; the other `HANSE_…` keys are those of `Federation` and `PageOptions`. Relative
    paths are relative to the app's folder. Nothing is fetched before the first page.

    Args:
        app: The app; may come later, and be one of several.
        federation: What is shown and served; from the configuration if not given.
        options: How pages are written; from the configuration if not given.

    Raises:
        HanseError: The configuration says something wrong.
    """

    def __init__(
        self,
        app: Flask | None = None,
        federation: Federation | None = None,
        options: PageOptions | None = None,
    ) -> None:
        self._federation = federation
        self._options = options
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Give an app the template names, the headers, `g.hanse`, and Hanse's own paths.

        Raises:
            HanseError: Its configuration says something wrong.
            UsageError: It has the extension already.
        """
        if NAME in app.extensions:
            raise UsageError("this app has the extension already", subject=app.name)
        settings = self._read(app)
        base = (self._options or settings.options()).base
        app.extensions[NAME] = cache(partial(self._begin, app, settings))
        app.jinja_env.globals.update(names())
        app.register_blueprint(make_blueprint(), url_prefix=base)
        app.before_request(offer_page)
        app.after_request(finish)
        app.register_error_handler(OverrideError, explain_override)

    @property
    def federation(self) -> Federation:
        """The federation of the present app."""
        return integration().federation

    @property
    def page(self) -> AnyPage:
        """The page of the present request, opened when it is first asked for; `g.hanse` is the same."""
        return open_page()

    def _read(self, app: Flask) -> SiteSettings:
        """Read an app's configuration.

        Raises:
            HanseError: It says something wrong.
        """
        given: dict[str, object] = dict(app.config.get_namespace("HANSE_"))
        if app.config.get("HANSE") is not None:
            given["toml"] = app.config["HANSE"]
        if self._federation is not None:
            given["federation"] = self._federation
        return read_settings(given, spell=spell, folder=Path(app.root_path))

    def _begin(self, app: Flask, settings: SiteSettings) -> Integration:
        """Make what an app needs; only now, for `app.debug` may be set after the extension."""
        options = self._options or settings.options(development=app.debug)
        return Integration(settings.make(options.development), options)


def spell(key: str) -> str:
    """Return a key as it stands in an app's configuration."""
    return f"HANSE_{key.upper()}" if key and key != "toml" else "HANSE"


def integration() -> Integration:
    """Return what the present app has.

    Raises:
        UsageError: It has no extension.
    """
    make: Callable[[], Integration] | None = current_app.extensions.get(NAME)
    if make is None:
        raise UsageError("this app has no Hanse", subject=current_app.name, hint="call Hanse(app)")
    return make()


def open_page() -> AnyPage:
    """Return the page of the present request."""
    page: AnyPage | None = g.get(OPENED)
    if page is None:
        page = integration().open(
            nonce=nonce_of(request),
            headers={name.lower(): text for name, text in request.headers.items()},
            query=request.query_string.decode("latin-1"),
            cookies=request.cookies,
            root=request.root_path,
            path=request.path,
        )
        setattr(g, OPENED, page)
    return page


def offer_page() -> None:
    """Give the present request its page, which costs nothing until it is used."""
    g.hanse = LocalProxy(open_page)


def finish(response: Response) -> Response:
    """Add the page's headers, where the response had a page."""
    page: AnyPage | None = g.get(OPENED)
    if page is not None:
        headers = response.headers
        policy = nonce_of(request) is None
        add_headers(headers, page, status=response.status_code, policy=policy, add=headers.add)
    return response


def explain_override(error: OverrideError) -> Response:
    """Tell a developer that an override cannot be used, and the way out."""
    body, headers = override_page(error)
    return Response(body, status=502, headers=headers)


def names() -> Mapping[str, object]:
    """Return what templates know Hanse by."""
    return {
        "hanse_head": hanse_head,
        "hanse_mount": hanse_mount,
        "hanse_nonce": LocalProxy(lambda: open_page().nonce),
        "hanse_render": hanse_render,
        "hanse_url": hanse_url,
    }


def hanse_head(modules: Sequence[str] = (), *, scoped: bool | None = None) -> Markup:
    """Write the head of the present page; arguments and errors are those of `Page.head`."""
    return open_page().head(modules, scoped=scoped)


def hanse_mount(module: str, fallback: str = "", /, **props: object) -> Markup:
    """Write the element of a module; as `Page.mount`, and the inside of `{% call %}` is its fallback."""
    return mount(open_page(), module, fallback, props)


def hanse_render(remote: str, key: str, fallback: object = "", /, **props: object) -> Markup:
    """Render a module on the server; as `Page.render_sync`; the inside of `{% call %}` is its fallback."""
    return render(open_page(), remote, key, fallback, props)


def hanse_url(module: str) -> str:
    """Return where a module lies; errors are those of `Page.url`."""
    return open_page().url(module)


def make_blueprint() -> Blueprint:
    """Return the paths below the base."""
    blueprint = Blueprint(NAME, __name__)
    for rule, endpoint in (("/", "root"), ("/<path:path>", "serve")):
        blueprint.add_url_rule(rule, endpoint, serve, methods=METHODS, provide_automatic_options=False)
    return blueprint


def serve(path: str = "") -> Response:
    """Answer with what Hanse's app answers."""
    bridge = integration().bridge
    below = f"/{path}"
    answer = bridge.ask(
        Question.from_environ(
            request.environ,
            path=below,
            root_path=f"{request.root_path}{request.path}".removesuffix(below),
            scheme=request.scheme,
            body=read_body(request.stream, request.method, bridge.limits),
        )
    )
    # In a list, for of bytes Werkzeug would work out the length anew, and that of a HEAD is not theirs.
    body = [answer.body] if answer.stream is None else Stream(answer.stream)
    return Response(body, status=answer.status, headers=[*answer.headers])
