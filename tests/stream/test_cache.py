"""What a consumer keeps on disk: private, verified when it is read, bounded in bytes, whole after a crash."""

from __future__ import annotations

import os
import stat
import threading
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from hanse.errors import FormatError, StreamError, UsageError
from hanse.formats.server_entry import decode_server_entry
from hanse.limits import LIMITS
from hanse.stream import Build, InUse, StreamCache, digest_of
from hanse.stream.contents import Contents
from tests.stream.remotes import FILES, document


def build(serial: int = 1, name: str = "shop", **files: bytes) -> tuple[Build, bytes]:
    contents = {f"{file}.js": content for file, content in files.items()} or dict(FILES)
    data = document(contents, serial=serial, name=name)
    return Build(decode_server_entry(data, subject="entry"), contents), data


def test_content_is_known_by_its_digest_alone(tmp_path: Path) -> None:
    contents = Contents(tmp_path / "c")
    digest = contents.put(b"code")
    assert contents.get(digest) == b"code"
    assert contents.get(digest_of(b"other")) is None
    assert contents.get_all([digest, digest, digest_of(b"other")]) == {digest: b"code"}
    for text in ("sha384-../../etc/passwd", "sha256-AAAA", "", "sha384-AAAA", "sha384-" + "A" * 63 + "!"):
        with pytest.raises(FormatError):
            contents.get(text)


def test_what_is_damaged_is_not_there_and_is_written_again(tmp_path: Path) -> None:
    contents = Contents(tmp_path / "c")
    digest = contents.put(b"code")
    file = contents.place_of(digest)
    file.write_bytes(b"evil")
    assert contents.get(digest) is None
    assert not file.exists()
    contents.put(b"code")
    file.write_bytes(b"cod")
    contents.put(b"code")
    assert contents.get(digest) == b"code"


def test_a_link_or_a_pipe_in_its_place_is_not_followed_into_trouble(tmp_path: Path) -> None:
    contents = Contents(tmp_path / "c")
    digest = digest_of(b"code")
    os.mkfifo(contents.place_of(digest))
    assert contents.get(digest) is None
    contents.place_of(digest).unlink()
    contents.place_of(digest).symlink_to("/dev/zero")
    assert contents.get(digest) is None


def test_what_was_not_used_for_the_longest_goes_first(tmp_path: Path) -> None:
    contents = Contents(tmp_path / "c")
    digests = [contents.put(bytes([n]) * 100) for n in range(5)]
    for age, digest in enumerate(digests):
        os.utime(contents.place_of(digest), (time.time() - 100 + age,) * 2)
    assert contents.get(digests[0])
    contents.trim(300, keep=[digests[1]])
    assert [contents.get(one) is not None for one in digests] == [True, True, False, False, True]


def test_what_a_dead_process_left_is_removed_later(tmp_path: Path) -> None:
    contents = Contents(tmp_path / "c")
    old, new = tmp_path / "c" / ".x-1.part", tmp_path / "c" / ".x-2.part"
    for file in (old, new):
        file.write_bytes(b"half")
    os.utime(old, (time.time() - 7200,) * 2)
    contents.trim(0)
    assert not old.exists()
    assert new.exists()


def test_the_cache_is_bounded_and_keeps_what_is_in_use(tmp_path: Path) -> None:
    limits = replace(LIMITS, stream_cache_bytes=20_000)
    cache = StreamCache(tmp_path / "cache", limits=limits)
    for serial in range(1, 20):
        cache.keep(*build(serial, card=os.urandom(5000)))
    cache.keep(*build(1, "cart", cart=os.urandom(15_000)))
    last = build(20, card=os.urandom(5000))
    cache.keep(*last)
    size = sum(file.stat().st_size for file in (tmp_path / "cache" / "modules").iterdir())
    assert size < 30_000
    assert cache.recall("shop") is not None
    assert cache.recall("cart") is not None


def test_the_folder_is_private_and_one_that_is_not_is_refused(tmp_path: Path) -> None:
    cache = StreamCache(tmp_path / "cache")
    cache.keep(*build())
    for place in (tmp_path / "cache").rglob("*"):
        assert not stat.S_IMODE(place.stat().st_mode) & 0o077
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    with pytest.raises(UsageError, match="others on this machine"):
        StreamCache(tmp_path / "open")


def test_many_threads_and_processes_leave_the_highest_serial(tmp_path: Path) -> None:
    builds = [build(serial, card=b"%d" % serial) for serial in range(1, 21)]

    def keep(one: tuple[Build, bytes]) -> None:
        with suppress(StreamError):
            StreamCache(tmp_path / "cache").keep(*one)

    threads = [threading.Thread(target=keep, args=(one,)) for one in builds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    last = builds[-1][0].entry
    assert StreamCache(tmp_path / "cache").in_use("shop") == InUse(20, last.build)


def test_the_same_build_may_be_kept_again_with_other_files(tmp_path: Path) -> None:
    cache = StreamCache(tmp_path / "cache")
    whole, data = build()
    cache.keep(whole, data)
    cache.keep(Build(whole.entry, {"other.js": FILES["other.js"]}), data)
    recalled = cache.recall("shop")
    assert recalled is not None
    assert dict(recalled.contents) == {"other.js": FILES["other.js"]}
    other = build(1, card=b"another")
    with pytest.raises(StreamError):
        cache.keep(*other)


def test_a_document_that_is_not_the_one_of_the_record_is_not_used(tmp_path: Path) -> None:
    cache = StreamCache(tmp_path / "cache")
    whole, data = build()
    cache.keep(whole, data)
    record = next((tmp_path / "cache" / "remotes").glob("*.json"))
    other = Contents(tmp_path / "cache" / "modules").put(document({"card.js": b"evil"}))
    record.write_bytes(record.read_bytes().replace(digest_of(data).encode(), other.encode()))
    assert cache.recall("shop") is None
