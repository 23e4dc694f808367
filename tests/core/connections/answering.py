"""A server that answers as a test tells it, for what no real provider is asked to say."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl

from tests.core.connections.desk import Desk
from trunkline.infra.http import Egress, EgressPolicy

Answer = Callable[[str, str], tuple[int, Any]]


@dataclass
class Answering:
    """It, and the bodies of what it was asked.

    Attributes:
        answer: from the path and body of a request, the status and what is answered as JSON; bytes as they are.
    """

    port: int
    answer: Answer = lambda _path, _body: (200, {})
    bodies: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def asked(self) -> list[dict[str, str]]:
        """The forms among them."""
        return [dict(parse_qsl(body, keep_blank_values=True)) for body in self.bodies if body]


@contextmanager
def answering_to(desk: Desk) -> Iterator[Answering]:
    """A server that the desk reaches beside the simulated service."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
            made.bodies.append(body)
            status, said = made.answer(self.path, body)
            content = said if isinstance(said, bytes) else json.dumps(said).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST  # noqa: N815  # the name the standard library looks for

        def log_message(self, *_: Any) -> None:
            """Nothing is printed."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made = Answering(server.server_address[1])
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    host, _, own = desk.simulated.host_port.rpartition(":")
    desk.run(desk.egress.close())
    desk.egress = Egress(EgressPolicy(allowed=frozenset({(host, int(own)), ("127.0.0.1", made.port)})))
    desk.env = replace(desk.env, egress=desk.egress)
    try:
        yield made
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
