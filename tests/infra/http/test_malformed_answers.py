"""Answers that two readers could take for different things end the request and the connection."""

from __future__ import annotations

import asyncio

import pytest

from tests.infra.http.upstream import OK, get, opened, script, upstream
from trunkline.infra.http import Limits, Outbound, UpstreamProtocolError, UpstreamTimeoutError

HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"

REFUSED = {
    "not http": b"SSH-2.0-OpenSSH_9.6\r\n",
    "http/0.9": b"<html></html>",
    "http/2": b"HTTP/2 200\r\n\r\n",
    "no status": b"HTTP/1.1 OK\r\n\r\n",
    "status of two digits": b"HTTP/1.1 20 OK\r\n\r\n",
    "status of four digits": b"HTTP/1.1 2000 OK\r\n\r\n",
    "status too low": b"HTTP/1.1 099 OK\r\nContent-Length: 0\r\n\r\n",
    "status too high": b"HTTP/1.1 600 OK\r\nContent-Length: 0\r\n\r\n",
    "switching protocols": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    "length and chunks": HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    "chunks and length": HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    "two lengths": HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nok",
    "list of lengths": HEAD + b"Content-Length: 2, 3\r\n\r\nok",
    "negative length": HEAD + b"Content-Length: -2\r\n\r\nok",
    "hexadecimal length": HEAD + b"Content-Length: 0x2\r\n\r\nok",
    "length in words": HEAD + b"Content-Length: two\r\n\r\nok",
    "length beyond numbers": HEAD + b"Content-Length: 99999999999999999999999\r\n\r\nok",
    "space before the colon": HEAD + b"Content-Length : 2\r\n\r\nok",
    "empty name": HEAD + b": a\r\nContent-Length: 0\r\n\r\n",
    "no colon": HEAD + b"Nonsense\r\nContent-Length: 0\r\n\r\n",
    "space in a name": HEAD + b"X Y: a\r\nContent-Length: 0\r\n\r\n",
    "nul in a value": HEAD + b"X: a\x00b\r\nContent-Length: 0\r\n\r\n",
    "bell in a value": HEAD + b"X: a\x07b\r\nContent-Length: 0\r\n\r\n",
    "escape in a value": HEAD + b"X: a\x1bb\r\nContent-Length: 0\r\n\r\n",
    "del in a value": HEAD + b"X: a\x7fb\r\nContent-Length: 0\r\n\r\n",
    "bare return in a value": HEAD + b"X: a\rSet-Cookie: b\r\nContent-Length: 0\r\n\r\n",
    "chunk size in words": CHUNKED + b"two\r\nok\r\n0\r\n\r\n",
    "negative chunk": CHUNKED + b"-2\r\nok\r\n0\r\n\r\n",
    "chunk size with a prefix": CHUNKED + b"0x2\r\nok\r\n0\r\n\r\n",
    "chunk size beyond numbers": CHUNKED + b"f" * 20 + b"\r\nok\r\n0\r\n\r\n",
    "no line end after a chunk": CHUNKED + b"2\r\nok0\r\n\r\n",
    "encoding over chunks": HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    "encoding under chunks": HEAD + b"Transfer-Encoding: chunked, gzip\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    "nearly chunks": HEAD + b"Transfer-Encoding: xchunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    "chunks twice": HEAD + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    "another version": b"HTTP/1.2 200 OK\r\nContent-Length: 2\r\n\r\nok",
    "chunk too long": CHUNKED + b"1\r\nok\r\n0\r\n\r\n",
    "no last chunk": CHUNKED + b"2\r\nok\r\n",
    "nothing after the head": CHUNKED,
    "half a chunk": CHUNKED + b"8\r\nok",
    "body too short": HEAD + b"Content-Length: 3\r\n\r\nok",
    "no body": HEAD + b"Content-Length: 3\r\n\r\n",
    "half a head": HEAD + b"Content-Len",
    "half a status line": b"HTTP/1.",
    "nothing": b"",
}  # fmt: skip


@pytest.mark.parametrize("answer", REFUSED.values(), ids=REFUSED)
def test_a_malformed_answer_is_refused(answer: bytes) -> None:
    async def run() -> None:
        async with upstream(script(answer, close=True)) as server, opened(server) as egress:
            with pytest.raises(UpstreamProtocolError) as failed:
                await egress.fetch(get(server.origin), Limits(total_s=5))
            assert (failed.value.kind.status, failed.value.code) == (502, "upstream_protocol")
            assert failed.value.sent is True
            assert len(server.calls) == 1

    asyncio.run(run())


# Those whose end is in doubt; the others are refused for what they say.
DOUBTFUL = {
    name: answer
    for name, answer in REFUSED.items()
    if answer
    and not name.startswith(
        ("status too", "bell", "escape", "del", "space before", "encoding over", "chunks twice")
    )
}


@pytest.mark.parametrize("answer", DOUBTFUL.values(), ids=DOUBTFUL)
def test_its_connection_is_not_used_again(answer: bytes) -> None:
    async def run() -> None:
        async with upstream(script(answer)) as server, opened(server) as egress:
            while len(server.calls) < 2:  # a busy machine may not even connect in time
                with pytest.raises((UpstreamProtocolError, UpstreamTimeoutError)):
                    await egress.fetch(get(server.origin), Limits(total_s=0.1))
            assert len({call.writer for call in server.calls}) == len(server.calls)

    asyncio.run(run())


ACCEPTED = {
    "chunks": (CHUNKED + b"2\r\nok\r\n0\r\n\r\n", b"ok"),
    "chunk extension": (CHUNKED + b"2;a=b\r\nok\r\n0\r\n\r\n", b"ok"),
    "trailers": (CHUNKED + b"2\r\nok\r\n0\r\nX-T: a\r\n\r\n", b"ok"),
    "until closed": (HEAD + b"\r\nok", b"ok"),
    "http/1.0": (b"HTTP/1.0 200 OK\r\n\r\nok", b"ok"),
    "no reason": (b"HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok", b"ok"),
    "latin-1": (HEAD + b"X: caf\xe9\r\nContent-Length: 2\r\n\r\nok", b"ok"),
    "folded": (HEAD + b"X-F: a\r\n b\r\nContent-Length: 2\r\n\r\nok", b"ok"),
    "bare line feeds": (b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok", b"ok"),
    "identity": (HEAD + b"Content-Encoding: identity\r\nContent-Length: 2\r\n\r\nok", b"ok"),
}


@pytest.mark.parametrize(("answer", "body"), ACCEPTED.values(), ids=ACCEPTED)
def test_what_servers_may_say_is_understood(answer: bytes, body: bytes) -> None:
    async def run() -> None:
        async with upstream(script(answer, close=True)) as server, opened(server) as egress:
            fetched = await egress.fetch(get(server.origin))
            assert (fetched.status, fetched.body) == (200, body)
            assert fetched.header("x") in {None, "café"}

    asyncio.run(run())


def test_a_second_answer_in_one_breath_is_dropped_with_its_connection() -> None:
    async def run() -> None:
        evil = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
        async with upstream(script(OK + evil)) as server, opened(server) as egress:
            for _ in range(3):
                assert (await egress.fetch(get(server.origin))).body == b"ok"
            assert server.connections == 3
            with pytest.raises(UpstreamProtocolError):
                await egress.fetch(Outbound("HEAD", server.origin))

    asyncio.run(run())
