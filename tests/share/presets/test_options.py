from __future__ import annotations

import json

import pytest
from msgspec import UNSET

from hanse.errors import FormatError
from hanse.limits import LIMITS
from hanse.share.presets import SharedOption, decode_shared, plain_table
from hanse.share.presets.options import given


def test_absent_undefined_false_and_a_value_are_told_apart() -> None:
    read = decode_shared('{"a": {"requiredVersion": null, "import": false, "version": "1.0.0"}, "b": "^1"}')
    option = read["a"]
    assert isinstance(option, SharedOption)
    assert option.singleton is UNSET
    assert option.required_version is None
    assert option.import_ is False
    assert option.version == "1.0.0"
    assert [*given(option)] == [("requiredVersion", None), ("import", False), ("version", "1.0.0")]
    assert plain_table(read) == {"a": {"import": False, "version": "1.0.0"}, "b": "^1"}


def test_every_option_has_its_javascript_name() -> None:
    document = {
        "react/": {
            "singleton": True,
            "requiredVersion": "^19.0.0",
            "import": "react",
            "version": False,
            "eager": True,
            "strictVersion": False,
            "layer": "rsc",
            "issuerLayer": "ssr",
            "shareKey": "react/",
            "request": "react/",
            "shareScope": ["default", "rsc"],
            "packageName": "react",
            "allowNodeModulesSuffixMatch": True,
        }
    }
    assert plain_table(decode_shared(json.dumps(document))) == document


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("[]", "$"),
        ("{", "$"),
        ('{"react": {"singelton": true}}', "$.react"),
        ('{"react": 5}', "$.react"),
        ('{"react": {"import": true}}', "$.react.import"),
        ('{"react": {"requiredVersion": true}}', "$.react.requiredVersion"),
        ('{"react": {"eager": "yes"}}', "$.react.eager"),
        ('{"a/": {"shareKey": "a"}}', '$["a/"].shareKey'),
        ('{"a": {"request": "a/"}}', "$.a.shareKey"),
        ('{"__proto__": {}}', "$.__proto__"),
        ('{"a b": {}}', '$["a b"]'),
    ],
)
def test_faults_of_a_users_table_name_their_place(text: str, path: str) -> None:
    with pytest.raises(FormatError) as caught:
        decode_shared(text, subject="shared.json")
    assert caught.value.subject == "shared.json"
    assert caught.value.path == path


def test_a_table_has_a_size() -> None:
    with pytest.raises(FormatError, match="too large"):
        decode_shared(" " * (LIMITS.config_bytes + 1))
