"""The market's views: one that awaits, one that does not, and one without a module of anybody."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

__all__ = ["about", "basket", "market"]


async def market(request: HttpRequest) -> HttpResponse:
    """Show the market."""
    return render(request, "market.html", {"hint": "The basket is on its way."})


def basket(request: HttpRequest) -> HttpResponse:
    """Show the basket alone."""
    return render(request, "basket.html")


def about(request: HttpRequest) -> HttpResponse:
    """Show a page without any remote's module: it is like any other page of the site."""
    return render(request, "about.html")
