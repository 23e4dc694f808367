"""What every operation has in common: credentials, problems, lists, pages of other origins."""

from __future__ import annotations

from typing import Any

import pytest

from tests.asgi import call
from tests.dialects.ampersand import contract
from tests.dialects.ampersand.contract import needs_document
from tests.dialects.ampersand.desk import Desk
from trunkline.dialects.ampersand import DIALECT
from trunkline.dialects.ampersand.lists import ListParameters

LISTS = [
    route for route in DIALECT.routes if route.query is not None and issubclass(route.query, ListParameters)
]


@pytest.mark.parametrize("prefix", ["/v1", "/ampersand/v1"])
def test_a_key_goes_into_its_own_header_or_behind_the_word_bearer(desk: Desk, prefix: str) -> None:
    token = desk.instance.token
    for name, value in (("X-Api-Key", token), ("Authorization", f"Bearer {token}")):
        assert desk.bare("GET", f"{prefix}/projects", headers={name: value}).status == 200
    for second in ("Authorization", "X-Api-Key"):
        twice = [("X-Api-Key", token), (second, f"Bearer {token}")]
        assert desk.bare("GET", f"{prefix}/projects", headers=twice).status == 400
    for headers in ({}, {"X-Api-Key": f"Bearer {token}"}, {"Authorization": token}, {"X-Api-Key": "a.b.c"}):
        refused = desk.bare("GET", f"{prefix}/projects", headers=headers)
        assert (refused.status, refused.headers["www-authenticate"]) == (401, 'Bearer realm="trunkline"')


def test_what_a_client_accepts_changes_nothing(desk: Desk) -> None:
    for accept in ("text/plain;q=0", "application/problem+json;q=1, text/plain;q=0", "image/png", "nonsense"):
        answer = desk.send("GET", desk.path(), headers={"accept": accept})
        assert (answer.status, answer.headers["content-type"]) == (200, "application/json")


def test_unknown_parameters_and_members_are_ignored(desk: Desk) -> None:
    assert desk.ok("GET", f"{desk.path('/topics')}?unknown=1") == []
    assert desk.ok("POST", desk.path("/topics"), {"name": "alerts", "unknown": 1})["name"] == "alerts"


def test_a_problem_names_every_place_and_says_what_to_do(desk: Desk) -> None:
    answer = desk.send("POST", desk.path("/topics"), {}, headers={"x-request-id": "mine"})
    assert answer.status == 400
    assert answer.json == {
        "type": "urn:problem-type:trunkline:invalid_request",
        "title": "Bad Request",
        "status": 400,
        "detail": "name: is required",
        "subsystem": "api",
        "requestId": "mine",
        "causes": ["name: is required"],
        "retryable": False,
        "issues": [{"type": "about:blank", "detail": "is required", "in": "body", "name": "name"}],
    }
    refused = desk.refused(400, "GET", f"{desk.path('/topics')}?limit=0")
    assert [(one["in"], one["name"]) for one in refused["issues"]] == [("query", "limit")]
    key = {"idempotency-key": ""}
    refused = desk.send("POST", desk.path("/topics"), {"name": "a"}, headers=key).json
    assert [(one["in"], one["name"]) for one in refused["issues"]] == [("header", "Idempotency-Key")]
    assert desk.bare("GET", desk.path()).json["remedy"] == (
        "send a key as X-Api-Key, or a key or signed token as Authorization: Bearer"
    )


@pytest.mark.parametrize("path", ["/v1/nothing", "/v1", "/ampersand/v1/nothing", "/v1/projects/a/b/c/d/e"])
def test_a_path_of_no_operation_is_a_problem_too(desk: Desk, path: str) -> None:
    answer = call(desk.instance.app, "GET", path)
    assert (answer.status, answer.headers["content-type"]) == (404, contract.PROBLEM)
    assert answer.headers["access-control-allow-origin"] == "*"


def test_a_page_of_another_origin_is_told_what_the_vendors_library_sends(desk: Desk) -> None:
    asking = {
        "origin": "https://app.example.com",
        "access-control-request-method": "GET",
        "access-control-request-headers": "content-type,x-amp-client,x-amp-client-version,x-api-key",
    }
    answer = call(desk.instance.app, "OPTIONS", desk.path(), asking)
    assert answer.status == 204
    allowed = set(answer.headers["access-control-allow-headers"].split(", "))
    assert allowed >= {"content-type", "x-api-key", "authorization", "x-amp-client", "x-amp-client-version"}
    assert allowed >= {"x-amp-project-id", "idempotency-key"}
    assert answer.headers["access-control-allow-methods"] == "GET, PATCH"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in answer.headers
    exposed = answer.headers["access-control-expose-headers"]
    assert exposed == "x-request-id, link, x-next-cursor"


@pytest.mark.parametrize("path", ["/v1/nothing", "/ampersand/v1/nothing", "/v1/projects/a/b/c/d/e"])
def test_a_page_of_another_origin_may_ask_for_what_is_not_there(desk: Desk, path: str) -> None:
    asking = {"origin": "https://app.example.com", "access-control-request-method": "PATCH"}
    answer = call(desk.instance.app, "OPTIONS", path, asking)
    assert (answer.status, answer.headers["access-control-allow-origin"]) == (204, "*")
    assert answer.headers["access-control-allow-methods"] == "DELETE, GET, PATCH, POST, PUT"
    assert "authorization" in answer.headers["access-control-allow-headers"].split(", ")


@pytest.mark.parametrize("path", ["/nothing", "/api/nothing", "/platform/v1/nothing", "/informer/v1/nothing"])
def test_nobody_else_gives_leave_for_what_is_not_there(desk: Desk, path: str) -> None:
    asking = {"origin": "https://app.example.com", "access-control-request-method": "GET"}
    answer = call(desk.instance.app, "OPTIONS", path, asking)
    assert (answer.status, "access-control-allow-origin" in answer.headers) == (404, False)


def test_pages_of_other_origins_read_no_other_dialect(desk: Desk) -> None:
    answer = desk.instance.api("GET", "/api/workspaces", headers={"origin": "https://app.example.com"})
    assert not [name for name in answer.headers if name.startswith("access-control-")]


# Lists ----------------------------------------------------------------------------------------------------


def rows(desk: Desk, path: str) -> list[Any]:
    """Everything in a list, read two by two along what the answers say."""
    found: list[Any] = []
    url = f"{path}?limit=2"
    for _ in range(20):
        answer = desk.send("GET", url)
        assert answer.status == 200
        assert len(answer.json) <= 2
        found += answer.json
        if "link" not in answer.headers:
            assert "x-next-cursor" not in answer.headers
            return found
        cursor = answer.headers["x-next-cursor"]
        assert answer.headers["link"] == f'<?limit=2&cursor={cursor}>; rel="next"'
        url = f"{path}?limit=2&cursor={cursor}"
    raise AssertionError("the list has no end")


def test_a_list_is_whole_unless_fewer_are_asked_for(desk: Desk) -> None:
    for number in range(5):
        desk.ok("POST", desk.path("/topics"), {"name": f"topic-{number}"})
    whole = desk.send("GET", desk.path("/topics"))
    assert [one["name"] for one in whole.json] == [f"topic-{number}" for number in range(5)]
    assert not {"link", "x-next-cursor"} & whole.headers.keys()
    assert rows(desk, desk.path("/topics")) == whole.json


@pytest.mark.parametrize("route", LISTS, ids=lambda route: route.operation_id)
def test_a_cursor_belongs_to_its_list(desk: Desk, route: Any) -> None:
    for number in range(2):
        desk.ok("POST", desk.path("/topics"), {"name": f"topic-{number}"})
    cursor = desk.send("GET", f"{desk.path('/topics')}?limit=1").headers["x-next-cursor"]
    names = dict.fromkeys(route.parameters, desk.project_id) | {"org": desk.org_id}
    url = route.path.format(**names)
    if route.operation_id == "listTopics":
        assert desk.ok("GET", f"{url}?cursor={cursor}")[0]["name"] == "topic-1"
        return
    answer = desk.send("GET", f"{url}?cursor={cursor}")
    if answer.status == 404:
        return  # of something that is not there, nothing of the list is read
    assert answer.status == 400
    assert [(one["in"], one["name"]) for one in answer.json["issues"]] == [("query", "cursor")]


def test_another_tenants_cursor_is_none(desk: Desk) -> None:
    stranger = desk.instance.tenant("stranger")
    path = "/v1/projects/stranger-main/topics"
    for number in range(2):
        desk.ok("POST", path, {"name": f"topic-{number}"}, key=stranger.token)
    cursor = desk.send("GET", f"{path}?limit=1", key=stranger.token).headers["x-next-cursor"]
    desk.refused(400, "GET", f"{desk.path('/topics')}?cursor={cursor}")


# The contract itself --------------------------------------------------------------------------------------


@needs_document
def test_every_answer_is_held_against_the_document(desk: Desk) -> None:
    desk.ok("GET", "/v1/projects")
    desk.refused(404, "GET", "/v1/projects/none")
    assert desk.checked == 2


@needs_document
@pytest.mark.parametrize(
    ("method", "path", "status", "body"),
    [
        ("GET", "/v1/projects/p", 200, {"id": "x", "name": "x", "appName": "x", "orgId": "x"}),
        ("GET", "/v1/projects/p", 200, {"id": 1, "name": "", "appName": "", "orgId": "", "createTime": ""}),
        ("GET", "/v1/projects", 200, {"results": []}),
        ("GET", "/v1/projects", 201, []),
        ("POST", "/v1/projects/p/integrations", 201, {}),
        ("GET", "/v1/projects/p", 404, {"status": "404"}),
        ("GET", "/v1/projects/p", 404, {"title": "Not Found", "surprise": 1}),
        ("GET", "/v1/no/such/thing", 200, {}),
        ("GET", "/v1/generate-upload-url", 200, {"url": "", "bucket": "", "path": "", "more": ""}),
    ],
)
def test_the_contract_refuses_planted_breaches(method: str, path: str, status: int, body: Any) -> None:
    with pytest.raises(AssertionError):
        contract.check(method, path, status, body)


@needs_document
@pytest.mark.parametrize(
    ("path", "operation_id"),
    [
        ("/v1/projects/p/integrations:batch", "batchUpsertIntegrations"),
        ("/projects/{project}/integrations/{integration}/revisions/{id}:hydrate", "getHydratedRevision"),
        ("/v1/projects/p/connections/c:oauth-update", "oauthUpdate"),
        ("/ampersand/v1/projects/p/connections/c", "updateConnection"),
        ("/v1/projects/p/connections:generate", "generateConnection"),
        ("/v1/invites:accept", "acceptInvite"),
        ("/v1/projects/p/integrations/i/installations/x:pause", "pauseReads"),
        ("/v1/projects/p/integrations/i/objects/o", "triggerRead"),
        ("/v1/projects/p/integrations/i/objects/o", "writeRecords"),
    ],
)
def test_the_contract_finds_operations_by_paths_and_templates(path: str, operation_id: str) -> None:
    found = [said for method in ("GET", "POST", "PUT", "PATCH") for said in contract.find(method, path)]
    assert operation_id in [said.operation["operationId"] for said in found]


@needs_document
def test_every_operation_served_is_one_of_the_documents(desk: Desk) -> None:
    unknown = [
        f"{route.method} {route.path}"
        for route in DIALECT.routes
        if route.path.startswith("/v1/") and not contract.find(route.method, route.path)
    ]
    assert unknown == ["PUT /v1/uploads/{bucket}/{name}"]
    for route in DIALECT.routes:
        known = [said.operation["operationId"] for said in contract.find(route.method, route.path)]
        assert not known or route.operation_id in known
