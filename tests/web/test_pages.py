from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from tests.asgi import call
from tests.web.conftest import READER, Witness
from tests.web.notes import NOTES, NoteServices
from trunkline.app import create_app
from trunkline.infra.db import Database
from trunkline.web import Application

VOID = {"meta", "link", "br"}


class Page(HTMLParser):
    """Collects ids, links and text, and checks that every element is closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: set[str] = set()
        self.text = ""
        self._open: list[str] = []
        self.feed(html)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.tags.add(tag)
        self.ids += [value for value in [values.get("id")] if value]
        self.links += [value for value in [values.get("href"), values.get("src")] if value]
        assert not {name for name in values if name.startswith("on") or name == "style"}
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def page(app: Application, path: str) -> Page:
    answer = call(app, "GET", path)
    assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    return Page(answer.body.decode())


def test_the_reference_shows_every_operation_under_an_anchor(app: Application) -> None:
    reference = page(app, "/docs/notes")
    for route in NOTES.routes:
        assert route.operation_id in reference.ids
        assert f"#{route.operation_id}" in reference.links
        assert route.path in reference.text
        assert route.summary.rstrip("?").lower() in reference.text.lower()
    assert len(set(reference.ids)) == len(reference.ids)


def test_the_reference_shows_parameters_bodies_and_examples(app: Application) -> None:
    text = page(app, "/docs/notes").text
    assert "How many." in text
    assert "tags[].name" in text
    assert "list of Tag" not in text
    assert "curl -X PATCH 'http://localhost:8080/notes/api/notes/{id}'" in text
    assert '-d \'{\n  "title": "string",\n  "starRating": 1,' in text
    assert '"code": "invalid_request"' in text


def test_what_a_route_says_is_shown_as_text(app: Application) -> None:
    answer = call(app, "GET", "/docs/notes").body.decode()
    assert "<p>Nothing &lt;b&gt;else&lt;/b&gt;.</p>" in answer
    assert "<p>The first ones by <code>title</code>.</p>" in answer


@pytest.mark.parametrize("path", ["/", "/docs/notes"])
def test_the_pages_load_nothing_from_elsewhere_and_run_nothing(app: Application, path: str) -> None:
    found = page(app, path)
    assert not found.tags & {"script", "style", "iframe", "object", "form", "img"}
    assert all(link.startswith(("/", "#")) and not link.startswith("//") for link in found.links)
    policy = call(app, "GET", path).headers["content-security-policy"]
    assert policy == (
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    )


@pytest.mark.parametrize("path", ["/", "/docs/notes"])
def test_every_link_leads_somewhere(app: Application, path: str) -> None:
    found = page(app, path)
    for link in found.links:
        if link.startswith("#"):
            assert link[1:] in found.ids
        else:
            assert call(app, "GET", link).status == 200


def test_the_style_sheet_asks_for_nothing_else(app: Application) -> None:
    answer = call(app, "GET", "/docs/reference.css")
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    assert not re.search(r"@import|url\(", answer.body.decode())


def test_docs_leads_to_the_first_dialect(app: Application) -> None:
    answer = call(app, "GET", "/docs")
    assert (answer.status, answer.headers["location"]) == (307, "/docs/notes")


def test_several_dialects_lead_to_each_other(database: Database, services: NoteServices) -> None:
    empty = replace(NOTES, name="empty", title="Empty", routes=())
    app = create_app(database, services, [NOTES, empty])
    assert {"/docs/notes", "/docs/empty"} <= set(page(app, "/docs/notes").links)
    assert {"/docs/notes", "/docs/empty"} <= set(page(app, "/").links)
    assert page(app, "/docs/empty").ids == ["content"]


def test_a_known_page_is_not_sent_again(app: Application) -> None:
    for path in ("/", "/docs/notes", "/openapi/notes.json", "/docs/reference.css"):
        etag = call(app, "GET", path).headers["etag"]
        answer = call(app, "GET", path, {"if-none-match": etag})
        assert (answer.status, answer.body, answer.headers["etag"]) == (304, b"", etag)


def test_the_process_lives_and_is_ready(app: Application) -> None:
    assert call(app, "GET", "/health/live").json == {"status": "live"}
    assert call(app, "GET", "/health/ready").json == {"status": "ready"}


def test_without_a_database_the_process_lives_but_is_not_ready(
    witness: Witness, services: NoteServices
) -> None:
    app = create_app(witness, services, [NOTES])
    witness.down = True
    answer = call(app, "GET", "/health/ready")
    assert (answer.status, answer.json) == (503, {"status": "unavailable"})
    assert call(app, "GET", "/health/live").status == 200
    assert call(app, "GET", "/api/notes", READER).status == 503
