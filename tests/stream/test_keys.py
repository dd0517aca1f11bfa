from __future__ import annotations

import pytest

from hanse.errors import FormatError, UsageError
from hanse.stream import key_id, key_ring, read_key, rotate, write_key
from hanse.stream.keys import KeyKind

KEY = bytes(range(32))


@pytest.mark.parametrize("kind", ["key", "private", "public"])
def test_a_key_is_read_as_it_was_written(kind: KeyKind) -> None:
    text = write_key(KEY, kind)
    assert text.startswith(f"hanse-{kind}-1:")
    assert read_key(f" {text}\n", kind, subject="env:KEY") == KEY


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (write_key(KEY, "private"), "a private key"),
        ("secret", "another text"),
        ("hanse-key-1:!", "not base64"),
        ("hanse-key-1:c2VjcmV0", "6 bytes"),
        # The last letter has bits that no byte has: the same key in another spelling.
        (write_key(KEY, "key")[:-2] + "9=", "32 bytes"),
    ],
)
def test_what_is_no_shared_key_is_refused_and_not_shown(text: str, found: str) -> None:
    with pytest.raises(FormatError) as caught:
        read_key(text, "key", subject="env:KEY")
    assert found in str(caught.value)
    assert "env:KEY" in str(caught.value)
    assert text not in str(caught.value)


def test_an_id_says_which_key_and_nothing_of_it() -> None:
    assert key_id(KEY) == key_id(KEY) != key_id(KEY[::-1])
    assert len(key_id(KEY)) == 16
    assert key_id(KEY) not in write_key(KEY, "key")


def test_rotation_keeps_as_many_earlier_keys_as_asked() -> None:
    first, second, third = (bytes([number]) * 32 for number in range(3))
    ring = rotate(rotate(key_ring([first]), second), third, kept=2)
    assert ring.in_use == key_id(third)
    assert set(ring.keys.values()) == {first, second, third}
    assert set(rotate(ring, KEY).keys.values()) == {third, KEY}
    assert set(rotate(ring, KEY, kept=0).keys.values()) == {KEY}


def test_a_ring_has_whole_keys() -> None:
    with pytest.raises(UsageError):
        key_ring([])
    with pytest.raises(UsageError):
        key_ring([KEY[:31]])
    with pytest.raises(UsageError):
        write_key(KEY + b"0", "key")
