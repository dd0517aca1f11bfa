"""How a command fails: one line for people, a problem for programs, and an exit code."""

from __future__ import annotations

import os
import sys
from typing import Final, TypedDict

import msgspec
from cyclopts import CycloptsError

from hanse.cli.output import unicode, visible, write_error
from hanse.errors import HanseError

__all__ = [
    "CANNOT",
    "FOUND",
    "INTERRUPTED",
    "PIPE_CLOSED",
    "Problem",
    "close_pipe",
    "problem_of",
    "tell_extra",
    "tell_failure",
    "tell_usage",
]

FOUND: Final = 1
CANNOT: Final = 2
INTERRUPTED: Final = 130
# What a shell shows for a program that SIGPIPE ended.
PIPE_CLOSED: Final = 141

# What is there only with an extra, and with which.
EXTRAS: Final = {"cryptography": "stream", "http_message_signatures": "stream"}


class Problem(TypedDict):
    """An error as JSON."""

    code: str
    subject: str
    message: str
    hint: str


def problem_of(error: HanseError | OSError) -> Problem:
    """Describe an error; a document's fault names its place and what was expected there."""
    if isinstance(error, OSError):
        return Problem(
            code="HANSE-FILE",
            subject=str(error.filename or ""),
            message=error.strerror or str(error) or type(error).__name__,
            hint="",
        )
    head, _, _ = str(error).partition("\n  hint: ")
    message = head.removeprefix(f"{error.subject}: ") if error.subject else head
    return Problem(code=error.code, subject=error.subject, message=message, hint=error.hint)


def tell_failure(error: HanseError | OSError, *, as_json: bool) -> int:
    """Write an error to standard error; return the exit code."""
    return tell_problem(problem_of(error), as_json=as_json)


def tell_usage(error: CycloptsError, *, as_json: bool) -> int:
    """Write what is wrong with the arguments to standard error; return the exit code."""
    message = " ".join(str(error).split())
    hint = "`hanse --help` lists the commands, `hanse COMMAND --help` their options"
    return tell_problem(Problem(code="HANSE-USAGE", subject="", message=message, hint=hint), as_json=as_json)


def tell_extra(error: ImportError, *, as_json: bool) -> int:
    """Write which extra a command needs to standard error; return the exit code.

    Raises:
        ImportError: What is missing belongs to none: that is a fault of this package.
    """
    # Whoever loads a command when it is used tells of its own failure, and of the reason as its cause.
    missing = error.__cause__ if isinstance(error.__cause__, ImportError) else error
    extra = EXTRAS.get((missing.name or "").partition(".")[0])
    if extra is None:
        raise error
    hint = f"install it with `pip install 'hanse[{extra}]'`"
    problem = Problem(
        code="HANSE-USAGE", subject="", message=f"this needs the extra `hanse[{extra}]`", hint=hint
    )
    return tell_problem(problem, as_json=as_json)


def tell_problem(problem: Problem, *, as_json: bool) -> int:
    """Write a problem to standard error; return the exit code."""
    if as_json:
        text = msgspec.json.encode({key: unicode(str(value)) for key, value in problem.items()}).decode()
    else:
        head = f"{problem['subject']}: " if problem["subject"] else ""
        tail = f" ({problem['hint']})" if problem["hint"] else ""
        text = visible(" ".join(f"hanse: {head}{problem['message']}{tail}".split()))
    write_error(text)
    return CANNOT


def close_pipe() -> None:
    """Let nobody complain when standard output, which nobody reads any more, is closed at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
