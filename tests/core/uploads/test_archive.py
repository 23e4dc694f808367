"""An archive may be anything; what comes out is one manifest of a bounded size, or a refusal."""

from __future__ import annotations

import io
import struct
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trunkline.core.uploads import ARCHIVE_MAX, MANIFEST_MAX, read_manifest_file
from trunkline.kit.errors import InvalidRequestError, PayloadTooLargeError, TrunklineError

MANIFEST = b"specVersion: 1.0.0\n"


def archive(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as opened:
        for name, content in files.items():
            opened.writestr(name, content)
    return packed.getvalue()


GOOD = archive({"amp.yaml": MANIFEST, "README.md": b"hello"})


@pytest.mark.parametrize("name", ["amp.yaml", "amp.yml", "./amp.yaml"])
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_the_one_manifest_comes_out(name: str, method: int) -> None:
    assert read_manifest_file(archive({name: MANIFEST}, method)) == MANIFEST


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"other.yaml": MANIFEST},
        {"folder/amp.yaml": MANIFEST},
        {"../amp.yaml": MANIFEST},
        {"amp.yaml": MANIFEST, "amp.yml": MANIFEST},
        {"amp.yaml": MANIFEST, "./amp.yaml": MANIFEST},
        {f"{number}.txt": b"" for number in range(17)},
    ],
)
def test_none_or_several_are_refused(files: dict[str, bytes]) -> None:
    with pytest.raises(InvalidRequestError):
        read_manifest_file(archive(files))


def test_a_bomb_is_unpacked_no_further_than_its_limit() -> None:
    bomb = archive({"amp.yaml": b"0" * (MANIFEST_MAX + 1)})
    assert len(bomb) < 2_000
    with pytest.raises(PayloadTooLargeError):
        read_manifest_file(bomb)
    assert len(read_manifest_file(archive({"amp.yaml": b"0" * MANIFEST_MAX}))) == MANIFEST_MAX


def test_what_an_archive_says_of_its_size_is_not_believed() -> None:
    bomb = archive({"amp.yaml": b"0" * (8 * MANIFEST_MAX)})
    told = (8 * MANIFEST_MAX).to_bytes(4, "little")
    assert bomb.count(told) == 2
    with pytest.raises(TrunklineError):
        read_manifest_file(bomb.replace(told, (100).to_bytes(4, "little")))


def test_a_longer_archive_is_not_opened() -> None:
    with pytest.raises(PayloadTooLargeError):
        read_manifest_file(GOOD + b"0" * ARCHIVE_MAX)


def test_unusual_packing_is_refused() -> None:
    with pytest.raises(InvalidRequestError, match="unusual"):
        read_manifest_file(archive({"amp.yaml": MANIFEST}, zipfile.ZIP_LZMA))
    encrypted = bytearray(GOOD)
    encrypted[GOOD.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(InvalidRequestError, match="encrypted"):
        read_manifest_file(bytes(encrypted))


@pytest.mark.parametrize("offset", [2**62, 2**63, 2**64 - 1])
def test_a_file_that_is_said_to_be_beyond_any_archive_is_refused(offset: int) -> None:
    directory, end = GOOD.index(b"PK\x01\x02"), GOOD.index(b"PK\x05\x06")
    header = bytearray(GOOD[directory : directory + 46])
    name = GOOD[directory + 46 : directory + 46 + len("amp.yaml")]
    extra = struct.pack("<HHQ", 1, 8, offset)
    header[30:32] = struct.pack("<H", len(extra))
    header[42:46] = b"\xff" * 4  # the offset is in the extra field
    entry = bytes(header) + name + extra
    closing = struct.pack("<4s4H2LH", GOOD[end : end + 4], 0, 0, 1, 1, len(entry), directory, 0)
    with pytest.raises(InvalidRequestError, match="not a zip archive"):
        read_manifest_file(GOOD[:directory] + entry + closing)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(TrunklineError):
        read_manifest_file(data)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), min_size=1, max_size=8))
def test_a_damaged_archive_is_read_or_refused(damage: list[tuple[int, int]]) -> None:
    data = bytearray(GOOD)
    for at, value in damage:
        data[at] = value
    try:
        found = read_manifest_file(bytes(data))
    except TrunklineError:
        return
    assert found == MANIFEST


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(GOOD)))
def test_a_piece_of_an_archive_is_refused(length: int) -> None:
    if length < len(GOOD):
        with pytest.raises(TrunklineError):
            read_manifest_file(GOOD[:length])
