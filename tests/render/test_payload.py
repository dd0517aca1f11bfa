"""Properties survive on their way to engine and browser, whatever is in them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hanse.errors import FormatError
from hanse.render.markup import CLOSE, rendered_tag
from hanse.render.payload import make_payload
from tests.render.acting import card
from tests.web.heads import read_elements

HOSTILE = st.sampled_from(
    (
        *("</script>", "<!--", "-->", '"', "'", "`", "&quot;", "&", "<img src=x onerror=hit()>", "\u2028"),
        *("\u2029", "\x00", "\r\n", "\\", "\\u003c", "]]>", "{{", "}}", "{%", "__proto__", "constructor"),
        *("😀", "é", "\ufeff"),
    )
)
TEXT = (
    st.lists(HOSTILE | st.text(max_size=3), max_size=4)
    .map("".join)
    .filter(lambda text: not any("\ud800" <= one <= "\udfff" for one in text))
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT,
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(TEXT, inside, max_size=3),
    max_leaves=8,
)


def clean(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: clean(one) for key, one in value.items() if key != "__proto__"}
    return [clean(one) for one in value] if isinstance(value, list) else value


@given(st.dictionaries(TEXT, VALUES, max_size=4))
def test_the_page_has_them_back_as_they_were(props: dict[str, Any]) -> None:
    payload = make_payload(props)
    html = rendered_tag(card(), payload, prefix="h1-", hydrate=True, export="default") + "inside" + CLOSE
    (found,) = [one for one in read_elements(html) if one.name not in {"head", "body"}]
    # html5lib makes a replacement character of NUL, as browsers do; JSON has it escaped before.
    assert json.loads(found.attributes["data-hanse-props"]) == clean(props) == payload.values
    assert found.text == "inside"


def test_equal_properties_have_equal_digests_and_others_do_not() -> None:
    digests = [make_payload(props).digest for props in ({"a": 1}, {"a": 1}, {"a": "1"}, {"a": [1]}, {})]
    assert digests[0] == digests[1]
    assert len({*digests}) == 4


def test_what_cannot_be_written_or_read_is_the_callers_mistake() -> None:
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    for props in ({"a": object()}, {"a": "\ud800"}, {"a": deep}):
        with pytest.raises(FormatError):
            make_payload(props)
