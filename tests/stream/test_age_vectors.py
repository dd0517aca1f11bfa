"""Sealing agrees with age's published vectors: what must open opens to what it should, nothing else opens."""

from __future__ import annotations

import hashlib
import subprocess
import zlib
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from hanse.errors import StreamError
from hanse.stream.seal import NONCE_BYTES, open_payload, payload_key, seal_payload
from scripts.node import ROOT, ensure_node

pytestmark = pytest.mark.node

LISTING = Path(__file__).with_name("age_vectors.mjs")


@dataclass(frozen=True)
class Vector:
    name: str
    fields: dict[str, str]
    body: bytes

    @property
    def payload(self) -> bytes:
        """What follows the line of the header that has its code: nonce and chunks."""
        return self.body[self.body.index(b"\n", self.body.index(b"\n--- ") + 1) + 1 :]


def read_vectors() -> Iterator[Vector]:
    listing = subprocess.run(
        [str(ensure_node().program), str(LISTING), str(ROOT / "benchmarks")],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    for line in listing.stdout.splitlines():
        name, encoded = line.split(" ")
        head, body = b64decode(encoded).split(b"\n\n", 1)
        fields = dict(field.split(": ", 1) for field in head.decode().splitlines())
        yield Vector(name, fields, zlib.decompress(body) if fields.get("compressed") == "zlib" else body)


@pytest.fixture(scope="module")
def vectors() -> list[Vector]:
    return list(read_vectors())


def key_of(vector: Vector) -> bytes:
    return payload_key(bytes.fromhex(vector.fields["file key"]), vector.payload[:NONCE_BYTES])


def test_every_vector_is_there(vectors: list[Vector]) -> None:
    outcomes = [vector.fields["expect"] for vector in vectors]
    assert (
        outcomes.count("success"),
        outcomes.count("payload failure"),
        outcomes.count("header failure"),
    ) == (
        8,
        18,
        2,
    )


def test_what_must_open_opens_and_is_sealed_alike(vectors: list[Vector]) -> None:
    for vector in vectors:
        if vector.fields["expect"] == "success":
            sealed = vector.payload[NONCE_BYTES:]
            plain = open_payload(sealed, key=key_of(vector), subject=vector.name)
            assert hashlib.sha256(plain).hexdigest() == vector.fields["payload"], vector.name
            assert seal_payload(plain, key=key_of(vector)) == sealed, vector.name


def test_what_must_not_open_gives_nothing(vectors: list[Vector]) -> None:
    for vector in vectors:
        if vector.fields["expect"] == "payload failure":
            with pytest.raises(StreamError) as caught:
                open_payload(vector.payload[NONCE_BYTES:], key=key_of(vector), subject=vector.name)
            assert caught.value.reason == "seal"


def test_a_payload_without_a_whole_nonce_is_none(vectors: list[Vector]) -> None:
    short = [vector for vector in vectors if vector.fields["expect"] == "header failure"]
    assert all(len(vector.payload) < NONCE_BYTES for vector in short)
