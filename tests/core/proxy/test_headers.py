from __future__ import annotations

from trunkline.core.proxy.headers import incoming, outgoing


def test_the_credential_beats_the_integration_and_that_the_caller() -> None:
    sent = outgoing(
        caller=[
            ("X-User-Email", "spoofed"),
            ("authorization", "Bearer mine"),
            ("X-Plain", "1"),
            ("x-key", "2"),
        ],
        integration=[("x-user-email", "right@example.com"), ("X-Key", "weak")],
        credential=[("X-KEY", "right")],
    )
    assert sent == [("X-Plain", "1"), ("x-user-email", "right@example.com"), ("X-KEY", "right")]


def test_what_the_caller_is_to_us_and_what_belongs_to_a_connection_stays_here() -> None:
    kept = [
        ("Idempotency-Key", "k1"),
        ("Accept", "text/csv"),
        ("Notion-Version", "2022-06-28"),
        ("If-Match", '"1"'),
        ("Range", "bytes=0-1"),
    ]
    dropped = [
        (name, "1")
        for name in (
            "Authorization", "Cookie", "X-Api-Key", "X-Forwarded-For", "x-forwarded-host", "Forwarded", "Via",
            "Host", "Content-Length", "Transfer-Encoding", "TE", "Trailer", "Upgrade", "Keep-Alive", "Expect",
            "Proxy-Authorization", "Proxy-Connection", "X-Request-Id", "Origin", "Sec-Fetch-Site",
            "X-Real-IP", "Referer", "X-Hop",
        )
    ]  # fmt: skip
    assert outgoing([*kept, *dropped, ("Connection", "close, X-Hop")], [], []) == kept


def test_an_answer_acts_on_no_origin_but_its_own() -> None:
    found = incoming(
        [
            ("Content-Type", "application/json"),
            ("Content-Length", "12"),
            ("ETag", '"a"'),
            ("Link", "<a>; rel=next"),
            ("Link", "<b>; rel=prev"),
            ("Set-Cookie", "sid=1"),
            ("Strict-Transport-Security", "max-age=1"),
            ("Access-Control-Allow-Origin", "*"),
            ("Content-Security-Policy", "default-src *"),
            ("Clear-Site-Data", "*"),
            ("Transfer-Encoding", "chunked"),
            ("Connection", "X-Mine"),
            ("X-Mine", "1"),
            ("X-Request-Id", "theirs"),
            ("X-Upstream-Status", "200"),
            ("Retry-After", "5"),
        ],
        401,
    )
    assert found == {
        "content-type": "application/json",
        "content-length": "12",
        "etag": '"a"',
        "link": "<a>; rel=next, <b>; rel=prev",
        "retry-after": "5",
        "x-upstream-status": "401",
        "content-security-policy": "sandbox; default-src 'none'",
    }


def test_what_a_browser_would_run_is_offered_as_a_file() -> None:
    for media_type in (
        "text/html; charset=utf-8",
        "image/svg+xml",
        "application/xhtml+xml",
        "text/javascript",
        None,
    ):
        found = incoming([] if media_type is None else [("content-type", media_type)], 200)
        assert found["content-disposition"] == "attachment"
    assert "content-disposition" not in incoming([("content-type", "image/png")], 200)
    assert "content-length" not in incoming([("content-length", "5")], 204)
