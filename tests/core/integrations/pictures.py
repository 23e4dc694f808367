"""Small pictures of every type, made here so that each byte is known."""

from __future__ import annotations

import struct
import zlib


def png(width: int = 2, height: int = 2, *, frames: int | None = None, tail: bytes = b"") -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = b"".join(b"\x00" + b"\x00\x00\x00" * min(width, 64) for _ in range(min(height, 64)))
    parts = [chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))]
    if frames is not None:
        parts.append(chunk(b"acTL", struct.pack(">II", frames, 0)))
    parts += [chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts) + tail


def gif(width: int = 2, height: int = 2, *, frames: int = 1) -> bytes:
    image = struct.pack("<BHHHHB", 0x2C, 0, 0, width, height, 0) + b"\x02\x02\x44\x01\x00"
    extension = b"\x21\xf9\x04\x00\x0a\x00\x00\x00"
    head = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + b"\x00\x00\x00\xff\xff\xff"
    return head + (extension + image) * frames + b"\x3b"


def jpeg(width: int = 2, height: int = 2) -> bytes:
    app = b"\xff\xe0" + struct.pack(">H", 16) + b"JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
    frame = b"\xff\xff\xc2" + struct.pack(">HBHHB", 11, 8, height, width, 1) + b"\x01\x11\x00"
    scan = b"\xff\xda" + struct.pack(">H", 8) + b"\x01\x01\x00\x00\x3f\x00" + b"\x12\x34"
    return b"\xff\xd8" + app + frame + scan + b"\xff\xd9"


def webp(width: int = 2, height: int = 2, *, kind: bytes = b"VP8L", frames: int = 0) -> bytes:
    def chunk(name: bytes, body: bytes) -> bytes:
        return name + struct.pack("<I", len(body)) + body + b"\x00" * (len(body) & 1)

    if kind == b"VP8L":
        body = b"\x2f" + struct.pack("<I", (width - 1) | (height - 1) << 14)
    else:
        body = b"\x00\x00\x00\x9d\x01\x2a" + struct.pack("<HH", width, height)
    inner = b"".join(chunk(b"ANMF", b"\x00" * 16) for _ in range(frames)) or chunk(kind, body)
    if frames:
        sizes = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
        inner = chunk(b"VP8X", b"\x02\x00\x00\x00" + sizes) + inner
    return b"RIFF" + struct.pack("<I", 4 + len(inner)) + b"WEBP" + inner


def svg(inside: str = '<path d="M0 0h24v24z"/>', **attributes: str) -> bytes:
    named = {"xmlns": "http://www.w3.org/2000/svg", "viewBox": "0 0 24 24", **attributes}
    spelled = " ".join(f'{name}="{value}"' for name, value in named.items())
    return f"<svg {spelled}>{inside}</svg>".encode()
