"""Endpoints without a credential that exercise a proxy or an HTTP client: echo, sizes, statuses, pieces."""

from __future__ import annotations

import asyncio
import re
import zlib
from base64 import b64encode
from collections.abc import AsyncIterator
from hashlib import sha256

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from trunkline.kit.errors import InvalidRequestError
from trunkline.simulator.answers import Pieces, json_answer
from trunkline.simulator.incoming import LARGE, read_body, read_json, read_number, simulator_of
from trunkline.simulator.statistics import Count
from trunkline.simulator.tokens import NOBODY

ANY = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
BLOCK = 64 * 1024  # bytes sent at once
BYTES_MAX = 2 * 1024**3
STATUS_WITHOUT_BODY = {204, 304}
FRAMING = {"content-length", "transfer-encoding"}

# RFC 9110 sections 5.6.2 and 5.5
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")


class Respond(Struct, frozen=True, forbid_unknown_fields=True):
    """An answer to give, word for word."""

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""


async def echo(request: Request) -> Response:
    """The request as it was received."""
    body = await read_body(request, LARGE)
    raw_path: bytes = request.scope["raw_path"]
    return json_answer(
        {
            "method": request.method,
            "path": raw_path.decode("latin-1"),
            "query": request.scope["query_string"].decode("latin-1"),
            "headers": [
                [name.decode("latin-1"), value.decode("latin-1")] for name, value in request.headers.raw
            ],
            "body": _text(body),
            "bodyBase64": b64encode(body).decode(),
            "bodyBytes": len(body),
            "bodySha256": sha256(body).hexdigest(),
        }
    )


async def some_bytes(request: Request) -> Response:
    """So many bytes, the same each time."""
    number = read_number(request.path_params["number"], "number", 0, low=0, high=BYTES_MAX)
    headers = {"content-type": "application/octet-stream", "content-length": str(number)}
    return Pieces(_blocks(number), headers=headers)


async def bomb(request: Request) -> Response:
    """So many zero bytes, compressed: about a thousandth of them is sent."""
    number = read_number(request.path_params["number"], "number", 0, low=0, high=BYTES_MAX)
    headers = {"content-type": "application/octet-stream", "content-encoding": "gzip"}
    return Pieces(_compressed(number), headers=headers)


async def status(request: Request) -> Response:
    """This status; with `retryAfter`, that header."""
    code = read_number(request.path_params["code"], "code", 0, low=200, high=599)
    wait_s = request.query_params.get("retryAfter")
    seconds = read_number(wait_s, "retryAfter", 0, low=0, high=10**6)
    headers = {} if wait_s is None else {"retry-after": str(seconds)}
    if code in STATUS_WITHOUT_BODY:
        return Response(None, code, headers)
    return json_answer({"status": code}, code, headers)


async def redirect(request: Request) -> Response:
    """A redirect to `to` (the echo, by default) with `status` (302)."""
    code = read_number(request.query_params.get("status"), "status", 302, low=300, high=399)
    return RedirectResponse(request.query_params.get("to", "/echo"), code)


async def stream(request: Request) -> Response:
    """`chunks` lines of JSON, one piece each; `pauseMs` between them; with `cutAfter`, it ends too soon."""
    query = request.query_params
    chunks = read_number(query.get("chunks"), "chunks", 5, low=0, high=1_000_000)
    size = read_number(query.get("size"), "size", 0, low=0, high=1024 * 1024)
    pause_ms = read_number(query.get("pauseMs"), "pauseMs", 0, low=0, high=60_000)
    cut_after = read_number(query.get("cutAfter"), "cutAfter", chunks, low=0, high=1_000_000)
    lines = _lines(min(chunks, cut_after), size, pause_ms / 1000)
    return Pieces(lines, headers={"content-type": "application/x-ndjson"}, is_whole=cut_after >= chunks)


async def respond(request: Request) -> Response:
    """Answer with the status, headers and body that the request asks for."""
    asked = await read_json(request, Respond)
    if not 200 <= asked.status <= 599:
        raise InvalidRequestError.at("status", "must be from 200 to 599")
    answer = Response(asked.body, asked.status)
    for name, value in asked.headers:
        if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value) or name.lower() in FRAMING:
            raise InvalidRequestError.at("headers", "must be header fields, and none that frame the message")
        answer.raw_headers.append((name.lower().encode("ascii"), value.encode("latin-1")))
    return answer


async def elsewhere(request: Request) -> Response:
    """Where the profile `redirect` leads: nobody should bring credentials here."""
    simulator = simulator_of(request)
    client = simulator.clients.get(request.query_params.get("client", ""))
    simulator.statistics.count(Count.REDIRECTS_FOLLOWED, client.client_id if client else NOBODY)
    return json_answer({"access_token": "sim_from_elsewhere", "token_type": "Bearer", "expires_in": 300})


def _text(body: bytes) -> str | None:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None


async def _blocks(number: int) -> AsyncIterator[bytes]:
    block = bytes(range(256)) * (BLOCK // 256)
    for start in range(0, number, BLOCK):
        yield block[: min(BLOCK, number - start)]


async def _compressed(number: int) -> AsyncIterator[bytes]:
    packer = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    zeros = bytes(BLOCK)
    for start in range(0, number, BLOCK):
        if piece := packer.compress(zeros[: min(BLOCK, number - start)]):
            yield piece
        await asyncio.sleep(0)
    yield packer.flush()


async def _lines(number: int, size: int, pause_s: float) -> AsyncIterator[bytes]:
    for index in range(number):
        if pause_s and index:
            await asyncio.sleep(pause_s)
        yield b'{"index":%d,"padding":"%s"}\n' % (index, b"x" * size)


ROUTES = [
    Route("/echo", echo, methods=ANY),
    Route("/echo/{rest:path}", echo, methods=ANY),
    Route("/bytes/{number}", some_bytes, methods=["GET"]),
    Route("/gzip/{number}", bomb, methods=["GET"]),
    Route("/status/{code}", status, methods=ANY),
    Route("/redirect", redirect, methods=ANY),
    Route("/stream", stream, methods=["GET"]),
    Route("/respond", respond, methods=["POST"]),
    Route("/simulator/elsewhere", elsewhere, methods=ANY),
]
