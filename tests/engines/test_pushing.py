"""Generations are encoded for the guest; a module that was encoded before is not read again."""

from __future__ import annotations

import json
import time

import pytest

from hanse.engines import EngineLimits, Generation, Source
from hanse.engines.pushing import Encoder
from hanse.errors import FormatError
from hanse.limits import LIMITS as CAPS

LIMITS = EngineLimits()
# Reading it takes a few hundredths of a second.
LARGE = "export const list = [" + "[1, 'two', () => import('./three.js')], " * 4000 + "];\n"


def generation(**texts: str) -> Generation:
    return Generation(
        id="towns", modules={name: Source(text=text, remote=name) for name, text in texts.items()}
    )


def seconds_to_encode(encoder: Encoder, **texts: str) -> float:
    began = time.process_time()
    encoder.encode(generation(**texts), LIMITS)
    return time.process_time() - began


def test_one_changed_module_costs_no_more_than_itself() -> None:
    encoder = Encoder()
    first = seconds_to_encode(encoder, large=LARGE, small="export default 1;")
    again = min(seconds_to_encode(encoder, large=LARGE, small=f"export default {n};") for n in range(3))
    assert again < first / 5


def test_the_same_module_of_another_remote_is_not_read_again() -> None:
    encoder = Encoder()
    first = seconds_to_encode(encoder, lubeck=LARGE)
    assert seconds_to_encode(encoder, lubeck=LARGE, visby=LARGE, riga=LARGE) < first / 3


def test_what_is_remembered_changes_nothing_about_what_is_encoded() -> None:
    encoder = Encoder()
    towns = {"lubeck": "import './visby.js'; import('./riga.js');", "visby": LARGE, "riga": "export {};"}
    first = encoder.encode(generation(**towns), LIMITS)
    assert encoder.encode(generation(**towns), LIMITS) == first
    assert Encoder().encode(generation(**towns), LIMITS) == first


def test_a_module_is_read_by_its_format() -> None:
    encoder = Encoder()
    text = "require('./a'); import './b';"
    sources = {
        "esm.js": Source(text=text, remote="lubeck"),
        "cjs.js": Source(text=text, remote="lubeck", format="cjs"),
    }
    pushed = json.loads(encoder.encode(Generation(id="towns", modules=sources), LIMITS))
    assert [one["imports"] for one in pushed["modules"]] == [["./b"], ["./a"]]


def test_no_more_is_remembered_than_allowed() -> None:
    encoder = Encoder(remembered=1000)
    first = seconds_to_encode(encoder, large=LARGE)
    encoder.encode(generation(other="0;"), LIMITS)
    assert seconds_to_encode(encoder, large=LARGE) > first / 5


def test_a_generation_is_remembered_whatever_its_size() -> None:
    encoder = Encoder(remembered=1)
    first = seconds_to_encode(encoder, large=LARGE, small="export {};")
    assert seconds_to_encode(encoder, large=LARGE, small="export default 1;") < first / 5


def test_what_cannot_be_encoded_is_told_each_time_with_the_modules_name() -> None:
    encoder = Encoder()
    many = "".join(f"import './{n}.js';" for n in range(CAPS.imports_per_module + 1))
    for name in ("lubeck", "visby"):
        with pytest.raises(FormatError) as caught:
            encoder.encode(generation(**{name: many}), LIMITS)
        assert caught.value.subject == name
