"""What went wrong in a machine, as an `EngineError` with a reason, names and positions."""

from __future__ import annotations

import re
from typing import Final

from hanse.engines.base import Generation
from hanse.engines.wasm.host import Host
from hanse.engines.wasm.machine import Ended
from hanse.engines.wasm.table import COMMONJS, EXPOSED, GUEST
from hanse.errors import EngineError

__all__ = ["ended_error", "fault_error"]

# QuickJS writes a place without a function where a text could not be read; what throws has one.
UNREADABLE: Final = re.compile(r"^\s*at (?P<module>[^\s()]+):\d+:\d+$")
# A name that another module does not export is found while modules are linked, before any runs.
UNLINKED: Final = re.compile(r"^Could not find export ")
HINTS: Final = {
    "timeout": "make it faster, or allow it more time",
    "memory": "let it use less, or allow the engine more memory",
    "output": "let it give less, or allow the engine more output",
    "import": "expose or share what it imports, or build it into the module",
}


def ended_error(ended: Ended, *, subject: str) -> EngineError:
    """Return the error for a machine that had to be ended."""
    return EngineError(str(ended), reason=ended.reason, subject=subject, hint=HINTS.get(ended.reason, ""))


def fault_error(host: Host, generation: Generation, *, subject: str) -> EngineError:
    """Return the error for what the guest says went wrong."""
    fault = host.fault or {}
    name, message, stack = (fault.get(key, "") for key in ("name", "message", "stack"))
    reason = _reason(host, generation, name=name, message=message, stack=stack)
    shown = f"{name}: {message}" if name and name != "Error" else message
    return EngineError(
        shown or "it threw something that says nothing",
        reason=reason,
        subject=subject,
        hint=HINTS.get(reason, ""),
        stack=clean_stack(stack),
    )


def clean_stack(stack: str) -> str:
    """Return a stack without the guest's own lines; modules are called what the generation calls them."""
    lines = (line.replace(COMMONJS, "").replace(EXPOSED, "") for line in stack.splitlines())
    return "\n".join(line.rstrip() for line in lines if line.strip() and f"{GUEST}quickjs" not in line)


def _reason(host: Host, generation: Generation, *, name: str, message: str, stack: str) -> str:
    if host.asked_in_vain is not None:
        return "import"
    if host.fault and host.fault.get("reason") == "missing":
        return "missing"
    if name == "InternalError" and "out of memory" in message:
        return "memory"
    if name == "SyntaxError" and UNLINKED.match(message):
        return "import"
    if name == "SyntaxError":
        first = UNREADABLE.match(stack.splitlines()[0]) if stack.strip() else None
        if first and first["module"] in generation.modules:
            return "syntax"
    return "threw"
