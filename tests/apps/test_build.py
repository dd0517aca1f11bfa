"""`hanse build`: what is in both builds, what is in one alone, and what is left to the import map."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from hanse.apps.build import Built, build_app
from hanse.apps.project import open_project
from hanse.cli import main
from hanse.errors import BuildError, FormatError
from hanse.formats.remote_entry import decode_remote_entry
from hanse.formats.server_entry import decode_server_entry
from scripts.build_examples import STORE, build_examples

pytestmark = pytest.mark.node

CONFIG = """
[app]
name = "kiosk"
url = "http://kiosk.localhost:3009/"
version = "2.1.0"
[exposes]
"./Card" = "components/Card.tsx"
[remotes.shop]
url = "env:SHOP_ENTRY"
"""
CARD = """
import styles from './Card.module.css';
import { useCart } from 'shop/cart';
const Badge = require('shop/Badge').default;
export default function Card() {
  const secret = process.browser ? 'nothing' : 'the-server-s-own-secret';
  return <p className={styles['the-card']} title={secret}><Badge />{useCart().length}</p>;
}
"""
PAGE = """
import Card from '../components/Card';
export default function Index() { return <main><Card /></main>; }
"""

Build = Callable[..., Built]


@pytest.fixture
def kiosk(tmp_path: Path) -> Path:
    """An app whose packages are those of the store."""
    build_examples(folders=STORE[:1])
    folder = tmp_path / "kiosk"
    for name in ("pages", "components"):
        (folder / name).mkdir(parents=True)
    (folder / "hanse.toml").write_text(CONFIG)
    (folder / "package.json").write_text('{"dependencies": {"react": "^19.0.0", "react-dom": "^19.0.0"}}')
    (folder / "node_modules").symlink_to(STORE[0] / "node_modules")
    (folder / "components/Card.tsx").write_text(CARD)
    (folder / "components/Card.module.css").write_text(".the-card { color: rebeccapurple; }")
    (folder / "pages/index.tsx").write_text(PAGE)
    (folder / "pages/index.py").write_text("async def load(request, params):\n    return {}\n")
    return folder


def scripts(folder: Path) -> dict[str, str]:
    return {file.name: file.read_text() for file in sorted(folder.glob("*.js"))}


def own_scripts(folder: Path) -> str:
    """Return all that is the app's own: shared packages have a dot before their digest."""
    return "\n".join(text for name, text in scripts(folder).items() if name.count(".") == 1)


def test_what_is_only_for_the_server_is_not_in_the_other_build(kiosk: Path) -> None:
    build_app(open_project(kiosk, None))
    files = [*(kiosk / "dist/browser").iterdir()]
    assert {".js", ".map", ".css", ".json"} <= {file.suffix for file in files}
    assert not [file for file in files if b"the-server-s-own-secret" in file.read_bytes()]
    assert "the-server-s-own-secret" in own_scripts(kiosk / "dist/server")


@pytest.mark.parametrize("side", ["browser", "server"])
def test_other_apps_and_shared_packages_are_imported_by_name(kiosk: Path, side: str) -> None:
    build_app(open_project(kiosk, None))
    text = own_scripts(kiosk / "dist" / side)
    named = set(re.findall(r'(?:from|import)\s*"([^"./][^"]*)"', text))
    assert {"shop/cart", "shop/Badge", "react/jsx-runtime", "hanse"} <= named
    assert "require(" not in text.replace("__require(", "")
    assert ("hanse/router" in named) is (side == "browser")


def test_classes_have_the_same_names_on_both_sides(kiosk: Path) -> None:
    build_app(open_project(kiosk, None))
    found = [
        set(re.findall(r"Card_\w+_the-card", own_scripts(kiosk / "dist" / one)))
        for one in ("browser", "server")
    ]
    assert len(found[0]) == 1
    assert found[0] == found[1]
    (style, *_) = (kiosk / "dist/browser").glob("*.css")
    assert found[0].pop() in style.read_text()


def test_both_documents_can_be_read_and_name_what_is_there(kiosk: Path) -> None:
    build_app(open_project(kiosk, None))
    browser, server = kiosk / "dist/browser", kiosk / "dist/server"
    entry = decode_remote_entry((browser / "remoteEntry.json").read_bytes(), subject="remoteEntry.json")
    assert {one.key for one in entry.exposes or ()} == {"./pages/index", "./Card"}
    assert {one.package_name for one in entry.shared or ()} == {"react", "react-dom", "hanse"}
    assert set(entry.integrity or ()) == set(scripts(browser))
    told = decode_server_entry((server / "server-entry.json").read_bytes(), subject="server-entry.json")
    assert (told.name, told.version) == ("kiosk", "2.1.0")
    assert [(page.path, page.loader) for page in told.pages] == [("/", True)]
    assert set(told.modules) == set(scripts(server))
    assert all((browser / style).is_file() for one in told.modules.values() for style in one.styles)
    assert told.modules[told.exposes["./pages/index"]].styles
    assert {"shop/cart", "shop/Badge"} <= {name for one in told.modules.values() for name in one.externals}
    assert {"react-dom/server", "hanse"} <= {name for one in told.shared for name in one.entries or ()}


def test_two_builds_of_the_same_sources_are_the_same(kiosk: Path) -> None:
    def read() -> dict[str, bytes]:
        files = (file for file in (kiosk / "dist").rglob("*") if file.is_file())
        return {file.relative_to(kiosk).as_posix(): file.read_bytes() for file in files}

    build_app(open_project(kiosk, None))
    first = read()
    build_app(open_project(kiosk, None))
    assert read() == first


def test_a_mistake_is_shown_with_its_place(kiosk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (kiosk / "components/Card.tsx").write_text("export default () => <p>oops;\n")
    with pytest.raises(BuildError) as caught:
        build_app(open_project(kiosk, None))
    (mistake, *_) = caught.value.mistakes
    assert (mistake.file, mistake.line) == ("components/Card.tsx", 2)
    assert main(["build", str(kiosk)]) == 2
    told = capsys.readouterr()
    assert "components/Card.tsx:2:" in told.err
    assert told.err.endswith("hanse: the app cannot be bundled\n")


def test_a_failed_build_leaves_the_one_before(kiosk: Path) -> None:
    build_app(open_project(kiosk, None))
    before = scripts(kiosk / "dist/browser")
    (kiosk / "pages/index.tsx").write_text("import './nowhere';")
    with pytest.raises(BuildError, match="nowhere"):
        build_app(open_project(kiosk, None))
    assert scripts(kiosk / "dist/browser") == before


def test_what_is_not_installed_is_named(kiosk: Path) -> None:
    (kiosk / "node_modules").unlink()
    with pytest.raises(BuildError, match="esbuild, react, react-dom are not installed") as caught:
        build_app(open_project(kiosk, None))
    assert "npm install" in caught.value.hint


def test_sizes_are_written_as_json(kiosk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["build", str(kiosk), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert set(told["folders"]) == {"dist/browser", "dist/server"}
    assert told["folders"]["dist/server"]["files"] == len(list((kiosk / "dist/server").iterdir()))


@pytest.mark.parametrize(
    ("text", "path", "line"),
    [
        ("", "app", ""),
        ("[app]\nurl = 'http://x.example/'\n", "app", ":1"),
        ("[app]\nname = 'shop'\nurl = 'nowhere'\n", "app.url", ":3"),
        ("[app]\nname = '../x'\nurl = 'http://x.example/'\n", "app.name", ":2"),
        ("[app]\nname = 'shop'\n[exposes]\nCard = 'Card.tsx'\n", "exposes.Card", ":4"),
        ("[app]\nname = 'shop'\n[exposes]\n'./Card' = '../Card.tsx'\n", "exposes['./Card']", ":4"),
        ("[app]\nname = 'shop'\n[shared.react]\nsingelton = true\n", "shared.react.singelton", ":4"),
    ],
)
def test_a_fault_of_the_configuration_has_its_line(tmp_path: Path, text: str, path: str, line: str) -> None:
    (tmp_path / "hanse.toml").write_text(text)
    with pytest.raises(FormatError) as caught:
        open_project(tmp_path, None)
    assert caught.value.subject == f"{tmp_path / 'hanse.toml'}{line}"
    assert caught.value.path.replace('"', "'") == path
