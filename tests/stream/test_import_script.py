"""What a container script says of itself, in the scripts of real toolchains and in odd ones."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hanse.errors import FormatError
from hanse.graph.lexing import go_on
from hanse.limits import LIMITS
from hanse.stream.import_script import Script, read_script, required_by
from hanse.stream.import_stubs import stubbed_requires
from tests.engines.pulling import BUILDS


def read(source: bytes) -> Script:
    return read_script(source, subject="remoteEntry.js", stop=go_on)


@pytest.mark.parametrize(
    ("build", "file", "expose"),
    [
        ("quay", "remoteEntry.js", "./Crane"),
        ("dock", "entry/remoteEntry.js", "./Crane"),
        ("ferry", "remoteEntry.js", "./Ticket"),
        ("next", "static/ssr/remoteEntry.js", "./Seal"),
    ],
)
def test_every_chunk_of_a_real_build_is_named(build: str, file: str, expose: str) -> None:
    path = BUILDS[build] / file
    found = read(path.read_bytes())
    folder = path.parent
    for _ in range(found.climb):
        folder = folder.parent
    written = {one.relative_to(folder).as_posix() for one in folder.rglob("*.js")}
    # Next.js copies chunks of its other entries, too.
    if build != "next":
        assert set(found.files) == written - {path.relative_to(folder).as_posix()}
    assert len(found.files) > 2
    assert set(found.files) <= written
    assert found.exposes is not None
    assert found.exposes[expose] in written


def test_names_without_hashes_are_possible_ones() -> None:
    found = read((BUILDS["wharf"] / "remoteEntry.js").read_bytes())
    assert found.files == ()
    assert "chunks/src_Crane_js.js" in found.possible
    assert found.exposes == {"./Crane": "chunks/src_Crane_js.js"}
    assert found.global_name == "wharf"


def test_remotes_that_are_consumed_are_found() -> None:
    found = read((BUILDS["pier"] / "remoteEntry.js").read_bytes())
    assert found.remotes == {"quay": "http://quay.invalid/remoteEntry.js"}


def test_what_a_next_application_asks_its_host_for() -> None:
    found = read((BUILDS["next"] / "static" / "ssr" / "remoteEntry.js").read_bytes())
    assert {"react", "react-dom"} <= set(found.externals)
    assert not {"fs", "path", "vm", "node:fs"} & set(found.externals)


def test_pages_and_floods_are_refused() -> None:
    with pytest.raises(FormatError, match="a page, and no script"):
        read(b" <!doctype html>")
    many = "x.u=e=>e+'.js';" + "".join(f"r.e({n});" for n in range(20))
    with pytest.raises(FormatError, match="too many chunks"):
        read_script(many.encode(), subject="x", stop=go_on, limits=replace(LIMITS, stream_modules=10))
    with pytest.raises(FormatError, match="too large"):
        read_script(b"a" * 20, subject="x", stop=go_on, limits=replace(LIMITS, module_bytes=10))
    with pytest.raises(FormatError, match="takes too long"):
        read_script(b"a();" * 100_000, subject="x", stop=lambda: True)


def test_requires_are_found_where_they_stand() -> None:
    text = b"a.require('no'); require( \"react\" ); xrequire('no'); require('node:path')"
    assert required_by(text) == ("react",)


THROWS = "throw Error('Dynamic require of \"'+e+'\" is not supported')"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (
            f'var p=(e=>typeof require<"u"?require:0)(function(e){{{THROWS}}});p("react");p("react-dom")',
            ("react", "react-dom"),
        ),
        (
            f'var __require = /* @__PURE__ */ ((e) => typeof require !== ""); {THROWS}; __require("react")',
            ("react",),
        ),
        ('import { a as __require } from "./chunk.js"; __require("react")', ("react",)),
        (THROWS, ("?",)),
        ('import "react"; require("x")', ()),
    ],
)
def test_requires_that_esbuild_stubs_are_found(text: str, names: tuple[str, ...]) -> None:
    assert stubbed_requires(text.encode()) == names
