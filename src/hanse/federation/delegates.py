"""Delegates in Python: the operator's own function that decides, for each request, where a remote is.

In `hanse.toml` it says `delegate = "mypackage.federation:shop"`. The function is asked for every page, with
what is known of the request; what follows from its answer (a build, a generation) is made once for each
answer and shared by all requests that get the same.
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, cast

from hanse.errors import DeadlineError, HanseError, UsageError
from hanse.formats.decoding import shorten
from hanse.limits import LIMITS, Limits
from hanse.names import remote_name_fault
from hanse.render.requests import RequestContext
from hanse.urls import is_web, normalise

__all__ = [
    "DEFAULT",
    "Decision",
    "Delegate",
    "RequestContext",
    "decide",
    "is_python",
    "load_delegate",
]

PYTHON: Final = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*:[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
DOCUMENTS: Final = (".json", ".js", ".mjs", ".cjs")


@dataclass(frozen=True, slots=True)
class Decision:
    """What a delegate has decided; equal decisions share one connection.

    Attributes:
        kind: `default` (as the manifest has it), `remote` (another remote of the federation), `server` (the
            base URL of the remote's own endpoints), `entry` (a remote entry, manifest or container script).
        value: The name or URL; empty for the default.
    """

    kind: Literal["default", "remote", "server", "entry"] = "default"
    value: str = ""


DEFAULT: Final = Decision()

Delegate: TypeAlias = "Callable[[RequestContext], Awaitable[Decision | str | None]]"
"""A delegate gives None (as ever), the name of a remote, a URL, or a `Decision`.

Of a URL whose path ends in `.json`, `.js`, `.mjs` or `.cjs` the document itself is meant, of every other one
the base of a remote's own endpoints.
"""


def is_python(delegate: str) -> bool:
    """Tell whether a delegate is a Python function, `package.module:name`, and not a file."""
    return PYTHON.fullmatch(delegate) is not None


def load_delegate(delegate: str, *, remote: str = "") -> Delegate:
    """Load a delegate.

    Args:
        delegate: `package.module:name`.
        remote: The remote it is for, for messages.

    Raises:
        UsageError: It is not written so, cannot be imported, or is no async function.
    """
    subject = f"delegate {delegate!r}" + (f" of {remote}" if remote else "")
    if not is_python(delegate):
        raise UsageError("this names no Python function", subject=subject, hint="write package.module:name")
    module, _, path = delegate.partition(":")
    try:
        found: object = importlib.import_module(module)
    except Exception as error:
        raise UsageError(
            f"{module} cannot be imported: {type(error).__name__}: {error}",
            subject=subject,
            hint="it is imported by the process that serves pages: is it installed there?",
        ) from error
    for name in path.split("."):
        found = getattr(found, name, None)
        if found is None:
            raise UsageError(f"{module} has no {path}", subject=subject)
    call = found if inspect.isroutine(found) else getattr(found, "__call__", None)  # noqa: B004
    if not inspect.iscoroutinefunction(call):
        raise UsageError(
            f"{path} is no async function", subject=subject, hint=f"write async def {path}(context)"
        )
    return cast("Delegate", found)


async def decide(delegate: Delegate, context: RequestContext, *, limits: Limits = LIMITS) -> Decision:
    """Ask a delegate.

    Args:
        delegate: The function.
        context: What it is told.
        limits: `limits.delegate_deadline` is what it may take; code that blocks the loop is not ended.

    Raises:
        DeadlineError: It took too long.
        UsageError: It raised, or gave something that is no decision.
    """
    subject = f"delegate of {context.remote}"
    try:
        async with asyncio.timeout(limits.delegate_deadline) as deadline:
            answer: object = await delegate(context)
    except HanseError:
        raise
    except Exception as error:
        if isinstance(error, TimeoutError) and deadline.expired():
            text = f"it took longer than {limits.delegate_deadline:g} s to decide"
            raise DeadlineError(text, subject=subject) from None
        raise UsageError(f"it raised {type(error).__name__}: {error}", subject=subject) from error
    return read_answer(answer, context.remote, subject)


def read_answer(answer: object, remote: str, subject: str) -> Decision:
    """Return the decision that an answer is.

    Raises:
        UsageError: It is none.
    """
    if answer is None or answer == remote:
        return DEFAULT
    if isinstance(answer, str):
        answer = read_text(answer)
    if not isinstance(answer, Decision):
        raise UsageError(
            f"it gave {type(answer).__name__}",
            subject=subject,
            hint="give None, the name of a remote, a URL or a Decision",
        )
    fault = decision_fault(answer)
    if fault is not None:
        raise UsageError(f"it gave {shorten(answer.value)!r}: {fault}", subject=subject)
    if answer == Decision("remote", remote):
        return DEFAULT
    return answer if answer.kind in ("default", "remote") else written(answer)


def read_text(answer: str) -> Decision:
    """Return the decision that a text is."""
    if "://" not in answer:
        return Decision("remote", answer)
    path = answer.partition("#")[0].partition("?")[0]
    return Decision("entry" if path.endswith(DOCUMENTS) else "server", answer)


def decision_fault(decision: Decision) -> str | None:
    """Say what is wrong with a decision, or return None."""
    if decision.kind == "default":
        return None
    if decision.kind == "remote":
        return remote_name_fault(decision.value)
    return None if is_web(decision.value) else "this is no web address"


def written(decision: Decision) -> Decision:
    """Write a decision's URL as everybody writes it, so that equal ones are known to be equal."""
    url = (normalise(decision.value) or decision.value).partition("#")[0]
    if decision.kind == "server" and not url.endswith("/") and "?" not in url:
        url += "/"
    return Decision(decision.kind, url)
