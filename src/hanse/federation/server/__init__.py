"""The server side of a live federation: builds are followed, and rendered from; all of it on one event loop.

Supplies say where the builds come from, the stock has the last good ones, and the stages are what pages are
rendered from.
"""
