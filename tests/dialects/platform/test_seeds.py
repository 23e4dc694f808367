"""The operations that seeds 000 and 001 show, served verbatim: paths, parameters, member names, enums, status."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.dialects.platform.seeds import operations
from tests.instance import Instance, member
from trunkline.dialects.platform import DIALECT

GOLDEN = Path(__file__).parent / "golden"
SHARED = Path(__file__).parents[4] / "shared" / "seeds"
SHOWN = [op for name in ("000", "001") for op in json.loads((GOLDEN / f"{name}.json").read_text())]
CREATED = {("POST", "/api/integrations"), ("POST", "/api/integrations/{id}/install")}
CREATED |= {("POST", "/api/integrations/{id}/publish")}
MOUNTS = ["", "/platform"]


def key(operation: dict[str, Any]) -> str:
    return f"{operation['method']} {operation['path']}"


def fits(shape: Any, value: Any) -> bool:
    """Whether a value has the shape a document shows: `"a | b"` is an enum, `{}` any object, `<...>` anything."""
    if isinstance(shape, dict):
        if not isinstance(value, dict):
            return False
        return not shape or (
            set(shape) == set(value) and all(fits(shape[name], value[name]) for name in shape)
        )
    if isinstance(shape, list):
        return isinstance(value, list) and all(fits(shape[0], item) for item in value)
    if " | " in shape:
        return value is None or value in shape.split(" | ")
    types: dict[str, tuple[type, ...]] = {"string": (str, type(None)), "boolean": (bool,), "number": (int,)}
    return shape == "<...>" or isinstance(value, types[shape])


@pytest.mark.parametrize("name", ["000", "001"])
def test_golden_files_hold_what_the_documents_show(name):
    found = list(SHARED.glob(f"{name}_*.txt"))
    if not found:
        pytest.skip("the contract documents are not beside the project")
    assert json.loads((GOLDEN / f"{name}.json").read_text()) == operations(found[0].read_text())


@pytest.mark.parametrize("shown", SHOWN, ids=key)
def test_every_shown_operation_takes_the_shown_parameters(shown):
    (route,) = [r for r in DIALECT.routes if (r.method, r.path) == (shown["method"], shown["path"])]
    served = set() if route.query is None else set(route.query.__struct_encode_fields__)
    assert set(shown["query"]) <= served


@pytest.mark.parametrize("shown", [op for op in SHOWN if op["body"]], ids=key)
def test_every_shown_body_member_is_read_and_optional_where_shown(shown):
    (route,) = [r for r in DIALECT.routes if (r.method, r.path) == (shown["method"], shown["path"])]
    assert route.body is not None
    read = {field.encode_name: field.required for field in msgspec.structs.fields(route.body)}
    assert {name for name in shown["body"] if not name.endswith("?")} == {
        n for n, needed in read.items() if needed
    }
    assert {name.removesuffix("?") for name in shown["body"]} <= set(read)


@pytest.fixture
def world(instance: Instance) -> dict[str, Any]:
    """One of everything, so that each shown operation can be called for real."""
    function = instance.entity("functions", "charge", {})
    draft = instance.integration("shop", [member("charge", function, "function")])
    instance.publish(draft["id"], "1.0.0")
    install = instance.install(draft["id"])
    return {
        "instance": instance,
        "integration": draft,
        "install": install,
        "member": instance.members(install["id"])["charge"],
    }


def request_of(shown: dict[str, Any], world: dict[str, Any]) -> tuple[str, Any]:
    """A real path and body for a shown operation, with every member its body shows."""
    owner = {
        "integration-installs": "install",
        "integration-members": "member",
        "integrations": "integration",
    }
    segment = shown["path"].split("/")[2]
    path = shown["path"].replace("{id}", world[owner[segment]]["id"])
    values = {
        "workspaceId": world["instance"].workspace_id,
        "slug": "another",
        "name": "Another",
        "description": "text",
        "iconUrl": "https://icons.example/a.png",
        "publisher": "acme",
        "trustTier": "verified_publisher",
        "manifest": {"members": []},
        "variablesSchema": {"type": "object"},
        "authConfig": {"type": "none"},
        "version": "2.0.0",
        "changelog": "text",
        "integrationVersionId": world["install"]["integrationVersionId"],
        "variables": {"region": "eu"},
        "authStateId": secret(world),
        "memberPolicy": "auto_all",
        "parentInstallId": world["install"]["id"],
        "selectedMemberSlugs": ["charge"],
        "detached": True,
    }
    shape = shown["body"]
    return path, b"" if shape is None else {n.removesuffix("?"): values[n.removesuffix("?")] for n in shape}


def secret(world: dict[str, Any]) -> str:
    body = {"workspaceId": world["instance"].workspace_id, "name": "key", "value": "s3cret-s3cret-s3cret"}
    found = world["instance"].ok("GET", "/api/secrets")["data"]
    made = found[0] if found else world["instance"].ok("POST", "/api/secrets", body)
    return str(made["id"])


@pytest.mark.parametrize("mount", MOUNTS)
@pytest.mark.parametrize("shown", SHOWN, ids=key)
def test_every_shown_operation_answers_the_shown_shape(shown, mount, world):
    instance: Instance = world["instance"]
    path, body = request_of(shown, world)
    if shown["path"].endswith(("/purge", "/restore")):
        owner = path.rsplit("/", 1)[0]
        if "/api/integrations/" in path:
            instance.ok("DELETE", f"/api/integration-installs/{world['install']['id']}")
            instance.ok("DELETE", f"/api/integration-installs/{world['install']['id']}/purge")
        instance.ok("DELETE", owner)
    answer = instance.api(shown["method"], mount + path, body)
    expected = 201 if (shown["method"], shown["path"]) in CREATED else 200
    assert (answer.status, answer.headers["content-type"]) == (expected, "application/json"), answer.body
    assert fits(shown["answer"], answer.json), answer.json


@pytest.mark.parametrize("shown", [op for op in SHOWN if "{id}" in op["path"]], ids=key)
def test_a_well_formed_id_of_nothing_is_missing(shown, world):
    instance: Instance = world["instance"]
    path, body = request_of(shown, world)
    path = shown["path"].replace("{id}", path.split("/")[3][:-32] + "0" * 32)
    answer = instance.api(shown["method"], path, body)
    assert (answer.status, answer.json["error"]["code"]) == (404, "not_found")


GENERAL = {"limit", "after", "before", "ids", "filter", "orderBy", "include_deleted"}
NARROWING = [(op, name) for op in SHOWN for name in op["query"] if name not in GENERAL]


def narrowed(shown: dict[str, Any], name: str, world: dict[str, Any]) -> str:
    """The id of an object whose member the shorthand is about says something."""
    instance: Instance = world["instance"]
    if shown["path"] == "/api/integrations":
        made = instance.integration("paid", [], publisher="acme", trustTier="verified_publisher")
    else:
        child = instance.integration("child", [])
        instance.publish(child["id"], "1.0.0")
        made = instance.install(child["id"], parentInstallId=world["install"]["id"])
        made = made if name == "parent_install_id" else world["install"]
    if name == "retention_tier":  # of what was deleted
        instance.ok("DELETE", f"{shown['path']}/{made['id']}")
    return str(made["id"])


def another(value: str, shape: str) -> str:
    """Another value of a member: of an enum's, an id of nothing, or a text that nobody has chosen."""
    if " | " in shape:
        return next(one for one in shape.split(" | ") if one != value)
    return value[:-32] + "0" * 32 if len(value) > 32 else "no such"


@pytest.mark.parametrize(
    ("shown", "name"), NARROWING, ids=[f"{op['path'].split('/')[2]}-{name}" for op, name in NARROWING]
)
def test_every_shown_shorthand_narrows_its_list(shown, name, world):
    row_id = narrowed(shown, name, world)
    head, *rest = name.split("_")
    member = head + "".join(part.capitalize() for part in rest)

    def listed(query: str = "") -> dict[str, str | None]:
        path = f"{shown['path']}?include_deleted=true{query}"
        return {one["id"]: one[member] for one in world["instance"].ok("GET", path)["data"]}

    every = listed()
    value = every[row_id]
    assert value is not None
    (shape,) = {op["answer"][member] for op in SHOWN if member in op["answer"]}
    for asked in (value, another(value, shape)):
        assert listed(f"&{name}={asked}") == {key: held for key, held in every.items() if held == asked}
