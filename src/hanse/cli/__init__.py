"""The command line: `hanse`. One file a command; each is loaded when it is used.

Exit codes: 0 all is well; 1 something was found (a worsening, differences, faults, remotes left out); 2 the
usage is wrong, or it cannot be done; 130 interrupted.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from cyclopts import App, CycloptsError

from hanse import __version__
from hanse.cli.failing import (
    CANNOT,
    INTERRUPTED,
    PIPE_CLOSED,
    close_pipe,
    tell_extra,
    tell_failure,
    tell_usage,
)
from hanse.errors import HanseError

__all__ = ["main", "make_app"]

COMMANDS = {
    "resolve": "Print the finished import map of a federation, and nothing else.",
    "explain": "Say who offers which version of a package, which won and why; or why a page preloads a file.",
    "check": "Say what would break, tear, island or be loaded twice if a remote entry were deployed.",
    "diff": "Compare two federations or import maps: mappings, versions, owners, copies, costs.",
    "graph": "Draw a federation: remotes, packages, who serves whom.",
    "verify": "Read every file that the import map can reach, and report what would fail in a browser.",
    "lint": "Report every fault of manifests, remote entries, import maps and hanse.toml files.",
    "share": "Module Federation's sharing: what a build shares, and which copy each consumer gets.",
    "replay": "Replay recorded cases of the orchestrator or of sharing, one JSON a line, from stdin.",
    "keys": "Make, show and rotate the keys that server modules travel under.",
    "rollback": "Publish the last build's server modules again, under a new serial.",
    "serve": "Serve a federation: import map, health, metrics, and a page that shows it.",
    "new": "Make a new app, or a remote: a folder with everything that it takes.",
    "dev": "Develop an app: built, served, and shown again with each change.",
    "build": "Build an app: its pages and components, for browsers and for servers.",
    "start": "Run an app that is built: its pages, and those of the apps it federates with.",
}

EPILOGUE = (
    "Exit codes: 0 all is well; 1 something was found; 2 wrong usage, or it cannot be done. "
    "Every command takes --json."
)


def make_app() -> App:
    """Make the parser of the command line; no command is loaded."""
    app = App(
        name="hanse",
        help="Compose one website out of independently deployed front ends.",
        help_epilogue=EPILOGUE,
        help_format="plaintext",
        version=f"hanse {__version__}",
        suppress_keyboard_interrupt=False,
        print_error=False,
        exit_on_error=False,
        result_action="return_value",
    )
    for name, text in COMMANDS.items():
        app.command(f"hanse.cli.{name}:{name}", name=name, help=text)
    return app


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Args:
        argv: The arguments without the program's name; the process's own if not given.
    """
    arguments = [*(sys.argv[1:] if argv is None else argv)]
    as_json = "--json" in arguments
    try:
        code = make_app()(arguments)
        sys.stdout.flush()
    except CycloptsError as error:
        return tell_usage(error, as_json=as_json)
    except ImportError as error:
        return tell_extra(error, as_json=as_json)
    except (HanseError, OSError) as error:
        if isinstance(error, BrokenPipeError):
            close_pipe()
            return PIPE_CLOSED
        return tell_failure(error, as_json=as_json)
    except KeyboardInterrupt:
        return INTERRUPTED
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else CANNOT
    return code if isinstance(code, int) else 0
