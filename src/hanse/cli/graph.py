"""`hanse graph`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import msgspec
from cyclopts import Parameter

from hanse.cli.options import NO_OPTIONS, NO_ORIGIN, Json, Manifest, OriginOptions, PolicyOptions, Quiet
from hanse.cli.output import progress, warn, write_bytes
from hanse.cli.sources import load
from hanse.resolve.drawing import Drawing, draw, to_dot, to_mermaid, to_svg

__all__ = ["graph"]

Format = Literal["svg", "mermaid", "dot"]


def graph(
    manifest: Manifest = "hanse.toml",
    *,
    format: Annotated[Format, Parameter(help="What to write.")] = "svg",  # noqa: A002 - it is the option's name
    out: Annotated[
        Path | None, Parameter(name=["--out", "-o"], help="The file to write; standard output if not given.")
    ] = None,
    origin: OriginOptions = NO_ORIGIN,
    options: PolicyOptions = NO_OPTIONS,
    quiet: Quiet = False,
    json: Json = False,
) -> int:
    """Draw a federation: remotes, packages, who serves whom.

    Args:
        manifest: A manifest or hanse.toml (a path or URL), or a folder that has one or remote entries.
        format: What to write.
        out: The file to write; standard output if not given.
        origin: What the manifest does not say.
        options: How it is resolved.
        quiet: Write no warnings.
        json: Write the graph's nodes and edges as JSON instead; errors as JSON, too.

    Raises:
        HanseError: There is no federation.
    """
    loaded = load(manifest, origin, options)
    with progress("drawing"):
        drawing = draw(loaded.plan())
        body = encode(drawing) if json else write(drawing, format).encode("utf-8", "replace")
    if out is None:
        write_bytes(body)
    else:
        out.write_bytes(body.removesuffix(b"\n") + b"\n")
    if not quiet:
        warn(loaded.troubles())
    return 0


def encode(drawing: Drawing) -> bytes:
    """Write a drawing's model as JSON."""
    return msgspec.json.format(msgspec.json.encode(drawing), indent=2)


def write(drawing: Drawing, format: Format) -> str:  # noqa: A002
    """Write a drawing in a format."""
    return {"svg": to_svg, "mermaid": to_mermaid, "dot": to_dot}[format](drawing)
