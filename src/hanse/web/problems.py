"""Errors as RFC 9457 problem documents, each with the code its exception has."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from hanse.errors import (
    BlockedError,
    BreakerError,
    DeadlineError,
    FetchError,
    FormatError,
    GoneError,
    HanseError,
    IntegrityError,
    NotFoundError,
    OverrideError,
    ResolveError,
    UsageError,
)
from hanse.web.replies import reply

__all__ = ["Problem", "answer_failure", "answer_http", "answer_problem", "problem"]

# The first that fits counts: what is more special comes first.
STATUSES: Final[tuple[tuple[type[HanseError], int], ...]] = (
    (GoneError, 410),
    (NotFoundError, 404),
    # The federation is not started, or closed already; what callers do wrong is found earlier.
    (UsageError, 503),
    (ResolveError, 409),
    (OverrideError, 502),
    (BlockedError, 403),
    (DeadlineError, 504),
    (BreakerError, 503),
    (FetchError, 502),
    # What a remote delivers is not what it should be; a caller's own mistakes are found earlier.
    (FormatError, 502),
    (IntegrityError, 502),
)


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """A problem document (RFC 9457).

    `type` is `about:blank`, so `title` is the status's phrase; `code` says which of Hanse's errors it is,
    and `subject`, `hint`, `path`, `found` and `expected` are that error's fields.
    """

    title: str
    status: int
    detail: str = ""
    code: str = ""
    subject: str = ""
    hint: str = ""
    path: str = ""
    found: str = ""
    expected: str = ""


def problem(value: Problem, headers: Mapping[str, str] | None = None) -> Response:
    """Answer with a problem document; pages of every origin may read why they were refused."""
    body = msgspec.json.encode({"type": "about:blank", **msgspec.to_builtins(value)})
    return reply(
        None,
        body,
        "application/problem+json",
        status=value.status,
        cache="no-store",
        public=True,
        headers=headers,
    )


def describe(error: HanseError, status: int) -> Problem:
    """Describe an error of Hanse."""
    fault = error if isinstance(error, FormatError) else None
    return Problem(
        title=HTTPStatus(status).phrase,
        status=status,
        detail=error.message,
        code=error.code,
        subject=error.subject,
        hint=error.hint,
        path=fault.path if fault else "",
        found=fault.found if fault else "",
        expected=fault.expected if fault else "",
    )


def status_of(error: HanseError) -> int:
    """Return the HTTP status of an error."""
    return next((status for kind, status in STATUSES if isinstance(error, kind)), 500)


def answer_problem(error: HanseError, *, status: int | None = None) -> Response:
    """Answer with an error of Hanse; `status` stands in for the one its class has."""
    return problem(describe(error, status or status_of(error)))


def answer_http(_: Request, error: Exception) -> Response:
    """Answer with what Starlette found: an unknown path, a method the path does not have."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    phrase = HTTPStatus(status).phrase
    detail = error.detail if isinstance(error, HTTPException) and error.detail != phrase else ""
    headers = error.headers if isinstance(error, HTTPException) else None
    return problem(Problem(title=phrase, status=status, detail=detail, code=f"HTTP-{status}"), headers)


def answer_failure(_: Request, error: Exception) -> Response:
    """Answer with an error that somebody raised: Hanse's as it is, any other without its text.

    The text of an unexpected error may hold what is not meant for strangers; the server's log has it.
    """
    if isinstance(error, HanseError):
        return answer_problem(error)
    detail = "the server has a fault; its log says more"
    return problem(Problem(title="Internal Server Error", status=500, detail=detail, code="HTTP-500"))
