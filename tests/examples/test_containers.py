"""The example's containers: what their toolchains built, for browsers and for servers."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from examples.basic.remotes import Remote
from examples.containers.remotes import HERE, REMOTES, SERVERS, serve_remotes, serve_servers
from examples.containers.serve import describe_remotes
from hanse import Federation
from scripts.build_examples import build_examples
from scripts.node import ensure_node

pytestmark = pytest.mark.node

HARBOUR, FERRY, LIGHTHOUSE = REMOTES
REACT = ["react", "react-dom", "react-dom/client", "react/jsx-runtime"]

# What a server does with a container: no React is there, so it takes its own.
USE = """
const { ferry } = require(process.argv[1]);
(async () => {
  await ferry.init({});
  console.log(JSON.stringify(Object.keys((await ferry.get('./Ticket'))()).sort()));
})();
"""


@pytest.fixture(scope="module", autouse=True)
def _built() -> None:
    build_examples()


def read_manifest(remote: Remote) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads((remote.folder / remote.entry).read_text())
    return manifest


@pytest.mark.parametrize(
    ("remote", "exposes", "react", "kind"),
    [(FERRY, ["./Ticket", "./Timetable"], "19.2.9", "window"), (LIGHTHOUSE, ["./Lamp"], "19.3.1", "module")],
    ids=["ferry", "lighthouse"],
)
def test_what_a_container_exposes_and_shares(
    remote: Remote, exposes: list[str], react: str, kind: str
) -> None:
    manifest = read_manifest(remote)

    assert manifest["name"] == remote.name
    assert manifest["metaData"]["publicPath"] == "auto"
    assert manifest["metaData"]["remoteEntry"]["type"] == kind
    assert sorted(item["path"] for item in manifest["exposes"]) == exposes
    assert sorted(item["name"] for item in manifest["shared"]) == REACT
    assert {(item["version"], item["singleton"]) for item in manifest["shared"]} == {(react, True)}
    ranges = {item["name"]: item.get("requiredVersion") for item in manifest["shared"]}
    # From one build to the next, rspack writes the range it was told, or one of its own making.
    assert ranges["react"] in ("^19.0.0", f"^{react}")


def test_the_styles_and_the_lazy_chunk_are_files_of_their_own() -> None:
    timetable = next(item for item in read_manifest(FERRY)["exposes"] if item["path"] == "./Timetable")
    assert len(timetable["assets"]["css"]["sync"]) == 1
    assert len(timetable["assets"]["js"]["async"]) == 1
    (lamp,) = read_manifest(LIGHTHOUSE)["exposes"]
    assert len(lamp["assets"]["css"]["sync"]) == 1


def test_the_servers_container_runs_in_node() -> None:
    manifest = read_manifest(SERVERS[0])
    assert manifest["metaData"]["remoteEntry"]["type"] == "commonjs-module"
    script = SERVERS[0].folder / manifest["metaData"]["remoteEntry"]["name"]
    command = [str(ensure_node().program), "-e", USE, str(script.resolve())]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert json.loads(result.stdout) == ["Fare", "default", "mount"]


def test_the_two_builds_of_the_ferry_are_one_container() -> None:
    with serve_remotes(8490) as entries, serve_servers(8495) as servers:
        federation = Federation(describe_remotes(entries, servers), refresh_interval=None)
        try:
            snapshot = federation.sync.snapshot
        finally:
            federation.sync.close()
    ferry = snapshot.containers.containers["ferry"]
    assert ferry.script == entries["ferry"].replace("mf-manifest.json", "remoteEntry.js")
    assert ferry.server_script == servers["ferry"].replace("mf-manifest.json", "remoteEntry.js")
    assert ferry.server_type == "commonjs-module"
    assert not [one for one in snapshot.notices if one.remote == "ferry" and one.level == "warning"]


def test_lock_files_name_no_address() -> None:
    for name in ("harbour", "ferry", "lighthouse"):
        text = (HERE / name / "package-lock.json").read_text()
        assert '"integrity"' in text
        assert '"resolved"' not in text
