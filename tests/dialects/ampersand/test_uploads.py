"""Where the vendor's command line puts its archive: a place that was given out, once, for a while."""

from __future__ import annotations

import hashlib
import io
import zipfile
from base64 import b64encode
from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from tests.asgi import Response
from tests.dialects.ampersand.desk import Desk, hex_of
from trunkline.core import access, uploads
from trunkline.infra.db import Tx
from trunkline.kit.errors import InvalidRequestError

MANIFEST = b"specVersion: 1.0.0\nintegrations: []\n"


def archive(**files: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, content in (files or {"amp.yaml": MANIFEST}).items():
            opened.writestr(name, content)
    return packed.getvalue()


def md5(content: bytes) -> str:
    return b64encode(hashlib.md5(content).digest()).decode()


def place(desk: Desk, query: str = "", **more: str) -> dict[str, str]:
    found: dict[str, str] = desk.ok("GET", f"/v1/generate-upload-url{query}", **more)
    return found


def put(desk: Desk, url: str, content: bytes, headers: dict[str, str] | None = None) -> Response:
    parts = urlsplit(url)
    return desk.bare("PUT", f"{parts.path}?{parts.query}", content, headers=headers or {})


def opened(desk: Desk, found: dict[str, str], user_id: str = "") -> bytes:
    def work(tx: Tx) -> bytes:
        actor = access.act_as(tx, user_id or desk.instance.user_id)
        return uploads.open_upload(tx, actor, f"gs://{found['bucket']}/{found['path']}")

    return desk.instance.database.read_now(work)


def test_an_archive_is_put_where_the_answer_says(desk: Desk) -> None:
    content = archive()
    found = place(desk, f"?md5={md5(content).replace('+', '%2B')}")
    parts = urlsplit(found["url"])
    assert f"{parts.scheme}://{parts.netloc}" == desk.instance.platform.services.public_url
    assert parts.path == f"/v1/uploads/{found['bucket']}/{found['path']}"
    answer = put(desk, found["url"], content, {"content-md5": md5(content)})
    assert (answer.status, answer.body) == (200, b"")
    assert opened(desk, found) == MANIFEST
    assert put(desk, found["url"], content).status == 200
    audited = desk.instance.database.read_now(
        lambda tx: tx.column("SELECT action FROM audit_entries WHERE subject_kind = 'upload'")
    )
    assert audited == ["upload.created"]
    assert put(desk, found["url"], archive(**{"amp.yml": b"x"})).status == 400, "not what was promised"


def test_a_place_takes_one_file(desk: Desk) -> None:
    found = place(desk)
    assert put(desk, found["url"], archive()).status == 200
    again = put(desk, found["url"], b"something else")
    assert (again.status, again.json["type"]) == (409, "urn:problem-type:trunkline:upload_exists")
    assert opened(desk, found) == MANIFEST


def test_another_file_than_the_promised_one_is_refused(desk: Desk) -> None:
    content = archive()
    found = place(desk, f"?md5={md5(b'another').replace('+', '%2B')}")
    assert put(desk, found["url"], content).status == 400
    assert put(desk, place(desk)["url"], content, {"content-md5": md5(b"another")}).status == 400
    assert put(desk, place(desk)["url"], content, {"content-md5": "nonsense"}).status == 400
    desk.refused(400, "GET", "/v1/generate-upload-url?md5=nonsense")


def test_no_other_url_takes_anything(desk: Desk) -> None:
    found = place(desk)
    other = place(desk)
    path, signature = found["url"].split("?")
    flipped = signature[:-1] + ("A" if signature[-1] != "A" else "B")
    for url in (
        path,
        f"{path}?signature=",
        f"{path}?signature=é",
        path + "?" + "&".join(f"{name}=1" for name in "abcdefghijkl"),
        f"{path}?{flipped}",
        f"{other['url'].split('?')[0]}?{signature}",
        found["url"].replace("/trunkline/", "/elsewhere/"),
        found["url"].replace(".zip", ".tar"),
    ):
        refused = put(desk, url, archive())
        assert (refused.status, refused.json["type"]) == (
            403,
            "urn:problem-type:trunkline:upload_place_invalid",
        )
    assert desk.instance.count("SELECT count(*) FROM uploads") == 0


def test_a_place_is_open_for_a_quarter_of_an_hour_and_a_file_stays_for_one(desk: Desk) -> None:
    found, late = place(desk), place(desk)
    assert put(desk, found["url"], archive()).status == 200
    desk.instance.clock.advance(timedelta(seconds=uploads.OPEN_FOR_S))
    assert put(desk, late["url"], archive()).status == 403
    assert opened(desk, found) == MANIFEST
    desk.instance.clock.advance(timedelta(seconds=uploads.KEPT_FOR_S - uploads.OPEN_FOR_S))
    with pytest.raises(InvalidRequestError, match="more than an hour ago"):
        opened(desk, found)
    assert desk.instance.database.write_now(uploads.forget_uploads) == 1


def test_what_somebody_else_uploaded_is_not_there(desk: Desk) -> None:
    found = place(desk)
    put(desk, found["url"], archive())
    body = {"email": "bob@acme.example", "name": "Bob", "organizationId": desk.instance.organization_id}
    bob = hex_of("user", desk.instance.ok("POST", "/api/users", body)["id"])
    for user_id in (bob, desk.instance.tenant("stranger").owner_id):
        with pytest.raises(InvalidRequestError, match="nothing was uploaded there"):
            opened(desk, found, user_id)


def test_who_has_left_puts_nothing_any_more(desk: Desk) -> None:
    stranger = desk.instance.tenant("stranger")
    found = place(desk, key=stranger.token)
    desk.instance.database.write_now(
        lambda tx: tx.run("UPDATE users SET active = 0 WHERE id = :id", id=stranger.owner_id)
    )
    assert put(desk, found["url"], archive()).status == 401


def test_more_than_a_mebibyte_is_not_read(desk: Desk) -> None:
    assert put(desk, place(desk)["url"], b"x" * (uploads.ARCHIVE_MAX + 1)).status == 413
    assert desk.instance.count("SELECT count(*) FROM uploads") == 0
