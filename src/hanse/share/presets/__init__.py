"""Presets: finished `shared` objects for Next.js, React, Angular and Vue, and what goes with them."""

from __future__ import annotations

from hanse.share.presets.externals import (
    Detection,
    External,
    ExternalKind,
    ExternalReason,
    decide_external,
    find_wrapped,
)
from hanse.share.presets.frameworks import FRAMEWORKS, Framework, Reasoned, framework_shared
from hanse.share.presets.matching import match_shared
from hanse.share.presets.next import (
    Tidied,
    merge_shared,
    next_shared,
    remove_unnecessary_shared_keys,
    retrieve_default_shared,
)
from hanse.share.presets.next_layers import Layered, layered_entries, layered_table
from hanse.share.presets.next_tables import NextVersion, Release, Table, Target, Variant
from hanse.share.presets.options import Own, SharedOption, SharedTable, decode_shared, plain_table
from hanse.share.presets.writing import Config, javascript, plain_config

__all__ = [
    "FRAMEWORKS",
    "Config",
    "Detection",
    "External",
    "ExternalKind",
    "ExternalReason",
    "Framework",
    "Layered",
    "NextVersion",
    "Own",
    "Reasoned",
    "Release",
    "SharedOption",
    "SharedTable",
    "Table",
    "Target",
    "Tidied",
    "Variant",
    "decide_external",
    "decode_shared",
    "find_wrapped",
    "framework_shared",
    "javascript",
    "layered_entries",
    "layered_table",
    "match_shared",
    "merge_shared",
    "next_shared",
    "plain_config",
    "plain_table",
    "remove_unnecessary_shared_keys",
    "retrieve_default_shared",
]
