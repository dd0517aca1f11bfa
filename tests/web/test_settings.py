"""The settings of a framework: which keys there are, and what is said about wrong ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from hanse import Federation, HanseError
from hanse.web import PageOptions
from hanse.web.overrides import Overrides
from hanse.web.settings import KEYS, SiteSettings, read_settings

MANIFEST = "https://cdn.example/manifest.json"


def read(folder: Path | None = None, **given: object) -> SiteSettings:
    return read_settings(given, spell=lambda key: f"HANSE_{key.upper()}", folder=folder)


def test_a_manifest_is_enough() -> None:
    found = read(manifest=MANIFEST)
    assert found.make(False).source == MANIFEST
    assert found.make(False).policy.name == "coherent"
    assert found.made
    assert found.options() == PageOptions()


def test_options_that_were_said_count_before_those_that_the_framework_has() -> None:
    found = read(manifest=MANIFEST, base="/mfe", scoped=True)
    assert found.options(development=True, base="/other") == PageOptions(
        base="/mfe", scoped=True, development=True
    )
    assert read(manifest=MANIFEST, development=False).options(development=True).development is False


def test_a_policy_with_its_options() -> None:
    found = read(
        manifest=MANIFEST, policy="compatible", policy_options={"strict_import_map": True, "cache_tag": "x"}
    )
    assert found.make(False).policy.name == "compatible"
    assert found.make(False).policy.strict.strict_import_map
    assert found.make(False).policy.profile.cache_tag == "x"


def test_relative_paths_are_relative_to_the_project(tmp_path: Path) -> None:
    (tmp_path / "hanse.toml").write_text('[federation]\nmanifest = "m.json"\n')
    assert read(tmp_path, toml="hanse.toml").make(False).source == "m.json"
    assert read(tmp_path, manifest="m.json").make(False).source == str(tmp_path / "m.json")
    assert read(tmp_path, manifest=Path("m.json")).make(False).source == str(tmp_path / "m.json")
    assert read(tmp_path, manifest=MANIFEST, cache_folder="cache").make(False).source == MANIFEST


def test_remotes_may_stand_in_the_settings_themselves() -> None:
    assert (
        read(manifest={"shop": "https://cdn.example/shop/remoteEntry.json"}).make(False).source == "manifest"
    )


def test_a_federation_that_exists_already() -> None:
    federation = Federation(MANIFEST)
    found = read(federation=federation, csp=False)
    assert found.make(True) is federation
    assert not found.made
    assert not found.options().csp


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "nothing says where the federation comes from"),
        ({"manifest": None}, "nothing says where the federation comes from"),
        ({"manifest": MANIFEST, "toml": "x.toml"}, "HANSE_MANIFEST and HANSE_TOML are both given"),
        ({"toml": "hanse.toml", "manifest_integrity": "sha384-x"}, "HANSE_TOML says that itself"),
        ({"federation": Federation(MANIFEST), "policy": "coherent"}, "HANSE_FEDERATION says that itself"),
        ({"manifest": MANIFEST, "overrides": "all"}, "HANSE_OVERRIDES: this is not what it should be"),
        ({"manifst": MANIFEST}, "did you mean HANSE_MANIFEST"),
        ({"manifest": MANIFEST, "zzz": 1}, "there are ALLOWED_ORIGINS"),
        ({"manifest": 7}, "HANSE_MANIFEST: this is not what it should be: int"),
        ({"federation": MANIFEST}, "HANSE_FEDERATION: this is not what it should be: str"),
        ({"toml": 7}, "HANSE_TOML: this is not what it should be"),
        ({"toml": "nowhere.toml"}, "nowhere.toml"),
        ({"manifest": {"__proto__": "x"}}, "__proto__"),
        ({"manifest": MANIFEST, "policy": "best"}, "there is no such policy"),
        ({"manifest": MANIFEST, "policy_options": {"strikt": True}}, "no policy option is called 'strikt'"),
        ({"manifest": MANIFEST, "policy_options": {"strict": [1]}}, "HANSE_POLICY_OPTIONS"),
        ({"manifest": MANIFEST, "allowed_origins": "x"}, "HANSE_ALLOWED_ORIGINS: this is not what"),
        ({"manifest": MANIFEST, "refresh_interval": "soon"}, "HANSE_REFRESH_INTERVAL: this is not what"),
        ({"manifest": MANIFEST, "csp": "yes"}, "HANSE_CSP: this is not what it should be"),
        ({"manifest": MANIFEST, "link_headers": "some"}, "HANSE_LINK_HEADERS: this is not what"),
        ({"manifest": MANIFEST, "base": "_hanse/"}, "HANSE_BASE: _hanse/: this is no path to mount at"),
    ],
)
def test_what_is_wrong_is_said_in_the_words_of_the_settings(
    given: dict[str, object], message: str, tmp_path: Path
) -> None:
    with pytest.raises(HanseError) as caught:
        read(tmp_path, **given)
    assert message in str(caught.value)


def test_every_argument_and_option_has_a_key() -> None:
    assert {"manifest", "toml", "federation", "policy", "policy_options", "base", "csp"} < KEYS
    assert set(PageOptions.__slots__) < KEYS


def test_overrides_are_switched_on_by_a_word_or_described() -> None:
    assert read(manifest=MANIFEST, overrides=True).options().overrides == Overrides()
    assert read(manifest=MANIFEST, overrides=False).options().overrides is None
    preview = Overrides(origins=("https://*.preview.example",))
    assert read(manifest=MANIFEST, overrides=preview).options().overrides is preview


def test_the_federation_is_developed_where_its_pages_are(tmp_path: Path) -> None:
    (tmp_path / "hanse.toml").write_text('[federation]\nmanifest = "m.json"\n')
    for given in ({"manifest": MANIFEST}, {"toml": "hanse.toml"}):
        found = read(tmp_path, **given)
        assert found.make(True).development
        assert not found.make(False).development


def test_what_is_said_beside_a_toml_counts_before_it(tmp_path: Path) -> None:
    (tmp_path / "hanse.toml").write_text('[federation]\nmanifest = "m.json"\npolicy = "compatible"\n')
    assert read(tmp_path, toml="hanse.toml").make(False).policy.name == "compatible"
    assert read(tmp_path, toml="hanse.toml", policy="coherent").make(False).policy.name == "coherent"
