from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

import trunkline
from tests.infra.http.upstream import OK, Call, dialling, get, names, opened, script, upstream
from trunkline.infra.db.tx import transaction_marker
from trunkline.infra.http import (
    EgressError,
    Limits,
    Outbound,
    UnreachableError,
    UpstreamProtocolError,
)
from trunkline.kit.errors import InvalidRequestError, PayloadTooLargeError

AGENT = ("User-Agent", f"Trunkline/{trunkline.__version__}")
IDENTITY = ("Accept-Encoding", "identity")


async def pieces(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def echo(call: Call) -> None:
    """Answers with the body it was sent."""
    if call.header("Transfer-Encoding") == "chunked":
        body = b""
        while size := int(await call.reader.readuntil(b"\r\n"), 16):
            body += (await call.reader.readexactly(size + 2))[:-2]
        await call.reader.readexactly(2)
    else:
        body = await call.reader.readexactly(int(call.header("Content-Length") or 0))
    call.say(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body), body)


def test_a_request_goes_out_as_it_is_given() -> None:
    async def run() -> None:
        async with upstream(script(OK)) as server, opened(server) as egress:
            given = [
                ("Accept", "application/json"),
                ("X-Twice", "1"),
                ("A", "b"),
                ("X-Twice", "2"),
                ("X-Empty", ""),
            ]
            answer = await egress.fetch(get(f"{server.origin}/a%2Fb/../c//d?q[]=1|2&q=%C3%BC", *given))
            assert (answer.status, answer.body, answer.header("CONTENT-LENGTH")) == (200, b"ok", "2")
            assert answer.header("x-none") is None
            [call] = server.calls
            assert call.line == "GET /a%2Fb/../c//d?q[]=1|2&q=%C3%BC HTTP/1.1"
            assert call.headers == [("Host", f"127.0.0.1:{server.port}"), *given, AGENT, IDENTITY]

    asyncio.run(run())


def test_a_header_given_twice_goes_out_twice_whatever_the_case() -> None:
    async def run() -> None:
        async with upstream(script(OK)) as server, opened(server) as egress:
            await egress.fetch(get(server.origin, ("x-twice", "1"), ("X-Twice", "2"), ("X-TWICE", "3")))
            assert [value for name, value in server.calls[0].headers if name == "X-TWICE"] == ["1", "2", "3"]

    asyncio.run(run())


@pytest.mark.parametrize("target", ["", "/", "?", "//evil.example/a", "/@evil.example", "/a:b@c/"])
def test_the_request_line_never_names_another_host(target: str) -> None:
    async def run() -> None:
        async with upstream(script(OK)) as server, opened(server) as egress:
            await egress.fetch(get(server.origin + target))
            assert server.calls[0].line == f"GET {'/' if target in ('', '?') else target} HTTP/1.1"

    asyncio.run(run())


def test_what_the_caller_says_of_itself_stays() -> None:
    async def run() -> None:
        async with upstream(script(OK)) as server, opened(server) as egress:
            given = [("user-agent", "Mine/1"), ("accept-encoding", "gzip")]
            await egress.fetch(get(server.origin, *given))
            assert [one for one in server.calls[0].headers if one[0] not in {"Host", "Accept"}] == given

    asyncio.run(run())


@pytest.mark.parametrize(
    ("method", "body", "length", "framing"),
    [
        ("POST", b"abc", None, ("Content-Length", "3")),
        ("POST", b"", None, ("Content-Length", "0")),
        ("POST", None, None, ("Content-Length", "0")),
        ("GET", b"abc", None, ("Content-Length", "3")),
        ("DELETE", b"abc", None, ("Content-Length", "3")),
        ("PUT", b"x" * 1_500_000, None, ("Content-Length", "1500000")),
        ("POST", [b"ab", b"", b"c"], None, ("Transfer-Encoding", "chunked")),
        ("POST", [], None, ("Transfer-Encoding", "chunked")),
        ("PATCH", [b"ab", b"c"], 3, ("Content-Length", "3")),
        ("POST", [b"x" * 100_000] * 20, 2_000_000, ("Content-Length", "2000000")),
    ],
)
def test_a_body_is_framed_by_its_length_where_it_is_known(
    method: str, body: Any, length: int | None, framing: tuple[str, str]
) -> None:
    async def run() -> None:
        async with upstream(echo) as server, opened(server) as egress:
            for _ in range(2):
                sent = pieces(*body) if isinstance(body, list) else body
                answer = await egress.fetch(Outbound(method, server.origin, (), sent, length))
                assert answer.body == (b"".join(body) if isinstance(body, list) else body or b"")
            call = server.calls[1]
            assert call.line == f"{method} / HTTP/1.1"
            assert [one for one in call.headers if one[0].startswith(("Content", "Transfer"))] == [framing]
            assert server.connections == 1

    asyncio.run(run())


@pytest.mark.parametrize(
    ("parts", "length", "sentence"),
    [
        ([b"ab"], 3, "shorter than announced"),
        ([b"ab", b"cd"], 3, "longer than announced"),
        ([b"x" * 600, b"x" * 600], None, "over 1024 bytes"),
        ([b"x" * 2_000], 2_000, "over 1024 bytes"),
    ],
)
def test_a_body_that_is_not_what_it_was_to_be_ends_the_connection(
    parts: list[bytes], length: int | None, sentence: str
) -> None:
    async def run() -> None:
        async with upstream(echo) as server, opened(server) as egress:
            request = Outbound("PUT", server.origin, (), pieces(*parts), length)
            with pytest.raises((InvalidRequestError, PayloadTooLargeError), match=sentence):
                await egress.fetch(request, Limits(request_bytes=1_024))
            assert (await egress.fetch(Outbound("PUT", server.origin, (), b"whole"))).body == b"whole"
            assert server.connections == 2

    asyncio.run(run())


def test_a_body_over_the_limit_is_refused_before_anything_is_opened() -> None:
    async def run() -> None:
        async with upstream(echo) as server, opened(server) as egress:
            with pytest.raises(PayloadTooLargeError):
                await egress.fetch(
                    Outbound("PUT", server.origin, (), b"x" * 1_025), Limits(request_bytes=1_024)
                )
            assert server.connections == 0
            answer = await egress.fetch(
                Outbound("PUT", server.origin, (), b"x" * 1_024), Limits(request_bytes=1_024)
            )
            assert len(answer.body) == 1_024

    asyncio.run(run())


@pytest.mark.parametrize("failure", [RuntimeError("gone"), OSError(5, "gone"), TimeoutError("gone")])
def test_what_the_body_raises_is_what_the_caller_gets(failure: Exception) -> None:
    async def failing() -> AsyncIterator[bytes]:
        yield b"ab"
        raise failure

    async def run() -> None:
        async with upstream(echo) as server, opened(server) as egress:
            for method in ("POST", "PUT"):
                with pytest.raises(type(failure)) as raised:
                    await egress.fetch(Outbound(method, server.origin, (), failing()))
                assert raised.value is failure
            assert server.connections == 2

    asyncio.run(run())


def test_an_answer_may_come_before_the_body_has_ended() -> None:
    never = asyncio.Event

    async def endless() -> AsyncIterator[bytes]:
        yield b"ab"
        await never().wait()

    async def refuse(call: Call) -> None:
        call.say(b"HTTP/1.1 413 No\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno")
        call.writer.close()

    async def run() -> None:
        async with upstream(refuse) as server, opened(server) as egress:
            answer = await egress.fetch(Outbound("POST", server.origin, (), endless()))
            assert (answer.status, answer.body) == (413, b"no")

    asyncio.run(run())


def test_a_streamed_answer_comes_as_it_arrives_and_undecoded() -> None:
    async def run() -> None:
        more = asyncio.Event()

        async def slow(call: Call) -> None:
            call.say(
                b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n\x1f\x8b\r\n"
            )
            await more.wait()
            call.say(b"3\r\nxyz\r\n0\r\n\r\n")

        async with upstream(slow) as server, opened(server) as egress:
            for _ in range(2):
                more.clear()
                async with egress.stream(get(server.origin)) as answer:
                    assert (answer.status, answer.header("content-encoding")) == (200, "gzip")
                    assert await anext(answer.chunks) == b"\x1f\x8b"
                    more.set()
                    assert [chunk async for chunk in answer.chunks] == [b"xyz"]
            assert server.connections == 1

    asyncio.run(run())


def test_an_answer_left_early_closes_its_connection() -> None:
    async def run() -> None:
        gone = asyncio.Event()

        async def endless(call: Call) -> None:
            call.say(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nx")
            await call.hang()
            gone.set()

        async with upstream(endless) as server, opened(server) as egress:
            async with egress.stream(get(server.origin)) as answer:
                assert await anext(answer.chunks) == b"x"
            await gone.wait()
            with pytest.raises(UpstreamProtocolError):
                await anext(answer.chunks)

    asyncio.run(run())


def test_a_stream_may_be_read_and_left_on_another_task() -> None:
    async def run() -> None:
        async with upstream(script(OK)) as server, opened(server) as egress:
            stream = egress.stream(get(server.origin))
            answer = await stream.__aenter__()

            async def rest() -> bytes:
                try:
                    return b"".join([chunk async for chunk in answer.chunks])
                finally:
                    await stream.__aexit__(None, None, None)

            assert await asyncio.create_task(rest()) == b"ok"

    asyncio.run(run())


def test_a_cancelled_request_leaves_nothing_behind() -> None:
    async def run() -> None:
        asked = asyncio.Event()
        gone = asyncio.Event()

        async def silent(call: Call) -> None:
            asked.set()
            await call.hang()
            gone.set()

        async with upstream(silent) as server, opened(server) as egress:
            task = asyncio.create_task(egress.fetch(get(server.origin)))
            await asked.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await gone.wait()

    asyncio.run(run())


def test_cookies_are_forgotten_and_proxies_of_the_environment_unused(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        cookie = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b; Path=/\r\nContent-Length: 0\r\n\r\n"
        async with (
            upstream(script(cookie)) as server,
            upstream(script(OK)) as proxy,
            opened(server) as egress,
        ):
            for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
                monkeypatch.setenv(name, proxy.origin)
            for _ in range(2):
                assert (await egress.fetch(get(server.origin))).header("set-cookie") == "a=b; Path=/"
            assert [call.header("cookie") for call in server.calls] == [None, None]
            assert proxy.connections == 0

    asyncio.run(run())


@pytest.mark.parametrize(
    ("method", "answer", "status"),
    [
        ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\nContent-Encoding: gzip\r\n\r\n", 200),
        ("GET", b"HTTP/1.1 204 No\r\n\r\n", 204),
        ("GET", b"HTTP/1.1 304 Same\r\nContent-Length: 99999999\r\n\r\n", 304),
        ("POST", b"HTTP/1.1 303 See\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n", 303),
        ("GET", b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\nHTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n", 500),
    ],
)  # fmt: skip
def test_an_answer_without_a_body_ends_with_its_head(method: str, answer: bytes, status: int) -> None:
    async def run() -> None:
        async with upstream(script(answer)) as server, opened(server) as egress:
            for _ in range(2):
                fetched = await egress.fetch(Outbound(method, server.origin))
                assert (fetched.status, fetched.body) == (status, b"")
            assert server.connections == 1

    asyncio.run(run())


def test_a_connection_is_kept_for_the_same_host_only() -> None:
    async def run() -> None:
        async with upstream(script(OK)) as server:
            hosts = ("a.test", "b.test")
            allowed = [(host, server.port) for host in hosts]
            known = names(a="127.0.0.1", b="127.0.0.1")
            async with opened(server, resolve=known, allowed=allowed) as egress:
                for host in ("a.test", "b.test", "127.0.0.1", "a.test", "b.test", "127.0.0.1"):
                    await egress.fetch(get(f"http://{host}:{server.port}/"))
                assert server.connections == 3
                by_connection: dict[Any, set[str | None]] = {}
                for call in server.calls:
                    by_connection.setdefault(call.writer, set()).add(call.header("Host"))
                assert sorted(map(len, by_connection.values())) == [1, 1, 1]

    asyncio.run(run())


def test_a_name_that_moved_is_not_reached_over_its_old_connection() -> None:
    async def run() -> None:
        now = 0.0
        address = "127.0.0.1"

        async def resolve(_: str) -> list[str]:
            return [address]

        async with upstream(script(OK), host="0.0.0.0") as server:
            allowed = [("a.test", server.port)]
            async with opened(resolve=resolve, allowed=allowed, clock=lambda: now) as egress:
                url = f"http://a.test:{server.port}/"
                seen = []
                for now, address in ((0.0, "127.0.0.1"), (29.9, "127.0.0.2"), (30.0, "127.0.0.2")):  # noqa: B007
                    await egress.fetch(get(url))
                    seen.append(server.calls[-1].writer.get_extra_info("sockname")[0])
                assert seen == ["127.0.0.1", "127.0.0.1", "127.0.0.2"]
                assert server.connections == 2
                now, address = 60.0, "169.254.169.254"
                with pytest.raises(UnreachableError):
                    await egress.fetch(get(url))
                assert len(server.calls) == 3

    asyncio.run(run())


def test_the_next_address_of_a_name_is_tried_where_one_refuses() -> None:
    async def run() -> None:
        async with upstream(echo, host="127.0.0.3") as server:
            known = names(a=["127.0.0.1", "127.0.0.2", "127.0.0.3"])
            async with opened(resolve=known, allowed=[("a.test", server.port)]) as egress:
                asked = Outbound("POST", f"http://a.test:{server.port}/", (), pieces(b"ab", b"c"), 3)
                loop = asyncio.get_running_loop()
                connect = loop.sock_connect
                with dialling(connect) as dialled:
                    assert (await egress.fetch(asked)).body == b"abc"
                    assert (await egress.fetch(Outbound("POST", asked.url, (), b"d"))).body == b"d"
                    assert dialled == ["127.0.0.1", "127.0.0.2", "127.0.0.3"]
                    assert server.connections == 1

    asyncio.run(run())


def closing_on_the_second() -> Any:
    """Answers the first request of its first connection; closes at the second without a word."""
    seen: dict[Any, int] = {}

    async def serve(call: Call) -> None:
        if call.header("Content-Length"):
            await call.reader.readexactly(int(call.header("Content-Length") or 0))
        seen[call.writer] = seen.get(call.writer, 0) + 1
        if len(seen) == 1 and seen[call.writer] == 2:
            call.writer.close()
        else:
            call.say(OK.removesuffix(b"ok" if call.line.startswith("HEAD") else b""))

    return serve


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_a_read_is_repeated_where_an_idle_connection_turns_out_closed(method: str) -> None:
    async def run() -> None:
        async with upstream(closing_on_the_second()) as server, opened(server) as egress:
            for _ in range(2):
                assert (await egress.fetch(Outbound(method, server.origin))).status == 200
            assert (len(server.calls), server.connections) == (3, 2)

    asyncio.run(run())


@pytest.mark.parametrize(
    ("method", "body"),
    [("POST", None), ("POST", b"a"), ("PUT", b"a"), ("DELETE", None), ("PATCH", b"a"), ("GET", b"a")],
)
def test_what_may_have_had_an_effect_is_never_repeated(method: str, body: bytes | None) -> None:
    async def run() -> None:
        async with upstream(closing_on_the_second()) as server, opened(server) as egress:
            assert (await egress.fetch(get(server.origin))).status == 200
            with pytest.raises(UpstreamProtocolError) as failed:
                await egress.fetch(Outbound(method, server.origin, (), body))
            assert failed.value.sent is True
            assert (len(server.calls), server.connections) == (2, 1)

    asyncio.run(run())


def test_a_new_connection_closed_without_an_answer_is_not_repeated() -> None:
    async def run() -> None:
        async with upstream(script(close=True)) as server, opened(server) as egress:
            with pytest.raises(UpstreamProtocolError) as failed:
                await egress.fetch(get(server.origin))
            assert (failed.value.sent, len(server.calls)) == (True, 1)

    asyncio.run(run())


def test_an_answer_nobody_asked_for_is_not_taken_for_the_next() -> None:
    async def run() -> None:
        stray, said = asyncio.Event(), asyncio.Event()

        async def twice(call: Call) -> None:
            if len(server.calls) > 1:
                call.say(OK)
                return
            call.say(OK)
            await stray.wait()
            call.say(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
            said.set()

        async with upstream(twice) as server, opened(server) as egress:
            assert (await egress.fetch(get(server.origin))).body == b"ok"
            stray.set()
            await said.wait()
            assert (await egress.fetch(get(server.origin))).body == b"ok"
            assert server.connections == 2

    asyncio.run(run())


def test_nothing_has_left_where_no_connection_was_made() -> None:
    async def run() -> None:
        async with upstream(script(OK)) as server:
            port = server.port
        allowed = [("127.0.0.1", port), ("a.test", port), ("b.test", port)]
        async with opened(resolve=names(a=["127.0.0.1", "127.0.0.2"]), allowed=allowed) as egress:
            for host in ("127.0.0.1", "a.test", "b.test"):
                for scheme in ("http", "https"):
                    with pytest.raises(EgressError) as failed:
                        await egress.fetch(Outbound("POST", f"{scheme}://{host}:{port}/", (), b"a"))
                    assert failed.value.sent is False
                    assert failed.value.code == "upstream_unreachable"

    asyncio.run(run())


def test_nothing_is_sent_inside_a_transaction() -> None:
    async def run() -> None:
        async with upstream(script(OK)) as server, opened(server) as egress:
            with transaction_marker():
                with pytest.raises(RuntimeError, match="inside a transaction"):
                    egress.stream(get(server.origin))
                with pytest.raises(RuntimeError, match="inside a transaction"):
                    await egress.fetch(get(server.origin))
            assert server.connections == 0

    asyncio.run(run())


def test_many_at_once_share_few_connections_and_never_mix() -> None:
    async def run() -> None:
        async with upstream(echo) as server, opened(server) as egress:

            async def ask(number: int) -> bool:
                body = f"{number}".encode() * 50
                return (await egress.fetch(Outbound("POST", server.origin, (), body))).body == body

            for round_ in range(5):
                assert all(await asyncio.gather(*(ask(round_ * 20 + number) for number in range(20))))
            assert server.connections <= 20

    asyncio.run(run())
