"""Facades: modules that hand a container's copy of a package to native remotes."""

from __future__ import annotations

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hanse.errors import FormatError
from hanse.formats.container import Container, SharedUse
from hanse.graph import lex
from hanse.limits import LIMITS
from hanse.resolve import Remote, resolve
from hanse.resolve.check import check
from hanse.resolve.containers import plan_containers
from hanse.resolve.facade import facade, facade_of, find_facade
from hanse.semver import satisfies
from tests.resolve.federations import remote, shared


def shop(
    version: str | None = "19.2.0", required: str | None = "^19.0.0", **facades: tuple[str, ...]
) -> Container:
    """Describe a container that shares react, with facades."""
    use = SharedUse("react", version, required, singleton=True, strict=False)
    script = "https://shop.example/remoteEntry.js"
    return Container("shop", script, shared=(use,), facades=facades or {"react": ("useState", "default")})


def remote_of(container: Container) -> Remote:
    """Return the container as a native remote that shares its facades."""
    found = facade_of(container)
    assert found is not None
    return found.remote


def test_a_facade_asks_for_the_copy_and_exports_its_names() -> None:
    assert facade("react", "shop", ["useState", "default", "delete", "useState"], version="19.2.0") == (
        'const share = await self.hanse.containers.share("react", '
        '{"from":"shop","version":"19.2.0","scope":"default"});\n'
        "const e0 = share.useState;\n"
        "const e1 = share.delete;\n"
        "export { e0 as useState, e1 as delete };\n"
        "export default share.default;\n"
    )


def test_a_facade_without_names_has_the_default() -> None:
    assert facade("react", "shop", [], version="1.0.0").splitlines()[1:] == ["export default share.default;"]


@pytest.mark.parametrize("name", ["a b", "", "1a", "a;alert(1)", "__proto__", "a.b", "a}", "é", "a\n"])
def test_a_name_that_is_no_export_is_refused(name: str) -> None:
    with pytest.raises(FormatError, match="cannot be an export"):
        facade("react", "shop", [name], version="1.0.0")


@given(st.text(), st.text(), st.text())
def test_whatever_things_are_called_they_stay_texts(package: str, container: str, version: str) -> None:
    try:
        text = facade(package, container, ["a"], version=version)
    except UnicodeEncodeError:
        return
    assert text.count("\n") == 4
    assert "<" not in text.partition("\n")[0]
    assert lex(text.encode(), subject="facade", stop=lambda: False, limits=LIMITS).imports == ()


def test_native_remotes_get_a_containers_copy_where_it_serves_most() -> None:
    container = shop()
    natives = [
        remote("a", shared("react", "18.3.1", "^18.0.0 || ^19.0.0", strict=True)),
        remote("b", shared("react", "18.2.0", "^18.0.0 || ^19.0.0", strict=True)),
    ]
    strict = SharedUse("react", "19.2.0", "^19.0.0", singleton=True, strict=True)
    guest = remote_of(Container("shop", container.script, shared=(strict,), facades=container.facades))
    plan = resolve([*natives, guest])
    url = plan.import_map.imports["react"]
    assert url.startswith("/_hanse/facade/")
    assert url.endswith(".js")
    text = find_facade([container], url.removeprefix("/_hanse/facade/"))
    assert text == facade("react", "shop", ["useState", "default"], version="19.2.0")
    digest = base64.b64encode(hashlib.sha384(text.encode()).digest()).decode()
    assert plan.import_map.integrity[url] == f"sha384-{digest}"


def test_what_a_container_publishes_is_not_handed_back_to_it() -> None:
    container = shop()
    plan = resolve([remote("a"), remote_of(container)])
    assert plan.import_map.imports["react"].startswith("/_hanse/facade/")
    found = plan_containers(plan, [container], accepts=satisfies)
    assert found.shares == {}
    assert [(one.package, one.action) for one in found.uses] == [("react", "own")]
    assert found.withheld == {}


def test_only_copies_that_are_brought_have_facades() -> None:
    assert facade_of(shop(version=None)) is None
    assert facade_of(shop(vue=("ref",))) is None
    assert facade_of(Container("shop", "https://shop.example/e.js", facades={"react": ("a",)})) is None
    assert find_facade([shop()], "nobody/react.js") is None


def test_facades_of_other_names_lie_in_other_files() -> None:
    first, second = facade_of(shop()), facade_of(shop(react=("useState", "useMemo")))
    assert first is not None
    assert second is not None
    assert first.remote.url == second.remote.url
    assert first.texts.keys().isdisjoint(second.texts)


def beside(version: str | None) -> Container:
    """Describe a container without facades that uses react."""
    use = SharedUse("react", version, "^19.0.0", singleton=True, strict=False)
    return Container("old", "https://old.example/remoteEntry.js", shared=(use,))


@pytest.mark.parametrize(
    ("version", "twice"), [("19.3.1", True), ("19.0.0", True), ("19.2.0", False), (None, False)]
)
def test_another_containers_copy_beside_a_facades_is_told_of(version: str | None, twice: bool) -> None:
    plan = resolve([remote_of(shop())])
    found = plan_containers(plan, [shop(), beside(version)], accepts=satisfies)
    notices = [one for one in found.notices if one.code == "facade-twice"]
    assert [(one.remote, one.package, one.level) for one in notices] == [("old", "react", "warning")] * twice
    assert all("19.2.0 from 'shop'" in one.text for one in notices)


def test_a_facade_that_nobody_gets_is_no_matter() -> None:
    home = remote("home", shared("react", "19.1.0", "^19.0.0"), shared("react-dom", "19.1.0", "^19.0.0"))
    plan = resolve([home, remote_of(shop())])
    assert plan.import_map.imports["react"].startswith("https://home.example/")
    found = plan_containers(plan, [shop(), beside("19.3.1")], accepts=satisfies)
    assert "facade-twice" not in {one.code for one in found.notices}


def test_a_check_finds_a_container_that_would_run_a_second_copy() -> None:
    report = check([remote_of(shop())], beside("19.3.1"), containers=[shop()])
    (finding,) = [one for one in report.findings if "facade-twice" in one.sentence]
    assert (finding.severity, finding.remote, finding.package) == ("worse", "old", "react")
