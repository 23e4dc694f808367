"""Looks for secrets in anything, however it was encoded, down to any twelve bytes of one."""

from __future__ import annotations

import base64
import gzip
import html
import json
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote, quote_plus

WINDOW = 12  # bytes; fewer could be there by chance
MAGIC = b"\x1f\x8b\x08"


@dataclass(frozen=True)
class Hit:
    """A secret that was found, and in which encoding."""

    name: str
    encoding: str
    at: int


def _base64(skew: int) -> Callable[[str], bytes]:
    """What every base64 text holds in which the piece stands at 3n + skew: without the ends it shares."""

    def encode(piece: str) -> bytes:
        raw = piece.encode()
        text = base64.b64encode(b"\x00" * skew + raw)
        return text[-(-8 * skew // 6) : 8 * (skew + len(raw)) // 6]

    return encode


def _web_safe(encode: Callable[[str], bytes]) -> Callable[[str], bytes]:
    return lambda piece: encode(piece).translate(bytes.maketrans(b"+/", b"-_"))


def _backslashed(piece: str) -> bytes:
    return json.dumps(piece)[1:-1].replace("/", "\\/").encode()


ENCODINGS: Mapping[str, Callable[[str], bytes]] = {
    "raw": str.encode,
    "base64, offset 0": _base64(0),
    "base64, offset 1": _base64(1),
    "base64, offset 2": _base64(2),
    "base64url, offset 0": _web_safe(_base64(0)),
    "base64url, offset 1": _web_safe(_base64(1)),
    "base64url, offset 2": _web_safe(_base64(2)),
    "hex": lambda piece: piece.encode().hex().encode(),
    "HEX": lambda piece: piece.encode().hex().upper().encode(),
    "URL": lambda piece: quote(piece, safe="").encode(),
    "URL, lower case": lambda piece: _lower_escapes(quote(piece, safe="")).encode(),
    "form": lambda piece: quote_plus(piece).encode(),
    "JSON": lambda piece: json.dumps(piece, ensure_ascii=False)[1:-1].encode(),
    "JSON, ASCII": lambda piece: json.dumps(piece)[1:-1].encode(),
    "JSON, slashes escaped": _backslashed,
    "HTML": lambda piece: html.escape(piece).encode(),
    "bytes as Python prints them": lambda piece: repr(piece.encode())[2:-1].encode(),
    "UTF-16LE": lambda piece: piece.encode("utf-16-le"),
    "UTF-16BE": lambda piece: piece.encode("utf-16-be"),
}


class Scanner:
    """Knows every piece of every secret in every encoding."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        """Cut the secrets up.

        Args:
            secrets: by name; each of at least `WINDOW` bytes.
        """
        self._needles: dict[bytes, list[tuple[str, str, bytes]]] = {}
        for name, secret in secrets.items():
            for piece in pieces(secret):
                for encoding, encode in ENCODINGS.items():
                    self._add(name, encoding, encode(piece))

    def _add(self, name: str, encoding: str, needle: bytes) -> None:
        known = self._needles.setdefault(needle[:WINDOW], [])
        if (name, encoding, needle) not in known:
            known.append((name, encoding, needle))

    def hits(self, data: bytes) -> list[Hit]:
        """Every secret in the data and in whatever was compressed into it; each encoding once."""
        found: dict[tuple[str, str], Hit] = {}
        for layer, text in _layers(data):
            needles = self._needles
            for at in range(len(text) - WINDOW + 1):
                for name, encoding, needle in needles.get(text[at : at + WINDOW], ()):
                    if text.startswith(needle, at):
                        found.setdefault((name, layer + encoding), Hit(name, layer + encoding, at))
        return list(found.values())


def pieces(secret: str) -> Iterator[str]:
    """Every shortest run of characters of at least `WINDOW` bytes."""
    for start in range(len(secret)):
        end, size = start, 0
        while size < WINDOW and end < len(secret):
            size += len(secret[end].encode())
            end += 1
        if size < WINDOW:
            return
        yield secret[start:end]


def _lower_escapes(text: str) -> str:
    parts = text.split("%")
    return parts[0] + "".join(f"%{part[:2].lower()}{part[2:]}" for part in parts[1:])


def _layers(data: bytes) -> Iterator[tuple[str, bytes]]:
    yield "", data
    at = data.find(MAGIC)
    while at >= 0:
        try:
            unpacked = zlib.decompressobj(wbits=31).decompress(data[at:])
        except zlib.error:
            unpacked = b""
        for layer, text in _layers(unpacked) if unpacked else ():
            yield "gzip, " + layer, text
        at = data.find(MAGIC, at + 1)


def encoded(secret: str) -> dict[str, bytes]:
    """The whole secret in each encoding, amid other text, to see that it is found."""
    found = {
        name: b"before " + encode(secret) + b" after"
        for name, encode in ENCODINGS.items()
        if not name.startswith("base64")
    }
    for skew in range(3):
        text = b"." * skew + secret.encode() + b" and what follows it"
        found[f"base64, offset {skew}"] = base64.b64encode(text)
        found[f"base64url, offset {skew}"] = base64.urlsafe_b64encode(text)
    found["gzip, raw"] = b"before " + gzip.compress(b"a log line: " + secret.encode()) + b" after"
    return found
