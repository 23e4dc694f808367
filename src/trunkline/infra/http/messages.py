"""What goes out and what comes back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from trunkline.infra.http.targets import Target

Headers = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one request may cost.

    Attributes:
        connect_s: until the connection stands, name lookup and TLS included.
        first_byte_s: from the end of the request to the head of the answer.
        total_s: from the start to the end of the answer's body.
        request_bytes: of the request's body.
        response_bytes: of the answer's body, before and after decoding.
        header_bytes: of all header lines, in either direction.
    """

    connect_s: float = 5
    first_byte_s: float = 30
    total_s: float = 120
    request_bytes: int = 10 * 1024 * 1024
    response_bytes: int = 25 * 1024 * 1024
    header_bytes: int = 32 * 1024


@dataclass(frozen=True, slots=True)
class Outbound:
    """A request to somebody else's server.

    Attributes:
        method: in capitals; neither CONNECT nor TRACE.
        url: absolute; a text is given to `parse_target`, which makes every `Target` there is.
        headers: without Host and the framing, which are made here.
        body: an iterator is read once, so a request with one can never be repeated.
        length: how many bytes an iterator yields, where known; else it goes out in chunks.
    """

    method: str
    url: str | Target
    headers: Headers = ()
    body: bytes | AsyncIterator[bytes] | None = None
    length: int | None = None


class _Answer:
    __slots__ = ("headers", "status")

    def __init__(self, status: int, headers: Headers) -> None:
        self.status = status
        self.headers = headers

    def header(self, name: str) -> str | None:
        """The first value of a header, whatever the case of its name."""
        wanted = name.lower()
        return next((value for known, value in self.headers if known.lower() == wanted), None)


class Fetched(_Answer):
    """A whole answer.

    Attributes:
        status: any, redirects included: nothing is followed.
        headers: as they came, bytes beyond ASCII read as Latin-1. Where the body was decoded, without
            Content-Encoding and Content-Length.
        body: decoded.
    """

    __slots__ = ("body",)

    def __init__(self, status: int, headers: Headers, body: bytes) -> None:
        super().__init__(status, headers)
        self.body = body


class Streamed(_Answer):
    """An answer whose body is still to come.

    Attributes:
        status: any, redirects included: nothing is followed.
        headers: as they came, bytes beyond ASCII read as Latin-1.
        chunks: the body as it arrives, encoded as the upstream encoded it.
    """

    __slots__ = ("chunks",)

    def __init__(self, status: int, headers: Headers, chunks: AsyncIterator[bytes]) -> None:
        super().__init__(status, headers)
        self.chunks = chunks
