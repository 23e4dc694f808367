"""Whatever a token endpoint answers is read as tokens or as one of a few kinds of refusal, and never believed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.core.connections.token_response import (
    Refusal,
    Refused,
    Tokens,
    read_answer,
    read_lifetime,
    sendable,
)
from trunkline.infra.http import Fetched

JSON, FORM = "application/json", "application/x-www-form-urlencoded"


def answer(body: Any, status: int = 200, media_type: str = JSON, **headers: str) -> Tokens | Refusal:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return read_answer(Fetched(status, [("Content-Type", media_type), *headers.items()], content))


def tokens(body: Any, **more: Any) -> Tokens:
    found = answer(body, **more)
    assert isinstance(found, Tokens), found
    return found


def refusal(body: Any, *more: Any, **named: Any) -> Refusal:
    found = answer(body, *more, **named)
    assert isinstance(found, Refusal), found
    return found


def test_reads_a_whole_answer() -> None:
    found = tokens(
        {
            "access_token": "a",
            "refresh_token": "r",
            "token_type": "Bearer",
            "expires_in": 3600,
            "refresh_token_expires_in": "86400",
            "scope": "one two",
            "id_token": "x.y.z",
        }
    )
    assert (found.access.reveal(), found.refresh and found.refresh.reveal()) == ("a", "r")
    assert (found.expires_in_s, found.refresh_expires_in_s) == (3_600, 86_400)
    assert found.scopes == ("one", "two")
    assert found.identity is not None


def test_reads_a_form() -> None:
    found = tokens(
        b"access_token=a&expires_in=60&scope=one%2Ctwo&token_type=bearer", media_type=f"{FORM}; charset=x"
    )
    assert (found.access.reveal(), found.expires_in_s, found.scopes) == ("a", 60, ("one", "two"))
    assert tokens(b"access_token=a", media_type="text/plain").expires_in_s is None
    assert tokens(b' {"access_token": "a"}', media_type="text/plain").access.reveal() == "a"


@pytest.mark.parametrize(
    ("stated", "read"),
    [
        (3600, 3600), ("3600", 3600), (3599.9, 3599), ("1e3", 1000), (0.2, 1), (10**30, 157_680_000), (10**400, 157_680_000),
        (0, None), (-5, None), ("0", None), ("", None), ("soon", None), (None, None), (True, None), ([], None),
        ("nan", None), ("inf", 157_680_000),
    ],
)  # fmt: skip
def test_lifetimes_are_clamped(stated: Any, read: int | None) -> None:
    assert read_lifetime(stated) == read


@pytest.mark.parametrize(
    "kind", ["", "bearer", "Bearer", "BEARER", "bearer_token", "bot", "user", "jwt", None]
)
def test_token_types_that_are_sent_as_bearer(kind: str | None) -> None:
    assert tokens({"access_token": "a", "token_type": kind}).access.reveal() == "a"


@pytest.mark.parametrize("kind", ["mac", "dpop", "pop", "hok", 7])
def test_token_types_that_cannot_be_sent(kind: Any) -> None:
    assert refusal({"access_token": "a", "token_type": kind}).kind is Refused.MALFORMED


@pytest.mark.parametrize(
    "token", ["", "a\r\nX-Evil: 1", "a\x00", "a\tb", "é", " a", "a ", "x" * 16_385, 7, None, {}, ["a"]]
)
def test_what_could_not_stand_in_a_header_is_no_token(token: Any) -> None:
    assert sendable(token) is None
    if token is not None:
        assert refusal({"access_token": token}).kind is Refused.MALFORMED


REFUSALS = [
    (400, {"error": "invalid_grant"}, Refused.GRANT),
    (401, {"error": "invalid_grant", "error_description": "gone"}, Refused.GRANT),
    (403, {"error": "invalid_grant"}, Refused.GRANT),
    (200, {"error": "bad_refresh_token"}, Refused.GRANT),
    (200, {"ok": False, "error": "invalid_refresh_token"}, Refused.GRANT),
    (200, {"ok": False, "error": "token_revoked"}, Refused.GRANT),
    (400, {"error": {"code": "INVALID_GRANT", "message": "gone"}}, Refused.GRANT),
    (401, {"error": "invalid_client"}, Refused.CLIENT),
    (400, {"error": "unauthorized_client"}, Refused.CLIENT),
    (400, {"error": "invalid_request"}, Refused.REQUEST),
    (400, {"error": "invalid_scope"}, Refused.REQUEST),
    (404, {"message": "no such place"}, Refused.REQUEST),
    (401, b"<html>Unauthorized</html>", Refused.REQUEST),
    (200, {"ok": False}, Refused.REQUEST),
    (200, {"success": False, "code": 17}, Refused.REQUEST),
    (400, {"error": "temporarily_unavailable"}, Refused.TRANSIENT),
    (400, {"error": "slow_down"}, Refused.TRANSIENT),
    (429, {"error": "invalid_grant"}, Refused.TRANSIENT),
    (408, b"", Refused.TRANSIENT),
    (500, b"", Refused.TRANSIENT),
    (503, {"error": "invalid_grant"}, Refused.TRANSIENT),
    (502, b"<html>", Refused.TRANSIENT),
    (200, b"", Refused.MALFORMED),
    (200, b"<html>", Refused.MALFORMED),
    (200, {}, Refused.MALFORMED),
    (200, [], Refused.MALFORMED),
    (200, b"[" * 100_000, Refused.MALFORMED),
    (200, b'{"access_token":"\xff"}', Refused.MALFORMED),
    (307, b"", Refused.MALFORMED),
    (204, b"", Refused.MALFORMED),
]


@pytest.mark.parametrize(("status", "body", "kind"), REFUSALS)
def test_refusals_are_told_apart_by_what_helps(status: int, body: Any, kind: Refused) -> None:
    found = refusal(body, status)
    assert found.kind is kind
    assert found.processed is (kind is Refused.MALFORMED or status >= 500)


def test_a_refusal_is_told_short_and_clean() -> None:
    found = refusal({"error": "x" * 500, "error_description": "a\r\nb\x00" + "y" * 500}, 400)
    assert len(found.code) == 60
    assert len(found.said) == 200
    assert found.said.startswith("a b y")
    assert refusal(b"", 418).sentence == "status 418"


@pytest.mark.parametrize(("text", "wait"), [("7", 7.0), ("999999", 3_600.0), ("-1", None), ("soon", None)])
def test_retry_after_is_read_within_an_hour(text: str, wait: float | None) -> None:
    assert refusal(b"", 503, **{"Retry-After": text}).retry_after_s == wait


@given(
    status=st.integers(100, 599),
    body=st.one_of(
        st.binary(max_size=200),
        st.recursive(
            st.one_of(
                st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=20)
            ),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(
                        ["access_token", "refresh_token", "expires_in", "scope", "error", "token_type"]
                    ),
                    inner,
                    max_size=6,
                )
            ),
            max_leaves=12,
        ),
    ),
    media_type=st.sampled_from([JSON, FORM, "text/plain", "text/html", ""]),
)
def test_no_answer_breaks_the_reader(status: int, body: Any, media_type: str) -> None:
    found = answer(body, status, media_type)
    if isinstance(found, Tokens):
        assert 200 <= status < 300
        assert found.access.reveal().isprintable()
        assert found.expires_in_s is None or 1 <= found.expires_in_s <= 157_680_000
