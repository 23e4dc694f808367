"""Who owns an integration, what that is worth, and how it passes on or ends."""

from __future__ import annotations

import pytest
from msgspec.json import decode

from tests.core.integrations.desk import Desk
from tests.core.integrations.pictures import png
from trunkline.bootstrap import verify
from trunkline.core import access, integrations, workspaces
from trunkline.core.access import DeletedError
from trunkline.kit.actor import Tier
from trunkline.kit.errors import ForbiddenError, InvalidRequestError, NotFoundError
from trunkline.kit.ids import format_id


def hand_over(desk: Desk, name: str, row: integrations.IntegrationRow, kind: str, owner_id: str):
    return desk.by(name, integrations.transfer_ownership, row.id, kind, owner_id)


def test_the_new_owner_is_admin_and_the_old_one_nobody(desk: Desk) -> None:
    row = desk.authored()
    after = hand_over(desk, "author", row, "user", desk.users["plain"])
    assert (after.owner_kind, after.owner_id, after.created_by) == (
        "user",
        desk.users["plain"],
        desk.users["author"],
    )
    assert desk.shares(row) == [("plain", "admin", "ownership")]
    assert [desk.tier(name, row) for name in ("plain", "author")] == [Tier.ADMIN, Tier.NONE]
    assert desk.told(row.id) == ["integration.created", "integration.transferred"]


def test_a_share_stays_when_ownership_goes(desk: Desk) -> None:
    row = desk.authored()
    desk.share(row, "author", "viewer")
    hand_over(desk, "ada", row, "user", desk.users["plain"])
    assert desk.shares(row) == [("author", "viewer", "share"), ("plain", "admin", "ownership")]
    assert desk.tier("author", row) == Tier.VIEWER


def test_a_team_owns_together(desk: Desk) -> None:
    row, team = desk.authored(), desk.team("plain", "viewer")
    after = hand_over(desk, "author", row, "team", team)
    assert (after.owner_kind, after.owner_id) == ("team", team)
    assert [desk.tier(name, row) for name in ("plain", "viewer", "author")] == [
        Tier.ADMIN,
        Tier.ADMIN,
        Tier.NONE,
    ]


def test_what_a_deleted_team_owned_passes_to_who_deleted_it(desk: Desk) -> None:
    row, team = desk.authored(), desk.team("plain")
    hand_over(desk, "author", row, "team", team)
    desk.by("ada", access.delete_team, team)
    after = desk.by("ada", integrations.get_integration, row.id)
    assert (after.owner_kind, after.owner_id) == ("user", desk.users["ada"])
    assert desk.tier("plain", row) == Tier.NONE
    assert desk.told(row.id)[-1] == "integration.transferred"
    assert verify(desk.instance.database) == []


def test_only_admins_of_it_hand_it_over(desk: Desk) -> None:
    row = desk.create("editor")
    for name, error in [("editor", ForbiddenError), ("viewer", ForbiddenError), ("eve", NotFoundError)]:
        with pytest.raises(error):
            hand_over(desk, name, row, "user", desk.users["plain"])
    assert desk.told(row.id) == ["integration.created"]


def test_refuses_owners_from_elsewhere_and_of_no_kind(desk: Desk) -> None:
    row = desk.authored()
    request = access.CreateTeam(organization_id=desk.rival, name="theirs")
    foreign = desk.by("eve", access.create_team, request).id
    for kind, owner_id in [("user", desk.users["eve"]), ("team", foreign), ("team", desk.users["plain"])]:
        with pytest.raises(NotFoundError):
            hand_over(desk, "author", row, kind, owner_id)
    with pytest.raises(InvalidRequestError):
        hand_over(desk, "author", row, "anyone", desk.users["plain"])
    desk.by("author", integrations.delete_integration, row.id)
    with pytest.raises(DeletedError):
        hand_over(desk, "author", row, "user", desk.users["plain"])
    assert desk.shares(row) == [("author", "admin", "ownership")]


def entrusted(desk: Desk) -> integrations.IntegrationRow:
    """An author's integration with a share, a tag and an icon."""
    row = desk.authored(auth_config={"type": "bearer"})
    desk.share(row, "plain")
    desk.by("author", integrations.assign_tag, row.id, desk.tag("sales").id)
    desk.by("author", integrations.set_icon, row.id, integrations.check_icon(png()))
    return row


def test_removing_gives_up_everything_but_the_configuration(desk: Desk) -> None:
    row = entrusted(desk)
    desk.by("author", integrations.remove_integration, row.id)
    assert [desk.sees(name, row) for name in ("author", "plain", "ada")] == [False, False, False]
    assert [desk.rows(table) for table in ("integration_tags", "integration_icons", "tags")] == [0, 0, 1]
    assert desk.shares(row) == [("author", "admin", "ownership")]
    assert desk.told(row.id)[-1] == "integration.removed"
    with pytest.raises(NotFoundError):
        desk.by("author", integrations.find_integration, row.slug)
    back = desk.by("author", integrations.restore_integration, row.id)
    assert (back.deleted_at, decode(back.auth_config)) == (None, {"type": "bearer"})
    assert not desk.sees("plain", row)
    assert verify(desk.instance.database) == []


def test_deleting_keeps_everything_for_a_restore(desk: Desk) -> None:
    row = entrusted(desk)
    desk.by("author", integrations.delete_integration, row.id)
    desk.by("author", integrations.restore_integration, row.id)
    assert desk.sees("plain", row)
    assert [desk.rows(table) for table in ("integration_tags", "integration_icons")] == [1, 1]


def test_removing_what_is_deleted_already_gives_up_the_rest(desk: Desk) -> None:
    row = entrusted(desk)
    desk.by("author", integrations.delete_integration, row.id)
    deleted = desk.by("author", integrations.get_integration, row.id)
    desk.by("author", integrations.remove_integration, row.id)
    removed = desk.by("author", integrations.get_integration, row.id)
    assert (removed.deleted_at, removed.deletion_id) == (deleted.deleted_at, deleted.deletion_id)
    assert [desk.rows(table) for table in ("integration_tags", "integration_icons")] == [0, 0]


def test_only_admins_of_it_remove_it(desk: Desk) -> None:
    row = entrusted(desk)
    for name, error in [("editor", ForbiddenError), ("plain", ForbiddenError), ("eve", NotFoundError)]:
        with pytest.raises(error):
            desk.by(name, integrations.remove_integration, row.id)
    assert "integration.removed" not in desk.told(row.id)


def test_purging_leaves_nothing_of_it(desk: Desk) -> None:
    row = entrusted(desk)
    desk.by("author", integrations.delete_integration, row.id)
    desk.by("author", integrations.purge_integration, row.id)
    tables = ("integrations", "integration_tags", "integration_icons", "grants")
    assert [desk.rows(table) for table in tables] == [0, 0, 0, 0]


def test_a_purged_workspace_takes_its_integrations_along(desk: Desk) -> None:
    row = entrusted(desk)
    desk.by("ada", workspaces.delete_workspace, desk.main)
    desk.by("ada", workspaces.purge_workspace, desk.main)
    tables = ("integrations", "integration_tags", "integration_icons", "grants")
    assert [desk.rows(table) for table in tables] == [0, 0, 0, 0]
    assert desk.rows("tags") == 1
    with pytest.raises(NotFoundError):
        desk.by("ada", integrations.get_integration, row.id)


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        ("UPDATE integrations SET owner_id = 'nobody'", "its owner is not there"),
        ("UPDATE integrations SET owner_kind = 'team'", "the team that owns it is not there"),
        ("UPDATE integration_icons SET digest = 'x'", "its icon is not what was sent"),
        ("UPDATE integration_tags SET organization_id = :rival", "it has another organization's tag"),
    ],
)
def test_damage_is_found(desk: Desk, damage: str, sentence: str) -> None:
    row = entrusted(desk)
    assert verify(desk.instance.database) == []
    params = {"rival": desk.rival} if ":rival" in damage else {}
    desk.instance.database.write_now(lambda tx: tx.run(damage, **params))
    found = [(one.invariant, one.subject, one.message) for one in verify(desk.instance.database)]
    assert found == [("I16", format_id("integration", row.id), sentence)]
