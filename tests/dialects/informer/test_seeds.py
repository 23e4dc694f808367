"""The operations that seed 003 shows, served verbatim: paths, parameters, members, enums, statuses."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.asgi import File
from tests.core.integrations.pictures import png
from tests.dialects.informer.desk import DRIVE, Desk
from tests.dialects.informer.seeds import operations
from trunkline.dialects.informer import DIALECT
from trunkline.web import Route

GOLDEN = Path(__file__).parent / "golden"
SHARED = Path(__file__).parents[4] / "shared" / "seeds"
SHOWN = json.loads((GOLDEN / "003.json").read_text())
MOUNTS = ["", "/informer"]
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
KINDS: dict[str, type] = {"string": str, "boolean": bool, "object": dict}


def key(operation: dict[str, Any]) -> str:
    return f"{operation['method']} {operation['path']}"


def route_of(shown: dict[str, Any]) -> Route:
    (route,) = [r for r in DIALECT.routes if (r.method, r.path) == (shown["method"], shown["path"])]
    return route


def fits(example: Any, value: Any) -> bool:
    """Whether a value has every member an example shows, of the example's kind."""
    if isinstance(example, dict):
        return isinstance(value, dict) and all(
            name in value and fits(member, value[name]) for name, member in example.items()
        )
    if isinstance(example, list):
        return isinstance(value, list) and value != [] and all(fits(example[0], item) for item in value)
    return type(example) is type(value)


def test_the_golden_file_holds_what_the_document_shows() -> None:
    found = list(SHARED.glob("003_*.txt"))
    if not found:
        pytest.skip("the contract documents are not beside the project")
    assert operations(found[0].read_text()) == SHOWN


@pytest.mark.parametrize("shown", SHOWN, ids=key)
def test_every_shown_operation_takes_the_shown_parameters(shown: dict[str, Any]) -> None:
    query = route_of(shown).query
    assert set(shown["query"]) <= (set() if query is None else set(query.__struct_encode_fields__))


@pytest.mark.parametrize(
    "shown", [one for one in SHOWN if one["body"] and "icon" not in one["path"]], ids=key
)
def test_every_shown_body_member_is_read_and_required_where_shown(shown: dict[str, Any]) -> None:
    body = route_of(shown).body
    assert body is not None
    read = {field.encode_name: field for field in msgspec.structs.fields(body)}
    assert set(shown["body"]) == set(read)
    assert {name for name, (_, required) in shown["body"].items() if required} == {
        name for name, field in read.items() if field.required
    }


@pytest.mark.parametrize("mount", MOUNTS)
@pytest.mark.parametrize("number", [0, 1])
def test_the_shown_creations_are_answered_as_shown(desk: Desk, mount: str, number: int) -> None:
    (shown,) = [one for one in SHOWN if key(one) == "POST /api/integrations"]
    asked = shown["requests"][number]
    answer = desk.send("POST", f"{mount}/api/integrations", asked)
    assert (answer.status, answer.headers["content-type"]) == (201, "application/hal+json")
    assert answer.headers["location"] == answer.json["_links"]["self"]["href"]
    assert answer.headers["location"].startswith(f"{mount}/api/integrations/")
    assert fits(shown["answer"], answer.json), answer.json
    kept = {name: value for name, value in asked.items() if name not in ("clientSecret", "apiKey")}
    kept["authType"] = kept["authType"].lower()
    assert {name: answer.json[name] for name in kept} == kept


@pytest.fixture
def drive(desk: Desk) -> Any:
    """The integration of the document's answers, shared with a team and tagged twice."""
    made = desk.ok("POST", "/informer/api/integrations", DRIVE)
    desk.team("marketing")
    for name in ("documents", "engineering"):
        tag = desk.ok("POST", "/informer/api/tags", {"name": name})
        desk.ok("PUT", f"/informer/api/integrations/{made['id']}/tags/{tag['id']}")
    desk.ok("PUT", f"/informer/api/integrations/{made['id']}/shares/team:marketing", {"accessLevel": 1})
    return made


@pytest.mark.parametrize("mount", MOUNTS)
@pytest.mark.parametrize(
    "shown",
    [one for one in SHOWN if one["method"] == "GET" and not one["path"].endswith(("/icon", "/account"))],
    ids=key,
)
def test_the_shown_reads_are_answered_as_shown(
    desk: Desk, drive: Any, shown: dict[str, Any], mount: str
) -> None:
    for ref in (drive["id"], drive["slug"]):
        answer = desk.send("GET", mount + shown["path"].replace("{id}", ref))
        flat = shown["path"].endswith("-list")
        assert answer.status == shown["status"]
        assert answer.headers["content-type"] == ("application/json" if flat else "application/hal+json")
        assert fits(shown["answer"], answer.json), answer.json
        assert answer.headers["etag"].startswith('"')


def test_the_list_says_what_the_document_says(desk: Desk, drive: Any) -> None:
    (shown,) = [one for one in SHOWN if key(one) == "GET /api/integrations"]
    (example,) = shown["answer"]["_embedded"]["inf:integration"]
    answer = desk.ok("GET", "/api/integrations")
    (item,) = answer["_embedded"]["inf:integration"]
    assert set(item) == set(example)
    same = set(example) - {"id", "_links", "createdAt", "updatedAt"}
    assert {name: item[name] for name in same} == {name: example[name] for name in same}
    for name in ("createdAt", "updatedAt"):
        assert (TIME.fullmatch(example[name]) is None, TIME.fullmatch(item[name]) is None) == (False, False)
    assert item["_links"] == {"self": {"href": f"/api/integrations/{drive['id']}"}}
    assert set(example["_links"]) == {"self"}
    assert answer["_links"]["self"] == shown["answer"]["_links"]["self"]
    assert {name: answer[name] for name in ("start", "count", "total")} == {
        "start": 0,
        "count": 1,
        "total": 1,
    }


def test_the_flat_list_says_what_the_document_says(desk: Desk, drive: Any) -> None:
    (shown,) = [one for one in SHOWN if key(one) == "GET /api/integrations-list"]
    (example,), (item,) = shown["answer"], desk.ok("GET", "/api/integrations-list")
    assert set(item) == set(example)
    same = set(example) - {"id", "ownerId", "tags", "sharing"}
    assert {name: item[name] for name in same} == {name: example[name] for name in same}
    assert item["ownerId"] == "ada"
    tags = desk.ok("GET", "/api/tags")["_embedded"]["inf:tag"]
    assert sorted(item["tags"]) == sorted(tag["id"] for tag in tags)
    (share,), (shared,) = item["sharing"], example["sharing"]
    assert (set(share), share["accessLevel"]) == (set(shared), shared["accessLevel"])
    # Teams are spelled with what tells them from users, before their id or, as shown, their name.
    assert share["principalId"][:5] == "team:"
    held = {
        desk.ok("GET", f"/api/integrations/{drive['id']}/shares/{ref}")["principalId"]
        for ref in (share["principalId"], f"team:{shared['principalId']}")
    }
    assert held == {share["principalId"]}


def test_one_has_the_members_and_links_of_the_document(desk: Desk, drive: Any) -> None:
    (shown,) = [one for one in SHOWN if key(one) == "GET /api/integrations/{id}"]
    example = shown["answer"]
    found = desk.ok("GET", f"/api/integrations/{drive['id']}")
    assert set(found) == set(example)
    assert set(found["_links"]) == {*example["_links"], "curies"}
    for name, link in example["_links"].items():
        href = link["href"].replace("integration-abc-123", drive["id"])
        assert found["_links"][name] == {**link, "href": href}
    same = set(example) - {"id", "_links", "createdAt", "updatedAt"}
    assert {name: found[name] for name in same} == {name: example[name] for name in same}


@pytest.mark.parametrize("mount", MOUNTS)
def test_the_shown_change_is_answered_as_shown(desk: Desk, drive: Any, mount: str) -> None:
    (shown,) = [one for one in SHOWN if key(one) == "PUT /api/integrations/{id}"]
    (asked,) = shown["requests"]
    before = desk.ok("GET", f"/informer/api/integrations/{drive['id']}")
    answer = desk.send("PUT", f"{mount}/api/integrations/{drive['slug']}", asked)
    assert answer.status == shown["status"]
    assert {name: answer.json[name] for name in asked} == asked
    untouched = set(before) - set(asked) - {"_links", "updatedAt"}
    assert {name: answer.json[name] for name in untouched} == {name: before[name] for name in untouched}


@pytest.mark.parametrize("mount", MOUNTS)
def test_the_shown_deletion_leaves_nothing(desk: Desk, drive: Any, mount: str) -> None:
    (shown,) = [one for one in SHOWN if key(one) == "DELETE /api/integrations/{id}"]
    answer = desk.send("DELETE", f"{mount}/api/integrations/{drive['id']}")
    assert (answer.status, answer.body) == (shown["status"], b"")
    for ref in (drive["id"], drive["slug"]):
        assert desk.send("GET", f"/informer/api/integrations/{ref}").status == 404


@pytest.mark.parametrize("mount", MOUNTS)
def test_the_shown_icon_operations_answer_as_shown(desk: Desk, drive: Any, mount: str) -> None:
    shown = {one["method"]: one for one in SHOWN if one["path"].endswith("/icon")}
    path = f"{mount}/api/integrations/{drive['id']}/icon"
    assert desk.send("PUT", path, File(png())).status == shown["PUT"]["status"]
    served = desk.send("GET", path)
    assert (served.status, served.headers["content-type"], served.body) == (
        shown["GET"]["status"],
        "image/png",
        png(),
    )
    assert desk.send("DELETE", path).status == shown["DELETE"]["status"]


@pytest.mark.parametrize("shown", [one for one in SHOWN if "{id}" in one["path"]], ids=key)
@pytest.mark.parametrize("ref", ["a1b2c3d4-0000-4000-8000-000000000000", "integration-abc-123"])
def test_a_sample_id_of_the_document_is_missing(desk: Desk, shown: dict[str, Any], ref: str) -> None:
    body: Any = File(png()) if shown["path"].endswith("/icon") and shown["method"] == "PUT" else b""
    if shown["requests"]:
        body = shown["requests"][0]
    answer = desk.send(shown["method"], shown["path"].replace("{id}", ref), body)
    assert (answer.status, answer.json["error"]) == (404, "Not Found")
    assert set(answer.json) == {"statusCode", "error", "message"}
