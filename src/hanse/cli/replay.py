"""`hanse replay`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Annotated, BinaryIO, Final, Literal

import msgspec
from cyclopts import Parameter

from hanse.cli.failing import FOUND, problem_of
from hanse.cli.options import Json
from hanse.cli.output import write_bytes
from hanse.errors import FormatError, HanseError
from hanse.limits import LIMITS
from hanse.resolve.replay import replay_line as replay_orchestrator
from hanse.share.replay import replay_line as replay_sharing

__all__ = ["replay"]

Kind = Literal["orchestrator", "sharing"]
Replayer = Callable[[bytes], bytes]

REPLAYERS: Final[dict[Kind, Replayer]] = {"orchestrator": replay_orchestrator, "sharing": replay_sharing}


def replay(
    *,
    kind: Annotated[Kind, Parameter(help="Whose cases they are.")] = "orchestrator",
    json: Json = False,  # noqa: ARG001 - there is nothing but JSON
) -> int:
    """Replay recorded cases: one JSON a line in, one outcome a line out.

    Reads standard input. Cases of the orchestrator are decided by the policy `compatible`; cases of sharing
    as Module Federation's runtime does it, without layers. A line that is no case gets the outcome
    {"id": null, "error": ...}, and the exit code is 1.

    Args:
        kind: Whose cases they are: of the native federation orchestrator, or of Module Federation's sharing.
        json: Write errors as JSON; outcomes are JSON anyway.
    """
    bad = 0
    for line in read_lines(sys.stdin.buffer, LIMITS.storage_bytes):
        outcome, fine = replay_safely(line, REPLAYERS[kind])
        bad += not fine
        write_bytes(outcome)
    return FOUND if bad else 0


def read_lines(stream: BinaryIO, cap: int) -> Iterator[bytes]:
    """Yield the lines of a stream that are not blank; what is beyond the cap of a line is dropped."""
    while line := stream.readline(cap + 1):
        part = line
        while len(part) > cap and not part.endswith(b"\n"):
            part = stream.readline(cap + 1)
        if line.strip():
            yield line


def replay_safely(line: bytes, replay_line: Replayer) -> tuple[bytes, bool]:
    """Replay a line; return its outcome, and whether it was a case."""
    try:
        if len(line) > LIMITS.storage_bytes:
            raise FormatError("the line is too long", subject="case", expected="64 MiB at most")
        return replay_line(line), True
    except HanseError as error:
        return msgspec.json.encode({"id": None, "error": problem_of(error)}), False
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        # A case is recorded by a program; one of another shape is somebody's mistake, and no reason to stop.
        fault = FormatError(f"this is no case: {type(error).__name__}: {error}", subject="case")
        return msgspec.json.encode({"id": None, "error": problem_of(fault)}), False
