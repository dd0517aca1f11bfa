"""Containers that rspack and Vite built, and a native remote, on one page with one React."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import msgspec
import pytest
from playwright.sync_api import Page, expect

from examples.basic.visit import Diary, is_react, keep_diary
from examples.containers.remotes import HERE, serve_remotes
from examples.containers.serve import describe_remotes
from examples.containers.visit import COLOURS, PAINTED, PLACES, marks
from hanse import Federation
from hanse.federation.snapshot import Snapshot
from scripts.build_examples import build_examples
from tests.browser.client.stage import POLICY, call, violations, watch
from tests.browser.havens import Haven, open_haven

pytestmark = [pytest.mark.browser, pytest.mark.node]

BODY = (
    '<div id="quay" data-hanse-module="harbour/./Quay"></div>'
    '<div id="timetable" data-hanse-module="ferry/Timetable"></div>'
    '<div id="lamp" data-hanse-module="lighthouse/./Lamp"></div>'
)


@pytest.fixture(scope="module")
def entries() -> Iterator[dict[str, str]]:
    build_examples()
    with serve_remotes(8460) as entries:
        yield entries


@pytest.fixture(scope="module")
def served() -> Iterator[Haven]:
    with open_haven(8450) as haven:
        yield haven


@pytest.fixture(scope="module")
def snapshot(entries: dict[str, str]) -> Iterator[Snapshot]:
    federation = Federation(describe_remotes(entries))
    yield federation.sync.snapshot
    federation.sync.close()


@pytest.fixture
def haven(served: Haven, snapshot: Snapshot) -> Haven:
    served.reset()
    served.imports = msgspec.json.decode(snapshot.import_map_json)
    served.data = msgspec.json.decode(snapshot.containers.document_json())
    served.body = BODY
    return served


def visit(page: Page, haven: Haven) -> Diary:
    """Open the page, and return what the browser does from its first request on."""
    watch(page)
    diary = keep_diary(page)
    page.goto(haven.url)
    for place in PLACES:
        expect(page.locator(place)).to_be_visible()
    page.wait_for_load_state("networkidle")
    return diary


@pytest.fixture
def diary(page: Page, haven: Haven) -> Iterator[Diary]:
    diary = visit(page, haven)
    yield diary
    assert diary.complaints == []
    assert violations(page) == []


def origins(diary: Diary, fragment: str) -> list[str]:
    return [one for one in diary.requests if fragment in urlsplit(one).path]


def test_all_three_run_on_one_react(page: Page, diary: Diary) -> None:
    assert len([one for one in diary.requests if is_react(one)]) == 1
    found = marks(page)
    assert all(found)
    assert len({*found}) == 1
    versions = page.locator("footer b").all_inner_texts()
    assert versions == ["19.2.9"] * 5


def test_no_container_loads_what_it_brought_itself(diary: Diary, entries: dict[str, str]) -> None:
    files = sorted(urlsplit(one).path for one in diary.requests if one.startswith(entries["ferry"][:21]))
    assert [one.split(".")[0] for one in files] == [
        "/__federation_expose_Ticket",
        "/__federation_expose_Timetable",
        "/__federation_expose_Timetable",
        "/remoteEntry",
    ]
    assert origins(diary, "prebuild") == []
    assert len(diary.requests) == len({*diary.requests})


def test_context_and_state_cross_the_border(page: Page, diary: Diary) -> None:
    ticket = page.get_by_role("region", name="Ticket")
    page.get_by_role("button", name="Raise it").click()
    expect(ticket.get_by_test_id("ticket")).to_have_text("1 × 4 = 4 marks")
    ticket.get_by_role("button", name="One more").click()
    page.get_by_role("button", name="Raise it").click()
    expect(ticket.get_by_test_id("ticket")).to_have_text("2 × 5 = 10 marks")
    lamps = page.get_by_test_id("lamp")
    page.locator("#lamp").get_by_role("button", name="Light").click()
    expect(lamps.last).to_have_text("The lamp is lit.")
    expect(lamps.first).to_have_text("The lamp is out.")


def test_a_lazy_chunk_loads_on_the_click_and_not_before(page: Page, diary: Diary) -> None:
    before = len(diary.requests)
    page.get_by_role("button", name="Weather").click()
    expect(page.get_by_test_id("weather")).to_have_text("Calm seas, 320 miles to Reval.")
    assert len(diary.requests) == before + 1


def test_styles_are_applied_and_linked_once(page: Page, diary: Diary) -> None:
    assert page.evaluate(COLOURS) == PAINTED
    links = page.eval_on_selector_all("link[rel=stylesheet]", "(links) => links.map(({ href }) => href)")
    assert len(links) == len({*links}) == 2


def test_styles_have_the_nonce_that_a_policy_asks_for(page: Page, haven: Haven) -> None:
    haven.policy = f"{POLICY}; style-src 'nonce-{{nonce}}'; trusted-types hanse hanse-containers ferry"
    diary = visit(page, haven)
    assert page.evaluate(COLOURS) == PAINTED
    assert (diary.complaints, violations(page)) == ([], [])


def test_where_the_page_forbids_what_the_build_needs_the_error_says_so(page: Page, haven: Haven) -> None:
    haven.policy = f"{POLICY}; trusted-types hanse hanse-containers"
    haven.body = ""
    page.goto(haven.url)
    load = "loadRemoteModule('ferry', './Ticket').catch(({ message, reason }) => [message, reason])"
    for message, reason in call(page, f"await Promise.all([{load}, {load}, {load}])"):
        assert message.startswith("hanse: ferry/./Ticket: ")
        assert message.endswith("the policy of the page allow the name in it.")
        assert reason == "load"
    assert call(page, f"(await {load})[1]") == "load"


def test_a_module_of_a_container_is_loaded_once(page: Page, diary: Diary) -> None:
    seen = call(
        page,
        """await Promise.all([loadRemoteModule('ferry', './Ticket'), hanse.load('ferry', 'Ticket'),
            loadRemoteModule({ remoteName: 'ferry', exposedModule: './Ticket' })]).then(
            ([one, other, third]) => [Object.keys(one).sort(), one === other && other === third])""",
    )
    assert seen == [["Fare", "default", "mount"], True]
    assert len(origins(diary, "remoteEntry.js")) == 2


def test_a_native_page_alone_gets_what_the_container_has(page: Page, haven: Haven) -> None:
    """Leave out what native remotes share: the container takes its own."""
    haven.data = {**haven.data, "shared": {}}
    haven.body = '<div id="lamp" data-hanse-module="lighthouse/Lamp"></div>'
    page.goto(haven.url)
    expect(page.get_by_test_id("lamp-react")).to_have_text("19.3.1")


def use_official_runtime(haven: Haven) -> None:
    """Let the page have Module Federation's own runtime, as npm has it, file by file."""
    names = {"runtime": "index.js", "runtime-core": "index.js", "sdk": "index.js", "error-codes": "index.mjs"}
    packages = HERE / "ferry" / "node_modules" / "@module-federation"
    haven.folders = {name: packages / name / "dist" for name in names}
    haven.imports["imports"] |= {
        f"@module-federation/{name}": f"/{name}/{file}" for name, file in names.items()
    }
    haven.imports["imports"]["@module-federation/error-codes/browser"] = "/error-codes/browser.mjs"
    # It sets `src` of scripts to texts.
    haven.policy = "script-src 'nonce-{nonce}' 'strict-dynamic'"
    haven.body = '<div id="timetable"></div><div id="lamp"></div>'


OFFICIAL = """async ([ferry, lighthouse]) => {
  const { createInstance } = await import('@module-federation/runtime');
  const { version } = await import('react');
  const host = createInstance({
    name: 'page',
    remotes: [{ name: 'ferry', entry: ferry }, { name: 'lighthouse', entry: lighthouse }],
    shared: hanse.containers.getShared(),
  });
  const ids = ['ferry/Timetable', 'lighthouse/Lamp'];
  const [timetable, lamp] = await Promise.all(ids.map((id) => host.loadRemote(id)));
  timetable.mount(document.querySelector('#timetable'));
  lamp.mount(document.querySelector('#lamp'));
  return version;
}"""


def test_a_page_with_the_official_runtime_shares_the_same_react(
    page: Page, haven: Haven, entries: dict[str, str]
) -> None:
    use_official_runtime(haven)
    diary = keep_diary(page)
    page.goto(haven.url)
    version = page.evaluate(OFFICIAL, [entries["ferry"], entries["lighthouse"]])
    expect(page.get_by_test_id("ferry-react")).to_have_text(version)
    expect(page.get_by_test_id("lamp-react")).to_have_text(version)
    page.get_by_role("button", name="Light").click()
    expect(page.get_by_test_id("lamp")).to_have_text("The lamp is lit.")
    assert len([one for one in diary.requests if is_react(one)]) == 1
    assert diary.complaints == []
