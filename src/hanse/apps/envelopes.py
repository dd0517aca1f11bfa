"""How data travels between apps: one JSON document for whatever came of asking for it.

Only the owner's server and the visitor's know it; the answer of the data endpoint is always 200, so that a
redirect is told and not followed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

import msgspec

from hanse.apps.answers import Answer, Missing, Redirect
from hanse.errors import FormatError

__all__ = ["Envelope", "decode_envelope", "envelope_of", "open_envelope"]


class Envelope(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What the owner of a page answers.

    `kind` says what came of it: `data`, `redirect`, `missing`, or `form` where the page takes none.
    """

    kind: Literal["data", "redirect", "missing", "form"]
    props: Mapping[str, object] = {}
    status: int = 200
    headers: Mapping[str, str] = {}
    cookies: Mapping[str, str] = {}
    cache: float = 0.0
    url: str = ""


DECODER: Final = msgspec.json.Decoder(Envelope)


def envelope_of(answer: Answer | Redirect | Missing | None) -> Envelope:
    """Put what came of asking into an envelope."""
    if answer is None:
        return Envelope(kind="form")
    if isinstance(answer, Redirect):
        return Envelope(kind="redirect", url=answer.url, status=answer.status, cookies=answer.cookies)
    if isinstance(answer, Missing):
        return Envelope(kind="missing", status=404)
    return Envelope(
        kind="data",
        props=answer.props,
        status=answer.status,
        headers=answer.headers,
        cookies=answer.cookies,
        cache=answer.cache,
    )


def open_envelope(envelope: Envelope) -> Answer | None:
    """Return the answer that an envelope has; None where the page takes no forms.

    Raises:
        Redirect: The visitor is sent elsewhere.
        Missing: There is no such page.
    """
    if envelope.kind == "redirect":
        raise Redirect(envelope.url, status=envelope.status, cookies=envelope.cookies)
    if envelope.kind == "missing":
        raise Missing
    if envelope.kind == "form":
        return None
    return Answer(
        envelope.props,
        status=envelope.status,
        headers=envelope.headers,
        cookies=envelope.cookies,
        cache=envelope.cache,
    )


def decode_envelope(data: bytes, *, subject: str) -> Envelope:
    """Read what another app has answered.

    Raises:
        FormatError: It is no such document.
    """
    try:
        envelope = DECODER.decode(data)
    except msgspec.DecodeError as error:
        raise FormatError(
            "this is no answer of a data endpoint", subject=subject, found=str(error), expected="an envelope"
        ) from None
    if not 200 <= envelope.status <= 599:
        raise FormatError(
            "this is no status",
            subject=subject,
            path="$.status",
            found=str(envelope.status),
            expected="200 to 599",
        )
    return envelope
