"""A file API that answers what a test tells it to, and remembers what it was asked."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Provider:
    """`asked` are method, path with query, Authorization and body of every request."""

    host_port: str = ""
    status: int = 200
    content: str = "{}"
    asked: list[tuple[str, str, str | None, str]] = field(default_factory=list)


@contextmanager
def providing() -> Iterator[Provider]:
    """Serve until the end of the block."""
    provider = Provider()

    class Answers(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
            provider.asked.append((self.command, self.path, self.headers["authorization"], body))
            content = provider.content.encode()
            self.send_response(provider.status)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = answer  # noqa: N815

        def log_message(self, *_args: Any) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        provider.host_port = f"127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield provider
        finally:
            server.shutdown()
            thread.join()
