"""`hanse share`: what has to do with Module Federation's sharing; each command is loaded when it is used."""

from __future__ import annotations

from typing import Final

from cyclopts import App

__all__ = ["share"]

COMMANDS: Final = {
    "config": "Print the `shared` object of a preset, for a webpack or rspack configuration.",
    "plan": "Print what the Next.js plugin does to a build, as steps that a build can follow.",
    "explain": "Say step by step which copy of a package each consumer gets, and why.",
}

share = App(name="share", help="Module Federation's sharing.", result_action="return_value")
for _name, _text in COMMANDS.items():
    share.command(f"hanse.cli.share_{_name}:{_name}", name=_name, help=_text)
