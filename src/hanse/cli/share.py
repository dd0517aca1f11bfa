"""`hanse share`: a group of commands; each is loaded when it is used."""

from __future__ import annotations

from typing import Final

from cyclopts import App

__all__ = ["share"]

COMMANDS: Final = {
    "explain": "Say step by step which copy of a package each consumer gets, and why.",
}

share = App(name="share", help="Module Federation's sharing, as a model.", result_action="return_value")
for _name, _text in COMMANDS.items():
    share.command(f"hanse.cli.share_{_name}:{_name}", name=_name, help=_text)
