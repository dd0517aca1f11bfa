"""QuickJS is the file that was pinned, and its machine code comes from nowhere but its user's own folder."""

from __future__ import annotations

import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from wasmtime import Config, Engine

from hanse.engines import EngineLimits, Generation, Source
from hanse.engines.wasm import WasmEngine
from hanse.engines.wasm.binary import find_binary, load_module
from hanse.errors import EngineError

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def engine_of_epochs() -> Engine:
    config = Config()
    config.epoch_interruption = True
    return Engine(config)


def kept(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.cwasm"))


def test_a_missing_file_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="make engine") as caught:
        find_binary((tmp_path / "quickjs.wasm",))
    assert caught.value.reason == "start"


def test_another_file_is_not_compiled(tmp_path: Path, engine_of_epochs: Engine) -> None:
    file = tmp_path / "quickjs.wasm"
    file.write_bytes(find_binary() + b"\0")
    with pytest.raises(EngineError, match="digest") as caught:
        load_module(engine_of_epochs, None, places=(file,))
    assert caught.value.reason == "start"


def test_machine_code_is_kept_for_its_user_alone(tmp_path: Path, engine_of_epochs: Engine) -> None:
    folder = tmp_path / "cache" / "engine"
    load_module(engine_of_epochs, folder)
    (file,) = kept(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    written = file.stat().st_mtime_ns
    load_module(engine_of_epochs, folder)
    assert file.stat().st_mtime_ns == written
    assert [file.name for file in folder.iterdir()] == [file.name]


def test_a_folder_that_others_may_write_into_is_not_used(tmp_path: Path, engine_of_epochs: Engine) -> None:
    for mode in (0o777, 0o770, 0o755):
        folder = tmp_path / f"{mode:o}"
        folder.mkdir()
        folder.chmod(mode)
        load_module(engine_of_epochs, folder)
        assert kept(folder) == []
    target = tmp_path / "target"
    target.mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(target)
    load_module(engine_of_epochs, tmp_path / "link")
    assert kept(target) == []


def test_machine_code_that_others_could_have_written_is_not_run(
    tmp_path: Path, engine_of_epochs: Engine
) -> None:
    folder = tmp_path / "engine"
    load_module(engine_of_epochs, folder)
    (file,) = kept(folder)
    good = file.read_bytes()
    for mode, body in ((0o666, good), (0o600, b"not machine code")):
        file.write_bytes(body)
        file.chmod(mode)
        load_module(engine_of_epochs, folder)
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert file.read_bytes()[:4] == good[:4]


async def test_an_engine_runs_without_a_place_for_machine_code(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    for engine in (WasmEngine(keep=False), WasmEngine(cache=tmp_path / "file" / "engine")):
        modules = {"a/a.js": Source(text="export const a = () => 1;", remote="a")}
        realm = await engine.open(Generation(id="g", modules=modules), EngineLimits(open=30.0))
        assert await realm.call("a/a.js", "a", []) == 1
        await engine.close()


@pytest.mark.node
def test_the_wheel_has_quickjs_and_its_licence(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=120)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        assert archive.read("hanse/engines/wasm/quickjs/quickjs.wasm") == find_binary()
        assert b"MIT" in archive.read("hanse/engines/wasm/quickjs/LICENSE")
        assert "hanse/engines/js/quickjs.js" in archive.namelist()
