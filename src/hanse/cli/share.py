"""`hanse share`: what has to do with Module Federation's sharing, each part a command of its own."""

from __future__ import annotations

from cyclopts import App

__all__ = ["COMMANDS", "share"]

COMMANDS = {
    "config": "Print the `shared` object of a preset, for a webpack or rspack configuration.",
}

share = App(name="share", help="Print what a build shares: a preset as JSON or JavaScript.")
for name, text in COMMANDS.items():
    share.command(f"hanse.cli.share_{name}:{name}", name=name, help=text)
