from __future__ import annotations

import pytest

from tests.dialects.gestal.desk import ACME, PASSWORD, Desk, basic

VENDOR = "application/vnd.gestal+json"
V1 = "application/vnd.gestal.v1+json"


@pytest.mark.parametrize(
    ("accept", "label"),
    [
        (None, "application/json"),
        ("*/*", "application/json"),
        ("application/*", "application/json"),
        ("text/html", "application/json"),
        ("application/json", "application/json"),
        (VENDOR, VENDOR),
        (V1, V1),
        (f"{V1.upper()}; q=1", V1),
        (f"application/json;q=0.5, {VENDOR}", VENDOR),
        (f"application/json, {VENDOR};q=0.9", "application/json"),
        ("application/vnd.gestal.v9+json, application/json;q=0.1", "application/json"),
        (f"{VENDOR};q=nonsense, application/json", "application/json"),
    ],
)
def test_an_answer_is_called_what_was_asked_for(desk: Desk, accept: str | None, label: str) -> None:
    answer = desk.send("GET", "/integrations", headers={} if accept is None else {"accept": accept})
    assert (answer.status, answer.headers["content-type"]) == (200, label)
    assert "accept" in answer.headers["vary"].lower()


@pytest.mark.parametrize("version", ["v2", "v0", "v", "", "x.y"])
def test_a_version_there_is_not_is_not_acceptable_and_changes_nothing(desk: Desk, version: str) -> None:
    headers = {"accept": f"application/vnd.gestal.{version}+json"}
    for method, path, body in (("GET", "/integrations", b""), ("POST", "/integrations", ACME)):
        answer = desk.send(method, path, body, headers=headers)
        assert (answer.status, answer.json["type"]) == (406, "not_acceptable")
    desk.give_password(desk.instance.user_id)
    sent = {**headers, **basic("ada@acme.example", PASSWORD)}
    assert desk.bare("POST", "/auth", headers=sent).status == 406
    assert desk.instance.count("SELECT count(*) FROM integrations") == 0
    assert desk.instance.count("SELECT count(*) FROM access_keys WHERE kind = 'login'") == 0


@pytest.mark.parametrize("media_type", ["application/json", VENDOR, V1])
def test_bodies_are_read_under_every_name(desk: Desk, media_type: str) -> None:
    body = b'{"name": "x", "url": "https://x.example"}'
    assert desk.send("POST", "/integrations", body, headers={"content-type": media_type}).status == 201


def test_a_body_of_a_version_there_is_not_is_not_read(desk: Desk) -> None:
    headers = {"content-type": "application/vnd.gestal.v2+json"}
    assert desk.send("POST", "/integrations", b"{}", headers=headers).status == 415


@pytest.mark.parametrize(
    ("accept", "label"),
    [
        ("*/*", "application/json"),
        ("application/problem+json", "application/problem+json"),
        ("application/json, application/problem+json", "application/problem+json"),
        ("application/json, application/problem+json;q=0.5", "application/json"),
        ("application/vnd.gestal.v2+json", "application/json"),
        (VENDOR, "application/json"),
    ],
)
def test_errors_are_problem_details_where_they_are_asked_for(desk: Desk, accept: str, label: str) -> None:
    answer = desk.bare("GET", "/gestal/integrations", headers={"accept": accept})
    assert (answer.status, answer.headers["content-type"]) == (401, label)
    assert list(answer.json) == ["type", "title", "status", "detail", "errors"]


def test_what_is_no_path_of_the_mount_is_missing_in_its_words(desk: Desk) -> None:
    assert desk.send("GET", "/gestal/nowhere").json["title"] == "Not Found"
    answer = desk.send("PUT", "/gestal/integrations")
    assert (answer.status, answer.json["title"]) == (405, "Method Not Allowed")
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD", "POST"}
