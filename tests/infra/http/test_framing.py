"""What a caller gives for a header or a method never becomes another header, another request or another host."""

from __future__ import annotations

import asyncio

import pytest

from tests.infra.http.upstream import OK, get, opened, script, upstream
from trunkline.infra.http import InvalidHeaderError, Outbound, check_header, is_framing
from trunkline.kit.errors import InvalidRequestError

TOKEN = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
TEXT = frozenset(chr(code) for code in range(0x20, 0x7F)) | {"\t"}


def placed(character: str, position: str) -> str:
    return {"first": f"{character}ab", "middle": f"a{character}b", "last": f"ab{character}"}[position]


def test_every_byte_at_every_place_of_a_header() -> None:
    async def run() -> tuple[int, int]:
        accepted = refused = 0
        async with upstream(script(OK)) as server, opened(server) as egress:
            for character in map(chr, range(256)):
                for position in ("first", "middle", "last"):
                    text = placed(character, position)
                    for name, value, good in (
                        ("X-A", text, character in TEXT),
                        (text, "v", character in TOKEN),
                    ):
                        if not good:
                            refused += 1
                            with pytest.raises(InvalidHeaderError) as failed:
                                await egress.fetch(get(server.origin, (name, value)))
                            assert text not in failed.value.message
                            continue
                        accepted += 1
                        await egress.fetch(get(server.origin, (name, value)))
                        given = [one for one in server.calls[-1].headers if one[0] == name]
                        assert [(n, v.strip()) for n, v in given] == [(name, value.strip())]
                        assert len(server.calls[-1].headers) == 5
            assert len(server.calls) == accepted
            assert server.connections == 1
        return accepted, refused

    assert asyncio.run(run()) == (3 * (len(TEXT) + len(TOKEN)), 3 * (512 - len(TEXT) - len(TOKEN)))


@pytest.mark.parametrize("character", ["\u010a", "\u560a", "\u2028", "\ud800", "\U0001f4a9"])
def test_characters_that_would_be_cut_to_a_byte_are_refused(character: str) -> None:
    for name, value in (("X-A", f"a{character}b"), (f"a{character}b", "v")):
        with pytest.raises(InvalidHeaderError):
            check_header(name, value)


FRAMING = """Host Connection Content-Length Transfer-Encoding TE Trailer Upgrade Expect Keep-Alive HTTP2-Settings
    Proxy-Authorization Proxy-Connection Proxy-Anything"""


@pytest.mark.parametrize("name", FRAMING.split())
def test_what_frames_the_request_is_not_the_callers(name: str) -> None:
    async def run() -> None:
        async with upstream(script(OK)) as server, opened(server) as egress:
            for spelled in (name, name.lower(), name.upper()):
                assert is_framing(spelled)
                with pytest.raises(InvalidHeaderError):
                    await egress.fetch(Outbound("POST", server.origin, [(spelled, "0")], b"a"))
            assert server.connections == 0

    asyncio.run(run())


@pytest.mark.parametrize(
    "method",
    [
        "CONNECT",
        "TRACE",
        "",
        "get",
        "GET ",
        " GET",
        "GET / HTTP/1.1\r\nX: y\r\n\r\nGET",
        "G\x00T",
        "GÉT",
        "A" * 33,
        "GET\n",
    ],
)
def test_a_method_is_a_plain_word(method: str) -> None:
    async def run() -> None:
        async with upstream(script(OK)) as server, opened(server) as egress:
            with pytest.raises(InvalidRequestError):
                await egress.fetch(Outbound(method, server.origin))
            assert server.connections == 0

    asyncio.run(run())


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "M-SEARCH"])
def test_other_methods_go_out_as_they_are(method: str) -> None:
    async def run() -> None:
        async with upstream(script(OK)) as server, opened(server) as egress:
            assert (await egress.fetch(Outbound(method, server.origin))).body == b"ok"
            assert server.calls[0].line == f"{method} / HTTP/1.1"

    asyncio.run(run())
