"""Projects are workspaces, orgs are organizations, and what the vendor sells is not here."""

from __future__ import annotations

from typing import Any

import pytest

from tests.dialects.ampersand.desk import Desk, uuid_of
from trunkline.core import access, workspaces
from trunkline.core.proxy.log import KEPT_FOR
from trunkline.dialects.ampersand.projects import LOG_DAYS


def test_a_project_is_a_workspace(desk: Desk) -> None:
    found = desk.ok("GET", desk.path())
    assert found == {
        "id": desk.project_id,
        "name": "main",
        "appName": "Main",
        "orgId": desk.org_id,
        "createTime": "2026-03-01T12:00:00.000000Z",
    }
    workspace = desk.instance.ok("GET", f"/api/workspaces/{desk.instance.workspace_id}")
    assert (workspace["handle"], workspace["name"]) == ("main", "Main")


@pytest.mark.parametrize("prefix", ["/v1", "/ampersand/v1"])
def test_a_project_goes_by_its_id_in_any_spelling_and_by_its_name_in_any_case(
    desk: Desk, prefix: str
) -> None:
    spellings = (desk.project_id, desk.project_id.upper(), desk.instance.workspace_id, "main", "MaIn")
    found = [desk.ok("GET", f"{prefix}/projects/{one}")["id"] for one in spellings]
    assert found == [desk.project_id] * 5


def test_entitlements_come_when_they_are_asked_for(desk: Desk) -> None:
    assert "entitlements" not in desk.ok("GET", f"{desk.path()}?includeEntitlements=false")
    assert desk.ok("GET", f"{desk.path()}?includeEntitlements=true")["entitlements"] == {
        "brandingRemoval": {"value": True},
        "logRetentionDays": {"value": 30},
    }
    assert KEPT_FOR.days == LOG_DAYS


def test_a_project_is_made_under_a_name_in_lower_case(desk: Desk) -> None:
    body = {"appName": "MailMonkey", "name": "MailMonkey-Staging", "orgId": desk.org_id}
    answer = desk.send("POST", "/v1/projects", body)
    assert answer.status == 201
    assert (answer.json["name"], answer.json["appName"]) == ("mailmonkey-staging", "MailMonkey")
    assert [one["name"] for one in desk.ok("GET", "/v1/projects")] == ["main", "mailmonkey-staging"]
    taken = desk.refused(409, "POST", "/v1/projects", body)
    assert taken["type"] == "urn:problem-type:trunkline:handle_taken"
    desk.refused(400, "POST", "/v1/projects", {**body, "name": "a_b"})
    desk.refused(404, "POST", "/v1/projects", {**body, "name": "other", "orgId": desk.project_id})
    desk.refused(400, "POST", "/v1/projects", {**body, "name": "other", "orgId": "acme"})


def test_any_case_is_that_of_ascii_and_a_sign_that_looks_like_a_letter_is_none(desk: Desk) -> None:
    kelvin = "\u212a"
    body = {"appName": "Kilo", "name": f"{kelvin}ilo", "orgId": desk.org_id}
    desk.refused(400, "POST", "/v1/projects", body)
    made = desk.ok("POST", "/v1/projects", {**body, "name": "Kilo"})
    assert desk.ok("GET", "/v1/projects/KILO")["id"] == made["id"]
    desk.refused(404, "GET", "/v1/projects/%E2%84%AAilo")
    change = {"updateMask": ["name"], "project": {"name": f"{kelvin}ilo"}}
    desk.refused(400, "PATCH", f"/v1/projects/{made['id']}", change)
    assert desk.ok("GET", f"/v1/projects/{made['id']}")["name"] == "kilo"


def test_a_change_touches_what_its_mask_names(desk: Desk) -> None:
    project = {"appName": "Renamed", "name": "Other-Name", "unknown": 1}
    after = desk.ok("PATCH", desk.path(), {"updateMask": ["appName"], "project": project})
    assert (after["appName"], after["name"]) == ("Renamed", "main")
    after = desk.ok("PATCH", desk.path(), {"updateMask": ["appName", "name"], "project": project})
    assert (after["appName"], after["name"]) == ("Renamed", "other-name")
    assert desk.ok("PATCH", desk.path(), {"updateMask": [], "project": {}}) == after


def test_a_name_that_cannot_be_is_refused_under_the_name_it_was_sent_as(desk: Desk) -> None:
    project = {"appName": "Kilo", "name": "kilo"}
    for member, text in (("appName", " "), ("appName", "x" * 201), ("name", "a_b"), ("name", "")):
        made = {**project, "orgId": desk.org_id, member: text}
        refused = desk.refused(400, "POST", "/v1/projects", made)
        assert [issue["name"] for issue in refused["issues"]] == [member]
        change = {"updateMask": [member], "project": {member: text}}
        refused = desk.refused(400, "PATCH", desk.path(), change)
        assert [issue["name"] for issue in refused["issues"]] == [f"project.{member}"]
    refused = desk.refused(400, "POST", "/v1/orgs", {"label": " "})
    assert [issue["name"] for issue in refused["issues"]] == ["label"]
    change = {"updateMask": ["label"], "org": {"label": " "}}
    refused = desk.refused(400, "PATCH", f"/v1/orgs/{desk.org_id}", change)
    assert [issue["name"] for issue in refused["issues"]] == ["org.label"]


def test_an_unknown_mask_is_refused_with_those_there_are(desk: Desk) -> None:
    body = {"updateMask": ["orgId"], "project": {"orgId": desk.org_id}}
    problem = desk.refused(400, "PATCH", desk.path(), body)
    assert problem["type"] == "urn:problem-type:trunkline:unknown_update_mask"
    assert problem["remedy"] == "allowed masks: appName, name"
    assert problem["causes"] == ["updateMask: 'orgId' cannot be updated"]
    assert [(issue["in"], issue["name"]) for issue in problem["issues"]] == [("body", "updateMask")]


def test_a_mask_without_a_value_is_unprocessable(desk: Desk) -> None:
    problem = desk.refused(422, "PATCH", desk.path(), {"updateMask": ["name"], "project": {}})
    assert problem["remedy"] == "give project.name, or leave name out of updateMask"
    assert problem["retryable"] is False


def test_a_group_is_no_project(desk: Desk) -> None:
    def make(tx: Any) -> str:
        actor = access.act_as(tx, desk.instance.user_id)
        project_id = desk.project_id.replace("-", "")
        return workspaces.ensure_group(tx, actor, project_id, "org_12345", "Acme Corp").id

    group_id = uuid_of("workspace", f"wsp_{desk.instance.database.write_now(make)}")
    assert [one["id"] for one in desk.ok("GET", "/v1/projects")] == [desk.project_id]
    assert list(desk.ok("GET", "/v1/my-info")["projectRoles"]) == [desk.project_id]
    desk.refused(404, "GET", f"/v1/projects/{group_id}")


def test_another_tenants_project_is_absent(desk: Desk) -> None:
    stranger = desk.instance.tenant("stranger")
    for text in (uuid_of("workspace", stranger.workspace_id), "stranger-main", "no-such-project"):
        problem = desk.refused(404, "GET", f"/v1/projects/{text}")
        assert (problem["title"], problem["detail"]) == ("Not Found", "project not found")
    assert desk.send("GET", desk.path(), key=stranger.token).status == 404


def test_a_deleted_project_is_absent(desk: Desk) -> None:
    project_id = desk.project("gone")
    desk.instance.ok("DELETE", f"/api/workspaces/{project_id}")
    desk.refused(404, "GET", f"/v1/projects/{project_id}")
    desk.refused(404, "GET", "/v1/projects/gone")
    assert [one["name"] for one in desk.ok("GET", "/v1/projects")] == ["main"]


def test_an_org_is_an_organization(desk: Desk) -> None:
    found = desk.ok("GET", f"/v1/orgs/{desk.org_id}")
    assert found == {
        "id": desk.org_id,
        "label": "Acme",
        "defaultTeamId": desk.org_id,
        "createTime": "2026-03-01T12:00:00.000000Z",
    }
    body = {"updateMask": ["label"], "org": {"label": "Acme Inc"}}
    assert desk.ok("PATCH", f"/v1/orgs/{desk.org_id}", body)["label"] == "Acme Inc"
    desk.refused(400, "PATCH", f"/v1/orgs/{desk.org_id}", {"updateMask": ["id"], "org": {}})
    desk.refused(404, "GET", f"/v1/orgs/{desk.project_id}")


def test_orgs_of_one_label_are_told_apart(desk: Desk) -> None:
    made = [desk.ok("POST", "/v1/orgs", {"label": "Mail Monkey!"}) for _ in range(2)]
    assert [one["label"] for one in made] == ["Mail Monkey!"] * 2
    handles = desk.instance.database.read_now(
        lambda tx: tx.column("SELECT handle FROM organizations WHERE name = 'Mail Monkey!'")
    )
    assert len(handles) == 2
    assert all(handle.startswith("mail-monkey-") for handle in handles)
    stranger = desk.instance.tenant("stranger")
    desk.refused(403, "POST", "/v1/orgs", {"label": "Mine"}, key=stranger.token)


def test_builders_are_users(desk: Desk) -> None:
    [ada] = desk.ok("GET", f"/v1/orgs/{desk.org_id}/builders")
    user_id = uuid_of("user", f"usr_{desk.instance.user_id}")
    assert ada == {
        "id": user_id,
        "idpProvider": "trunkline",
        "idpRef": user_id,
        "createTime": "2026-03-01T12:00:00.000000Z",
        "fullName": "Ada",
        "primaryEmail": "ada@acme.example",
    }
    info = desk.ok("GET", "/v1/my-info")
    assert info["builder"] == ada
    [role] = info["projectRoles"].values()
    assert (role["role"], role["principalType"], role["principalId"]) == ("admin", "builder", user_id)
    assert role["project"]["id"] == desk.project_id
    assert (info["orgRole"]["role"], info["orgRole"]["org"]["id"]) == ("owner", desk.org_id)


def test_a_user_is_taken_into_an_organization_once(desk: Desk) -> None:
    other = desk.ok("POST", "/v1/orgs", {"label": "Other"})["id"]
    body = {"email": "bob@acme.example", "name": "Bob", "organizationId": desk.instance.organization_id}
    bob = uuid_of("user", desk.instance.ok("POST", "/api/users", body)["id"])
    answer = desk.send("POST", f"/v1/orgs/{other}/memberships", {"builderId": bob})
    assert (answer.status, answer.body) == (201, b"")
    names = [one["fullName"] for one in desk.ok("GET", f"/v1/orgs/{other}/builders")]
    assert sorted(names) == ["Ada", "Bob"]
    again = desk.refused(400, "POST", f"/v1/orgs/{other}/memberships", {"builderId": bob})
    assert again["detail"] == "builderId: is a member already"
    for unknown in (desk.project_id, "nobody"):
        desk.refused(404, "POST", f"/v1/orgs/{other}/memberships", {"builderId": unknown})


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/v1/orgs/{org}/invites", {"email": "alice@company.example"}),
        ("GET", "/v1/orgs/{org}/invites/{org}", b""),
        ("DELETE", "/v1/orgs/{org}/invites/{org}", b""),
        ("POST", "/v1/invites:accept", {"invitedEmail": "alice@company.example"}),
        ("GET", "/v1/claimed-domains?domain=acme.example", b""),
        ("POST", "/v1/claimed-domains", {"domain": "acme.example", "parentId": "x", "parentType": "org"}),
        ("GET", "/v1/orgs/{org}/billingAccount", b""),
        ("POST", "/v1/billingAccounts/{org}/portalSession", {"redirectUrl": "https://acme.example"}),
    ],
)
def test_what_the_vendor_sells_is_a_404_that_says_what_to_do(
    desk: Desk, method: str, path: str, body: Any
) -> None:
    url = path.format(org=desk.org_id)
    problem = desk.refused(404, method, url, body)
    assert problem["type"] == "urn:problem-type:trunkline:not_hosted"
    assert problem["detail"] != "path not found"
    assert problem["remedy"]
    assert desk.bare(method, url, body).status == 401


def test_lists_of_what_is_not_here_are_empty(desk: Desk) -> None:
    assert desk.ok("GET", f"/v1/orgs/{desk.org_id}/invites") == []
    assert desk.ok("GET", f"/v1/orgs/{desk.org_id}/claimed-domains") == []
    desk.refused(404, "GET", f"/v1/orgs/{desk.project_id}/invites")
