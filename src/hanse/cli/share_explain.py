"""`hanse share explain`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import msgspec
from cyclopts import Parameter

from hanse.cli.options import Json
from hanse.cli.output import visible, write_json, write_text
from hanse.errors import FormatError
from hanse.limits import LIMITS
from hanse.share.explaining import Choice, Explanation, Step, explain_case
from hanse.share.registering import Layers

__all__ = ["explain"]


def explain(
    case: Annotated[
        str,
        Parameter(
            help="A file with recorded cases, one JSON a line; - for stdin.", allow_leading_hyphen=True
        ),
    ],
    /,
    *,
    layers: Annotated[
        Layers, Parameter(help="`separate` keeps the copies of layers apart, `compatible` ignores layers.")
    ] = "compatible",
    json: Json = False,
) -> int:
    """Say step by step which copy of a package each consumer gets, and why.

    Args:
        case: A file with a recorded case, or several, one JSON a line, as `hanse replay --kind sharing` reads
            them; `-` is standard input.
        layers: `separate` keeps the copies of layers apart, `compatible` ignores layers.
        json: Write JSON; errors, too.

    Raises:
        FormatError: It is no case.
        UsageError: A case does not come to an end.
        OSError: The file cannot be read.
    """
    explanations = [explain_case(read, layers=layers) for read in _read_cases(_read(case), case)]
    if json:
        write_json([msgspec.to_builtins(explanation) for explanation in explanations])
    else:
        write_text(visible("\n".join(line for one in explanations for line in _tell(one))))
    return 0


def _read(case: str) -> bytes:
    cap = LIMITS.storage_bytes
    if case == "-":
        data = sys.stdin.buffer.read(cap + 1)
    else:
        with Path(case).open("rb") as file:
            data = file.read(cap + 1)
    if len(data) > cap:
        raise FormatError("there is too much of it", subject=case, expected="64 MiB at most")
    return data


def _read_cases(data: bytes, subject: str) -> Iterator[dict[str, Any]]:
    """Read a whole file as one case, or each line of it as one."""
    found = False
    for text in _split(data):
        found = True
        try:
            read = msgspec.json.decode(text, type=dict[str, Any])
        except (msgspec.MsgspecError, RecursionError) as error:
            raise FormatError("this is no case", subject=subject, found=str(error)[:200]) from error
        inner = read.get("case")
        yield inner if isinstance(inner, dict) else read
    if not found:
        raise FormatError("there is no case", subject=subject, found="nothing", expected="one JSON a line")


def _split(data: bytes) -> list[bytes]:
    try:
        msgspec.json.decode(data)
    except (msgspec.MsgspecError, RecursionError):
        return [line for line in data.splitlines() if line.strip()]
    return [data]


def _tell(explanation: Explanation) -> Iterator[str]:
    yield f"case {explanation.id}"
    for number, step in enumerate(explanation.steps, 1):
        yield ""
        yield f"{number}. {step.title}"
        yield from _tell_step(step)
    yield ""


def _tell_step(step: Step) -> Iterator[str]:
    for choice in step.choices:
        yield from _tell_choice(choice)
    for note in step.notes:
        yield f"   - {note}"
    for warning in step.warnings:
        yield f"   warning: {warning}"
    yield f"   => {step.result}"


def _tell_choice(choice: Choice) -> Iterator[str]:
    loaded = {"yes": ", loaded", "loading": ", being loaded", "no": ""}
    versions = ", ".join(f"{one.version} ({one.provider}{loaded[one.loaded]})" for one in choice.versions)
    yield f"   {choice.consumer} wants {choice.package}: {', '.join(choice.wants)}; {choice.strategy}"
    yield f"   scope {choice.scope} has {versions or 'nothing'}"
    for reason in choice.reasons:
        yield f"   - {reason}"
