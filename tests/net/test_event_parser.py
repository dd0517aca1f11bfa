"""Server-sent events: what the HTML standard says of each line, and the same however the bytes are cut."""

from __future__ import annotations

import re
import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hanse.errors import TooLargeError
from hanse.net.event_parser import Event, EventParser

CAP = 1000

# The standard's own examples, and what has to come of each.
EXAMPLES: dict[str, tuple[bytes, list[Event]]] = {
    "data in several lines": (
        b"data: YHOO\ndata: +2\ndata: 10\n\n",
        [Event("message", "YHOO\n+2\n10")],
    ),
    "comments, ids, and an id that is taken back": (
        b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event",
        [Event("message", "first event", "1"), Event("message", "second event", "")],
    ),
    "empty data is an event, no data is none": (
        b"data\n\ndata\ndata\n\ndata:",
        [Event("message", ""), Event("message", "\n")],
    ),
    "one space is left out, a second is not": (
        b"data:test\n\ndata: test\n\ndata:  test\n\n",
        [Event("message", "test"), Event("message", "test"), Event("message", " test")],
    ),
    "types, and an event of a type without data": (
        b"event: add\ndata: 73857293\n\nevent: lost\n\ndata: 1\n\n",
        [Event("add", "73857293"), Event("message", "1")],
    ),
    "an id without data counts for the next": (b"id: 7\n\ndata: x\n\n", [Event("message", "x", "7")]),
    "an id with a NUL is ignored": (
        b"id: 1\ndata: a\n\nid: 2\0\ndata: b\n\n",
        [Event("message", "a", "1"), Event("message", "b", "1")],
    ),
    "CR, LF and both": (
        b"data: a\r\rdata: b\r\n\r\ndata: c\n\ndata: d\n\r\ndata: e\r\n\rdata: f\r\r\n",
        [Event("message", one) for one in "abcdef"],
    ),
    "data in lines that end in CR and LF": (b"data: a\r\ndata: b\r\n\r\n", [Event("message", "a\nb")]),
    "a byte order mark, once": (b"\xef\xbb\xbfdata: a\n\n\xef\xbb\xbfdata: b\n\n", [Event("message", "a")]),
    "bytes that are not UTF-8": (b"data: \xff\xc3\n\n", [Event("message", "\ufffd\ufffd")]),
    "only line feeds and carriage returns end a line": (
        "data: a\u2028b\u0085c\x0bd\n\n".encode(),
        [Event("message", "a\u2028b\u0085c\x0bd")],
    ),
    "fields nobody knows, and lines without a colon": (
        b"datum: 1\nDATA: 2\n data: 3\nnothing\ndata: 4\n\n",
        [Event("message", "4")],
    ),
    "what is not ended is no event": (b"data: a\n", []),
}


def parse(*parts: bytes, cap: int = CAP) -> list[Event]:
    parser = EventParser(cap=cap)
    return [event for part in parts for event in parser.feed(part)]


@pytest.mark.parametrize("name", EXAMPLES)
def test_it_reads_streams_as_the_standard_does(name: str) -> None:
    stream, events = EXAMPLES[name]
    assert parse(stream) == events


@pytest.mark.parametrize("name", EXAMPLES)
def test_it_reads_them_byte_by_byte_too(name: str) -> None:
    stream, events = EXAMPLES[name]
    assert parse(*[stream[at : at + 1] for at in range(len(stream))]) == events


def test_an_event_is_there_as_soon_as_its_last_line_ends_with_a_carriage_return() -> None:
    parser = EventParser(cap=CAP)
    assert parser.feed(b"data: now\r\r") == [Event("message", "now")]
    assert parser.feed(b"\n") == []
    assert parser.feed(b"data: then\r\n") == []
    assert parser.feed(b"\r\n") == [Event("message", "then")]


def test_the_wait_a_stream_asks_for_is_digits_only() -> None:
    parser = EventParser(cap=CAP)
    for text, found in {"": None, "1e3": None, "-1": None, "1500": 1500, "²": 1500, "9" * 30: 1500}.items():
        parser.feed(f"retry: {text}\n".encode())
        assert parser.retry == found


def test_an_id_counts_once_its_event_is_finished() -> None:
    parser = EventParser(cap=CAP, last_id="before")
    parser.feed(b"id: 1\ndata: a\n")
    assert parser.last_id == "before"
    parser.feed(b"\n")
    assert parser.last_id == "1"


@pytest.mark.parametrize(
    "flood",
    [b"data: " + b"x" * 1001, b"data: x\n" * 300, b"id: 1\n" * 300, b":" + b"x" * 1001, b"x" * 1001],
    ids=["a line", "data", "ids", "a comment", "nonsense"],
)
def test_what_never_ends_is_stopped_at_the_cap(flood: bytes) -> None:
    for cut in (len(flood), 7):
        with pytest.raises(TooLargeError, match="more than 1000 characters"):
            parse(*[flood[at : at + cut] for at in range(0, len(flood), cut)])


def test_comments_and_many_small_events_may_go_on_for_ever() -> None:
    assert parse(*[b": still here\n\n"] * 1000) == []
    assert parse(*[b": still here\n"] * 1000) == []
    assert len(parse(*[b"data: 0123456789\n\n"] * 1000)) == 1000


def test_a_line_that_has_no_end_takes_no_longer_than_lines_that_have() -> None:
    start = time.process_time()
    with pytest.raises(TooLargeError):
        parse(b"x" * (4 << 20), cap=1 << 20)
    assert len(parse(b"data: x\n\n" * (1 << 16))) == 1 << 16
    assert time.process_time() - start < 2


LINES = st.sampled_from(
    [
        "",
        "data",
        "data: a",
        "data:\u00e9\u2028",
        "event: go",
        "id: 1",
        "id",
        "retry: 10",
        ": note",
        "x: y",
        "\ufeff",
    ]
)
ENDS = st.sampled_from(["\n", "\r", "\r\n"])
STREAMS = st.lists(st.tuples(LINES, ENDS), max_size=30).map(lambda pairs: "".join(map("".join, pairs)))


def slowly(stream: bytes) -> list[Event]:
    """Read a whole stream as the standard's text does it, without regard for time and space."""
    text = stream.decode("utf-8", "replace").removeprefix("\ufeff")
    lines = re.split(r"\r\n|\r|\n", text)[:-1]
    events, kind, data, last = [], "", "", ""
    for line in lines:
        field, _, value = line.partition(":")
        value = value[1:] if value[:1] == " " else value
        if not line:
            if data:
                events.append(Event(kind or "message", data[:-1], last))
            kind, data = "", ""
        elif field == "data":
            data += value + "\n"
        elif field == "event":
            kind = value
        elif field == "id" and "\0" not in value:
            last = value
    return events


@given(STREAMS.map(str.encode) | st.binary(max_size=200), st.lists(st.integers(0, 200)))
def test_however_a_stream_is_cut_the_events_are_the_same(stream: bytes, cuts: list[int]) -> None:
    places = [0, *sorted(at for at in cuts if at < len(stream)), len(stream)]
    parts = [stream[start:end] for start, end in pairwise(places)]
    assert parse(*parts) == slowly(stream)
