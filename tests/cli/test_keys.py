from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from hanse.formats.config import decode_config
from hanse.stream import key_id, public_key, read_key, read_key_file, write_key
from tests.cli.running import Run


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_new_keys_are_for_this_user_alone_and_said_by_their_public_halves(run: Run, home: Path) -> None:
    found = run("keys", "new", "shop", "--json")
    file = home / "shop.keys"
    keys = read_key_file(file)
    assert found.code == 0
    assert found.json == {
        "file": "shop.keys",
        "remote": "shop",
        "key_id": key_id(keys.shared[0]),
        "public_key": write_key(public_key(keys.private), "public"),
        "public_key_id": key_id(public_key(keys.private)),
        "variable": "SHOP_KEY",
    }
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(keys.shared) == len(keys.signing) == 1
    assert keys.shared[0] != keys.signing[0]


def test_what_goes_where_is_printed_without_a_secret(run: Run, home: Path) -> None:
    found = run("keys", "new", "team/shop", "--file", "a.keys")
    keys = read_key_file(home / "a.keys")
    assert "hanse-key-1:" not in found.out + found.err
    assert "hanse-private-1:" not in found.out + found.err
    lines = found.out.split("hanse.toml:")[1].split("TEAM_SHOP_KEY is")[0]
    shared = write_key(keys.shared[0], "key")
    config = decode_config(lines.replace("...", "shop.example/"), environment={"TEAM_SHOP_KEY": shared})
    settings = config.settings["team/shop"]
    assert settings.key == shared
    assert read_key(settings.public_key or "", "public", subject="toml") == public_key(keys.private)


def test_keys_that_are_there_are_not_overwritten(run: Run, home: Path) -> None:
    run("keys", "new", "shop")
    before = (home / "shop.keys").read_bytes()
    found = run("keys", "new", "shop")
    assert found.code == 2
    assert "there already" in found.err
    assert (home / "shop.keys").read_bytes() == before
    assert run("keys", "new", "__proto__").code == 2


def test_show_has_ids_and_public_halves_and_shared_keys_only_where_asked(run: Run, home: Path) -> None:
    run("keys", "new", "shop")
    keys = read_key_file(home / "shop.keys")
    plain = run("keys", "show", "shop.keys")
    assert f"shared   {key_id(keys.shared[0])}  in use\n" in plain.out
    assert write_key(public_key(keys.private), "public") in plain.out
    assert "hanse-key-1:" not in plain.out
    secret = run("keys", "show", "shop.keys", "--secret", "--json").json
    assert secret["shared"] == [
        {"id": key_id(keys.shared[0]), "in_use": True, "key": write_key(keys.shared[0], "key")}
    ]
    assert "hanse-private-1:" not in run("keys", "show", "shop.keys", "--secret").out


def test_rotating_keeps_the_old_key_behind_the_new_one(run: Run, home: Path) -> None:
    run("keys", "new", "shop")
    file = home / "shop.keys"
    first = read_key_file(file)
    found = run("keys", "rotate", "shop.keys", "--json")
    second = read_key_file(file)
    assert second.shared[1:] == first.shared
    assert second.signing == first.signing
    assert found.json["key_id"] == key_id(second.shared[0])
    assert found.json["kept"] == [key_id(first.shared[0])]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    run("keys", "rotate", "shop.keys", "--kept", "0")
    third = read_key_file(file)
    assert len(third.shared) == 1
    assert third.shared[0] not in second.shared
    signing = run("keys", "rotate", "shop.keys", "--signing", "--json").json
    fourth = read_key_file(file)
    assert fourth.shared == third.shared
    assert fourth.signing[1:] == first.signing
    texts = signing["public_key"].split()
    assert texts == [write_key(public_key(key), "public") for key in fourth.signing]
    assert "hanse-" not in run("keys", "rotate", "shop.keys").out


@pytest.mark.parametrize("command", [["show"], ["rotate"]])
def test_a_file_that_others_may_read_is_refused(run: Run, home: Path, command: list[str]) -> None:
    run("keys", "new", "shop")
    (home / "shop.keys").chmod(0o640)
    found = run("keys", *command, "shop.keys", "--json")
    assert found.code == 2
    assert "others on this machine may read" in found.problem["message"]
    assert "chmod 600" in found.problem["hint"]


@pytest.mark.parametrize("content", ["", "secret", "hanse-key-1:AAAA", "# nothing but a comment"])
def test_a_file_without_keys_is_refused_and_not_shown(run: Run, home: Path, content: str) -> None:
    file = home / "bad.keys"
    file.write_text(content)
    file.chmod(0o600)
    found = run("keys", "show", file)
    assert found.code == 2
    assert not content or content not in found.err
    assert run("keys", "show", home / "none.keys").code == 2


def test_how_many_are_kept_is_bounded(run: Run) -> None:
    run("keys", "new", "shop")
    for kept in ("-1", "8"):
        assert run("keys", "rotate", "shop.keys", "--kept", kept).code == 2


def test_without_the_extra_it_says_what_to_install() -> None:
    code = "import sys; sys.modules['cryptography'] = None; from hanse.cli import main; sys.exit(main())"
    for command in (["keys", "show", "shop.keys"], ["rollback", "shop"]):
        found = subprocess.run(
            [sys.executable, "-c", code, *command], capture_output=True, text=True, timeout=60, check=False
        )
        assert found.returncode == 2
        assert "pip install 'hanse[stream]'" in found.stderr
