"""How long, how much, how often: whatever an upstream does, a request ends within its limits."""

from __future__ import annotations

import asyncio
import gzip
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Callable
from functools import cache
from hashlib import sha256
from struct import pack

import pytest

from tests.infra.http.upstream import OK, Call, Script, get, names, opened, script, upstream
from trunkline.infra.http import (
    EgressError,
    InvalidHeaderError,
    Limits,
    Outbound,
    UpstreamProtocolError,
    UpstreamTimeoutError,
    UpstreamTooLargeError,
)
from trunkline.infra.http.decoding import decoded

MIB = 1024 * 1024
SOON = 0.05


def endless(piece: bytes, head: bytes = b"") -> Script:
    async def say(call: Call) -> None:
        call.say(head)
        while True:
            call.say(piece)
            await call.writer.drain()

    return say


def failure(
    serve: Script, request: Callable[[str], Outbound] = get, limits: Limits | None = None
) -> EgressError:
    """What a request to a server that behaves like this ends with."""

    async def run() -> EgressError:
        async with upstream(serve) as server, opened(server) as egress:
            with pytest.raises(EgressError) as failed:
                await egress.fetch(request(server.origin), limits or Limits())
        return failed.value

    return asyncio.run(run())


async def silent(call: Call) -> None:
    await call.hang()


def test_a_server_that_does_not_answer_is_left() -> None:
    failed = failure(silent, limits=Limits(first_byte_s=SOON))
    assert type(failed) is UpstreamTimeoutError
    assert (failed.kind.status, failed.code, failed.sent) == (504, "upstream_timeout", True)


def test_a_server_that_answers_byte_by_byte_is_left() -> None:
    async def drip(call: Call) -> None:
        for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 1_000:
            call.say(bytes([byte]))
            await asyncio.sleep(0.005)

    assert type(failure(drip, limits=Limits(first_byte_s=SOON))) is UpstreamTimeoutError


def test_a_body_that_does_not_end_in_time_is_left() -> None:
    async def drip(call: Call) -> None:
        call.say(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while True:
            call.say(b"x")
            await asyncio.sleep(0.005)

    failed = failure(drip, limits=Limits(total_s=SOON))
    assert (type(failed), failed.sent) == (UpstreamTimeoutError, True)


def test_a_reader_that_dawdles_is_cut_off_even_where_bytes_wait() -> None:
    async def run() -> None:
        serve = endless(b"x" * 65_536, b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n")
        limits = Limits(total_s=SOON, response_bytes=100 * MIB)
        async with (
            upstream(serve) as server,
            opened(server) as egress,
            egress.stream(get(server.origin), limits) as answer,
        ):
            await anext(answer.chunks)
            await asyncio.sleep(2 * SOON)
            with pytest.raises(UpstreamTimeoutError):
                await anext(answer.chunks)

    asyncio.run(run())


def test_a_handshake_that_does_not_end_is_left_before_anything_is_sent() -> None:
    async def run() -> None:
        gone = asyncio.Event()
        taken: list[asyncio.StreamWriter] = []

        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            taken.append(writer)
            while await reader.read(1_000):
                pass
            writer.close()
            gone.set()

        server = await asyncio.start_server(accept, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with opened(allowed=[("127.0.0.1", port)]) as egress:
            with pytest.raises(UpstreamTimeoutError) as failed:
                await egress.fetch(get(f"https://127.0.0.1:{port}/"), Limits(connect_s=SOON))
            assert failed.value.sent is False
            await gone.wait()
        server.close()
        await server.wait_closed()

    asyncio.run(run())


def test_a_name_server_that_does_not_answer_is_left() -> None:
    async def run() -> None:
        async def resolve(_: str) -> list[str]:
            await asyncio.Event().wait()
            return []

        async with opened(resolve=resolve) as egress:
            with pytest.raises(UpstreamTimeoutError) as failed:
                await egress.fetch(get("https://a.test/"), Limits(connect_s=SOON))
            assert failed.value.sent is False

    asyncio.run(run())


def test_the_time_to_answer_begins_when_the_body_has_gone() -> None:
    async def run() -> None:
        async def slow() -> AsyncIterator[bytes]:
            for _ in range(4):
                await asyncio.sleep(2 * SOON)
                yield b"x"

        async def count(call: Call) -> None:
            await call.reader.readexactly(4)
            call.say(OK)

        async with upstream(count) as server, opened(server) as egress:
            request = Outbound("POST", server.origin, (), slow(), 4)
            assert (await egress.fetch(request, Limits(first_byte_s=6 * SOON))).body == b"ok"

    asyncio.run(run())


def test_a_body_that_never_ends_going_out_is_given_up_at_the_end_of_all_time() -> None:
    async def never() -> AsyncIterator[bytes]:
        yield b"x"
        await asyncio.Event().wait()

    failed = failure(silent, lambda url: Outbound("POST", url, (), never()), Limits(total_s=SOON))
    assert (type(failed), failed.sent) == (UpstreamTimeoutError, True)


@pytest.mark.parametrize(
    ("piece", "head"),
    [
        (b"x" * 1_000, b"HTTP/1.1 200 OK\r\nX-Endless: "),
        (b"X-More: " + b"x" * 1_000 + b"\r\n", b"HTTP/1.1 200 OK\r\n"),
        (b"A: b\r\n" * 1_000, b"HTTP/1.1 200 OK\r\n"),
        (b"x" * 1_000, b"HTTP/1.1 200 "),
        (b"x" * 1_000, b""),
        (b"x" * 1_000, b"HTTP/1.1 200 OK\r\nX"),
        (
            b"X-More: " + b"x" * 1_000 + b"\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n",
        ),
        (b";x=" + b"x" * 1_000, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1"),
    ],
    ids=["value", "lines", "short lines", "reason", "garbage", "name", "trailers", "chunk extension"],
)
def test_a_head_without_an_end_is_cut_off(piece: bytes, head: bytes) -> None:
    failed = failure(endless(piece, head))
    assert isinstance(failed, UpstreamProtocolError | UpstreamTooLargeError)
    assert failed.sent is True


def test_headers_are_read_up_to_their_limit() -> None:
    def answer(size: int) -> bytes:
        line = b"X-Large: " + b"x" * (size - 11) + b"\r\n"
        return b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" + line + b"\r\n"

    fixed = len("Content-Length: 0\r\n")

    async def run() -> None:
        limits = Limits(header_bytes=4_096)
        async with upstream(script(answer(4_096 - fixed))) as server, opened(server) as egress:
            assert (await egress.fetch(get(server.origin), limits)).status == 200
        async with upstream(script(answer(4_097 - fixed))) as server, opened(server) as egress:
            with pytest.raises((UpstreamTooLargeError, UpstreamProtocolError)):
                await egress.fetch(get(server.origin), limits)
        many = b"HTTP/1.1 200 OK\r\n" + b"A: 1234567890\r\n" * 100 + b"Content-Length: 0\r\n\r\n"
        async with upstream(script(many)) as server, opened(server) as egress:
            with pytest.raises(UpstreamTooLargeError):
                await egress.fetch(get(server.origin), Limits(header_bytes=1_024))

    asyncio.run(run())


def test_headers_that_go_out_are_limited_too() -> None:
    async def run() -> None:
        async with upstream(script(OK)) as server, opened(server) as egress:
            with pytest.raises(InvalidHeaderError):
                await egress.fetch(get(server.origin, ("X-Large", "x" * 2_000)), Limits(header_bytes=1_024))
            assert server.connections == 0

    asyncio.run(run())


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.0 500 Oh\r\n\r\n",
    ],
    ids=["length", "chunked", "until closed", "1.0"],
)
def test_a_body_without_an_end_is_cut_off_at_its_limit(head: bytes) -> None:
    chunk = b"10000\r\n" + b"x" * 65_536 + b"\r\n" if b"chunked" in head else b"x" * 65_536
    failed = failure(endless(chunk, head), limits=Limits(response_bytes=MIB))
    assert (type(failed), failed.kind.status, failed.sent) == (UpstreamTooLargeError, 502, True)


def test_a_body_of_exactly_the_limit_is_read() -> None:
    async def run() -> None:
        answer = b"HTTP/1.1 200 OK\r\nContent-Length: 1024\r\n\r\n" + b"x" * 1_024
        async with upstream(script(answer)) as server, opened(server) as egress:
            whole = await egress.fetch(get(server.origin), Limits(response_bytes=1_024))
            assert len(whole.body) == 1_024
            with pytest.raises(UpstreamTooLargeError):
                async with egress.stream(get(server.origin), Limits(response_bytes=1_023)):
                    pass

    asyncio.run(run())


def test_what_is_held_of_a_streamed_body_does_not_grow_with_it() -> None:
    async def run() -> int:
        serve = endless(b"x" * 65_536, b"HTTP/1.1 200 OK\r\nContent-Length: 50000000\r\n\r\n")
        async with (
            upstream(serve) as server,
            opened(server) as egress,
            egress.stream(get(server.origin), Limits(response_bytes=50_000_000)) as answer,
        ):
            tracemalloc.start()
            read = 0
            while read < 10_000_000:
                read += len(await anext(answer.chunks))
            held = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        return held

    assert asyncio.run(run()) < 2 * MIB


@cache
def bomb(mib: int) -> bytes:
    """A gzip of that many megabytes of zeros, made of one compressed over and over."""
    deflater = zlib.compressobj(9, wbits=-15)
    zeros = bytes(MIB)
    block = deflater.compress(zeros) + deflater.flush(zlib.Z_FULL_FLUSH)
    checksum = 0
    for _ in range(mib):
        checksum = zlib.crc32(zeros, checksum)
    head = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
    return head + block * mib + deflater.flush() + pack("<II", checksum, mib * MIB)


@pytest.mark.parametrize("coding", ["gzip", "x-gzip", "deflate"])
def test_a_bomb_is_not_blown_up(coding: str) -> None:
    body = bomb(1_024) if coding != "deflate" else zlib.compress(bytes(32 * MIB), 9)
    tracemalloc.start()
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nContent-Length: {len(body)}\r\n\r\n"
    failed = failure(script(head.encode() + body))
    held = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (type(failed), failed.sent) == (UpstreamTooLargeError, True)
    assert held < 64 * MIB  # twice the limit, for the pieces and the whole


def test_a_bomb_is_passed_through_as_it_is() -> None:
    body = bomb(64)
    assert gzip.decompress(body) == bytes(64 * MIB)

    async def run() -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body)
        async with (
            upstream(script(head + body)) as server,
            opened(server) as egress,
            egress.stream(get(server.origin)) as answer,
        ):
            assert b"".join([chunk async for chunk in answer.chunks]) == body

    asyncio.run(run())


def test_one_encoding_is_undone_and_no_longer_announced() -> None:
    plain = b'{"a": 1}' * 100

    async def run() -> None:
        for coding, body in (
            ("gzip", gzip.compress(plain)),
            ("deflate", zlib.compress(plain)),
            ("GZIP ", gzip.compress(plain)),
        ):
            head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nX-A: b\r\nContent-Length: {len(body)}\r\n\r\n"
            async with upstream(script(head.encode() + body)) as server, opened(server) as egress:
                answer = await egress.fetch(get(server.origin))
                assert (answer.body, answer.headers) == (plain, [("X-A", "b")])

    asyncio.run(run())


def test_what_is_decoded_is_bounded_by_ratio_and_size() -> None:
    small = bytes(64 * 1024)
    assert decoded(gzip.compress(small), "gzip", 25 * MIB) == small
    text = b"".join(sha256(bytes([number])).hexdigest().encode() for number in range(256)) * 10
    assert decoded(gzip.compress(text), "gzip", len(text)) == text
    for body, limit in ((bytes(64 * 1024 + 1), 25 * MIB), (text, len(text) - 1), (bytes(10 * MIB), 25 * MIB)):
        with pytest.raises(UpstreamTooLargeError):
            decoded(gzip.compress(body, 9), "gzip", limit)


def test_a_bare_deflate_stream_is_undone_too() -> None:
    deflater = zlib.compressobj(wbits=-15)
    assert decoded(deflater.compress(b"abc") + deflater.flush(), "deflate", 10) == b"abc"


def test_a_gigabyte_of_zeros_stays_a_megabyte() -> None:
    body = bomb(1_024)
    assert len(body) < 1.1 * MIB
    with pytest.raises(UpstreamTooLargeError):
        decoded(body, "gzip", 25 * MIB)


ONCE = gzip.compress(b"abc", mtime=0)
TWICE = gzip.compress(ONCE, mtime=0)


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("br", b"abc"),
        ("zstd", b"abc"),
        ("gzip, gzip", TWICE),
        ("gzip, identity", ONCE),
        ("gzip", b"abc"),
        ("gzip", ONCE[:-1]),
        ("gzip", ONCE[:-8] + b"\0" * 8),
        ("gzip", ONCE + b"more"),
        ("gzip", ONCE * 2),
        ("deflate", b"\xff\xff"),
        ("nonsense", b"abc"),
    ],
)
def test_what_cannot_be_undone_is_refused(coding: str, body: bytes) -> None:
    with pytest.raises(UpstreamProtocolError):
        decoded(body, coding, MIB)


def test_two_encoding_headers_are_two_encodings() -> None:
    body = gzip.compress(gzip.compress(b"abc"))
    head = (
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n"
    )
    assert type(failure(script(head % len(body) + body))) is UpstreamProtocolError


def test_waiting_for_a_connection_is_part_of_connecting() -> None:
    async def run() -> None:
        everybody = asyncio.Event()

        async def counted(call: Call) -> None:
            if len(server.calls) == 256:
                everybody.set()
            await call.hang()

        async with upstream(counted) as server:
            known = names(a="127.0.0.1")
            async with opened(resolve=known, allowed=[("a.test", server.port)]) as egress:
                url = f"http://a.test:{server.port}/"
                busy = [asyncio.create_task(egress.fetch(get(url))) for _ in range(256)]
                await everybody.wait()
                with pytest.raises(UpstreamTimeoutError) as failed:
                    await egress.fetch(get(url), Limits(connect_s=SOON))
                assert failed.value.sent is False
                for task in busy:
                    task.cancel()
                await asyncio.gather(*busy, return_exceptions=True)

    asyncio.run(run())
