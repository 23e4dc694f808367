"""The grant of a user's password: it is kept, and every token is got with it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl

import pytest

from tests.core.connections.desk import Desk
from tests.core.connections.offering import define
from trunkline.core.connections import CredentialRefusedError
from trunkline.infra.http import Egress, EgressPolicy
from trunkline.kit.errors import InvalidRequestError

GIVEN = {"username": "ada", "password": "correct horse", "clientId": "app", "clientSecret": "shh"}


@contextmanager
def token_server() -> Iterator[tuple[ThreadingHTTPServer, list[dict[str, str]]]]:
    """An endpoint that gives a token for a password, and what it was asked."""
    asked: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            form = dict(parse_qsl(self.rfile.read(int(self.headers["content-length"])).decode()))
            asked.append(form)
            good = (form.get("grant_type"), form.get("password")) == ("password", GIVEN["password"])
            body = b'{"access_token":"token-%d","expires_in":300}' % len(asked)
            self.send_response(200 if good else 400)
            self.send_header("content-type", "application/json")
            self.end_headers()
            self.wfile.write(body if good else b'{"error":"invalid_grant"}')

        def log_message(self, *_: Any) -> None:
            """Nothing is printed."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server, asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass(frozen=True)
class Offered:
    """A provider of passwords, and what its endpoint was asked."""

    provider: str
    asked: list[dict[str, str]]


@pytest.fixture
def offered(desk: Desk) -> Iterator[Offered]:
    with token_server() as (server, asked):
        port = server.server_address[1]
        host, _, own = desk.simulated.host_port.rpartition(":")
        desk.run(desk.egress.close())
        desk.egress = Egress(EgressPolicy(allowed=frozenset({(host, int(own)), ("127.0.0.1", port)})))
        desk.env = replace(desk.env, egress=desk.egress)
        url = f"http://127.0.0.1:{port}/token"
        yield Offered(define(desk, account=False, scheme="oauth2", grant="password", token_url=url), asked)


def test_each_token_is_got_with_the_password(desk: Desk, offered: Offered) -> None:
    row = desk.connect(None, provider=offered.provider, credentials={**GIVEN, "scope": "a b"}, mode="shared")
    assert (row.grant_type, row.refreshable, row.status) == ("password", True, "ok")
    assert desk.token(row.id) == "token-1"
    desk.later(seconds=301)
    assert desk.token(row.id) == "token-2"
    form = {
        "grant_type": "password",
        "username": "ada",
        "password": "correct horse",
        "scope": "a b",
        "client_id": "app",
        "client_secret": "shh",
    }
    assert offered.asked == [form, form]


def test_a_wrong_password_is_not_kept_and_a_missing_one_is_asked_for(desk: Desk, offered: Offered) -> None:
    with pytest.raises(CredentialRefusedError) as caught:
        desk.connect(
            None, provider=offered.provider, credentials={**GIVEN, "password": "wrong horse"}, mode="shared"
        )
    assert "wrong horse" not in caught.value.message
    with pytest.raises(InvalidRequestError, match=r"credentials\.password: is required"):
        desk.connect(None, provider=offered.provider, credentials={"username": "ada"}, mode="shared")
    assert (len(offered.asked), desk.count("connections")) == (1, 0)
