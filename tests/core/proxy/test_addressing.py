from __future__ import annotations

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.core.proxy.addressing import destination
from trunkline.infra.http import Origin, parse_target
from trunkline.kit.errors import InvalidRequestError

BASE = "https://www.googleapis.com/drive/v3"
ORIGINS = frozenset({Origin.of(BASE), Origin.of("https://hooks.example.com:8443")})


def sent_to(url: str, params: list[tuple[str, str]] | None = None, base: str = BASE) -> str:
    return destination(base, url, params or [], origins=ORIGINS).url


@pytest.mark.parametrize(
    ("url", "goes_to"),
    [
        ("/files", f"{BASE}/files"),
        ("files", f"{BASE}/files"),
        ("files/", f"{BASE}/files/"),
        ("", BASE),
        ("/files?q=a+b&x=%2F", f"{BASE}/files?q=a+b&x=%2F"),
        ("?q=1", f"{BASE}?q=1"),
        ("/a%20b/c:d;e=1", f"{BASE}/a%20b/c:d;e=1"),
        ("/a..b/.c/...", f"{BASE}/a..b/.c/..."),
        ("/a%2Fb", f"{BASE}/a%2Fb"),
        ("a:b/c", f"{BASE}/a:b/c"),
        ("javascript:alert(1)", f"{BASE}/javascript:alert(1)"),
        ("https:/www.googleapis.com/", f"{BASE}/https:/www.googleapis.com/"),
        ("/files?flag&x=%FF&&q=a%20b&sig=a~b*c(d)&e=", f"{BASE}/files?flag&x=%FF&&q=a%20b&sig=a~b*c(d)&e="),
        ("https://www.googleapis.com/upload/drive", "https://www.googleapis.com/upload/drive"),
        ("https://hooks.example.com:8443/x?y=1", "https://hooks.example.com:8443/x?y=1"),
    ],
)
def test_a_url_stands_below_the_base_or_is_of_an_origin_agreed_to(url: str, goes_to: str) -> None:
    assert sent_to(url) == goes_to
    assert sent_to(url, base=f"{BASE}/") in (goes_to, f"{BASE}/", f"{BASE}/?q=1")


@pytest.mark.parametrize(
    "url",
    [
        "..",
        "/..",
        "/files/../../../admin",
        "/files/..;/admin",
        "/%2e%2e/admin",
        "/.%2E/admin",
        "/files/%2e/x",
        "/a%2F..%2Fb",
        "/a%2f%2e%2e%2fb",
        "/a%5c..%5cb",
        "//evil.example.com/x",
        "///evil.example.com",
        "\\\\evil.example.com",
        "/\\evil.example.com",
        "/a b",
        "/a\r\nHost: evil",
        "/a\x00",
        "/ä",
        "/a#b",
        "/%zz",
        "https://evil.example.com/",
        "https://www.googleapis.com.evil.example.com/",
        "https://www.googleapis.com@evil.example.com/",
        "https://www.googleapis.com:8443/",
        "http://www.googleapis.com/drive/v3",
        "https://www.googleapis.com/drive/../admin",
        "HTTPS://evil.example.com/",
        "file:///etc/passwd",
        "a://b",
    ],
)
def test_a_url_that_would_take_the_credential_elsewhere_is_refused(url: str) -> None:
    with pytest.raises(InvalidRequestError):
        sent_to(url)


@given(st.text(alphabet="./%25eEfFcC5;\\:@?#ab", max_size=20))
def test_whatever_is_asked_for_stays_below_the_base(url: str) -> None:
    try:
        target = parse_target(sent_to(url))
    except InvalidRequestError:
        return
    assert target.origin == Origin.of(BASE)
    # Even decoded twice, as a careless upstream might, nothing climbs out of the base.
    depth = 0
    for segment in unquote(unquote(target.path.removeprefix("/drive/v3"))).replace("\\", "/").split("/"):
        depth += -1 if segment == ".." else bool(segment and segment != ".")
        assert depth >= 0


def test_parameters_are_added_and_the_credentials_own_cannot_be_given() -> None:
    asked = destination(
        f"{BASE}?tenant=1",
        "/files?key=stolen&a=%FF&%6Bey=stolen&key&+x",
        [("key", "stolen"), ("b", "x y"), ("c", "1&key=2")],
        origins=ORIGINS,
        credential=[("key", "right")],
    )
    assert asked.url == f"{BASE}/files?tenant=1&a=%FF&+x&b=x+y&c=1%26key%3D2&key=right"


def test_a_base_that_nobody_agreed_to_is_refused() -> None:
    with pytest.raises(InvalidRequestError):
        sent_to("/x", base="https://other.example.com")
