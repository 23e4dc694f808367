from __future__ import annotations

from typing import Any

import pytest

from tests.asgi import File
from tests.core.integrations.pictures import gif, jpeg, png, webp
from tests.dialects.informer.desk import Desk

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><path d="M0 0h1v1z"/></svg>'
FORM = "multipart/form-data; boundary=x"


def form(content: bytes) -> bytes:
    head = b'--x\r\ncontent-disposition: form-data; name="icon"; filename="a.png"\r\ncontent-type: image/png\r\n\r\n'
    return head + content + b"\r\n--x--\r\n"


@pytest.fixture
def path(desk: Desk) -> str:
    return f"/informer/api/integrations/{desk.made()['id']}/icon"


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (png(), "image/png"),
        (gif(), "image/gif"),
        (jpeg(), "image/jpeg"),
        (webp(), "image/webp"),
        (SVG, "image/svg+xml"),
    ],
)
def test_an_icon_is_served_as_what_it_is_and_can_do_nothing(
    desk: Desk, path: str, content: bytes, media_type: str
) -> None:
    given = desk.send("PUT", path, form(content), headers={"content-type": FORM})
    assert (given.status, given.json) == (200, {"mediaType": media_type, "size": len(content)})
    served = desk.send("GET", path)
    assert (served.status, served.body, served.headers["content-type"]) == (200, content, media_type)
    assert served.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in served.headers["content-security-policy"]
    assert served.headers["content-security-policy"].startswith("default-src 'none'")
    again = desk.send("GET", path, headers={"if-none-match": served.headers["etag"]})
    assert (again.status, again.body) == (304, b"")


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"plain text", 415),
        (b"<svg><script>alert(1)</script></svg>", 400),
        (b"<!DOCTYPE svg><svg/>", 400),
        (png(5_000, 1), 400),
        (png() + b"x" * 600_000, 413),
        (b"", 400),
    ],
)
def test_what_is_no_icon_is_refused(desk: Desk, path: str, content: bytes, status: int) -> None:
    answer = desk.send("PUT", path, content, headers={"content-type": "image/png"})
    assert answer.status == status, answer.body
    assert desk.send("GET", path).status == 404


@pytest.mark.parametrize(
    ("image_url", "location"),
    [
        ("https://example.com/a.png?b=c", "https://example.com/a.png?b=c"),
        ("/images/google-drive.png", "/images/google-drive.png"),
        ("//evil.example/a.png", None),
        ("/\\evil.example/a.png", None),
        ("javascript:alert(1)", None),
        ("data:image/png;base64,AAAA", None),
        ("https://example.com/\r\nset-cookie: a=b", None),
        ("https://example.com/\u00e9.png", None),
        ("https://\u65e5.example/a.png", None),
        ("https://\nset-cookie: a=b", None),
        ("/\nset-cookie: a=b", None),
        ("/ a.png", None),
        ("/a", "/a"),
        ("images/a.png", None),
        (None, None),
    ],
)
def test_without_an_own_icon_its_url_is_where_to_look(
    desk: Desk, image_url: Any, location: str | None
) -> None:
    made = desk.made(imageUrl=image_url)
    answer = desk.send("GET", f"/api/integrations/{made['id']}/icon")
    assert (answer.status, answer.headers.get("location")) == (302 if location else 404, location)


def test_editors_change_icons_and_everybody_let_in_looks(desk: Desk, path: str) -> None:
    bob = desk.member("bob")
    assert desk.send("PUT", path, File(png()), token=bob).status == 404
    desk.ok("PUT", f"{path.removesuffix('/icon')}/shares/bob", {"accessLevel": 1})
    assert desk.send("PUT", path, File(png()), token=bob).status == 403
    desk.ok("PUT", path, File(png()))
    assert desk.send("GET", path, token=bob).status == 200
    assert desk.send("DELETE", path, token=bob).status == 403
    assert desk.send("DELETE", path).status == 204
    assert desk.send("GET", path, token=bob).status == 404
