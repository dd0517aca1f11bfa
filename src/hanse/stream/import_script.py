"""What a container script for servers says of itself, read from its text: nothing of it is ever run.

Bundlers write down in the script alone which chunks there are, and what they are called. Positions are found
by words, which costs time in proportion to the text; what stands there is read from the syntax tree.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tree_sitter import Node

from hanse.errors import FormatError
from hanse.graph.lexing import Stop, parse
from hanse.graph.literals import read_literal
from hanse.limits import LIMITS, Limits
from hanse.stream.import_templates import Template, apply_template, known_ids, read_template

__all__ = ["Script", "chunk_ids", "find_remotes", "read_script", "required_by"]

NAMING: Final = re.compile(rb"\.u\s{0,9}=(?!=)")
# `__webpack_require__.e(82)`, however that is called when it is minified.
LOADING: Final = re.compile(
    rb"""\.e\(\s{0,99}(?:/\*[^*]{0,400}\*/\s{0,99})?"""
    rb"""(?:(?P<number>\d{1,20})|(?P<quote>["'])(?P<text>[^"'\\\r\n]{1,400})(?P=quote))\s{0,99}\)"""
)
EXPOSING: Final = re.compile(
    rb"""["'](?P<key>\.(?:/[^"'\\\r\n]{1,400})?)["']\s{0,99}:\s{0,99}(?:\(\)\s{0,9}=>|function\s{0,9}\()"""
)
GIVING: Final = re.compile(
    rb"""\bmodule\.exports(?:\.(?P<name>[A-Za-z_$][\w$]{0,200})|\[["'](?P<text>[^"'\\\r\n]{1,200})["']\])\s{0,9}=(?!=)"""
)
REMOTE: Final = re.compile(
    rb"""\bname["']?\s{0,99}:\s{0,99}["'](?P<name>[^"'\\\r\n]{1,200})["']\s{0,99},\s{0,99}"""
    rb"""["']?entry["']?\s{0,99}:\s{0,99}["'](?P<entry>https?:[^"'\\\r\n]{1,2000})["']"""
)
# Where chunks lie, seen from the script: what it puts between its own folder and their names.
ROOT: Final = re.compile(
    rb"""\.join\(\s{0,9}__dirname\s{0,9},\s{0,9}["'](?P<climb>(?:\.\./){0,16})["']\s{0,9}\+"""
)
REQUIRING: Final = re.compile(
    rb"""(?<![\w$.])require\(\s{0,9}["'](?P<name>[^"'\\\r\n]{1,400})["']\s{0,9}\)"""
)
# What engines give to container scripts, with and without Node's prefix.
SHIMS: Final = frozenset({"fs", "path", "vm"})


@dataclass(frozen=True, slots=True)
class Script:
    """What a container script says.

    Attributes:
        files: The chunks that its tables name, relative to the build's folder: they have to be there.
        possible: Chunks that it may ask for; some ids stand for no file at all.
        template: How any chunk is called; None where that was not understood.
        exposes: Key -> the chunk of the exposed module, None where that is not told.
        global_name: What the container is called in `module.exports`; None where that is not told.
        climb: How many folders the script lies below the build's own.
        remotes: Name -> URL of the remotes that it consumes.
        externals: What it requires of its host.
    """

    files: tuple[str, ...] = ()
    possible: tuple[str, ...] = ()
    template: Template | None = None
    exposes: Mapping[str, str | None] | None = None
    global_name: str | None = None
    climb: int = 0
    remotes: Mapping[str, str] | None = None
    externals: tuple[str, ...] = ()


def read_script(source: bytes, *, subject: str, stop: Stop, limits: Limits = LIMITS) -> Script:
    """Read a container script.

    Args:
        source: Its text.
        subject: Its URL, for messages.
        stop: Asked again and again whether to give up.
        limits: The caps on its size, and on the chunks it may name.

    Raises:
        FormatError: It is too large, takes too long, names too many chunks, or is no script at all.
    """
    if source.lstrip()[:1] == b"<":
        raise FormatError("this is a page, and no script", subject=subject, found="<", expected="JavaScript")
    if len(source) > limits.module_bytes:
        raise FormatError(
            "this script is too large",
            subject=subject,
            found=f"{len(source)} bytes",
            expected=f"at most {limits.module_bytes} bytes",
        )
    tree = parse(source, stop)
    if tree is None:
        raise FormatError("it takes too long to read this script", subject=subject, expected="JavaScript")
    template = find_template(source, tree.root_node)
    ids = [] if template is None else [*known_ids(template)]
    files = names_for(template, ids)
    known = set(ids)
    possible = names_for(template, [one for one in chunk_ids(source) if one not in known])
    refuse_many(len(files) + len(possible), subject, limits)
    return Script(
        files=tuple(files),
        possible=tuple(one for one in possible if one not in files),
        template=template,
        exposes=find_exposes(source, tree.root_node, template),
        global_name=find_global(source),
        climb=find_climb(source),
        remotes=find_remotes(source),
        externals=required_by(source),
    )


def chunk_ids(source: bytes) -> list[str]:
    """Return the ids of the chunks that a script loads by literal ids, each once."""
    found = (match["number"] or match["text"] for match in LOADING.finditer(source))
    return [*dict.fromkeys(one.decode("utf-8", "replace") for one in found)]


def required_by(source: bytes) -> tuple[str, ...]:
    """Return what a CommonJS text requires by literal names, without what every engine has for containers."""
    found = (match["name"].decode("utf-8", "replace") for match in REQUIRING.finditer(source))
    return tuple(name for name in dict.fromkeys(found) if name.removeprefix("node:") not in SHIMS)


def names_for(template: Template | None, ids: list[str]) -> list[str]:
    """Return what chunks are called, each name once; ids without a name are left out."""
    if template is None:
        return []
    names = (apply_template(template, one) for one in ids)
    return [*dict.fromkeys(name for name in names if name is not None)]


def refuse_many(count: int, subject: str, limits: Limits) -> None:
    """Raise where a script names more chunks than any build has.

    Raises:
        FormatError: It does.
    """
    if count > limits.stream_modules:
        raise FormatError(
            "it names too many chunks",
            subject=subject,
            found=str(count),
            expected=f"at most {limits.stream_modules}",
        )


def find_template(source: bytes, root: Node) -> Template | None:
    """Find the function that names chunks: the last one that could."""
    found: Template | None = None
    for match in NAMING.finditer(source):
        node = root.descendant_for_byte_range(match.start(), match.end())
        if node is None or node.type != "assignment_expression":
            continue
        right = node.child_by_field_name("right")
        template = None if right is None else read_template(source, right)
        if template is not None and names_scripts(template):
            found = template
    return found


def names_scripts(template: Template) -> bool:
    """Tell whether a function gives names of scripts."""
    ids = [*known_ids(template), "0"]
    return any((name := apply_template(template, one)) and name.endswith((".js", ".cjs")) for one in ids)


def find_exposes(source: bytes, root: Node, template: Template | None) -> dict[str, str | None] | None:
    """Find the exposed modules: keys of a table of functions that load chunks."""
    found: dict[str, str | None] = {}
    for match in EXPOSING.finditer(source):
        node = root.descendant_for_byte_range(match.start(), match.end())
        if node is None or node.type != "pair":
            continue
        text = source[match.end() : node.end_byte]
        names = names_for(template, chunk_ids(text))
        if not names and b"then(" not in text:
            continue
        key = read_literal(match["key"].decode("utf-8", "replace"))
        found.setdefault(key, names[-1] if names else None)
    return found or None


def find_global(source: bytes) -> str | None:
    """Find what the container is called in `module.exports`: what is assigned last."""
    found = [*GIVING.finditer(source)]
    return (found[-1]["name"] or found[-1]["text"]).decode("utf-8", "replace") if found else None


def find_climb(source: bytes) -> int:
    """Find how many folders up from the script its chunks are counted from."""
    found = ROOT.search(source)
    return 0 if found is None else found["climb"].count(b"/")


def find_remotes(source: bytes) -> dict[str, str]:
    """Find the remotes that the script consumes."""
    found: dict[str, str] = {}
    for match in REMOTE.finditer(source):
        found.setdefault(match["name"].decode("utf-8", "replace"), match["entry"].decode("utf-8", "replace"))
    return found
