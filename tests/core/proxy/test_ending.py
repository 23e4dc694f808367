"""What an answer says of its credential is looked into once the caller has the whole of it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.asgi import acall
from tests.core.proxy.conftest import Desk
from tests.instance import Instance
from tests.simulated import Simulated


@pytest.fixture
def refusing() -> Iterator[tuple[str, list[str]]]:
    """An upstream that takes a credential once and never again: host and port, and the paths it was asked for."""
    asked: list[str] = []

    class Refusing(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200 if len(asked) == 1 else 401)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"127.0.0.1:{server.server_port}", asked
        server.shutdown()
        thread.join()


def test_no_caller_waits_for_the_question_whether_their_credential_is_good(
    database_url: str, tmp_path: Path, simulated: Simulated, refusing: tuple[str, list[str]]
) -> None:
    place, asked = refusing
    instance = Instance(database_url, tmp_path, egress_allow=(place,))
    auth = {"type": "bearer", "apiBaseUri": f"http://{place}", "health": {"path": "/health"}}
    desk = Desk(instance, simulated)
    connection_id = desk.connection(desk.integration(**auth), token="t0ken-value-x")
    assert asked == ["/health"]
    by_the_end: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        async def sending(message: Any) -> None:
            await send(message)
            if message["type"] == "http.response.body" and not message.get("more_body"):
                by_the_end.extend(asked)

        await instance.app(scope, receive, sending)

    async def run() -> int:
        headers = {"authorization": f"Bearer {instance.token}"}
        try:
            answer = await acall(app, "GET", f"/api/connections/{connection_id}/proxy/x", headers)
            return answer.status
        finally:
            await instance.platform.services.egress.close()

    assert asyncio.run(run()) == 401
    assert by_the_end == ["/health", "/x"]
    assert asked == ["/health", "/x", "/health"]
    instance.platform.close()
