from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from tests.cli.command import Here
from trunkline.cli import remote as module
from trunkline.cli.failures import CommandError
from trunkline.cli.remote import Remote
from trunkline.kit.secret import Secret

OK = b'{"id": "int_1"}'


class Scripted(HTTPServer):
    """Answers as told, in turn; None hangs up without a word."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.script: list[tuple[int, bytes] | None] = []
        self.seen: list[dict[str, Any]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Scripted

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        self.server.seen.append({"path": self.path, "body": body, **self.headers})
        answer = self.server.script.pop(0)
        if answer is None:
            self.close_connection = True
            return
        status, content = answer
        self.send_response(status)
        self.send_header("content-length", str(len(content)))
        self.send_header("retry-after", "0")
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_PATCH = do_POST  # noqa: N815  # the names the base class looks for

    def log_message(self, *_: object) -> None:
        """Nothing on standard error."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Scripted]:
    monkeypatch.setattr(module, "PAUSE_S", 0.0)
    with Scripted() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_write_whose_answer_got_lost_is_sent_again_under_the_same_key(server: Scripted) -> None:
    server.script = [None, (503, b"{}"), (200, OK)]
    with Remote(server.url, Secret("t")) as remote:
        assert remote.post("/integrations", {"slug": "a"}) == {"id": "int_1"}
    assert len({one["idempotency-key"] for one in server.seen}) == 1
    assert [one["body"] for one in server.seen] == [b'{"slug":"a"}'] * 3
    assert {one["path"] for one in server.seen} == {"/platform/api/integrations"}
    assert {one["authorization"] for one in server.seen} == {"Bearer t"}


def test_two_writes_have_two_keys(server: Scripted) -> None:
    server.script = [(200, OK), (200, OK)]
    with Remote(server.url, Secret("t")) as remote:
        remote.post("/integrations", {})
        remote.post("/integrations", {})
    first, second = (one["idempotency-key"] for one in server.seen)
    assert first != second


def test_gives_up_in_the_servers_own_words(server: Scripted) -> None:
    busy = b'{"error": {"code": "database_busy", "message": "try again", "details": []}}'
    server.script = [(503, busy)] * module.TRIES
    with Remote(server.url, Secret("t")) as remote, pytest.raises(CommandError) as refused:
        remote.get("/workspaces")
    assert (refused.value.code, str(refused.value)) == ("database_busy", "try again")
    assert server.script == []


def test_a_refusal_is_final_and_names_the_places(server: Scripted) -> None:
    server.script = [
        (
            400,
            b'{"error":{"code":"invalid_request","message":"no","details":[{"path":"slug","message":"bad"}]}}',
        )
    ]
    with Remote(server.url, Secret("t")) as remote, pytest.raises(CommandError) as refused:
        remote.patch("/integrations/int_1", {"slug": "?"})
    assert (refused.value.code, refused.value.hint) == ("invalid_request", "slug: bad")


@pytest.mark.parametrize("answer", [b"<html>", b"[]", b"\xff", b""])
def test_another_kind_of_server_is_told_apart(server: Scripted, answer: bytes) -> None:
    server.script = [(200, answer)]
    with Remote(server.url, Secret("t")) as remote, pytest.raises(CommandError) as refused:
        remote.get("/workspaces")
    assert refused.value.code == "not_trunkline"


def test_an_answer_without_end_is_refused(server: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ANSWER_MAX", 10)
    server.script = [(200, OK)]
    with Remote(server.url, Secret("t")) as remote, pytest.raises(CommandError) as refused:
        remote.get("/workspaces")
    assert refused.value.code == "not_trunkline"


def test_every_page_of_a_list_is_read_once(server: Scripted) -> None:
    server.script = [
        (200, b'{"data":[{"id":1}],"pageInfo":{"hasNextPage":true,"endCursor":"c/1"}}'),
        (200, b'{"data":[{"id":2}],"pageInfo":{"hasNextPage":false,"endCursor":"c/2"}}'),
    ]
    with Remote(server.url + "/hub/", Secret("t")) as remote:
        found = list(remote.pages("/schemas", filter={"slug": {"eq": "a&b"}}))
    assert [one["id"] for one in found] == [1, 2]
    query = "filter=%7B%22slug%22%3A%7B%22eq%22%3A%22a%26b%22%7D%7D"
    assert [one["path"] for one in server.seen] == [
        f"/hub/platform/api/schemas?{query}",
        f"/hub/platform/api/schemas?{query}&after=c%2F1",
    ]


@pytest.mark.parametrize(
    ("url", "exposed"),
    [
        ("http://127.0.0.1:8080", False),
        ("http://localhost", False),
        ("https://hub.example.com", False),
        ("http://hub.example.com", True),
    ],
)
def test_knows_when_the_key_would_travel_readable(url: str, *, exposed: bool) -> None:
    with Remote(url, Secret("t")) as remote:
        assert remote.is_exposed is exposed


@pytest.mark.parametrize(
    "url",
    [
        "hub",
        "ftp://hub",
        "http://",
        "http://hub:99999",
        "http://hub?x=1",
        "http://[::1",
        "http://a b",
        "http://hub/ü",
    ],
)
def test_a_url_of_no_server_is_refused(url: str) -> None:
    with pytest.raises(CommandError) as refused:
        Remote(url, Secret("t"))
    assert (refused.value.code, int(refused.value.exit)) == ("invalid_url", 2)


def test_space_around_a_token_is_left_out(server: Scripted) -> None:
    server.script = [(200, OK)]
    with Remote(server.url, Secret(" sec_ab\r\n")) as remote:
        remote.get("/workspaces")
    assert server.seen[0]["authorization"] == "Bearer sec_ab"


@pytest.mark.parametrize(
    "token", ["sec_can\rary", "sec_can ary", "sec_canäry", "sec_can\x00ary", "  ", "ключ"]
)
def test_a_token_no_key_looks_like_is_refused_unseen(
    here: Here, monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    with pytest.raises(CommandError) as refused:
        Remote("http://127.0.0.1:1", Secret(token))
    assert (refused.value.code, int(refused.value.exit)) == ("invalid_token", 2)
    if "\x00" not in token:
        monkeypatch.setenv("TRUNKLINE_TOKEN", token)
        monkeypatch.setenv("TRUNKLINE_URL", "http://127.0.0.1:1")
        done = here("provider", "list")
        assert (done.exit, done.out) == (2, "")
        assert "can" not in done.err


def test_one_wrong_place_is_told_once(server: Scripted) -> None:
    body = b'{"error":{"code":"invalid_request","message":"slug: bad","details":[{"path":"slug","message":"bad"}]}}'
    server.script = [(400, body)]
    with Remote(server.url, Secret("t")) as remote, pytest.raises(CommandError) as refused:
        remote.get("/workspaces")
    assert (str(refused.value), refused.value.hint) == ("slug: bad", "")


def test_a_host_that_no_resolver_takes_is_not_reached(server: Scripted) -> None:
    with Remote("http://a..b", Secret("t")) as remote, pytest.raises(CommandError) as refused:
        remote.get("/workspaces")
    assert (refused.value.code, server.seen) == ("unreachable", [])
