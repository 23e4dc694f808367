"""The server that is measured: the product's own, and one page more that runs the same list without it.

    python -m bench.served DIRECTORY DATABASE_URL

`GET /bench?user=…&publisher=…&publisher=…&seconds=1` makes the lists of these publishers into bytes, one after the
other in the same process, and answers how many a second that were. So both are measured on one core, with one
database and one heap.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from itertools import cycle
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import msgspec
import uvloop

from bench.measure import Subject, block, calls_in
from bench.server import Load
from trunkline import bootstrap
from trunkline.cli.listening import Address, reserved
from trunkline.cli.serving import serve_application
from trunkline.core import access
from trunkline.dialects.platform import DIALECT
from trunkline.dialects.platform.integrations import IntegrationParameters, list_integrations
from trunkline.infra.db import Tx
from trunkline.infra.log import configure_log
from trunkline.settings import load_settings
from trunkline.web.route import Call, Headers

Message = MutableMapping[str, Any]


def encoded_list(platform: bootstrap.Platform, user_id: str, publishers: Sequence[str]) -> Subject:
    """A list as the server answers it, without the server: list, spell, encode to bytes."""
    actor = platform.database.read_now(lambda tx: access.act_as(tx, user_id))
    turn = cycle([IntegrationParameters(publisher=publisher) for publisher in publishers])

    def run() -> bytes:
        query = next(turn)

        def work(tx: Tx) -> bytes:
            call = Call(
                tx=tx,
                services=platform.services,
                request_id="",
                headers=Headers(),
                path={},
                query=query,
                caller=actor,
            )
            return DIALECT.encode(list_integrations(call))

        return platform.database.read_now(work)

    return run


class Measured:
    """The application, and the page that measures inside its process."""

    def __init__(self, platform: bootstrap.Platform) -> None:
        self._platform = platform
        self._app = bootstrap.application(platform)

    async def __call__(
        self,
        scope: Message,
        receive: Callable[[], Awaitable[Any]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        if scope.get("path") != "/bench":
            await self._app(scope, receive, send)
            return
        asked = parse_qs(scope["query_string"].decode())
        subject = encoded_list(self._platform, asked["user"][0], asked["publisher"])
        calls = calls_in(subject, float(asked["seconds"][0]))
        used = time.process_time()
        rate = 1 / block(subject, calls)
        body = msgspec.json.encode(Load(rate, (time.process_time() - used) / calls))
        headers = [(b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def main(directory: Path, database_url: str) -> None:
    """Serve until a signal comes; the first line printed says where."""
    settings = load_settings({"data_dir": directory, "database_url": database_url, "port": 0}, environ={})
    configure_log(json_lines=False, level="error")
    with reserved(settings) as address:
        platform = bootstrap.open_platform(settings)
        try:
            uvloop.run(serve_application(Measured(platform), address, lambda: announce(address)))
        finally:
            platform.close()


def announce(address: Address) -> None:
    """Say where it listens."""
    print(address.url, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
