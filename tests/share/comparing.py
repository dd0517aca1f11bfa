"""Comparing outcomes of sharing: everything but the messages of errors."""

from __future__ import annotations

from typing import Any

PARTS = ("outcomes", "shareScopeMap", "log", "unhandledRejections", "events")


def without_messages(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: without_messages(item)
            for key, item in value.items()
            if key != "error" or not isinstance(item, str)
        }
    if isinstance(value, list):
        return [without_messages(item) for item in value]
    return value
