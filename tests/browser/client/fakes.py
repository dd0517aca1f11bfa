"""Containers written by hand, which tell what was done to them, on a stage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hanse.html import inline_json
from hanse.web.client import CONTAINERS
from tests.browser.client.stage import Stage

__all__ = ["describe", "give", "offer", "write_container"]


def describe(name: str, **changes: Any) -> dict[str, Any]:
    """Describe a container that is a classic script at `/NAME.js`."""
    return {
        "script": f"/{name}.js",
        "type": "script",
        "global": name,
        "exposes": None,
        "scopes": ["default"],
        **changes,
    }


def offer(**changes: Any) -> dict[str, Any]:
    """Describe what provides a version."""
    return {"singleton": True, "requiredVersion": "^1.0.0", "strictVersion": False, "from": "home", **changes}


def write_container(name: str, exposes: str = "'./Card': () => ({ card: 'CARD' })", init: str = "") -> str:
    """Write a container that keeps what its `init` is called with.

    Args:
        name: Its global name.
        exposes: The members of an object, factories by key.
        init: What else `init` does with `scope`, `initScope` and `options`.
    """
    text = f"""var {name} = {{
      calls: [],
      async init(scope, initScope, options) {{ this.calls.push([scope, initScope, options]); {init} }},
      async get(key) {{
        const exposes = {{ {exposes} }};
        if (!exposes[key]) throw new Error(`there is no ${{key}}`);
        return exposes[key];
      }},
    }};"""
    return text.replace("CARD", name)


def give(stage: Stage, containers: Mapping[str, Any], shared: Mapping[str, Any] | None = None) -> None:
    """Put containers into a stage's page."""
    data = inline_json({"containers": containers, "shared": shared or {}})
    opening = '<script nonce="{nonce}"'
    stage.before = (
        f'{opening} type="application/json" id="hanse-containers">{data}</script>'
        f'{opening} type="module">{CONTAINERS}</script>'
    )
