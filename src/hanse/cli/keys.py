"""`hanse keys`: the keys that server modules travel under; each command is loaded when it is used."""

from __future__ import annotations

from typing import Final

from cyclopts import App

__all__ = ["keys"]

COMMANDS: Final = {
    "new": "Make the keys of a remote: one that it shares with its consumers, one that it signs with.",
    "show": "Show the ids and the public halves of a file's keys.",
    "rotate": "Put a new key in use, and keep the old one for as long as somebody still uses it.",
}

keys = App(name="keys", help="The keys that server modules travel under.", result_action="return_value")
for _name, _text in COMMANDS.items():
    keys.command(f"hanse.cli.keys_{_name}:{_name}", name=_name, help=_text)
