from __future__ import annotations

from typing import Any

import pytest

from tests.dialects.informer.desk import Desk
from trunkline.kit.ids import format_uuid


@pytest.fixture
def shared(desk: Desk) -> tuple[Desk, str, str]:
    """The desk, the path of an integration of ada's, and bob's token."""
    made = desk.made()
    return desk, f"/informer/api/integrations/{made['id']}", desk.member("bob")


def test_a_share_lets_somebody_in_by_its_level(shared: tuple[Desk, str, str]) -> None:
    desk, path, bob = shared
    share = f"{path}/shares/bob"

    def statuses() -> list[int]:
        return [
            desk.send("GET", path, token=bob).status,
            desk.send("PUT", path, {"description": "bob was here"}, token=bob).status,
            desk.send("PUT", f"{path}/shares/ada", {}, token=bob).status,
        ]

    assert statuses() == [404, 404, 404]
    for level, expected in ((1, [200, 403, 403]), (2, [200, 200, 403]), (3, [200, 200, 200])):
        given = desk.ok("PUT", share, {"accessLevel": level})
        assert (given["accessLevel"], given["principalId"]) == (level, "bob")
        assert statuses() == expected
    assert desk.send("DELETE", path, token=bob).status == 204


def test_a_share_is_taken_back(shared: tuple[Desk, str, str]) -> None:
    desk, path, bob = shared
    desk.ok("PUT", f"{path}/shares/bob")
    assert desk.send("DELETE", f"{path}/shares/bob").status == 204
    assert desk.send("DELETE", f"{path}/shares/bob").status == 404
    assert desk.send("GET", f"{path}/shares/bob").status == 404
    assert desk.send("GET", path, token=bob).status == 404
    desk.ok("PUT", f"{path}/shares/bob")
    assert desk.send("GET", path, token=bob).status == 200


def test_who_sees_shares_and_may_not_change_them_is_refused(shared: tuple[Desk, str, str]) -> None:
    desk, path, bob = shared
    desk.user("carol")
    desk.ok("PUT", f"{path}/shares/bob", {"accessLevel": 2})
    assert desk.send("GET", f"{path}/shares/bob", token=bob).status == 200
    for method, name, body in (
        ("PUT", "bob", {"accessLevel": 3}),
        ("PUT", "carol", {"accessLevel": 1}),
        ("DELETE", "bob", b""),
        ("DELETE", "carol", b""),
    ):
        answer = desk.send(method, f"{path}/shares/{name}", body, token=bob)
        assert (answer.status, answer.json["message"]) == (
            403,
            "this needs the admin tier on the integration",
        )
    assert desk.ok("GET", f"{path}/shares/bob")["accessLevel"] == 2
    assert desk.send("GET", f"{path}/shares/carol").status == 404


@pytest.mark.parametrize("level", [0, -1, 4, "1", 1.5, None, True])
def test_there_are_three_levels(shared: tuple[Desk, str, str], level: Any) -> None:
    desk, path, _ = shared
    assert desk.send("PUT", f"{path}/shares/bob", {"accessLevel": level}).status == 400


def test_a_share_shows_whom_it_is_for(shared: tuple[Desk, str, str]) -> None:
    desk, path, bob = shared
    team_id = format_uuid(desk.team("marketing"))
    desk.ok("PUT", f"{path}/shares/user:bob")
    desk.ok("PUT", f"{path}/shares/team:marketing", {"accessLevel": 2})
    for token in (None, bob):
        answer = desk.ok("GET", f"{path}/shares", token=token)
        assert (answer["start"], answer["count"], answer["total"]) == (0, 2, 2)
        shown = {one["principalId"]: one for one in answer["_embedded"]["inf:integration-share"]}
        assert set(shown) == {"bob", f"team:{team_id}"}
        assert shown["bob"]["principal"] == {"id": "bob", "name": "Bob", "type": "user"}
        assert shown[f"team:{team_id}"]["principal"]["type"] == "team"
        assert shown[f"team:{team_id}"]["accessLevel"] == 2
        for one in shown.values():
            assert one["integrationId"] == path.rpartition("/")[2]
            again = desk.ok("GET", one["_links"]["self"]["href"], token=token)
            assert {**again, "_links": 0} == {**one, "_links": 0}
    (flat,) = desk.ok("GET", "/informer/api/integrations-list", token=bob)
    assert flat["shared"] is True
    assert {(one["principalId"], one["accessLevel"]) for one in flat["sharing"]} == {
        ("bob", 1),
        (f"team:{team_id}", 2),
    }


def test_a_team_shares_what_it_is_given(shared: tuple[Desk, str, str]) -> None:
    desk, path, bob = shared
    carol = desk.user("carol")
    desk.team("sales", carol)
    desk.ok("PUT", f"{path}/shares/team:sales")
    assert desk.send("GET", path, token=desk.token_of(carol)).status == 200
    assert desk.send("GET", path, token=bob).status == 404


@pytest.mark.parametrize("principal", ["nobody", "team:nobody", "user:team", "group:x", "", "%00", "x" * 400])
def test_whoever_is_not_there_is_missing(shared: tuple[Desk, str, str], principal: str) -> None:
    desk, path, _ = shared
    assert desk.send("PUT", f"{path}/shares/{principal}", {}).status == 404
    assert desk.send("GET", f"/informer/api/principals/{principal}").status == 404


def test_a_stranger_is_nobody(shared: tuple[Desk, str, str]) -> None:
    desk, path, _ = shared
    stranger = desk.instance.tenant("stranger")
    assert desk.send("PUT", f"{path}/shares/{format_uuid(stranger.owner_id)}", {}).status == 404


def test_an_owner_is_a_principal_and_may_hand_over(shared: tuple[Desk, str, str]) -> None:
    desk, path, bob = shared
    owner = desk.ok("GET", f"{path}/owner")
    assert (owner["id"], owner["userId"], "teamId" in owner) == ("ada", "ada", False)
    assert owner["_links"]["self"]["href"] == "/informer/api/principals/ada"
    assert owner["_embedded"]["inf:user"]["displayName"] == "Ada"
    assert desk.ok("GET", "/informer/api/principals/ada")["_embedded"] == owner["_embedded"]
    assert desk.send("PUT", f"{path}/owner", {"userId": "bob"}, token=bob).status == 404
    after = desk.ok("PUT", f"{path}/owner", {"userId": "bob"})
    assert (after["id"], after["userId"]) == ("bob", "bob")
    assert desk.ok("PUT", path, {"name": "Bob's"}, token=bob)["name"] == "Bob's"
    team_id = format_uuid(desk.team("sales"))
    team = desk.ok("PUT", f"{path}/owner", {"teamId": team_id}, token=bob)
    assert (team["id"], team["teamId"], "userId" in team) == (f"team:{team_id}", team_id, False)
    assert (
        desk.ok("GET", f"/informer/api/principals/team:{team_id}")["_embedded"]["inf:team"]["name"] == "sales"
    )
    assert desk.send("GET", path, token=bob).status == 404
    (flat,) = desk.ok("GET", "/informer/api/integrations-list")
    assert (flat["ownerId"], flat["shared"]) == (f"team:{team_id}", False)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"userId": "bob", "teamId": "sales"}, 400),
        ({"userId": "nobody"}, 404),
        ({"teamId": "x"}, 404),
    ],
)
def test_an_owner_is_one_that_is_there(
    shared: tuple[Desk, str, str], body: dict[str, str], status: int
) -> None:
    desk, path, _ = shared
    assert desk.send("PUT", f"{path}/owner", body).status == status


def test_a_share_here_is_a_permission_on_the_platform(shared: tuple[Desk, str, str]) -> None:
    desk, path, _ = shared
    desk.ok("PUT", f"{path}/shares/bob", {"accessLevel": 2})
    found = desk.ok("GET", "/platform/api/permissions?tier=editor")["data"]
    (permission,) = found  # its owner's right is one of admin
    desk.ok("PATCH", f"/platform/api/permissions/{permission['id']}", {"tier": "admin"})
    assert desk.ok("GET", f"{path}/shares/bob")["accessLevel"] == 3
