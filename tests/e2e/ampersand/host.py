"""The site that embeds the vendor's library: its page, bundled, and a server that says who is logged in."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.e2e.packages import installed

PACKAGES = {"@amp-labs/react": "2.16.1", "react": "19.3.1", "react-dom": "19.3.1", "esbuild": "0.28.2"}
PAGE = Path(__file__).parent / "page.jsx"
BUNDLE_S = 120
TOKEN_S = 300
_HTML = """\
<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>A site</title><link rel="icon" href="data:,">
<link rel="stylesheet" href="/page.css"></head>
<body><div id="root"></div><script src="/page.js"></script></body>
</html>
"""


def bundle(server: str, folder: Path) -> Path:
    """The page with everything it needs, made for a server; skips where Node or the packages are not to be had."""
    modules = installed("amp-labs-react", PACKAGES) / "node_modules"
    node = shutil.which("node")
    assert node is not None
    command = [
        node,
        str(modules / "esbuild" / "bin" / "esbuild"),
        str(PAGE),
        "--bundle",
        "--jsx=automatic",
        "--log-level=error",
        f"--outdir={folder}",
        f"--define:process.env.REACT_APP_AMP_SERVER={json.dumps(server)}",
        '--define:process.env.NODE_ENV="production"',
    ]
    environment = {"NODE_PATH": str(modules), "PATH": str(Path(node).parent)}
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=BUNDLE_S, check=False
    )
    assert done.returncode == 0, done.stderr
    return folder


@dataclass
class Host:
    """The site.

    Attributes:
        url: its origin; another one than the API's.
        kid: what the API calls the key that tokens are signed with.
    """

    url: str
    files: dict[str, tuple[str, bytes]] = field(repr=False)
    kid: str = ""

    @cached_property
    def key(self) -> RSAKey:
        """What tokens are signed with."""
        return RSAKey.generate_key(2_048, private=True)

    @property
    def public_pem(self) -> str:
        """What the API is told of it."""
        return self.key.as_pem(private=False).decode()

    def token(self, who: dict[str, str]) -> str:
        """Say who is logged in, as the page asks in JWT mode."""
        now = int(time.time())
        claims = {"sub": who["consumerRef"], "iat": now, "exp": now + TOKEN_S, **who}
        return jwt.encode({"alg": "RS256", "typ": "JWT", "kid": self.kid}, claims, self.key)

    def page(self, **asked: Any) -> str:
        """The address of the page that shows what is asked for."""
        return f"{self.url}/?{asked['show']}#{quote(json.dumps(asked))}"


@contextmanager
def hosting(folder: Path) -> Iterator[Host]:
    """Serve a bundle on a port of its own, by a name of its own: as far from the API as a site usually is."""
    files = {
        "/": ("text/html; charset=utf-8", _HTML.encode()),
        "/page.js": ("text/javascript", (folder / "page.js").read_bytes()),
        "/page.css": ("text/css", (folder / "page.css").read_bytes()),
    }
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Answering)
    host = Host(f"http://localhost:{server.server_port}", files)
    server.host = host  # type: ignore[attr-defined]  # for the handlers
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="site")
    thread.start()
    try:
        yield host
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Answering(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        host: Host = self.server.host  # type: ignore[attr-defined]  # see `hosting`
        parts = urlsplit(self.path)
        if parts.path == "/token":
            self._answer(200, "text/plain", host.token(dict(parse_qsl(parts.query))).encode())
        elif parts.path in host.files:
            self._answer(200, *host.files[parts.path])
        else:
            self._answer(404, "text/plain", b"")

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _answer(self, status: int, content_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-type", content_type)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
