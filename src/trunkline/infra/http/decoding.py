"""Undoing one content encoding without being blown up by it."""

from __future__ import annotations

import zlib

from trunkline.infra.http.errors import UpstreamProtocolError, UpstreamTooLargeError

RATIO_MAX = 100  # a gigabyte of zeros is a megabyte of gzip: 1 to 1028
RATIO_FREE_BYTES = 64 * 1024  # so little cannot hurt, however well it was compressed

INLINE_BYTES = 64 * 1024  # of a compressed body; a larger one is worth a thread

_GZIP = 16 + zlib.MAX_WBITS
_WINDOWS = {"gzip": _GZIP, "x-gzip": _GZIP, "deflate": zlib.MAX_WBITS}


def decoded(body: bytes, encoding: str, limit: int) -> bytes:
    """The body without its encoding.

    Args:
        body: as it came.
        encoding: the value of Content-Encoding; empty and `identity` leave the body alone.
        limit: the most bytes that may come out.

    Raises:
        UpstreamTooLargeError: more than `limit` comes out, or more than a hundred times what went in.
        UpstreamProtocolError: an encoding we did not ask for and do not undo, several, or a broken one.
    """
    coding = encoding.strip().lower()
    if coding in {"", "identity"} or not body:
        return body
    if coding not in _WINDOWS:
        raise UpstreamProtocolError("the upstream's answer has an encoding that is not undone", sent=True)
    most = min(limit, max(RATIO_FREE_BYTES, RATIO_MAX * len(body)))
    inflater = zlib.decompressobj(_window(body, coding))
    try:
        plain = inflater.decompress(body, most + 1)
    except zlib.error as error:
        raise UpstreamProtocolError("the upstream's answer cannot be decompressed", sent=True) from error
    if len(plain) > most:
        raise UpstreamTooLargeError("the upstream's answer decompresses to more than is read", sent=True)
    if not inflater.eof or inflater.unused_data:
        raise UpstreamProtocolError("the upstream's answer is not one whole compressed stream", sent=True)
    return plain


def _window(body: bytes, coding: str) -> int:
    # Many servers call a bare deflate stream "deflate", which RFC 9110 says means zlib's.
    if coding == "deflate" and (body[0] & 0x0F != zlib.DEFLATED or int.from_bytes(body[:2], "big") % 31):
        return -zlib.MAX_WBITS
    return _WINDOWS[coding]
