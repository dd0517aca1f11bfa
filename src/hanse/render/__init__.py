"""Fragments: exposed modules of remotes, rendered on the server and put into pages."""

from __future__ import annotations

from hanse.render.faults import Fault
from hanse.render.fragment import Fragment, Mode
from hanse.render.renderer import Renderer
from hanse.render.requests import RequestContext
from hanse.render.scene import Scene
from hanse.render.stage import Part, Stage
from hanse.render.streaming import FragmentStream
from hanse.render.wishes import Wish, Wishes, read_wishes

__all__ = [
    "Fault",
    "Fragment",
    "FragmentStream",
    "Mode",
    "Part",
    "Renderer",
    "RequestContext",
    "Scene",
    "Stage",
    "Wish",
    "Wishes",
    "read_wishes",
]
