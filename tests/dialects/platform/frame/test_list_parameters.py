from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import Any
from urllib.parse import quote

import pytest

from tests.asgi import Response, call
from tests.core.access.world import World
from tests.dialects.platform.frame.teams import FRAME
from trunkline.core import access
from trunkline.kit.ids import format_id, new_id
from trunkline.web import Application, openapi_document

NAMES = ["Alpha", "Beta", "Gamma", "delta", "Epsilon"]


@pytest.fixture
def teams(still_world: World) -> dict[str, str]:
    """Prefixed ids by name."""
    owner = still_world.actor("owner")
    held = still_world.read(lambda tx: tx.fetch("SELECT name, id FROM teams", {}))
    if not held:
        for name in NAMES:
            request = access.CreateTeam(organization_id=still_world.acme, name=name)
            still_world.write(partial(access.create_team, actor=owner, request=request))
        held = still_world.read(lambda tx: tx.fetch("SELECT name, id FROM teams", {}))
    return {name: format_id("team", row_id) for name, row_id in held}


def get(app: Application, headers: Mapping[str, str], **parameters: Any) -> Response:
    spelled = [
        f"{name}={quote(value if isinstance(value, str) else json.dumps(value))}"
        for name, value in parameters.items()
    ]
    return call(app, "GET", f"/api/test-teams?{'&'.join(spelled)}", headers)


def names(answer: Response) -> list[str]:
    assert answer.status == 200, answer.body
    return [team["name"] for team in answer.json["data"]]


BY_NAME = [{"name": "asc"}]


def test_a_list_is_a_page(app: Application, owner: dict[str, str], teams: dict[str, str]) -> None:
    answer = get(app, owner, orderBy=BY_NAME, limit="2")
    assert names(answer) == ["Alpha", "Beta"]
    assert answer.json["data"][0] == {
        "id": teams["Alpha"],
        "organizationId": answer.json["data"][0]["organizationId"],
        "name": "Alpha",
        "createdAt": "2026-03-01T12:00:00.000Z",
    }
    info = answer.json["pageInfo"]
    assert list(info) == ["total", "hasNextPage", "hasPreviousPage", "startCursor", "endCursor"]
    assert (info["total"], info["hasNextPage"], info["hasPreviousPage"]) == (5, True, False)


def test_cursors_walk_there_and_back(app: Application, owner: dict[str, str], teams: dict[str, str]) -> None:
    assert len(teams) == 5
    first = get(app, owner, orderBy=BY_NAME, limit="2")
    second = get(app, owner, orderBy=BY_NAME, limit="2", after=first.json["pageInfo"]["endCursor"])
    assert names(second) == ["Epsilon", "Gamma"]
    assert second.json["pageInfo"]["hasPreviousPage"] is True
    back = get(app, owner, orderBy=BY_NAME, limit="2", before=second.json["pageInfo"]["startCursor"])
    assert back.json["data"] == first.json["data"]


def test_an_id_serves_as_a_cursor(app: Application, owner: dict[str, str], teams: dict[str, str]) -> None:
    assert names(get(app, owner, orderBy=BY_NAME, after=teams["Gamma"])) == ["delta"]


def test_an_empty_page_has_no_cursors(app: Application, owner: dict[str, str], teams: dict[str, str]) -> None:
    answer = get(app, owner, name="nothing of the kind")
    assert teams
    assert answer.json == {
        "data": [],
        "pageInfo": {
            "total": 0,
            "hasNextPage": False,
            "hasPreviousPage": False,
            "startCursor": None,
            "endCursor": None,
        },
    }


def test_shorthands_and_the_filter_narrow_together(
    app: Application, owner: dict[str, str], teams: dict[str, str], still_world: World
) -> None:
    organization = format_id("organization", still_world.acme)
    assert len(teams) == 5
    assert names(get(app, owner, name="ALPH")) == ["Alpha"]
    assert len(names(get(app, owner, organization_id=organization))) == 5
    assert names(get(app, owner, organization_id=format_id("organization", new_id()))) == []
    both = get(app, owner, name="a", filter={"name": {"startsWith": "G"}}, orderBy=BY_NAME)
    assert names(both) == ["Gamma"]
    assert len(names(get(app, owner, created_at_after="2026-03-01T12:00:00Z"))) == 5
    assert names(get(app, owner, created_at_before="2026-03-01T11:59:59Z")) == []


def test_ids_narrow_the_list(app: Application, owner: dict[str, str], teams: dict[str, str]) -> None:
    wanted = f"{teams['Beta']},{teams['delta']},{teams['Beta']},{format_id('team', new_id())}"
    assert names(get(app, owner, ids=wanted, orderBy=BY_NAME)) == ["Beta", "delta"]


def test_ids_do_not_widen_the_scope(app: Application, teams: dict[str, str], still_world: World) -> None:
    stranger = {"authorization": f"Bearer {still_world.key('stranger').secret.reveal()}"}
    assert names(get(app, stranger, ids=teams["Beta"])) == []
    assert call(app, "GET", f"/api/test-teams/{teams['Beta']}", stranger).status == 404


@pytest.mark.parametrize(
    ("parameters", "path"),
    [
        ({"limit": "0"}, "limit"),
        ({"limit": "101"}, "limit"),
        ({"limit": "ten"}, "limit"),
        ({"limit": ""}, "limit"),
        ({"after": "nonsense"}, "after"),
        ({"after": ""}, "after"),
        ({"before": "int_" + "0" * 32}, "before"),
        ({"ids": ""}, "ids[0]"),
        ({"ids": "tem_" + "0" * 32 + ",tem_1"}, "ids[1]"),
        ({"ids": "int_" + "0" * 32}, "ids[0]"),
        ({"ids": ",".join(["tem_" + "0" * 32] * 101)}, "ids"),
        ({"include_deleted": "yes"}, "include_deleted"),
        ({"organization_id": "acme"}, "organization_id"),
        ({"created_at_after": "yesterday"}, "created_at_after"),
        ({"filter": "{"}, "filter"),
        ({"filter": {"nam": "x"}}, "filter.nam"),
        ({"filter": "x" * 9000}, "filter"),
        ({"orderBy": [{"name": "up"}]}, "orderBy[0].name"),
        ({"order_by": BY_NAME}, "order_by"),
        ({"includeDeleted": "true"}, "includeDeleted"),
    ],
)
def test_a_bad_parameter_is_a_400_that_names_it(
    app: Application, owner: dict[str, str], parameters: dict[str, Any], path: str
) -> None:
    answer = get(app, owner, **parameters)
    assert (answer.status, answer.json["error"]["code"]) == (400, "invalid_request")
    assert [detail["path"] for detail in answer.json["error"]["details"]] == [path]


def test_two_cursors_are_refused(app: Application, owner: dict[str, str], teams: dict[str, str]) -> None:
    answer = get(app, owner, after=teams["Beta"], before=teams["Gamma"])
    assert (answer.status, answer.json["error"]["details"][0]["path"]) == (400, "before")


def test_a_cursor_belongs_to_one_tenant_and_one_order(
    app: Application, owner: dict[str, str], teams: dict[str, str], still_world: World
) -> None:
    assert len(teams) == 5
    cursor = get(app, owner, orderBy=BY_NAME, limit="1").json["pageInfo"]["endCursor"]
    stranger = {"authorization": f"Bearer {still_world.key('stranger').secret.reveal()}"}
    assert get(app, stranger, orderBy=BY_NAME, after=cursor).status == 400
    assert get(app, owner, orderBy=[{"name": "desc"}], after=cursor).status == 400
    assert get(app, owner, orderBy=BY_NAME, name="a", after=cursor).status == 200


@pytest.mark.parametrize("deleted", ["false", "true", "only"])
def test_include_deleted_is_understood(
    app: Application, owner: dict[str, str], teams: dict[str, str], deleted: str
) -> None:
    found = names(get(app, owner, include_deleted=deleted))
    assert len(found) == (0 if deleted == "only" else len(teams))


@pytest.mark.parametrize("team", ["x", "tem_", "tem_1", "int_" + "0" * 32, "tem_" + "0" * 32, "..."])
def test_an_id_that_cannot_be_or_is_not_there_is_a_404(
    app: Application, owner: dict[str, str], team: str
) -> None:
    answer = call(app, "GET", f"/api/test-teams/{team}", owner)
    assert (answer.status, answer.json["error"]["message"]) == (404, "team not found")


def test_a_malformed_id_in_a_body_is_a_400_that_names_it(app: Application, owner: dict[str, str]) -> None:
    body = {"organizationId": "acme", "name": "x"}
    answer = call(app, "POST", "/api/test-teams", owner, body)
    assert (answer.status, answer.json["error"]["details"][0]["path"]) == (400, "organizationId")


def test_json_parameters_are_documented_as_json() -> None:
    listed = openapi_document(FRAME)["paths"]["/api/test-teams"]["get"]["parameters"]
    parameters = {one["name"]: one for one in listed}
    assert list(parameters) == [
        "limit",
        "after",
        "before",
        "ids",
        "filter",
        "orderBy",
        "include_deleted",
        "organization_id",
        "name",
        "created_at_after",
        "created_at_before",
    ]
    assert parameters["filter"]["content"] == {"application/json": {"schema": {"type": "object"}}}
    assert "schema" not in parameters["filter"]
    assert parameters["limit"]["schema"] == {"type": "integer", "minimum": 1, "maximum": 100, "default": 100}
