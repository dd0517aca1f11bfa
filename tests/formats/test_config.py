"""`hanse.toml`: what can be written, and what a fault says."""

from __future__ import annotations

from pathlib import Path

import pytest

from hanse.errors import FormatError
from hanse.formats.config import (
    Config,
    FederationTable,
    HostEntry,
    Options,
    RemoteSettings,
    decode_config,
    read_config,
)
from hanse.formats.manifest import Remote
from hanse.resolve.policy import Policy

WHOLE = """
[federation]
manifest = "https://site.example/manifest.json"
policy = "compatible"
host_entry = { url = "./remoteEntry.json", name = "shell", cache_tag = "r1" }
allowed_origins = ["https://cdn.example", "env:EXTRA_ORIGIN"]
refresh = "env:REFRESH"
cache_folder = ".hanse"
families = [["vue", "@vue/shared"]]

[federation.options]
strict = true
strict_import_map = false
latest_shared_external = true
override_cached_remotes = "never"
cache_tag = "r2"
use_auto_external_pooling = true

[federation.remotes]
cart = "https://cdn.example/cart/remoteEntry.json"
"team/help" = { url = "/help/remoteEntry.json", type = "mf" }

[remotes.shop]
url = "https://cdn.example/shop/remoteEntry.json"
server = "https://shop.internal.example/"
integrity = "sha384-OLBgp1GsljhM2TJ+sbHjaiH9txEUvgdDTAzHv2P24donTt6/529l+9Ua0vFImLlb"
engine = "deno"
trusted = "env:TRUSTED"
delegate = "shop.delegate:connect"
key = "env:SHOP_KEY"
public_key = "MCowBQYDK2VwAyEA"
deadline = 2
layer = "action-browser"

[remotes.cart]
engine = "wasm"
trusted = false

[app]
asgi = "shop.api:app"
secret = "env:NOT_LOOKED_UP"
[exposes]
"./Card" = "components/Card.tsx"
[shared]
react = { singleton = true }
"""

ENVIRONMENT = {
    "EXTRA_ORIGIN": "http://localhost:3000",
    "REFRESH": "12.5",
    "SHOP_KEY": "correct horse",
    "TRUSTED": "false",
}


def decode(text: str, **environment: str) -> Config:
    """Decode a file under an environment."""
    return decode_config(text, environment=environment)


def test_everything_that_can_be_written_is_read() -> None:
    config = decode(WHOLE, **ENVIRONMENT)
    assert config.manifest == "https://site.example/manifest.json"
    assert config.policy == "compatible"
    assert config.host_entry == HostEntry(url="./remoteEntry.json", name="shell", cache_tag="r1")
    assert config.allowed_origins == ("https://cdn.example", "http://localhost:3000")
    assert (config.refresh, config.cache_folder) == (12.5, ".hanse")
    assert config.families == (("vue", "@vue/shared"),)
    shop = config.settings["shop"]
    assert shop == RemoteSettings(
        url="https://cdn.example/shop/remoteEntry.json",
        server="https://shop.internal.example/",
        integrity="sha384-OLBgp1GsljhM2TJ+sbHjaiH9txEUvgdDTAzHv2P24donTt6/529l+9Ua0vFImLlb",
        engine="deno",
        trusted=False,
        delegate="shop.delegate:connect",
        key="correct horse",
        public_key="MCowBQYDK2VwAyEA",
        deadline=2.0,
        layer="action-browser",
    )
    assert config.settings["cart"] == RemoteSettings(engine="wasm", trusted=False)
    assert dict(config.remotes) == {
        "cart": Remote("https://cdn.example/cart/remoteEntry.json"),
        "team/help": Remote("/help/remoteEntry.json", type="mf"),
        "shop": Remote(str(shop.url), shop.integrity, shop.server),
    }
    assert config.app == {"asgi": "shop.api:app", "secret": "env:NOT_LOOKED_UP"}
    assert config.exposes == {"./Card": "components/Card.tsx"}
    assert config.shared == {"react": {"singleton": True}}


def test_options_are_those_of_the_policies() -> None:
    config = decode(WHOLE, **ENVIRONMENT)
    assert config.options == {
        "strict_remote_entry": True,
        "strict_external_compatibility": True,
        "strict_external_same_version_compatibility": True,
        "strict_external_version": True,
        "strict_import_map": False,
        "strict_entry_point_coverage": True,
        "latest_shared_external": True,
        "override_cached_remotes": "never",
        "cache_tag": "r2",
        "use_auto_external_pooling": True,
    }
    policy = Policy.named(config.policy, dict(config.options))
    assert policy.strict.strict_remote_entry
    assert not policy.strict.strict_import_map


def test_an_empty_file_is_a_config() -> None:
    assert decode("") == Config()
    assert decode("[federation]\n") == Config()


def test_bytes_a_byte_order_mark_and_crlf_are_read() -> None:
    data = b'\xef\xbb\xbf[federation]\r\nmanifest = "m.json"\r\nx = 1\r\n'
    with pytest.raises(FormatError) as caught:
        decode_config(data, environment={})
    assert caught.value.subject == "hanse.toml:3"
    assert decode_config(data.replace(b"x = 1", b""), environment={}).manifest == "m.json"


def test_a_key_is_never_shown() -> None:
    config = decode('[remotes.a]\nkey = "correct horse"')
    assert config.settings["a"].key == "correct horse"
    assert "correct horse" not in repr(config)
    assert "correct horse" not in str(config.settings["a"])
    assert "key=None" in repr(decode("[remotes.a]").settings["a"])


FAULTS = {
    '[federation]\npolcy = "coherent"': (2, "federation.polcy", "'polcy'", "", "did you mean `policy`?"),
    "[federatoin]\n": (1, "federatoin", "'federatoin'", "", "did you mean `federation`?"),
    "[zzz]\n": (1, "zzz", "'zzz'", "one of federation, remotes, rendering, app, exposes, shared", ""),
    "# c\n\n[federation]\nrefresh = -1\n": (4, "federation.refresh", "-1", "a number >= 0.0", ""),
    "[federation]\nrefresh = true\n": (2, "federation.refresh", "True", "number", ""),
    '[federation]\npolicy = "x"\n': (2, "federation.policy", "'x'", "'coherent' or 'compatible'", ""),
    "federation = 3\n": (1, "federation", "number", "table", ""),
    "[remotes]\nshop = 'x'\n": (2, "remotes.shop", "string", "table", ""),
    "[remotes.shop]\n\n\ntrusted = 'no'\n": (4, "remotes.shop.trusted", "'no'", "true or false", ""),
    "[remotes.shop]\nkey = ''' a\nb '''\ndeadline = 'x'\n": (4, "remotes.shop.deadline", "'x'", "number", ""),
    "[remotes.shop]\nengine = 'node'\n": (2, "remotes.shop.engine", "'node'", "'deno' or 'wasm'", ""),
    "[remotes.'a.b']\nurl = 3\n": (2, 'remotes["a.b"].url', "3", "string", ""),
    "[remotes.a]\nurl = 'https://['\n": (2, "remotes.a.url", "'https://['", "a URL", ""),
    "[remotes.a]\nintegrity = 'sha1-x'\n": (2, "remotes.a.integrity", "'sha1-x'", "a digest", ""),
    "[remotes.__proto__]\n": (1, "remotes.__proto__", "'__proto__'", "a remote's name", ""),
    "federation.host_entry = { name = 'x' }\n": (1, "federation.host_entry", "", "a value for `url`", ""),
    "[federation]\nallowed_origins = ['https://a.example/x']\n": (
        2,
        "federation.allowed_origins",
        "'https://a.example/x'",
        "scheme, host and port: `https://cdn.example`",
        "",
    ),
    "[federation]\nfamilies = [['a'], 'b']\n": (2, "federation.families", "string", "array", ""),
    "[federation]\nremotes = { a = { url = 1 } }\n": (2, "federation.remotes.a.url", "1", "string", ""),
    "[federation.options]\nstrict = 'yes'\n": (2, "federation.options.strict", "'yes'", "true or false", ""),
    "[federation]\nremotes.a = '/a'\n[remotes.a]\nurl = '/b'\n": (4, "remotes.a.url", "", "", ""),
}


@pytest.mark.parametrize("text", FAULTS)
def test_a_fault_names_file_line_key_found_and_expected(text: str) -> None:
    line, path, found, expected, hint = FAULTS[text]
    with pytest.raises(FormatError) as caught:
        decode(text)
    error = caught.value
    assert (error.subject, error.path) == (f"hanse.toml:{line}", path)
    assert (error.found, error.expected, error.hint) == (found, expected, hint)


def test_a_variable_that_is_not_set_is_named() -> None:
    with pytest.raises(FormatError, match="SHOP_KEY is not set") as caught:
        decode("[remotes.shop]\nkey = 'env:SHOP_KEY'\n")
    assert caught.value.subject == "hanse.toml:2"


@pytest.mark.parametrize(
    "text",
    [
        "[remotes.a]\nurl = 'env:SECRET'\n",
        "[remotes.a]\ndeadline = 'env:SECRET'\n",
        "[remotes.a]\nengine = 'env:SECRET'\n",
        "[federation]\nallowed_origins = ['env:SECRET']\n",
        "[federation.remotes]\na = 'env:SECRET'\n",
        "[federation]\nhost_entry = 'env:SECRET'\n",
    ],
)
def test_what_a_variable_holds_is_not_repeated(text: str) -> None:
    with pytest.raises(FormatError) as caught:
        decode(text, SECRET="https://user:hunter2@[")
    assert "hunter2" not in str(caught.value)
    assert "SECRET" in caught.value.found


def test_syntax_faults_have_a_line() -> None:
    with pytest.raises(FormatError, match="not TOML") as caught:
        decode("[federation]\nmanifest = \n")
    assert caught.value.subject == "hanse.toml:2"


def test_every_fault_is_listed_in_the_order_of_the_file() -> None:
    text = "[remotes.a]\nx = 1\nurl = 2\n[federation]\ny = 3\n[remotes.b]\nengine = 'env:E'\nz = 4\n"
    config, faults = read_config(text, environment=None)
    assert [fault.subject for fault in faults] == [f"hanse.toml:{line}" for line in (2, 3, 5, 8)]
    assert list(config.settings) == ["a", "b"]


PAGE = Path(__file__).parents[2] / "docs" / "reference" / "hanse-toml.md"


def test_the_reference_names_every_key() -> None:
    text = PAGE.read_text("utf-8")
    structs = (FederationTable, Options, HostEntry, RemoteSettings)
    keys = {name for struct in structs for name in struct.__struct_fields__}
    assert {key for key in keys if f"`{key}`" not in text} == set()


def test_the_example_of_the_reference_can_be_read() -> None:
    example = PAGE.read_text("utf-8").split("```toml\n")[1].split("```")[0]
    config = decode(example, PREVIEW_ORIGIN="https://preview.example", SHOP_KEY="x")
    assert list(config.remotes) == ["help", "shop"]
    assert not config.settings["partner"].trusted
