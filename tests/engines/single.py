"""Generations of one module, or of a few, written in a test."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from hanse.engines import Generation, Source
from hanse.engines.base import Target

Format = Literal["esm", "cjs", "json"]


def formatted(name: str) -> Format:
    """Return what a file is, by its ending."""
    return "cjs" if name.endswith(".cjs") else "json" if name.endswith(".json") else "esm"


def single(
    text: str = "",
    *,
    warm: tuple[str, ...] = (),
    imports: Mapping[str, Target] | None = None,
    **more: str,
) -> Generation:
    """Return a generation of `isle/main.js`, and of more modules by names such as `isle__late_js`."""
    texts = {"isle/main.js": text}
    for key, body in more.items():
        remote, _, rest = key.partition("__")
        file, _, suffix = rest.rpartition("_")
        texts[f"{remote}/{file}.{suffix}"] = body
    modules = {
        name: Source(text=body, remote=name.partition("/")[0], format=formatted(name))
        for name, body in texts.items()
    }
    return Generation(id="single-1", modules=modules, imports=imports or {}, warm=warm)


def read_blocks(file: str) -> dict[str, str]:
    """Return the parts of a file beside this one, each under its heading `//# name`."""
    parts = re.split(r"^//# ", (Path(__file__).parent / file).read_text(), flags=re.MULTILINE)[1:]
    return {name: body for name, _, body in (part.partition("\n") for part in parts)}
