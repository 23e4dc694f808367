from __future__ import annotations

import gzip
import http.client
import json
from hashlib import sha256
from typing import Any

import pytest

from tests.simulated import Simulated


def test_the_echo_says_what_it_received(simulated: Simulated) -> None:
    headers = {"x-one": "ä".encode("latin-1").decode("latin-1"), "content-type": "text/plain"}
    answer = simulated.request("PATCH", "/echo/a%2Fb/%C3%A4?x=1&x=%20", headers, "Grüße".encode())
    found = answer.json
    assert (found["method"], found["path"], found["query"]) == ("PATCH", "/echo/a%2Fb/%C3%A4", "x=1&x=%20")
    assert (found["body"], found["bodyBase64"], found["bodyBytes"]) == ("Grüße", "R3LDvMOfZQ==", 7)
    assert ["x-one", "ä"] in found["headers"]
    assert ["host", simulated.host_port] in found["headers"]


def test_the_echo_takes_bytes_and_much_of_them(simulated: Simulated) -> None:
    body = bytes(range(256)) * 8192
    found = simulated.request("PUT", "/echo", {}, body).json
    assert (found["body"], found["bodyBytes"]) == (None, 2 * 1024 * 1024)
    assert found["bodySha256"] == sha256(body).hexdigest()


@pytest.mark.parametrize("number", [0, 1, 255, 65_536, 1_000_001])
def test_bytes(simulated: Simulated, number: int) -> None:
    answer = simulated.request("GET", f"/bytes/{number}")
    assert answer.headers["content-length"] == str(number)
    assert answer.body == (bytes(range(256)) * (number // 256 + 1))[:number]


def test_zeros_are_compressed_to_a_thousandth(simulated: Simulated) -> None:
    answer = simulated.request("GET", "/gzip/10000000")
    assert answer.headers["content-encoding"] == "gzip"
    assert len(answer.body) < 12_000
    assert gzip.decompress(answer.body) == bytes(10_000_000)


@pytest.mark.parametrize("code", [200, 201, 404, 418, 429, 500, 503, 599])
def test_a_status_is_given(simulated: Simulated, code: int) -> None:
    answer = simulated.request("POST", f"/status/{code}")
    assert (answer.status, answer.json) == (code, {"status": code})


def test_a_status_without_a_body_and_one_with_retry_after(simulated: Simulated) -> None:
    assert simulated.request("GET", "/status/204").body == b""
    assert simulated.request("GET", "/status/304").status == 304
    assert simulated.request("GET", "/status/503?retryAfter=3").headers["retry-after"] == "3"


def test_a_redirect_leads_to_the_echo_or_where_it_is_told(simulated: Simulated) -> None:
    plain = simulated.request("GET", "/redirect")
    assert (plain.status, plain.headers["location"]) == (302, "/echo")
    told = simulated.request("POST", "/redirect?status=308&to=https%3A%2F%2Felsewhere.example%2Fx")
    assert (told.status, told.headers["location"]) == (308, "https://elsewhere.example/x")


def test_a_stream_comes_in_lines(simulated: Simulated) -> None:
    answer = simulated.request("GET", "/stream?chunks=3&size=2&pauseMs=1")
    assert answer.headers["transfer-encoding"] == "chunked"
    assert answer.body.splitlines() == [b'{"index":%d,"padding":"xx"}' % index for index in range(3)]
    assert simulated.request("GET", "/stream?chunks=0").body == b""


def test_a_stream_may_end_too_soon(simulated: Simulated) -> None:
    with pytest.raises(http.client.IncompleteRead) as cut:
        simulated.request("GET", "/stream?chunks=5&cutAfter=2")
    assert cut.value.partial.count(b"\n") == 2


def test_an_answer_is_given_word_for_word(simulated: Simulated) -> None:
    asked: dict[str, Any] = {
        "status": 203,
        "headers": [["Set-Cookie", "a=1"], ["Content-Type", "text/html"], ["X-Odd", "ä"]],
        "body": "<h1>Hi</h1>",
    }
    headers = {"content-type": "application/json"}
    answer = simulated.request("POST", "/respond", headers, json.dumps(asked).encode())
    assert (answer.status, answer.body) == (203, b"<h1>Hi</h1>")
    assert (answer.headers["set-cookie"], answer.headers["content-type"]) == ("a=1", "text/html")
    assert answer.headers["x-odd"] == "ä"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/bytes/x", None),
        ("GET", "/bytes/-1", None),
        ("GET", "/bytes/9999999999999", None),
        ("GET", "/status/99", None),
        ("GET", "/status/600", None),
        ("GET", "/status/200?retryAfter=soon", None),
        ("GET", "/redirect?status=200", None),
        ("GET", "/stream?chunks=-1", None),
        ("POST", "/respond", {"status": 100}),
        ("POST", "/respond", {"headers": [["ü", "x"]]}),
        ("POST", "/respond", {"headers": [["", "x"]]}),
        ("POST", "/respond", {"headers": [["x", "a\r\nb: c"]]}),
        ("POST", "/respond", {"headers": [["x", "\u20ac"]]}),
        ("POST", "/respond", {"headers": [["Content-Length", "3"]]}),
    ],
)
def test_refuses_what_it_cannot_do(simulated: Simulated, method: str, path: str, body: Any) -> None:
    sent = b"" if body is None else json.dumps(body).encode()
    answer = simulated.request(method, path, {"content-type": "application/json"}, sent)
    assert (answer.status, answer.json["error"]["code"]) == (400, "invalid_request")
