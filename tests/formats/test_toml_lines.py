"""Each key of a TOML file is found on its line."""

from __future__ import annotations

import tomllib

from hypothesis import given, settings
from hypothesis import strategies as st

from hanse.formats.toml_lines import key_lines
from tests.soak.counts import often

TEXT = '''
# a comment [with] = brackets
[federation]  # another
manifest = "a # b"
policy.x = 1.5
many = [ 1,
  { a = 1 }, # ] not the end
  3 ]
inline = { a = {b = 2}, "c d" = """x
] y""", e = [1,
 2] }
"quoted\\u0041" = 2
[remotes."a.b"]
url = \'\'\'x
[y]'\'\'\'
after = 1
[[tables.of]]
k = 1
[[tables.of]]
k = 2
'''


def test_keys_are_found_whatever_stands_around_them() -> None:
    tomllib.loads(TEXT)
    lines = key_lines(TEXT)
    assert lines == {
        ("federation",): 3,
        ("federation", "manifest"): 4,
        ("federation", "policy"): 5,
        ("federation", "policy", "x"): 5,
        ("federation", "many"): 6,
        ("federation", "inline"): 9,
        ("federation", "inline", "a"): 9,
        ("federation", "inline", "a", "b"): 9,
        ("federation", "inline", "c d"): 9,
        ("federation", "inline", "e"): 10,
        ("federation", "quotedA"): 12,
        ("remotes",): 13,
        ("remotes", "a.b"): 13,
        ("remotes", "a.b", "url"): 14,
        ("remotes", "a.b", "after"): 16,
        ("tables",): 17,
        ("tables", "of"): 17,
        ("tables", "of", "k"): 18,
    }


values = st.sampled_from(
    ["1", "'x'", '"""\n#"\n"""', "[1,\n 2]", "{ }", "{ a = 1, 'b' = [\n] }", "1979-05-27", "'''='''"]
)


@settings(max_examples=often(37, soak=1000), deadline=None)
@given(st.lists(values, max_size=8))
def test_every_key_is_found_where_it_was_written(chosen: list[str]) -> None:
    text, expected = "", {}
    for index, value in enumerate(chosen):
        expected["t", f"k{index}"] = text.count("\n") + 2
        text += f"k{index} = {value} # c\n\n"
    tomllib.loads(f"[t]\n{text}")
    lines = key_lines(f"[t]\n{text}")
    assert {path: line for path, line in lines.items() if path[-1].startswith("k")} == expected
