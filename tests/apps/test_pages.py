"""Pages as they lie in an app's folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from hanse.apps.pages import Pages, find_pages
from hanse.errors import FormatError


def write(folder: Path, *files: str) -> Pages:
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text("")
    return find_pages(folder)


def test_files_are_paths(tmp_path: Path) -> None:
    pages = write(
        tmp_path,
        "pages/index.tsx",
        "pages/shop/index.jsx",
        "pages/shop/[id].ts",
        "pages/docs/[...rest].js",
        "pages/shop/types.d.ts",
        "pages/shop/style.css",
        "components/Card.tsx",
    )
    assert {one.pattern.text: (one.key, one.file) for one in pages.routes} == {
        "/": ("./pages/index", "pages/index.tsx"),
        "/shop": ("./pages/shop/index", "pages/shop/index.jsx"),
        "/shop/[id]": ("./pages/shop/[id]", "pages/shop/[id].ts"),
        "/docs/[...rest]": ("./pages/docs/[...rest]", "pages/docs/[...rest].js"),
    }
    assert (pages.error, pages.missing) == (None, None)


def test_layouts_surround_what_is_below_them(tmp_path: Path) -> None:
    pages = write(
        tmp_path,
        "pages/_layout.tsx",
        "pages/index.tsx",
        "pages/shop/_layout.tsx",
        "pages/shop/index.tsx",
        "pages/shop/deep/er/index.tsx",
    )
    both = ("pages/_layout.tsx", "pages/shop/_layout.tsx")
    assert {one.pattern.text: one.layouts for one in pages.routes} == {
        "/": both[:1],
        "/shop": both,
        "/shop/deep/er": both,
    }


def test_python_beside_a_page_belongs_to_it(tmp_path: Path) -> None:
    pages = write(tmp_path, "pages/index.tsx", "pages/index.py", "pages/[id].tsx", "pages/other.py")
    assert {one.pattern.text: one.python for one in pages.routes} == {"/": "pages/index.py", "/[id]": None}


def test_pages_for_what_fails_and_what_is_missing_have_no_path(tmp_path: Path) -> None:
    pages = write(tmp_path, "pages/_layout.tsx", "pages/_error.tsx", "pages/404.tsx", "pages/index.tsx")
    assert pages.error is not None
    assert pages.missing is not None
    assert (pages.error.key, pages.missing.key) == ("./pages/_error", "./pages/404")
    assert pages.error.layouts == ("pages/_layout.tsx",)
    assert [one.pattern.text for one in pages.routes] == ["/"]
    assert len(pages.all) == 3


def test_an_app_without_pages_has_none(tmp_path: Path) -> None:
    assert find_pages(tmp_path) == Pages()


@pytest.mark.parametrize(
    ("files", "subject"),
    [
        (["pages/a.tsx", "pages/a.js"], "pages/a.tsx"),
        (["pages/a.tsx", "pages/a/index.tsx"], "pages/a.tsx"),
        (["pages/[id].tsx", "pages/[name].tsx"], "pages/[name].tsx"),
        (["pages/[1].tsx"], "pages/[1].tsx"),
        (["pages/a b.tsx"], "pages/a b.tsx"),
        (["pages/[...rest]/x.tsx"], "pages/[...rest]/x.tsx"),
        (["pages/__proto__/x.tsx"], "pages/__proto__/x.tsx"),
    ],
)
def test_what_cannot_be_a_page_is_named(tmp_path: Path, files: list[str], subject: str) -> None:
    with pytest.raises(FormatError) as caught:
        write(tmp_path, *files)
    assert caught.value.subject == subject
