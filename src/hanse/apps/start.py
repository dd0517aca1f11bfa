"""Runs one app as a server: listens first, for the app asks itself, then serves until it is told to end."""

from __future__ import annotations

from collections.abc import Callable

from hanse.apps.app import App
from hanse.limits import LIMITS, Limits
from hanse.web.listening import listen
from hanse.web.server import make_server, obey_signals, serve_until_stopped

__all__ = ["start"]


async def start(
    app: App,
    *,
    host: str,
    port: int,
    announce: Callable[[str], object],
    ending: Callable[[], object] = lambda: None,
    limits: Limits = LIMITS,
) -> None:
    """Serve an app until SIGINT or SIGTERM; requests under way are answered first.

    Args:
        app: The app.
        host: The address to listen on.
        port: The port; it has to be free, for the app's URL names it.
        announce: Told the app's URL when it listens.
        ending: Called when it has been told to end, before anything does.
        limits: The caps.

    Raises:
        UsageError: There is no such address, or the port is taken.
    """

    def stop() -> None:
        ending()
        app.hang_up()

    with listen(host, port, strict=True) as listener:
        server = make_server(app, limits, stopping=stop, lifespan="on")
        announce(app.project.own.app.url)
        with obey_signals(server):
            await serve_until_stopped(server, listener)
