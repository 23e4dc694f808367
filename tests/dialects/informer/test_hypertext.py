from __future__ import annotations

import re
from typing import Any

import pytest

from tests.dialects.informer.desk import Desk


@pytest.fixture
def several(desk: Desk) -> Desk:
    for name in ("Delta", "alpha", "Bravo", "Charlie", "Echo"):
        desk.made(
            name=name, description=f"The {name.lower()} of them", type="dropbox" if name < "C" else "custom"
        )
    return desk


def names(answer: Any) -> list[str]:
    return [item["name"] for item in answer["_embedded"]["inf:integration"]]


@pytest.mark.parametrize("mount", ["", "/informer"])
def test_links_stay_where_the_client_came_in(desk: Desk, mount: str) -> None:
    made = desk.made()
    for path in (
        "/api/integrations",
        f"/api/integrations/{made['id']}",
        "/api/tags",
        "/api/",
        "/api/integration-drivers",
    ):
        answer = desk.ok("GET", mount + path)
        hrefs = re.findall(r'"href": ?"([^"]*)"', desk.send("GET", mount + path).body.decode())
        assert hrefs
        inside = [href for href in hrefs if not re.match(r"/informer/api/(users|teams|tokens)", href)]
        assert all(href.startswith(f"{mount}/api/") or href == f"{mount}/rels/inf/{{rel}}" for href in inside)
        assert answer["_links"]["self"]["href"] == mount + path
        assert answer["_links"]["curies"] == [
            {"href": f"{mount}/rels/inf/{{rel}}", "templated": True, "name": "inf"}
        ]


def test_every_link_that_is_no_template_leads_somewhere(desk: Desk) -> None:
    made = desk.made()
    tag = desk.ok("POST", "/api/tags", {"name": "blue"})
    desk.ok("PUT", f"/api/integrations/{made['id']}/tags/{tag['id']}")
    desk.ok("PUT", f"/api/integrations/{made['id']}/shares/{desk_user(desk)}", {})
    seen: set[str] = set()
    waiting = [
        "/informer/api/",
        "/api/",
        f"/api/integrations/{made['id']}/tags",
        f"/api/integrations/{made['id']}/shares",
    ]
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        answer = desk.send("GET", path)
        # Nothing is connected, there is no icon, and some are not to be read but to be written to.
        unread = path.endswith(("/icon", "/connect", "/connection", "/request", "/login"))
        assert answer.status == 200 or unread, (path, answer.status)
        if answer.status == 200 and "json" in answer.headers["content-type"]:
            waiting += re.findall(r'"href":"([^"{]*)"', answer.body.decode())
    assert len(seen) > 20


def desk_user(desk: Desk) -> str:
    desk.user("bob")
    return "bob"


def test_every_relation_name_has_its_meaning_at_its_curie(desk: Desk) -> None:
    made = desk.made()
    answers = [
        desk.ok("GET", path) for path in ("/api/", f"/api/integrations/{made['id']}", "/api/integrations")
    ]
    rels = {rel for answer in answers for rel in answer["_links"] if rel.startswith("inf:")}
    rels |= {rel for answer in answers for rel in answer.get("_embedded", {})}
    for rel in rels:
        page = desk.bare("GET", f"/rels/inf/{rel.removeprefix('inf:')}")
        assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8"), rel
        assert rel in page.body.decode()
        assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert desk.bare("GET", "/rels/inf/nothing").status == 404


def test_a_list_is_walked_by_its_links(several: Desk) -> None:
    whole = several.ok("GET", "/api/integrations")
    assert names(whole) == ["Bravo", "Charlie", "Delta", "Echo", "alpha"]
    first = several.ok("GET", "/informer/api/integrations?limit=2&sort=-name&q=the")
    assert (names(first), first["start"], first["count"], first["total"]) == (["alpha", "Echo"], 0, 2, 5)
    assert "prev" not in first["_links"]
    second = several.ok("GET", first["_links"]["next"]["href"])
    assert (names(second), second["start"]) == (["Delta", "Charlie"], 2)
    third = several.ok("GET", second["_links"]["next"]["href"])
    assert (names(third), "next" in third["_links"]) == (["Bravo"], False)
    assert names(several.ok("GET", third["_links"]["prev"]["href"])) == ["Delta", "Charlie"]
    assert second["_links"]["next"]["href"] == "/informer/api/integrations?start=4&limit=2&sort=-name&q=the"


def test_self_keeps_what_is_known_and_was_given(several: Desk) -> None:
    def self_of(query: str) -> str:
        href: str = several.ok("GET", f"/api/integrations{query}")["_links"]["self"]["href"]
        return href.removeprefix("/api/integrations")

    assert self_of("") == ""
    assert self_of("?unknown=1&access_token=x") == ""
    assert self_of("?q=a%20b&unknown=1&limit=2") == "?limit=2&q=a+b"
    assert self_of("?supportsUpload=true") == "?supportsUpload=true"


def test_searching_finds_all_words_in_name_or_description(several: Desk) -> None:
    def found(query: str) -> list[str]:
        return names(several.ok("GET", f"/api/integrations?{query}"))

    assert found("q=ALPHA") == ["alpha"]
    assert found("q=the+del") == ["Delta"]
    assert found("q=") == ["Bravo", "Charlie", "Delta", "Echo", "alpha"]
    assert found("q=%25") == []
    assert found("supportsUpload=true") == ["Bravo"]
    assert found("supportsUpload=false") == ["Charlie", "Delta", "Echo", "alpha"]
    assert found("supportsUpload=true&q=echo") == []


def test_what_cannot_be_sorted_by_is_named(desk: Desk) -> None:
    answer = desk.send("GET", "/api/integrations?sort=-nothing")
    assert (answer.status, answer.json["statusCode"], answer.json["error"]) == (400, 400, "Bad Request")
    assert "'nothing'" in answer.json["message"]


def test_an_unchanged_list_is_not_sent_again(several: Desk) -> None:
    for path in ("/informer/api/integrations", "/informer/api/integrations-list"):
        first = several.send("GET", path)
        headers = {"if-none-match": first.headers["etag"]}
        assert several.send("GET", path, headers=headers).status == 304
        several.made(name=f"Fresh {path}")
        assert several.send("GET", path, headers=headers).status == 200


def test_a_tag_changes_the_flat_list(several: Desk) -> None:
    before = several.send("GET", "/informer/api/integrations-list")
    tag = several.ok("POST", "/informer/api/tags", {"name": "blue"})
    several.ok("PUT", f"/informer/api/integrations/{before.json[0]['id']}/tags/{tag['id']}")
    after = several.send(
        "GET", "/informer/api/integrations-list", headers={"if-none-match": before.headers["etag"]}
    )
    assert (after.status, after.json[0]["tags"]) == (200, [tag["id"]])


def test_the_flat_list_has_more_than_one_page(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trunkline.dialects.informer.integrations._FLAT_PAGE", 2)
    made = [desk.made(name=f"Number {number}")["id"] for number in range(5)]
    assert [item["id"] for item in desk.ok("GET", "/informer/api/integrations-list")] == made


def test_answers_say_what_they_depend_on(desk: Desk) -> None:
    answer = desk.send("GET", "/informer/api/integrations", headers={"accept": "application/json"})
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["vary"] == "Accept, Authorization, Cookie"
    assert "_links" in answer.json
