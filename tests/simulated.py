"""The simulator on a real socket of this machine, served by a thread of this process.

    with serving() as simulated:                      # about 20 ms; share one for a whole session …
        client = simulated.client(redirect_uri)       # … and give each test a client of its own
        tokens = client.connect()
        simulated.admin("PUT", "/simulator/faults", {"clientId": client.id, "profiles": ["cut"], "times": 1})

Its address is let through egress by the exact `simulated.host_port`.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import secrets
import socket
import threading
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import uvloop
from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels
from granian.server.embed import Server

from tests.asgi import Headers, Response
from trunkline.simulator import Options, Simulator, simulator_app
from trunkline.simulator.grants import challenge_of

TIMEOUT_S = 60
REDIRECT_URI = "http://127.0.0.1:1/callback"


@dataclass(frozen=True)
class SimulatedClient:
    """An OAuth client that is registered for one test."""

    simulated: Simulated
    id: str
    secret: str
    redirect_uri: str

    @property
    def proof(self) -> dict[str, str]:
        """Who it is, as members of a form."""
        return {"client_id": self.id} | ({"client_secret": self.secret} if self.secret else {})

    @property
    def basic(self) -> str:
        """Who it is, as an Authorization header."""
        return f"Basic {b64encode(f'{self.id}:{self.secret}'.encode()).decode()}"

    def authorize(self, **more: str) -> tuple[str, dict[str, str]]:
        """A code verifier, and what the redirect says when the owner agrees."""
        verifier = secrets.token_urlsafe(48)
        query = {
            "response_type": "code",
            "client_id": self.id,
            "redirect_uri": self.redirect_uri,
            "state": "a state",
            "code_challenge": challenge_of(verifier),
            "code_challenge_method": "S256",
            **more,
        }
        query = {name: value for name, value in query.items() if value}
        answer = self.simulated.request("GET", f"/oauth/authorize?{urlencode(query)}")
        assert answer.status == 303, answer.body
        said = parse_qs(urlsplit(answer.headers["location"]).query, strict_parsing=True)
        return verifier, {name: value for name, (value,) in said.items()}

    def token(self, form: Mapping[str, str], headers: Mapping[str, str] | None = None) -> Response:
        """A call to the token endpoint, with the secret in the body unless Authorization is given."""
        proof = {} if "authorization" in (headers or {}) else self.proof
        return self.simulated.form("/oauth/token", {**proof, **form}, headers or {})

    def redeem(self, code: str, verifier: str, **more: str) -> Response:
        """Exchange a code."""
        form = {"code": code, "code_verifier": verifier, "redirect_uri": self.redirect_uri}
        return self.token({"grant_type": "authorization_code", **form, **more})

    def refresh(self, refresh_token: str, **more: str) -> Response:
        """Exchange a refresh token."""
        return self.token({"grant_type": "refresh_token", "refresh_token": refresh_token, **more})

    def connect(self, **more: str) -> dict[str, Any]:
        """Tokens, as an owner's consent leads to them."""
        verifier, said = self.authorize(**more)
        answer = self.redeem(said["code"], verifier)
        assert answer.status == 200, answer.body
        tokens: dict[str, Any] = answer.json
        return tokens

    def faults(self, *profiles: str, on: Sequence[str] | None = None, times: int | None = None) -> None:
        """What strikes it from now on."""
        body = {"clientId": self.id, "profiles": profiles, "times": times}
        self.simulated.admin("PUT", "/simulator/faults", body if on is None else {**body, "on": on})

    def statistics(self) -> dict[str, Any]:
        """Its own counters."""
        counted: dict[str, Any] = self.simulated.admin("GET", f"/simulator/statistics?clientId={self.id}")
        return counted

    def token_calls(self, grant: str = "refresh_token") -> dict[str, int]:
        """How often it called the token endpoint with this grant, by outcome."""
        calls: dict[str, int] = self.statistics()["tokenCalls"]["byGrant"].get(grant, {})
        return calls


@dataclass(frozen=True)
class Simulated:
    """A simulator that is served.

    Attributes:
        url: without a slash at the end.
        state: the simulator itself; its parts may be used from this thread, but for the gate.
    """

    url: str
    state: Simulator
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def host_port(self) -> str:
        """As the operator's exceptions name it."""
        return urlsplit(self.url).netloc

    def request(self, method: str, path: str, headers: Headers = (), body: bytes = b"") -> Response:
        """One request on a connection of its own; redirects are not followed."""
        parts = urlsplit(self.url)
        assert parts.hostname is not None
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=TIMEOUT_S)
        try:
            connection.request(method, path, body or None, dict(headers))
            answer = connection.getresponse()
            given = {name.lower(): value for name, value in answer.getheaders()}
            return Response(answer.status, given, answer.read())
        finally:
            connection.close()

    def form(self, path: str, form: Mapping[str, str], headers: Headers = ()) -> Response:
        """A POST of a form."""
        given = {"content-type": "application/x-www-form-urlencoded", **dict(headers)}
        return self.request("POST", path, given, urlencode(form).encode())

    def api(self, method: str, path: str, token: str, body: Any = None, **headers: str) -> Response:
        """A request to the API with a bearer token."""
        given = {"authorization": f"Bearer {token}", **headers}
        if body is None:
            return self.request(method, path, given)
        return self.request(
            method, path, {**given, "content-type": "application/json"}, json.dumps(body).encode()
        )

    def admin(self, method: str, path: str, body: Any = None) -> Any:
        """A call to the admin face that must succeed; its answer."""
        sent = b"" if body is None and method == "GET" else json.dumps(body or {}).encode()
        answer = self.request(method, path, {"content-type": "application/json"}, sent)
        assert answer.status in (200, 201), answer.body
        return answer.json

    def client(self, redirect_uri: str = REDIRECT_URI, **more: Any) -> SimulatedClient:
        """Register a client; it need not ask for consent."""
        body = {"redirectUris": [redirect_uri], "autoApprove": True, **more}
        made = self.admin("POST", "/simulator/clients", body)
        return SimulatedClient(self, made["clientId"], made["clientSecret"] or "", redirect_uri)


@contextmanager
def serving(options: Options | None = None) -> Iterator[Simulated]:
    """Serve a simulator until the end of the block."""
    state = Simulator(options)
    with socket.socket() as held:
        # Nobody else is given this port, while the server's own socket may bind beside this one.
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        held.bind(("127.0.0.1", 0))
        served = _Served(state, held.getsockname()[1])
        try:
            simulated = Simulated(f"http://127.0.0.1:{served.port}", state)
            yield simulated
            simulated.admin("POST", "/simulator/release")
        finally:
            served.stop()


class _Served:
    """granian on an event loop of its own, with nothing of Trunkline but the simulator."""

    def __init__(self, state: Simulator, port: int) -> None:
        self.port = port
        self._server: Any = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=lambda: uvloop.run(self._serve(state)), name="simulator")
        self._thread.start()
        while not self._accepts():
            assert self._thread.is_alive(), "the simulator did not start"

    async def _serve(self, state: Simulator) -> None:
        self._loop = asyncio.get_running_loop()
        self._server = Server(
            simulator_app(state),
            "127.0.0.1",
            self.port,
            interface=Interfaces.ASGINL,
            http=HTTPModes.http1,
            websockets=False,
            backlog=1_024,
            log_level=LogLevels.error,
            log_dictconfig={"loggers": {"_granian": {"propagate": True}}},
        )
        await self._server.serve()

    def _accepts(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), TIMEOUT_S).close()
        except ConnectionRefusedError:
            return False
        return True

    def stop(self) -> None:
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._server.stop)
        self._thread.join(TIMEOUT_S)
        assert not self._thread.is_alive()
