"""What holds for every operation of the resources around integrations and installs."""

from __future__ import annotations

import json
import re
from itertools import chain
from typing import Any
from urllib.parse import urlencode

import pytest
from msgspec.structs import fields

from tests.databases import Databases
from tests.dialects.platform.people import nothing_happens, refusal, refused_at
from trunkline.dialects import discover
from trunkline.dialects.platform import (
    events,
    keys,
    organization_members,
    organizations,
    permissions,
    secrets,
    solution_members,
    solutions,
    teams,
    tokens,
    users,
    workspace_members,
    workspaces,
)
from trunkline.dialects.platform.lists import ListParameters
from trunkline.web import Route

MODULES = (
    organizations,
    organization_members,
    workspaces,
    workspace_members,
    users,
    teams,
    permissions,
    keys,
    tokens,
    secrets,
    solutions,
    solution_members,
    events,
)
ROUTES = list(chain.from_iterable(module.ROUTES for module in MODULES))
WITH_BODY = [route for route in ROUTES if route.body is not None]
LISTS = [route for route in ROUTES if route.query is not None]


def path(route: Route) -> str:
    return re.sub(r"\{\w+\}", "x", route.path)


@pytest.fixture
def database_url(databases: Databases) -> str:
    """One engine is enough: none of these requests gets as far as the resource's own statements."""
    return databases.sqlite()


def test_every_operation_asks_for_a_key(instance):
    for route in ROUTES:
        answer = instance.api(route.method, path(route), token="")
        assert refusal(answer) == (401, "unauthenticated"), route.operation_id
        assert answer.headers["www-authenticate"] == "Bearer"


def test_every_operation_needs_its_own_permission(instance):
    token = instance.key_of(instance.user_id, operations=("versions:read",))
    for route in ROUTES:
        answer = instance.api(route.method, path(route), token=token)
        assert refusal(answer) == (403, "scope_missing"), route.operation_id


def test_every_body_refuses_members_it_does_not_know(instance):
    with nothing_happens(instance):
        for route in WITH_BODY:
            for member in ("surprise", "id", "createdAt"):
                answer = instance.api(route.method, path(route), {member: "x"})
                assert refused_at(answer) == (400, [member]), route.operation_id


def test_every_list_refuses_parameters_it_does_not_know(instance):
    for route in LISTS:
        answer = instance.api("GET", f"{path(route)}?surprise=1")
        assert refused_at(answer) == (400, ["surprise"]), route.operation_id


def test_every_list_takes_a_filter_as_deep_as_any_may_be(instance):
    """Conditions of ours beside the caller's must not count."""
    (platform,) = (dialect for dialect in discover() if dialect.name == "platform")
    asked = [
        (route, route.query)
        for route in platform.routes
        if route.query is not None and issubclass(route.query, ListParameters)
    ]
    given = {"organization_id": instance.organization_id, "workspace_id": instance.workspace_id}
    for route, parameters in asked:
        # Lists that belong to somebody say to whom; their rows go by the user instead of an id.
        required = {field.name: given[field.name] for field in fields(parameters) if field.required}
        condition: Any = {"userId" if required else "id": {"isNull": True}}
        for word in ("OR", "AND", "NOT", "OR", "NOT", "AND"):
            condition = {word: [condition]}
        if not route.parameters:
            query = urlencode({**required, "filter": json.dumps(condition)})
            answer = instance.api("GET", f"{route.path}?{query}")
            assert (answer.status, answer.json.get("data")) == (200, []), answer.body


def test_every_operation_without_a_body_refuses_one(instance):
    with nothing_happens(instance):
        for route in ROUTES:
            if route.method != "GET" and route.body is None:
                answer = instance.api(route.method, path(route), {"a": 1})
                assert refusal(answer) == (400, "invalid_request"), route.operation_id


def test_an_id_of_no_kind_in_a_path_is_missing(instance):
    with nothing_happens(instance):
        for route in ROUTES:
            if route.parameters and route.body is None:
                assert refusal(instance.api(route.method, path(route))) == (404, "not_found"), route.path


def test_only_one_answer_of_a_whole_day_holds_a_key():
    assert {route.operation_id for route in ROUTES if route.one_time_secret} == {"createKey", "createToken"}


def test_every_change_of_an_object_can_be_made_conditional():
    for route in ROUTES:
        changes = route.method in ("PATCH", "DELETE") or route.path.endswith("/restore")
        if changes and "/members/" not in route.path and "organization-members" not in route.path:
            assert route.resource is not None, route.operation_id
