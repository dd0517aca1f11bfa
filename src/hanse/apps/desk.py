"""Data for pages: loaded here for the app's own, asked for from the owner's server for all others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import quote, urlencode

import msgspec

from hanse.apps.answers import Answer, Missing, PageRequest, Redirect
from hanse.apps.envelopes import Envelope, decode_envelope, envelope_of, open_envelope
from hanse.apps.fragments import FragmentAnswer, Hole
from hanse.apps.loaders import Loaders
from hanse.apps.routes import Match
from hanse.errors import FormatError, UsageError
from hanse.limits import LIMITS, Limits
from hanse.net import Access, Client
from hanse.net.documents import Reply

__all__ = ["COMPONENT", "DATA", "Desk", "Passing"]

DATA: Final = "_hanse/data"
COMPONENT: Final = "_hanse/component"
# Seconds for which an app that does not answer is left alone: visitors find out when it is back.
ASIDE: Final = 0.5
FORM: Final = "application/x-www-form-urlencoded"
# What never goes along, whatever is allowed: it is about this connection, or says who the visitor is here.
NEVER: Final = frozenset(
    {"authorization", "connection", "content-length", "cookie", "host", "set-cookie", "te"}
)


@dataclass(frozen=True, slots=True)
class Passing:
    """What of a visitor's request goes along to other apps, and may come back: names in lower case.

    Attributes:
        headers: The headers.
        cookies: The cookies.
    """

    headers: frozenset[str]
    cookies: frozenset[str]

    def only(self, request: PageRequest) -> PageRequest:
        """Return a request with nothing in it but what goes along."""
        headers = {name: value for name, value in request.headers.items() if name in self.headers - NEVER}
        cookies = {name: value for name, value in request.cookies.items() if name in self.cookies}
        return replace(request, headers=headers, cookies=cookies)

    def back(self, answer: Answer) -> Answer:
        """Return an answer with nothing in it but what may come back."""
        headers = {
            name: value for name, value in answer.headers.items() if name.lower() in self.headers - NEVER
        }
        return replace(answer, headers=headers, cookies=self.let(answer.cookies))

    def let(self, cookies: Mapping[str, str]) -> dict[str, str]:
        """Return the cookies that may cross."""
        return {name: value for name, value in cookies.items() if name in self.cookies}


class Desk:
    """Gives the data of any page.

    Args:
        app: The app this is.
        loaders: Its own Python.
        servers: Where their servers are, by name, with a slash at the end.
        passing: What goes along.
        client: Asks them; one of its own if not given.
        limits: Deadline and sizes.
    """

    def __init__(
        self,
        app: str,
        loaders: Loaders,
        *,
        servers: Mapping[str, str],
        passing: Passing,
        client: Client | None = None,
        limits: Limits = LIMITS,
    ) -> None:
        self._app = app
        self._loaders = loaders
        self._servers = servers
        self._passing = passing
        self._limits = replace(limits, breaker_open=ASIDE, breaker_open_most=ASIDE)
        self._client = client

    async def aclose(self) -> None:
        """End what is asked for."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    def renew(self, loaders: Loaders) -> None:
        """Go on with other Python."""
        self._loaders = loaders

    async def load(self, match: Match, request: PageRequest) -> Answer:
        """Return the data of a page.

        Raises:
            Redirect: The visitor is sent elsewhere.
            Missing: There is no such page.
            FetchError: Its owner cannot be asked.
            FormatError: Its owner answers with something else.
        """
        route = match.route
        if route.app == self._app:
            return await self._loaders.load(route.key, request, match.params)
        if not route.loader:
            return Answer({})
        return await self._ask(route.app, f"{DATA}{request.path}", request, form=None) or Answer({})

    async def act(self, match: Match, request: PageRequest) -> Answer | None:
        """Give a form to a page's owner; None where the page takes none. Raises what `load` raises."""
        route = match.route
        if route.app == self._app:
            return await self._loaders.act(route.key, request, match.params)
        return await self._ask(route.app, f"{DATA}{request.path}", request, form=request.form)

    async def load_component(
        self, app: str, key: str, request: PageRequest, props: Mapping[str, object]
    ) -> Mapping[str, object]:
        """Return the data of an exposed component, given its properties.

        Raises:
            Redirect: Its Python says so, which means nothing here.
            Missing: There is nothing to show.
            FetchError: Its owner cannot be asked.
            FormatError: Its owner answers with something else.
        """
        if app == self._app:
            return (await self._loaders.load(key, request, props)).props
        query = {"props": msgspec.json.encode(props).decode()}
        path = f"{COMPONENT}/{quote(key.removeprefix('./'))}"
        answer = await self._ask(app, path, replace(request, query=query), form=None)
        return {} if answer is None else answer.props

    async def load_fragment(self, app: str, hole: Hole, request: PageRequest) -> str:
        """Return the HTML of a module that another app alone knows, as its server renders it.

        Raises:
            UsageError: Nobody knows where that server is.
            FetchError: It cannot be asked.
            FormatError: It answers with something else.
        """
        content = msgspec.json.encode({"of": hole.name, "props": hole.props})
        reply = await self._send(app, "_hanse/fragment", request, content=content, kind="application/json")
        try:
            return msgspec.json.decode(reply.body, type=FragmentAnswer).html
        except msgspec.DecodeError as error:
            raise FormatError(
                "this is no answer of a fragment endpoint", subject=app, found=str(error), expected="HTML"
            ) from None

    async def answer_component(self, key: str, request: PageRequest, props: Mapping[str, object]) -> Envelope:
        """Answer another app that asks for the data of one of this app's components."""
        try:
            return envelope_of(await self._loaders.load(key, request, props))
        except (Redirect, Missing) as told:
            return envelope_of(told)

    async def answer(self, match: Match | None, request: PageRequest, *, form: bool) -> Envelope:
        """Answer another app that asks for data of one of this app's pages, or brings a form."""
        if match is None or match.route.app != self._app:
            return envelope_of(Missing())
        try:
            if form:
                return envelope_of(await self._loaders.act(match.route.key, request, match.params))
            return envelope_of(await self._loaders.load(match.route.key, request, match.params))
        except (Redirect, Missing) as told:
            return envelope_of(told)

    async def _ask(
        self, app: str, path: str, request: PageRequest, *, form: Mapping[str, str] | None
    ) -> Answer | None:
        """Ask the owner's server; nothing comes back that may not."""
        query = f"?{urlencode(request.query)}" if request.query else ""
        content = None if form is None else urlencode(form).encode()
        reply = await self._send(app, f"{path}{query}", request, content=content, kind=FORM)
        try:
            answer = open_envelope(decode_envelope(reply.body, subject=app))
        except Redirect as sent_on:
            cookies = self._passing.let(sent_on.cookies)
            raise Redirect(sent_on.url, status=sent_on.status, cookies=cookies) from None
        return None if answer is None else self._passing.back(answer)

    async def _send(
        self, app: str, path: str, request: PageRequest, *, content: bytes | None, kind: str
    ) -> Reply:
        """Send a request to an app's server, with what of the visitor's goes along."""
        server = self._servers.get(app)
        if server is None:
            raise UsageError("nobody knows where its server is", subject=app)
        sent = self._passing.only(request)
        headers = dict(sent.headers)
        if sent.cookies:
            headers["cookie"] = "; ".join(f"{name}={value}" for name, value in sent.cookies.items())
        if content is not None:
            headers["content-type"] = kind
        return await self._open().ask(
            f"{server}{path}",
            cap=self._limits.page_data_bytes,
            headers=headers,
            content=content,
            deadline=self._limits.page_data_deadline,
        )

    def _open(self) -> Client:
        """Return a client of its own: visitors ask, and what other questions have come to is not theirs."""
        if self._client is None:
            # They are in the app's own configuration.
            access = Access.for_urls(self._servers.values(), local=True)
            self._client = Client(access, limits=self._limits)
        return self._client
