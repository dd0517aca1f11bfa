"""The browser's part on its way to the page: squeezed, digested, and es-module-shims beside it."""

from __future__ import annotations

import base64
import gzip
import hashlib
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

import hanse.web.client
from hanse.errors import FormatError, UsageError
from hanse.web import PageOptions
from hanse.web.client import CONTAINERS, DEV, HYDRATE, LOADER, load_client, place_shims
from hanse.web.client.squeezing import squeeze
from scripts.node import ROOT, ensure_node
from tests.federation.towns import entry
from tests.web.heads import open_pages, read_json
from tests.web.site import open_site

SOURCES = Path(hanse.web.client.__file__).parent


@pytest.mark.parametrize("text", [LOADER, CONTAINERS], ids=["loader", "containers"])
def test_what_pages_get_is_at_most_3_kb(text: str) -> None:
    assert len(gzip.compress(text.encode(), 9)) <= 3000


def test_what_hydrates_is_at_most_1200_bytes() -> None:
    assert len(gzip.compress(HYDRATE.encode(), 9)) <= 1200


@pytest.mark.parametrize("name", ["loader", "dev", "containers", "hydrate"])
def test_what_is_sent_is_digested_and_cannot_end_its_element(name: str) -> None:
    script = getattr(load_client(), name)
    digest = base64.b64encode(hashlib.sha384(script.text.encode()).digest()).decode()
    assert script.digest == f"sha384-{digest}"
    assert "</script" not in script.text.lower()
    assert "<!--" not in script.text
    assert {"loader": LOADER, "dev": DEV, "containers": CONTAINERS, "hydrate": HYDRATE}[name] == script.text


@pytest.mark.node
@pytest.mark.parametrize(
    ("name", "text"),
    [("hanse.js", LOADER), ("dev.js", DEV), ("containers.js", CONTAINERS), ("hydrate.js", HYDRATE)],
)
def test_what_is_sent_parses_and_has_every_word_of_the_source(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / "sent.mjs").write_text(text)
    result = subprocess.run(
        [ensure_node().program, "--check", str(tmp_path / "sent.mjs")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.stderr == ""
    assert words((SOURCES / name).read_text()) == words(text)


def words(source: str) -> list[str]:
    """Return a script's text without comments, white space, and what squeezing may leave out."""
    lines = (line.strip() for line in source.splitlines())
    code = "\n".join(line for line in lines if not line.startswith("//"))
    bare = "".join(code.replace("const", "let").split())
    for end in "})]":
        bare = bare.replace(f",{end}", end)
    return bare.replace(";}", "}").split(";")


@pytest.mark.parametrize(
    ("source", "sent"),
    [
        ("// a comment\n  const a = 1;\n\n  // another\n  let b = 2;", "let a=1;let b=2;"),
        ("if (a) {\n  b();\n  c( d , e );\n}\nf();", "if(a){b();c(d,e)}\nf();"),
        ("const text = 'a = ( b )';", "let text='a = ( b )';"),
        ("const text = `a = ${ b } // c`;", "let text=`a = ${ b } // c`;"),
        ('const text = "it\'s \\" = const";', 'let text="it\'s \\" = const";'),
        ("a + +b;\na - -b;\na++ + b;", "a + +b;a - -b;a++ + b;"),
        ("a(\n  1,\n);\nb = {\n  c,\n};\nreturn a\n}", "a(1);b={c};return a}"),
        ("const f = () =>\n  a ||\n  b;\nf()\n  .c", "let f=()=>a||b;f()\n.c"),
        ("a + b - 1 + '1 + 2' + -d;", "a+b-1 + '1 + 2' + -d;"),
        ("return [a];\nreturn a\n(b)", "return[a];return a\n(b)"),
        ("const f = (a) => a ?? b;", "let f=(a)=>a??b;"),
        ("constant = const_ + a.constructor;", "constant=const_+a.constructor;"),
        ("for (const [a] of b) c;", "for(let[a]of b)c;"),
        ("const r = /^\\.{0,2}\\/|^[^/]*:/;", "let r=/^\\.{0,2}\\/|^[^/]*:/;"),
    ],
)
def test_squeezing_takes_away_what_means_nothing(source: str, sent: str) -> None:
    assert squeeze(source, subject="x.js") == sent


@pytest.mark.parametrize(
    "source",
    [
        "a = `first\nsecond`;",
        "a = 'open;",
        "a(); // beside code",
        "a(); /* beside code */",
        "/*\na comment\n*/",
        "const end = '</SCRIPT>';",
        "if (a <!--b) c;",
    ],
)
def test_what_squeezing_is_not_made_for_is_refused(source: str) -> None:
    with pytest.raises(FormatError) as caught:
        squeeze(f"first();\n{source}", subject="x.js")
    assert caught.value.subject == "x.js"


def test_a_url_of_the_shims_is_taken_as_it_is() -> None:
    assert place_shims(None, "/_hanse/") == (None, None)
    assert place_shims("https://cdn.example/shims.js", "/_hanse/") == ("https://cdn.example/shims.js", None)


@pytest.mark.node
@pytest.mark.anyio
async def test_the_shims_that_come_with_hanse_are_served_for_good() -> None:
    shims = load_client().shims
    assert shims is not None, "run: make shims"
    async with open_site(home=entry("home")) as site:
        answer = await site.get(f"/static/{shims.name}")
        other = await site.get("/static/es-module-shims.js")
    digest = base64.b64encode(hashlib.sha384(answer.content).digest()).decode()
    assert shims.integrity == f"sha384-{digest}"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert other.status_code == 404


@pytest.mark.node
@pytest.mark.anyio
async def test_a_page_names_the_shims_and_their_digest() -> None:
    shims = load_client().shims
    assert shims is not None, "run: make shims"
    async with open_pages(PageOptions(shims="builtin"), home=entry("home")) as pages:
        data = read_json(pages.open(root="/below").head(), "application/json")
    assert data["shims"] == f"/below/_hanse/static/{shims.name}"
    assert data["shimsIntegrity"] == shims.integrity


def test_without_the_shims_nobody_can_ask_for_them(monkeypatch: pytest.MonkeyPatch) -> None:
    without = replace(load_client(), shims=None)
    monkeypatch.setattr("hanse.web.options.load_client", lambda: without)
    with pytest.raises(UsageError, match="es-module-shims is not at hand"):
        PageOptions(shims="builtin")
    assert PageOptions(shims="/mine.js").shims == "/mine.js"


@pytest.mark.node
def test_a_wheel_has_the_shims_with_their_licence_and_what_apps_take(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=120)
    (wheel,) = tmp_path.glob("*.whl")
    shims = load_client().shims
    assert shims is not None, "run: make shims"
    with zipfile.ZipFile(wheel) as archive:
        assert archive.read("hanse/web/client/shims/es-module-shims.js") == shims.body
        assert b"Permission is hereby granted" in archive.read("hanse/web/client/shims/LICENSE")
        assert archive.read("hanse/web/client/hanse.js") == (SOURCES / "hanse.js").read_bytes()
        # What apps are built with, and what a new one begins with.
        apps = ROOT / "src/hanse/apps"
        for folder in ("build", "client", "starter"):
            for file in (apps / folder).rglob("*"):
                if file.is_file() and "__pycache__" not in file.parts:
                    name = f"hanse/{file.relative_to(ROOT / 'src/hanse').as_posix()}"
                    assert archive.read(name) == file.read_bytes()
