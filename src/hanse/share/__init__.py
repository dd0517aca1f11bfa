"""Module Federation's sharing as a model without I/O: share scopes, versions, layers, hooks.

A `Runtime` is one JavaScript global. Applications (`App`) are started in it as an `Instance`, or offered as
remotes; loading a shared package tells whose copy a consumer gets.
"""

from __future__ import annotations

from hanse.share.choosing import Found
from hanse.share.entries import Entry, ShareScopeMap
from hanse.share.hooks import HOOKS, HookArgs, RuntimePlugin
from hanse.share.host_packages import HostPackages
from hanse.share.instance import Instance
from hanse.share.options import ABSENT, UNDEFINED, App, Config, Copy, Custom, Exposed, Remote, Shaking, Shared
from hanse.share.remotes import Container
from hanse.share.runtime import Runtime
from hanse.share.satisfy import satisfy

__all__ = [
    "ABSENT",
    "HOOKS",
    "UNDEFINED",
    "App",
    "Config",
    "Container",
    "Copy",
    "Custom",
    "Entry",
    "Exposed",
    "Found",
    "HookArgs",
    "HostPackages",
    "Instance",
    "Remote",
    "Runtime",
    "RuntimePlugin",
    "Shaking",
    "ShareScopeMap",
    "Shared",
    "satisfy",
]
