"""Module Federation's documents, as real builds write them, and what a container comes to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hanse.errors import FormatError
from hanse.formats.container import Container, ContainerExpose, SharedUse, bare_container
from hanse.formats.federated_stats import decode_federated_stats, files_of_exposes
from hanse.formats.lint import guess_kind, lint
from hanse.formats.mf_manifest import (
    MfManifest,
    decode_mf_manifest,
    encode_mf_manifest,
    mf_manifest_violations,
)
from hanse.formats.mf_stats import decode_mf_stats, stats_name, stats_url
from hanse.formats.read_container import read_container
from hanse.limits import Limits

FOLDER = Path(__file__).parent / "mf"
SHOP = "https://shop.example/mf-manifest.json"
NEXT = "https://shop.example/_next/static/chunks/mf-manifest.json"


def raw(name: str) -> dict[str, Any]:
    """Return a document as plain values."""
    found: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_bytes())
    return found


def manifest(name: str) -> MfManifest:
    """Decode a document."""
    return decode_mf_manifest((FOLDER / f"{name}.json").read_bytes(), subject=name)


def container(name: str, url: str = SHOP, **more: Any) -> Container:
    """Work out a container."""
    return read_container(manifest(name), name="shop", url=url, **more)


def codes(found: Container) -> list[str]:
    """Return what was odd."""
    return [finding.code for finding in found.findings]


def with_meta(**changes: object) -> MfManifest:
    """Return rspack's manifest with other metadata."""
    document = raw("rspack-manifest")
    document["metaData"] |= changes
    return decode_mf_manifest(document, subject="doc")


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.json")), ids=lambda file: file.stem)
def test_real_documents_have_no_error(file: Path) -> None:
    faults = lint(file.read_bytes(), subject=file.name)
    assert [fault for fault in faults if fault.severity == "error"] == []


def test_an_rspack_container() -> None:
    found = container("rspack-manifest")
    assert found == Container(
        name="shop",
        script="https://shop.example/remoteEntry.js",
        type="script",
        global_name="shop",
        exposes={
            "./Card": ContainerExpose(
                ("https://shop.example/__federation_expose_Card.js",),
                ("https://shop.example/__federation_expose_Card.css",),
            )
        },
        shared=(
            SharedUse("react", "19.1.0", "^19.0.0", singleton=True, strict=False),
            SharedUse("lodash", None, "^4.17.0", singleton=True, strict=False),
        ),
        remotes=("checkout",),
        build_version="1.2.0",
    )


def test_what_was_written_is_read_back() -> None:
    for file in FOLDER.glob("*manifest.json"):
        decoded = manifest(file.stem)
        assert decode_mf_manifest(encode_mf_manifest(decoded), subject="again") == decoded


def test_a_package_without_version_and_files_is_not_brought() -> None:
    found = container("rspack-manifest").shared or ()
    assert {use.package: use.version for use in found} == {"react": "19.1.0", "lodash": None}
    document = raw("rspack-manifest")
    document["shared"][1]["assets"]["js"]["sync"] = ["lodash.js"]
    uses = read_container(decode_mf_manifest(document, subject="d"), name="s", url=SHOP).shared or ()
    assert uses[1].version == "0"


def test_stats_correct_what_manifests_get_wrong() -> None:
    alone = container("webpack-manifest")
    assert alone.shared == (
        SharedUse("react", "18.3.1", "^18.3.1", singleton=True, strict=False, assumed=True),
        SharedUse("date-fns", "3.6.0", "^3.6.0", singleton=True, strict=False, assumed=True),
    )
    corrected = container("webpack-manifest", stats=manifest("webpack-stats"))
    assert corrected.shared == (
        SharedUse("react", "18.3.1", None, singleton=True, strict=False),
        SharedUse(
            "date-fns",
            "3.6.0",
            "^3.6.0",
            singleton=False,
            strict=True,
            scopes=("default", "tools"),
            eager=True,
            exports=("format",),
        ),
    )
    assert corrected.scopes == ("default", "tools")


def test_packages_that_only_stats_have_are_there() -> None:
    document = raw("rspack-stats")
    document["shared"].append({"name": "vue", "version": "3.5.0", "singleton": False})
    found = container("rspack-manifest", stats=decode_mf_stats(document, subject="stats"))
    assert [use.package for use in found.shared or ()] == ["react", "lodash", "vue"]


@pytest.mark.parametrize(
    ("name", "stats"),
    [("mf-manifest.json", "mf-stats.json"), ("shop.json", "shop-stats.json"), ("shop", "shop-stats.json")],
)
def test_stats_lie_beside_the_manifest(name: str, stats: str) -> None:
    assert stats_name(name) == stats
    assert stats_url(f"https://a.example/x/{name}?v=2#top") == f"https://a.example/x/{stats}?v=2"


def test_get_public_path_is_never_run_and_the_files_lie_beside_the_manifest() -> None:
    found = container("rspack-get-public-path", "https://shop.example/v2/mf-manifest.json")
    assert found.script == "https://shop.example/v2/remoteEntry.js"
    assert codes(found) == ["get-public-path"]


def test_a_root_relative_public_path_is_the_manifests_origin() -> None:
    found = container("vite-manifest", "https://shop.example/vite/mf-manifest.json")
    assert found.script == "https://shop.example/remoteEntry.js"
    assert found.type == "module"
    assert codes(found) == ["root-relative"]


def test_a_local_manifests_files_stay_relative_to_the_page() -> None:
    assert container("rspack-manifest", "./shop/mf-manifest.json").script == "./shop/remoteEntry.js"
    assert container("rspack-manifest", "/shop/mf-manifest.json").script == "/shop/remoteEntry.js"
    assert container("vite-manifest", "./shop/mf-manifest.json").script == "/remoteEntry.js"


def test_nexts_doubled_folder_is_said_once() -> None:
    found = container("next-browser-manifest", NEXT)
    assert found.script == "https://shop.example/_next/static/chunks/remoteEntry.js"
    assert (found.exposes or {})["./Card"].css == ("https://shop.example/_next/static/css/card.css",)
    assert codes(found) == ["doubled-folder"]
    elsewhere = container("next-browser-manifest", "https://shop.example/mf-manifest.json")
    assert elsewhere.script == "https://shop.example/static/chunks/remoteEntry.js"
    assert codes(elsewhere) == []


def test_a_server_script_that_was_never_built_is_a_finding() -> None:
    named = container("vite-manifest")
    assert named.server_script == "https://shop.example/remoteEntry.ssr.js"
    found = container("vite-manifest", stats=manifest("vite-stats"))
    assert found.server_script is None
    assert codes(found) == ["root-relative", "ssr-not-built"]
    document = raw("vite-stats")
    document["buildOutput"].append({"fileName": "remoteEntry.ssr.js"})
    built = container("vite-manifest", stats=decode_mf_stats(document, subject="stats"))
    assert (built.server_script, built.server_type) == ("https://shop.example/remoteEntry.ssr.js", "module")


def test_the_builds_for_browsers_and_servers_are_one_container() -> None:
    server = (manifest("next-server-manifest"), "https://shop.example/_next/static/ssr/mf-manifest.json")
    found = container("next-browser-manifest", NEXT, server=server)
    assert found.script == "https://shop.example/_next/static/chunks/remoteEntry.js"
    assert found.server_script == "https://shop.example/_next/remoteEntry.js"
    assert found.server_type == "commonjs-module"
    assert codes(found) == ["doubled-folder", "server-version"]
    assert "next/router is 15.5.9 in browsers and 15.5.8 on servers" in found.findings[1].text


def test_builds_of_two_versions_are_told() -> None:
    document = raw("rspack-server-manifest")
    document["metaData"]["buildInfo"]["buildVersion"] = "1.1.0"
    document["metaData"]["publicPath"] = "auto"
    server = (decode_mf_manifest(document, subject="server"), "https://shop.example/ssr/mf-manifest.json")
    found = container("rspack-manifest", server=server)
    assert found.server_script == "https://shop.example/ssr/remoteEntry.js"
    assert codes(found) == ["builds-differ"]


def test_an_ssr_public_path_of_its_own() -> None:
    ssr = {"name": "server.js", "path": "node", "type": "commonjs-module"}
    found = read_container(with_meta(ssrRemoteEntry=ssr, ssrPublicPath="/server/"), name="shop", url=SHOP)
    assert found.server_script == "https://shop.example/server/node/server.js"


def test_a_build_for_servers_has_no_script_for_browsers() -> None:
    found = container("next-server-manifest", "https://shop.example/_next/static/ssr/mf-manifest.json")
    assert found.script is None
    assert (found.server_script, found.server_type) == (
        "https://shop.example/_next/remoteEntry.js",
        "commonjs-module",
    )
    assert "server-only" in codes(found)


def test_files_that_the_manifest_lacks_are_taken_from_federated_stats() -> None:
    document = raw("next-browser-manifest")
    del document["exposes"][0]["assets"]
    noted = decode_federated_stats(raw("next-federated-stats"), subject="federated")
    found = read_container(decode_mf_manifest(document, subject="d"), name="shop", url=NEXT, federated=noted)
    base = "https://shop.example/_next/static"
    assert (found.exposes or {})["./Card"] == ContainerExpose(
        (f"{base}/chunks/card.js",), (f"{base}/css/card.css",)
    )
    assert (found.exposes or {})["./Menu"].js == (f"{base}/chunks/menu.js",)
    assert files_of_exposes(noted, "shop")["./Menu"] == ("static/chunks/menu.js",)


@pytest.mark.parametrize(
    ("changes", "code", "script"),
    [
        ({"publicPath": None}, "no-public-path", "https://shop.example/remoteEntry.js"),
        ({"remoteEntry": None}, "no-remote-entry", "https://shop.example/remoteEntry.js"),
        ({"publicPath": "https://shop.example/x"}, "no-slash", "https://shop.example/x/remoteEntry.js"),
        ({"remoteEntry": {"name": "e.js", "type": "system"}}, "odd-type", "https://shop.example/e.js"),
    ],
)
def test_what_is_missing_or_odd_is_dealt_with(changes: dict[str, object], code: str, script: str) -> None:
    found = read_container(with_meta(**changes), name="shop", url=SHOP)
    assert (codes(found), found.script) == ([code], script)


def test_a_manifest_with_next_to_nothing_in_it() -> None:
    found = read_container(decode_mf_manifest({"shared": []}, subject="d"), name="shop", url=SHOP)
    assert (found.script, found.global_name, found.exposes, found.shared) == (
        "https://shop.example/remoteEntry.js",
        "shop",
        None,
        (),
    )
    with pytest.raises(FormatError, match="no Module Federation manifest"):
        read_container(decode_mf_manifest({"name": "shop"}, subject="d"), name="shop", url=SHOP)


def test_a_prefix_stands_for_packages_nobody_can_name() -> None:
    document = raw("rspack-manifest")
    document["shared"].append({"name": "react/", "version": "19.1.0"})
    found = read_container(decode_mf_manifest(document, subject="d"), name="shop", url=SHOP)
    assert [use.package for use in found.shared or ()] == ["react", "lodash"]
    assert codes(found) == ["prefix-share"]


@pytest.mark.parametrize(
    "path",
    [
        "https://elsewhere.example/",
        "//elsewhere.example/x/",
        "\\\\elsewhere.example/",
        "javascript:alert(1)//",
        "data:text/javascript,alert(1)",
        "file:///etc/",
        "https://shop.example:8443/",
        "http://shop.example/",
    ],
)
def test_a_public_path_must_not_lead_elsewhere(path: str) -> None:
    with pytest.raises(FormatError, match="lie elsewhere") as caught:
        read_container(with_meta(publicPath=path), name="shop", url=SHOP)
    assert (caught.value.subject, caught.value.path) == (SHOP, "$.metaData.publicPath")


def test_an_origin_that_is_allowed_may_have_the_files() -> None:
    found = read_container(
        with_meta(publicPath="https://cdn.example/shop/"),
        name="shop",
        url=SHOP,
        origins={"https://cdn.example"},
    )
    assert found.script == "https://cdn.example/shop/remoteEntry.js"


def test_a_bare_script_says_that_nothing_is_known() -> None:
    found = bare_container("shop", "https://shop.example/remoteEntry.js")
    assert (found.exposes, found.shared, found.type, codes(found)) == (None, None, "script", ["bare-script"])
    assert bare_container("shop", "https://shop.example/e.mjs?v=1").type == "module"


def test_faults_have_document_path_found_and_expected() -> None:
    with pytest.raises(FormatError) as caught:
        decode_mf_manifest(b'{"shared": [{"name": "react", "singleton": "yes"}]}', subject=SHOP)
    error = caught.value
    assert (error.subject, error.path, error.found) == (SHOP, "$.shared[0].singleton", "str")
    with pytest.raises(FormatError, match="too many"):
        decode_mf_manifest(
            b'{"exposes": [{"name": "a"}, {"name": "b"}]}', subject=SHOP, limits=Limits(exposes_per_entry=1)
        )


def test_report_leaves_the_grammar_to_the_caller() -> None:
    document = raw("rspack-manifest")
    document["exposes"][0]["assets"]["js"]["sync"] = ["../../x.js"]
    found = decode_mf_manifest(document, subject="d", check="report")
    assert [one.path for one in mf_manifest_violations(found)] == ["$.exposes[0].assets.js.sync[0]"]


def test_lint_reports_every_fault_with_its_path() -> None:
    document = raw("rspack-manifest")
    document["metaData"]["remoteEntry"] = {"path": "../up"}
    document["shared"][0] |= {"name": "__proto__", "version": "latest", "requiredVersion": "nonsense"}
    document["shared"][1]["shareScope"] = ["__proto__", 1]
    document["exposes"][0]["assets"]["js"]["sync"] = ["https://evil.example/x.js", 1]
    document["exposes"].append({"path": "./Card"})
    document["exposes"].append({})
    document["remotes"] = [{"alias": 1}]
    faults = lint(json.dumps(document).encode(), subject="mf-manifest.json")
    assert sorted(fault.path for fault in faults if fault.severity == "error") == [
        "$.exposes[0].assets.js.sync[0]",
        "$.exposes[0].assets.js.sync[1]",
        "$.exposes[1]",
        "$.exposes[2].name",
        "$.metaData.remoteEntry",
        "$.metaData.remoteEntry.path",
        "$.remotes[0].alias",
        "$.shared[0].name",
        "$.shared[1].shareScope",
        "$.shared[1].shareScope[1]",
    ]
    assert sorted(fault.path for fault in faults if fault.severity == "warning") == [
        "$.shared[0].requiredVersion",
        "$.shared[0].version",
    ]


def test_lint_says_what_the_official_runtime_trips_over() -> None:
    faults = lint(b'{"name": "shop", "metaData": {"publicPath": "/"}}', subject="mf-manifest.json")
    assert {fault.severity for fault in faults} == {"warning"}
    assert [fault.path for fault in faults] == [
        "$",
        "$",
        "$.metaData.publicPath",
        "$.metaData.remoteEntry",
    ]


def test_lint_of_federated_stats() -> None:
    document = raw("next-federated-stats")
    document["federatedModules"][0]["exposes"] = {"__proto__": ["x.js"], "./a": ["../x.js", 1], "./b": "x"}
    faults = lint(json.dumps(document).encode(), subject="federated-stats.json")
    base = "$.federatedModules[0].exposes"
    assert [fault.path for fault in faults] == [
        f"{base}.__proto__",
        f'{base}["./a"][1]',
        f'{base}["./a"][0]',
        f'{base}["./b"]',
    ]


@pytest.mark.parametrize(
    ("subject", "data", "kind"),
    [
        ("mf-manifest.json", b"", "mf-manifest"),
        ("https://a.example/mf-stats.json?x", b"", "mf-stats"),
        ("federated-stats.json", b"", "federated-stats"),
        ("x.json", b'{"metaData": {}, "exposes": [], "shared": []}', "mf-manifest"),
        ("x.json", b'{"federatedModules": []}', "federated-stats"),
    ],
)
def test_the_kind_is_guessed(subject: str, data: bytes, kind: str) -> None:
    assert guess_kind(data, subject) == kind
