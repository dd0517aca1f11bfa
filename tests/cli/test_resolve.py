from __future__ import annotations

import functools
import json
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from hanse.formats.import_map import serialise
from hanse.resolve import Policy
from hanse.resolve import resolve as resolve_remotes
from tests.cli.running import Run, towns, write_towns
from tests.resolve.federations import remote, shared


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class calls it so
        """Say nothing."""


@pytest.fixture
def site(manifest: Path) -> Iterator[str]:
    handler = functools.partial(QuietHandler, directory=str(manifest.parent))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_prints_the_map_and_nothing_else(run: Run, manifest: Path) -> None:
    found = run("resolve", manifest)
    assert found.code == 0
    assert found.json["imports"]["react"] == "./shop/react.js"
    assert found.json["scopes"] == {"./cart/": {"react": "./cart/react.js"}}
    assert found.out.startswith('{\n  "imports": {\n')
    assert "warning: cart: react@19.0.0 stays its own" in found.err


def test_quiet_leaves_standard_error_empty(run: Run, manifest: Path) -> None:
    assert run("resolve", manifest, "-q").err == ""


def test_json_is_the_map_byte_for_byte(run: Run, manifest: Path) -> None:
    found = run("resolve", manifest, "--json", "--quiet")
    moved = [
        type(one)(one.name, f"./{one.name}/remoteEntry.json", one.entry, host=one.host) for one in towns()
    ]
    assert found.out == serialise(resolve_remotes(moved).import_map).decode() + "\n"
    assert run("resolve", manifest, "--json", "--quiet") == found


def test_the_policy_and_its_options_can_be_given(run: Run, manifest: Path) -> None:
    latest = run("resolve", manifest, "-q", "--policy", "compatible", "--latest-shared-external")
    assert latest.json["imports"]["react"] == "./cart/react.js"
    assert "shop/./Card" in latest.json["imports"]
    assert "shop/Card" not in latest.json["imports"]


def test_every_option_of_the_policies_is_an_option_of_the_command(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    text = run("resolve", "--help").out
    for group in (Policy().strict, Policy().profile, Policy().feature):
        for field in group.__struct_fields__:
            assert f"--{field.replace('_', '-')} " in text


def test_what_a_strict_option_forbids_cannot_be_done(run: Run, manifest: Path) -> None:
    found = run("resolve", manifest, "--strict-external-compatibility")
    assert found.code == 2
    assert found.out == ""
    assert found.err.startswith("hanse: cart: react cannot be shared")
    assert found.err.count("\n") == 1
    assert run("resolve", manifest, "--strict").code == 2


def test_an_option_can_be_switched_off_again(run: Run, manifest: Path) -> None:
    toml = manifest.parent / "hanse.toml"
    toml.write_text(
        '[federation]\nmanifest = "manifest.json"\noptions = { latest_shared_external = true }\n'
        "families = []\n"
    )
    assert run("resolve", toml, "-q").json["imports"]["react"] == "./cart/react.js"
    off = run("resolve", toml, "-q", "--latest-shared-external=false")
    assert off.json["imports"]["react"] == "./shop/react.js"
    assert run("resolve", toml, "-q", "--policy", "compatible").json["imports"]["react"] == "./cart/react.js"


def test_a_hanse_toml_is_taken_where_nothing_is_given(
    run: Run, manifest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(manifest.parent)
    (manifest.parent / "hanse.toml").write_text('[federation]\nmanifest = "manifest.json"\n')
    assert run("resolve", "-q").json["imports"]["react"] == "./shop/react.js"
    assert run("resolve", ".", "-q").json["imports"]["react"] == "./shop/react.js"


def test_a_hanse_toml_says_itself_what_its_origins_are(run: Run, manifest: Path) -> None:
    toml = manifest.parent / "hanse.toml"
    toml.write_text('[federation]\nmanifest = "manifest.json"\n')
    found = run("resolve", toml, "--allow-origin", "https://cdn.example")
    assert found.code == 2
    assert "allowed_origins" in found.err


def test_a_folder_of_remote_entries_is_a_federation(run: Run, tmp_path: Path) -> None:
    manifest = write_towns(tmp_path / "built")
    manifest.unlink()
    found = run("resolve", tmp_path / "built", "-q")
    assert found.json["imports"]["react"] == "./shop/react.js"
    assert run("resolve", tmp_path / "built" / "cart", "-q").json["imports"]["cart/Card"] == "./Card.js"


def test_a_folder_without_any_is_none(run: Run, tmp_path: Path) -> None:
    found = run("resolve", tmp_path)
    assert found.code == 2
    assert found.err == (
        f"hanse: {tmp_path}: there is no hanse.toml, manifest.json or remoteEntry.json in this folder\n"
    )


def test_a_remote_that_cannot_be_had_costs_nobody_else(run: Run, manifest: Path) -> None:
    listing = json.loads(manifest.read_text())
    manifest.write_text(json.dumps({**listing, "gone": "./gone/remoteEntry.json"}))
    found = run("resolve", manifest)
    assert found.code == 1
    assert found.json["imports"]["react"] == "./shop/react.js"
    assert "warning: gone: left out: " in found.err
    assert found.err.count("gone") == found.err.count("gone:") + found.err.count("gone/")
    strict = run("resolve", manifest, "--strict-remote-entry", "--json")
    assert strict.code == 2
    assert strict.problem["subject"] == "gone"


def test_a_manifest_on_the_web(run: Run, site: str) -> None:
    found = run("resolve", f"{site}/manifest.json", "-q")
    assert found.code == 0
    assert found.json["imports"]["react"] == f"{site}/shop/react.js"


def test_a_host_can_be_named(run: Run, site: str, manifest: Path) -> None:
    write_towns(manifest.parent / "host", [remote("site", shared("react", "18.0.5", "^18.0.0"))])
    host = f"{site}/host/site/remoteEntry.json"
    found = run("resolve", f"{site}/manifest.json", "-q", "--host-entry", host)
    assert found.json["imports"]["react"] == f"{site}/host/site/react.js"


def test_the_manifests_digest_is_checked(run: Run, site: str) -> None:
    found = run("resolve", f"{site}/manifest.json", "--integrity", f"sha384-{'A' * 64}", "--json")
    assert found.code == 2
    assert found.problem["code"] == "HANSE-INTEGRITY"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nonsense", "the document is not JSON"),
        ("[]", "found array, expected object"),
        ("null", "found null, expected object"),
        ('{"shop": 5}', "$.shop"),
    ],
)
def test_a_broken_manifest_is_named(run: Run, manifest: Path, text: str, said: str) -> None:
    manifest.write_text(text)
    found = run("resolve", manifest)
    assert found.code == 2
    assert found.out == ""
    assert found.err.startswith(f"hanse: {manifest}: at $")
    assert said in found.err


def test_a_manifest_that_is_not_there(run: Run, tmp_path: Path) -> None:
    found = run("resolve", tmp_path / "nope.json", "--json")
    assert found.code == 2
    assert set(found.problem) == {"code", "subject", "message", "hint"}
    assert found.problem["subject"] == str(tmp_path / "nope.json")
