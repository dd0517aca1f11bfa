"""What a call takes along: its JSON, bounded, and its deadline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from hanse.engines.base import JSON, EngineLimits, RenderCall
from hanse.errors import EngineError

__all__ = ["deadline_of", "encode_call", "encode_render"]


class Asked(msgspec.Struct, frozen=True):
    """A call as the guest reads it."""

    module: str
    export: str
    adapter: str | None
    props: Mapping[str, JSON]
    context: Mapping[str, JSON]


class Called(msgspec.Struct, frozen=True):
    """A call of a function as the guest reads it."""

    module: str
    export: str
    args: Sequence[JSON]


def encode_render(call: RenderCall, limits: EngineLimits) -> bytes:
    """Return a rendering as JSON.

    Raises:
        EngineError: It is too large, or has what JSON has not.
    """
    asked = Asked(call.module, call.export, call.adapter, call.props, call.context)
    return encode(asked, call.module, limits)


def encode_call(module: str, export: str, args: Sequence[JSON], limits: EngineLimits) -> bytes:
    """Return a call of a function as JSON.

    Raises:
        EngineError: It is too large, or has what JSON has not.
    """
    return encode(Called(module, export, args), module, limits)


def encode(asked: Asked | Called, subject: str, limits: EngineLimits) -> bytes:
    """Return JSON of at most `limits.input` bytes."""
    try:
        body = msgspec.json.encode(asked, enc_hook=plain)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise EngineError(
            f"what is given to it is not JSON: {error}", reason="input", subject=subject
        ) from error
    if len(body) > limits.input:
        raise EngineError(
            f"it is given {len(body)} bytes, and may be given {limits.input}",
            reason="input",
            subject=subject,
            hint="pass less, or an identifier by which the module finds it in data of its own",
        )
    return body


def plain(value: object) -> object:
    """Return any mapping as a dict and any sequence as a list."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence):
        return list(value)
    raise TypeError(f"an object of type {type(value).__name__}")


def deadline_of(asked: float | None, limits: EngineLimits) -> float:
    """Return the seconds a call may take."""
    return limits.call if asked is None else max(0.0, min(asked, limits.call))
