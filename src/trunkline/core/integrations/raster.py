"""What a PNG, JPEG, GIF or WebP file says of itself: type, size in pixels, number of pictures.

Nothing is decoded: the containers are walked, so that a file which only begins like an image, holds a film, or
claims more pixels than an icon has is refused before any browser meets it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG_SIZES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # start of frame, in all its variants
_JPEG_BARE = frozenset({0x01, *range(0xD0, 0xD8)})  # markers without a length
_GIF_TRAILER, _GIF_IMAGE, _GIF_EXTENSION = 0x3B, 0x2C, 0x21


class BrokenImageError(ValueError):
    """The bytes are not the image they begin as; the text says how."""


@dataclass(frozen=True, slots=True)
class Raster:
    """An image as its container describes it; `frames` counts the pictures that are shown one after another."""

    media_type: str
    width: int
    height: int
    frames: int


def read_raster(data: bytes) -> Raster | None:
    """What the file is; None when it begins like none of the four types.

    Raises:
        BrokenImageError: it begins like one, and goes on differently.
    """
    for media_type, begins, read in _READERS:
        if begins(data):
            try:
                width, height, frames = read(data)
            except (struct.error, IndexError) as error:
                raise BrokenImageError("ends too early") from error
            return Raster(media_type, width, height, frames)
    return None


def _read_png(data: bytes) -> tuple[int, int, int]:
    """Source: PNG specification, third edition, §5 and §11.3.6 (animation)."""
    width, height, frames, pictures = 0, 0, 1, 0
    position = len(_PNG)
    for number in range(len(data)):
        length, kind = struct.unpack_from(">I4s", data, position)
        if (number == 0) is not (kind == b"IHDR"):
            raise BrokenImageError("its first chunk is not the header")
        if kind == b"IHDR":
            width, height = struct.unpack_from(">II", data, position + 8)
        elif kind == b"acTL":
            frames = max(1, struct.unpack_from(">I", data, position + 8)[0])
        pictures += kind == b"IDAT"
        position += 12 + length
        if position > len(data):
            raise BrokenImageError("ends too early")
        if kind == b"IEND":
            break
    if not pictures or position != len(data):
        raise BrokenImageError("has no picture, or goes on after its end")
    return width, height, frames


def _read_gif(data: bytes) -> tuple[int, int, int]:
    """Source: GIF89a specification, §17-§27."""
    width, height, flags = struct.unpack_from("<HHB", data, 6)
    position = 13 + _gif_colors(flags)
    frames = 0
    while data[position] != _GIF_TRAILER:
        if data[position] == _GIF_IMAGE:
            left, top, across, down, flags = struct.unpack_from("<HHHHB", data, position + 1)
            width, height = max(width, left + across), max(height, top + down)
            position = _after_blocks(data, position + 11 + _gif_colors(flags))
            frames += 1
        elif data[position] == _GIF_EXTENSION:
            position = _after_blocks(data, position + 2)
        else:
            raise BrokenImageError("holds a block of no known kind")
    if not frames:
        raise BrokenImageError("has no picture")
    return width, height, frames


def _gif_colors(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _after_blocks(data: bytes, position: int) -> int:
    while data[position]:
        position += 1 + data[position]
    return position + 1


def _read_webp(data: bytes) -> tuple[int, int, int]:
    """Source: RFC 9649 §2 (container) and §3.4 (lossless header); RFC 6386 §9.1 (lossy header)."""
    width, height, pictures, frames = 0, 0, 0, 0
    for kind, start, length in _riff_chunks(data):
        if kind == b"VP8X":
            width = max(width, 1 + int.from_bytes(data[start + 4 : start + 7], "little"))
            height = max(height, 1 + int.from_bytes(data[start + 7 : start + 10], "little"))
        elif kind == b"VP8 " and length >= 10:  # frame tag, start code, two sizes
            across, down = struct.unpack_from("<HH", data, start + 6)
            width, height, pictures = max(width, across & 0x3FFF), max(height, down & 0x3FFF), pictures + 1
        elif kind == b"VP8L" and length >= 5:  # signature and two sizes
            bits = struct.unpack_from("<I", data, start + 1)[0]
            width, height = max(width, 1 + (bits & 0x3FFF)), max(height, 1 + (bits >> 14 & 0x3FFF))
            pictures += 1
        elif kind == b"ANMF":
            frames += 1
    if not pictures + frames:
        raise BrokenImageError("has no picture")
    return width, height, pictures + frames


def _riff_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    if struct.unpack_from("<I", data, 4)[0] + 8 != len(data):
        raise BrokenImageError("is not as long as it says")
    position = 12
    while position < len(data):
        kind, length = struct.unpack_from("<4sI", data, position)
        if position + 8 + length > len(data):
            raise BrokenImageError("ends too early")
        yield kind, position + 8, length
        position += 8 + length + (length & 1)


def _read_jpeg(data: bytes) -> tuple[int, int, int]:
    """Source: ITU-T T.81, annex B."""
    position, size = 2, (0, 0)
    while True:
        if data[position] != 0xFF:  # every marker begins so
            raise BrokenImageError("has something else where a marker should be")
        while data[position + 1] == 0xFF:  # fill bytes
            position += 1
        marker = data[position + 1]
        if marker in _JPEG_BARE:
            position += 2
            continue
        if marker in {0xD8, 0xD9}:
            raise BrokenImageError("has no picture")
        length = struct.unpack_from(">H", data, position + 2)[0]
        if marker in _JPEG_SIZES:
            down, across = struct.unpack_from(">HH", data, position + 5)
            size = (max(size[0], across), max(size[1], down))
        elif marker == 0xDA:  # start of scan: what follows is the picture itself
            if size == (0, 0):
                raise BrokenImageError("shows a picture before saying its size")
            return (*size, 1)
        position += 2 + max(2, length)


_READERS: tuple[tuple[str, Callable[[bytes], bool], Callable[[bytes], tuple[int, int, int]]], ...] = (
    ("image/png", lambda data: data.startswith(_PNG), _read_png),
    ("image/jpeg", lambda data: data.startswith(b"\xff\xd8\xff"), _read_jpeg),
    ("image/gif", lambda data: data[:6] in {b"GIF87a", b"GIF89a"}, _read_gif),
    ("image/webp", lambda data: data[:4] == b"RIFF" and data[8:12] == b"WEBP", _read_webp),
)
