"""The market as a Flask site: an extension, four names in a template, and nothing else of Hanse."""

from __future__ import annotations

from flask import Flask, g, render_template

from hanse import Federation
from hanse.web import PageOptions
from hanse.web.flask import Hanse

__all__ = ["build_app"]


def market() -> str:
    """Show the market."""
    return render_template("market.html")


def basket() -> str:
    """Show the basket alone, without a template."""
    head = g.hanse.head(["team/basket/Basket"])
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">{head}<title>Basket</title>'
        f'<link rel="icon" href="data:,"></head><body>{g.hanse.mount("team/basket/Basket")}</body></html>'
    )


def about() -> str:
    """Show a page without any remote's module: it is like any other page of the site."""
    return render_template("about.html")


def build_app(federation: Federation, options: PageOptions | None = None) -> Flask:
    """Return the site."""
    app = Flask(__name__)
    app.add_url_rule("/", view_func=market)
    app.add_url_rule("/basket", view_func=basket)
    app.add_url_rule("/about", view_func=about)
    Hanse(app, federation, options)
    return app
