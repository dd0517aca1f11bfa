"""Serve the market with Django, and the two remotes beside it, until Ctrl-C.

Run as `python -m examples.django.serve`; with `--wsgi` it is served by threads instead of an event loop. The
remotes are those of `examples/basic/`, and have to be built: `make examples`.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from importlib import import_module

from examples.basic.remotes import serve_app, serve_remotes
from examples.basic.serve import stay
from examples.flask.serve import serve_wsgi

__all__ = ["serve_market"]

PORT = 4204


@contextmanager
def serve_market(port: int = PORT, *, wsgi: bool = False) -> Iterator[str]:
    """Serve the remotes and the site while the block runs; yield the site's URL.

    Django is set up in this process; a second time in one process would find the first one's remotes.

    Raises:
        RuntimeError: A remote is not built.
        OSError: No port is free.
    """
    with serve_remotes() as manifest:
        os.environ["MARKET_REMOTES"] = json.dumps(manifest)
        site = import_module(f"examples.django.{'wsgi' if wsgi else 'asgi'}")
        serve = serve_wsgi if wsgi else serve_app
        with serve(site.application, port) as url:
            yield url


if __name__ == "__main__":
    sys.exit(stay("django", partial(serve_market, wsgi="--wsgi" in sys.argv[1:])))
