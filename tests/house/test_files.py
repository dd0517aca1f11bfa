"""The house rules of every tracked file: whom it names, what it leaves undone, what it weighs."""

from __future__ import annotations

import re

import pytest

from tests.house.source import ROOT, tracked_files, tracked_texts

LARGEST = 2_500_000
CODE = (".py", ".js", ".mjs", ".ts", ".tsx")
# Written in parts, so that this file does not break the rule it checks.
HOSTS = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("python" + "hosted", "org"),
        ("registry", "npmjs"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("registry", "yarnpkg"),
        ("deb", "debian"),
    )
]
FOLDERS = ["/" + name + "/" for name in ("work", "farm", "root")]


def lines_with(pattern: str, suffixes: tuple[str, ...] = ("",)) -> list[str]:
    """Return `path:line` of every line of the tracked texts in which the pattern is found."""
    wanted = re.compile(pattern)
    return [
        f"{path}:{number}"
        for path, text in tracked_texts()
        if path.endswith(suffixes)
        for number, line in enumerate(text.splitlines(), 1)
        if wanted.search(line)
    ]


def test_no_file_names_a_package_registry() -> None:
    assert lines_with("|".join(map(re.escape, HOSTS))) == []


def test_no_file_names_a_folder_of_one_machine() -> None:
    assert lines_with(rf"(^|[^A-Za-z0-9_.-])({'|'.join(FOLDERS)})") == []


def test_nothing_is_left_for_later() -> None:
    later = "|".join(("TO" + "DO", "FIX" + "ME", "X" * 3, "NotImplemented" + "Error"))
    assert lines_with(rf"\b({later})\b", CODE) == []


def test_no_test_is_skipped_for_good() -> None:
    assert lines_with(r"pytest\.(mark\.)?(skip|x" + r"fail)\b", (".py",)) == []


def test_only_what_lies_beside_the_project_may_be_missing() -> None:
    conditional = {path for path, text in tracked_texts() if path.endswith(".py") and "skip" + "if(" in text}
    third_party = {path for path, text in tracked_texts() if "third_" + "party" in text}
    assert conditional - third_party - {"tests/house/test_files.py"} == set()


def test_nothing_built_or_heavy_is_tracked() -> None:
    built = re.compile(r"\.(wasm|so|whl|tgz|zip|exe|node|map)$|(^|/)(node_modules|vendor|third_party|dist)/")
    names = [file.relative_to(ROOT).as_posix() for file in tracked_files()]
    assert [name for name in names if built.search(name)] == []
    assert [str(file) for file in tracked_files() if file.stat().st_size > LARGEST] == []


def test_no_test_folder_is_a_package() -> None:
    assert [*(ROOT / "tests").rglob("__init__.py")] == []


@pytest.mark.parametrize(
    "path", ["LICENSE", "README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", ".ci/run"]
)
def test_the_house_has_its_signs(path: str) -> None:
    assert (ROOT / path).stat().st_size > 0


def test_ci_runs_the_tests_and_the_checks_and_nothing_else() -> None:
    script = (ROOT / ".ci" / "run").read_text()
    assert [line for line in script.splitlines() if line.startswith("make")] == ["make test", "make check"]


def test_locks_have_hashes_and_no_addresses() -> None:
    for lock in (ROOT / "requirements").glob("*.txt"):
        text = lock.read_text()
        assert "://" not in text
        assert "--index-url" not in text
        for pin in re.findall(r"^[a-z].*(?:\n .*)*", text, re.MULTILINE):
            assert "--hash=sha256:" in pin, pin.splitlines()[0]


def test_package_locks_name_no_addresses_to_fetch_from() -> None:
    locks = [(path, text) for path, text in tracked_texts() if path.endswith("package-lock.json")]
    assert locks
    assert [path for path, text in locks if '"resolved"' in text] == []
