from __future__ import annotations

from typing import Any

import pytest

from hanse.errors import FormatError, IntegrityError, StreamError
from hanse.stream import InUse, digest_of, pack_module, pick_modules
from tests.stream.streams import BUILD, CARD, MODULES, pull, stream

CONTENTS = {
    "product-card.js": CARD,
    "chunk-A.js": b"import './chunk-B.js'; 'a'",
    "chunk-B.js": b"'b'",
    "styles/card.css": b"",
}


def refusal(container: bytes, nonce: str = "n-1", now: float = 999.0, in_use: InUse | None = None) -> str:
    with pytest.raises(StreamError) as caught:
        pull(container, nonce=nonce, now=now, in_use=in_use)
    assert caught.value.subject == "shop"
    return caught.value.reason


def test_a_stream_brings_every_module_after_what_it_imports() -> None:
    pulled = pull(stream())
    assert pulled.modules == CONTENTS
    assert list(pulled.modules) == ["chunk-B.js", "chunk-A.js", "product-card.js", "styles/card.css"]
    assert pulled.fresh == {digest_of(content) for content in CONTENTS.values()}
    assert (pulled.header.version, pulled.header.build, pulled.header.serial) == ("1.4.0", BUILD, 17)


def test_the_same_modules_make_the_same_stream_in_any_order() -> None:
    assert stream(*reversed(MODULES.values())) == stream()


def test_what_the_asker_has_is_left_out_and_is_there_all_the_same() -> None:
    have = {digest_of(CONTENTS[name]): CONTENTS[name] for name in ("product-card.js", "chunk-B.js")}
    delta = stream(have=frozenset(have))
    assert len(delta) < len(stream())
    pulled = pull(delta, have=have)
    assert pulled.modules == CONTENTS
    assert pulled.fresh == {digest_of(CONTENTS["chunk-A.js"]), digest_of(b"")}


def test_a_kept_copy_that_was_damaged_is_not_used() -> None:
    digest = digest_of(CONTENTS["chunk-A.js"])
    with pytest.raises(IntegrityError, match=r"kept of `chunk-A\.js`"):
        pull(stream(have=frozenset([digest])), have={digest: b"rotten"})


def test_content_that_two_modules_share_travels_once() -> None:
    twins = [pack_module(name, b"same" * 100) for name in ("a.js", "b.js")]
    pulled = pull(stream(*twins))
    assert pulled.modules == {"a.js": b"same" * 100, "b.js": b"same" * 100}
    assert stream(*twins).count(twins[0].deflated) == 1


def test_the_answer_to_another_request_is_refused() -> None:
    assert refusal(stream(), nonce="n-2") == "nonce"


def test_a_stream_expires() -> None:
    assert refusal(stream(), now=1000.0) == "expired"
    assert pull(stream(), now=999.9).modules == CONTENTS


def test_nothing_older_takes_the_place_of_what_is_in_use() -> None:
    assert refusal(stream(), in_use=InUse(18, BUILD)) == "serial"
    assert pull(stream(), in_use=InUse(17, BUILD)).modules == CONTENTS
    assert pull(stream(), in_use=InUse(16, digest_of(b"before"))).modules == CONTENTS


def test_a_serial_names_one_build() -> None:
    assert refusal(stream(), in_use=InUse(17, digest_of(b"another"))) == "serial"


def test_going_back_is_the_earlier_build_under_a_new_serial() -> None:
    assert pull(stream(serial=19), in_use=InUse(18, digest_of(b"newer"))).header.build == BUILD


def test_another_remotes_stream_by_the_same_publisher_is_refused() -> None:
    assert refusal(stream(remote="cart")) == "remote"


def test_another_publisher_is_refused() -> None:
    assert refusal(stream(private=b"x" * 32)) == "publisher"


def test_a_pick_has_what_it_imports_and_nothing_else() -> None:
    picked = pick_modules(MODULES, ["chunk-A.js"], subject="shop")
    assert [module.row.name for module in picked] == ["chunk-B.js", "chunk-A.js"]
    with pytest.raises(FormatError, match=r"no module `nowhere\.js`"):
        pick_modules(MODULES, ["nowhere.js"], subject="shop")


def test_an_import_that_no_module_is_has_both_names_in_its_fault() -> None:
    build = {"a.js": pack_module("a.js", b"", imports=["hole.js"])}
    with pytest.raises(FormatError, match=r"`a\.js` imports `hole\.js`, which the table does not name"):
        pick_modules(build, ["a.js"], subject="shop")
    with pytest.raises(FormatError, match=r"`a\.js` imports `hole\.js`"):
        stream(*build.values())


def test_modules_of_a_circle_travel_together_and_behind_what_they_import() -> None:
    ring = {"a.js": ["b.js"], "b.js": ["z.js", "c.js"], "c.js": ["d.js"], "d.js": ["b.js"], "z.js": ["z.js"]}
    build = [pack_module(name, name.encode(), imports=imports) for name, imports in ring.items()]
    assert list(pull(stream(*build)).modules) == ["z.js", "b.js", "c.js", "d.js", "a.js"]
    assert list(pull(stream(*reversed(build))).modules) == ["z.js", "b.js", "c.js", "d.js", "a.js"]
    picked = pick_modules({one.row.name: one for one in build}, ["c.js"], subject="shop")
    assert [one.row.name for one in picked] == ["z.js", "b.js", "c.js", "d.js"]


def test_a_circle_of_thousands_has_an_order() -> None:
    names = [f"m{number:04}.js" for number in range(5000)]
    build = [
        pack_module(name, name.encode(), imports=[following])
        for name, following in zip(names, [*names[1:], names[0]], strict=True)
    ]
    assert list(pull(stream(*build)).modules) == names


def test_a_chain_of_thousands_has_an_order() -> None:
    names = [f"m{number}.js" for number in range(5000)]
    build = [
        pack_module(name, name.encode(), imports=[following])
        for name, following in zip(names, [*names[1:], "end.js"], strict=True)
    ]
    pulled = pull(stream(*build, pack_module("end.js", b"")))
    assert list(pulled.modules) == ["end.js", *reversed(names)]


@pytest.mark.parametrize(
    ("said", "path"),
    [
        ({"remote": "__proto__"}, "$.remote"),
        ({"version": "1 0"}, "$.version"),
        ({"nonce": "n" * 257}, "$.nonce"),
        ({"build": "latest"}, "$.build"),
        ({"serial": -1}, "$.serial"),
        ({"serial": 2**53}, "$.serial"),
        ({"expires": -1}, "$.expires"),
    ],
)
def test_a_publisher_is_told_what_no_consumer_would_take(said: dict[str, Any], path: str) -> None:
    with pytest.raises(FormatError) as caught:
        stream(**said)
    assert caught.value.path == path
