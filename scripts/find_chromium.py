"""Find a Chromium that tests and the demo can drive, or install Debian's.

Run as `python -m scripts.find_chromium` it prints the path of the program. Set `CHROMIUM` to name
another one.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

__all__ = ["FLAGS", "MISSING", "ensure_chromium", "find_chromium"]

# Debian's chromium without windows: the same engine, which nobody looks at here, in half the time.
PACKAGES = ("chromium-headless-shell", "chromium")
NAMES = (*PACKAGES, "chromium-browser", "google-chrome", "google-chrome-stable")
MISSING = (
    f"chromium: not found. Install your system's package (Debian: apt-get install {PACKAGES[0]}), "
    "or set CHROMIUM to the program's path."
)
# A browser under test talks to the servers of the test and to nobody else.
FLAGS = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    # Chromium refuses to start its sandbox for root, which is who containers run as.
    *(("--no-sandbox",) if os.geteuid() == 0 else ()),
)


def find_chromium() -> Path | None:
    """Return the path of the first Chromium found: `CHROMIUM`, then the usual names on the PATH."""
    for name in (os.environ.get("CHROMIUM", ""), *NAMES):
        program = shutil.which(name) if name else None
        if program is not None:
            return Path(program)
    return None


def ensure_chromium() -> Path | None:
    """Return Chromium's path; install a package of Debian's first where that is possible and needed."""
    found = find_chromium()
    if found is None and _may_install():
        print("chromium: not found; installing Debian's package (apt-get)", file=sys.stderr, flush=True)
        _install()
        found = find_chromium()
    return found


def _may_install() -> bool:
    return shutil.which("apt-get") is not None and os.geteuid() == 0


def _install() -> None:
    if _run_apt("update"):
        any(_run_apt("install", "-y", "--no-install-recommends", package) for package in PACKAGES)


def _run_apt(*arguments: str) -> bool:
    command = ["apt-get", "-q", *arguments]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    result = subprocess.run(command, env=environment, stdout=sys.stderr, timeout=900, check=False)
    if result.returncode != 0:
        print(f"chromium: {' '.join(command)} failed", file=sys.stderr)
    return result.returncode == 0


def main() -> int:
    """Print Chromium's path, or say on standard error how to get one."""
    program = ensure_chromium()
    if program is None:
        print(MISSING, file=sys.stderr)
        return 1
    print(program)
    return 0


if __name__ == "__main__":
    sys.exit(main())
