"""Somebody else's server: gives a token to whoever asks, lists folders, and echoes everything else."""

from __future__ import annotations

import json
import threading
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import urlsplit

FOLDERS = {"files": [{"id": "f1", "name": "Reports", "mimeType": "application/vnd.google-apps.folder"}]}
TOKEN = {"access_token": "a token from upstream", "token_type": "Bearer", "expires_in": 3_600}


class _Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    FIXED: ClassVar[dict[str, Any]] = {"/files": FOLDERS, "/token": TOKEN}

    def _answer(self) -> None:
        length = int(self.headers.get("content-length", 0))
        echo = {"method": self.command, "path": self.path, "body": self.rfile.read(length).decode("latin-1")}
        body = json.dumps(self.FIXED.get(urlsplit(self.path).path, echo)).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815

    def log_message(self, *_args: Any) -> None:
        """Nothing."""


@cache
def upstream() -> str:
    """`host:port` of the server, which lives as long as the tests."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Answers)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, name="upstream", daemon=True).start()
    return f"127.0.0.1:{server.server_address[1]}"


__all__ = ["upstream"]
