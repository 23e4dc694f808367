from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.core.access.world import ITEM, NOW, SPECS, SYSTEM, World
from trunkline.core import access, workspaces
from trunkline.infra.db import lists
from trunkline.kit.actor import Actor
from trunkline.kit.errors import ForbiddenError, InvalidRequestError, NotFoundError
from trunkline.kit.filters import Compare, Op
from trunkline.kit.pages import Deleted, ListQuery


def create(world: World, actor: Actor, item: str, **changes: Any) -> tuple[access.GrantRow, list[str]]:
    wanted = {
        "entity_kind": "integration",
        "entity_id": item,
        "subject_kind": "user",
        "subject_id": world.users["plain"],
        "tier": "viewer",
    }
    if changes.get("subject_kind") == "anyone":
        wanted.pop("subject_id")
    request = access.CreateGrant(**wanted | changes)
    return world.journal(lambda tx: access.create_grant(tx, actor, request))


@pytest.mark.parametrize("name", ["owner", "boss", "admin"])
def test_admins_of_an_object_share_it(world: World, name: str) -> None:
    item, actor = world.item(world.one), world.actor(name)
    row, events = create(world, actor, item, tier="editor")
    assert row == access.GrantRow(
        id=row.id,
        organization_id=world.acme,
        workspace_id=world.one,
        entity_kind="integration",
        entity_id=item,
        subject_kind="user",
        subject_id=world.users["plain"],
        tier="editor",
        origin="share",
        created_by=world.users[name],
        created_at=NOW,
        updated_at=NOW,
        deleted_at=None,
        deleted_by=None,
        retention_tier=None,
        deletion_id=None,
    )
    assert events == [f"permission.created {row.id}"]
    assert world.read(lambda tx: access.get_grant(tx, actor, row.id)) == row


def test_whoever_was_granted_admin_shares_on(world: World) -> None:
    item = world.item(world.far)
    create(world, SYSTEM, item, tier="admin")
    row, _ = create(world, world.actor("plain"), item, subject_kind="anyone")
    assert (row.subject_id, row.created_by, row.organization_id) == (None, world.users["plain"], world.rival)


def test_others_share_nothing(world: World) -> None:
    item = world.item(world.one)
    public = world.item(world.one, visibility="public", current_version="1.0.0")
    for name in ("editor", "viewer"):
        with world.refuses(access.TierTooLowError, "tier_too_low"):
            create(world, world.actor(name), item)
    for name in ("plain", "other", "stranger"):
        with world.refuses(NotFoundError):
            create(world, world.actor(name), item)
        with world.refuses(access.TierTooLowError, "tier_too_low"):
            create(world, world.actor(name), public)
    with world.refuses(ForbiddenError, "scope_missing"):
        create(world, Actor(user_id=world.users["owner"], operations=frozenset({"*:read"})), item)
    narrowed = replace(world.actor("owner"), entity_ids=frozenset({public}))
    with world.refuses(NotFoundError):
        create(world, narrowed, item)
    assert create(world, narrowed, public)[0].entity_id == public


def test_objects_must_be_there_and_of_the_kind_named(world: World) -> None:
    item = world.item(world.one, deleted_at=NOW)
    thing, version = world.thing(world.one)
    missing = [("integration", item), ("integration", "f" * 32), ("agent", thing), ("integration", thing)]
    for kind, entity_id in missing:
        with world.refuses(NotFoundError):
            create(world, world.actor("owner"), entity_id, entity_kind=kind)
    for kind in ("schema_version", "workspace", "version", "nonsense"):
        with world.refuses(InvalidRequestError, path="entityId"):
            create(world, world.actor("owner"), version, entity_kind=kind)
    assert create(world, world.actor("owner"), thing, entity_kind="schema")[0].entity_kind == "schema"


def test_users_and_teams_must_be_seen_and_organizations_need_not(world: World) -> None:
    item, owner = world.item(world.one), world.actor("owner")
    for kind, subject_id in (
        ("user", world.users["stranger"]),
        ("user", "f" * 32),
        ("team", "f" * 32),
        ("team", world.users["plain"]),
    ):
        with world.refuses(NotFoundError):
            create(world, owner, item, subject_kind=kind, subject_id=subject_id)
    for changes in (
        {"subject_kind": "workspace"},
        {"subject_kind": "anyone", "subject_id": world.users["plain"]},
        {"subject_id": None},
    ):
        with world.refuses(InvalidRequestError, path="subjectId"):
            create(world, owner, item, **changes)
    with world.refuses(InvalidRequestError, path="tier"):
        create(world, owner, item, tier="owner")
    for organization_id in (world.rival, "f" * 32):
        row, _ = create(world, owner, item, subject_kind="organization", subject_id=organization_id)
        assert row.subject_id == organization_id


def test_a_subject_holds_one_live_grant_per_object(world: World) -> None:
    item, owner = world.item(world.one), world.actor("owner")
    for changes in ({}, {"subject_kind": "anyone"}):
        first, _ = create(world, owner, item, **changes)
        with world.refuses(access.AlreadyGrantedError, "already_granted"):
            create(world, owner, item, **changes)
        world.write(access.revoke_grant, owner, first.id)
        create(world, owner, item, **changes)
        with world.refuses(access.AlreadyGrantedError, "already_granted"):
            world.write(access.restore_grant, owner, first.id)


def test_the_tier_changes(world: World) -> None:
    item, admin = world.item(world.one), world.actor("admin")
    grant_id = create(world, admin, item)[0].id

    def change(actor: Actor, tier: str) -> tuple[access.GrantRow, list[str]]:
        request = access.UpdateGrant(id=grant_id, tier=tier)
        return world.journal(lambda tx: access.update_grant(tx, actor, request))

    world.clock.advance(timedelta(seconds=1))
    row, events = change(admin, "editor")
    assert (row.tier, row.updated_at, events) == (
        "editor",
        "2026-03-01T12:00:01.000000Z",
        [f"permission.updated {grant_id}"],
    )
    assert world.read(lambda tx: access.get_grant(tx, admin, grant_id)) == row
    with world.changes_nothing():
        assert change(admin, "editor") == (row, [])
    with world.refuses(InvalidRequestError, path="tier"):
        change(admin, "super")
    with world.refuses(access.TierTooLowError, "tier_too_low"):
        change(world.actor("viewer"), "admin")
    with world.refuses(NotFoundError):
        change(world.actor("plain"), "admin")
    world.write(lambda tx: access.revoke_grant(tx, admin, grant_id))
    with world.refuses(access.DeletedError, "deleted"):
        change(admin, "admin")


def test_a_grant_is_revoked_restored_and_purged(world: World) -> None:
    item, admin = world.item(world.one), world.actor("admin")
    live = create(world, admin, item)[0]

    with world.refuses(access.NotDeletedError, "not_deleted"):
        world.write(lambda tx: access.purge_grant(tx, admin, live.id))
    with world.changes_nothing():
        assert world.write(lambda tx: access.restore_grant(tx, admin, live.id)) == live

    _, events = world.journal(lambda tx: access.revoke_grant(tx, admin, live.id))
    assert events == [f"permission.revoked {live.id}"]
    with world.changes_nothing():
        world.write(lambda tx: access.revoke_grant(tx, admin, live.id))
    gone = world.read(lambda tx: access.get_grant(tx, admin, live.id))
    assert (gone.deleted_at, gone.deleted_by, gone.retention_tier) == (NOW, world.users["admin"], "medium")

    row, events = world.journal(lambda tx: access.restore_grant(tx, admin, live.id))
    assert (row, events) == (live, [f"permission.restored {live.id}"])
    assert world.read(lambda tx: access.get_grant(tx, admin, live.id)) == live

    world.write(lambda tx: access.revoke_grant(tx, admin, live.id))
    _, events = world.journal(lambda tx: access.purge_grant(tx, admin, live.id))
    assert events == [f"permission.purged {live.id}"]
    sql = "SELECT DISTINCT p.data FROM event_payloads p JOIN events e ON e.id = p.event_id WHERE e.subject_id = :id"
    assert world.read(lambda tx: tx.column(sql, id=live.id)) == ["{}"]
    with world.refuses(NotFoundError):
        world.write(lambda tx: access.purge_grant(tx, admin, live.id))


@pytest.mark.parametrize("verb", [access.revoke_grant, access.restore_grant, access.purge_grant])
def test_only_admins_of_the_object_take_grants_back(world: World, verb: Any) -> None:
    grant_id = create(world, SYSTEM, world.item(world.one))[0].id
    for name in ("editor", "viewer"):
        with world.refuses(access.TierTooLowError, "tier_too_low"):
            world.write(verb, world.actor(name), grant_id)
    for name in ("plain", "other", "stranger"):
        with world.refuses(NotFoundError):
            world.write(verb, world.actor(name), grant_id)


def test_revoked_grants_are_listed_to_admins_on_request(world: World) -> None:
    item = world.item(world.one)
    live, gone = create(world, SYSTEM, item)[0].id, create(world, SYSTEM, item, subject_kind="anyone")[0].id
    world.write(lambda tx: access.revoke_grant(tx, SYSTEM, gone))

    def listed(name: str, deleted: Deleted) -> set[str]:
        query = ListQuery(where=Compare("entity_id", Op.EQ, item), deleted=deleted)
        return {
            row.id for row in world.read(lambda tx: access.list_grants(tx, world.actor(name), query)).rows
        }

    assert listed("admin", Deleted.HIDE) == listed("viewer", Deleted.INCLUDE) == {live}
    assert listed("admin", Deleted.INCLUDE) == {live, gone}
    assert listed("admin", Deleted.ONLY) == {gone}


def test_what_is_overdue_for_purge_is_found_and_nothing_before_its_time(world: World) -> None:
    item = world.item(world.one)
    grant_id = create(world, SYSTEM, item)[0].id
    world.write(lambda tx: access.revoke_grant(tx, SYSTEM, grant_id))

    def expired() -> list[str]:
        return world.read(lambda tx: access.expired_grants(tx, 10))

    world.clock.advance(timedelta(days=30) - timedelta(microseconds=1))
    assert expired() == []
    world.clock.advance(timedelta(microseconds=1))
    assert expired() == [grant_id]


def test_purging_an_object_forgets_its_grants(world: World) -> None:
    item, other = world.item(world.one), world.item(world.one)
    gone, kept = create(world, SYSTEM, item)[0].id, create(world, SYSTEM, other)[0].id
    world.write(lambda tx: access.forget_grants(tx, item))
    assert world.read(lambda tx: tx.column("SELECT id FROM grants")) == [kept]
    sql = "SELECT e.subject_id FROM event_payloads p JOIN events e ON e.id = p.event_id WHERE e.subject_kind = 'grant'"
    assert world.read(lambda tx: tx.column(sql)) == [kept]
    assert gone != kept


def test_a_grant_in_a_deleted_workspace_still_belongs_to_it(world: World) -> None:
    grant_id = create(world, SYSTEM, world.item(world.one))[0].id
    world.write(lambda tx: workspaces.delete_workspace(tx, SYSTEM, world.one))
    assert world.read(lambda tx: access.get_grant(tx, world.actor("owner"), grant_id)).id == grant_id


def test_who_could_not_be_granted_it_anew_gets_nothing_back(world: World) -> None:
    item, owner = world.item(world.one), world.actor("owner")
    stranger = world.grant(item, "user", world.users["stranger"])
    team_id = world.team("gone", "plain")
    team = world.grant(item, "team", team_id)
    organization = world.grant(item, "organization", world.rival)
    for grant_id in (stranger, team, organization):
        world.write(access.revoke_grant, owner, grant_id)
    world.write(access.delete_team, owner, team_id)
    for grant_id in (stranger, team):
        with world.refuses(NotFoundError):
            world.write(access.restore_grant, owner, grant_id)
    assert world.write(access.restore_grant, owner, organization).deleted_at is None


def test_what_being_the_owner_brings_is_neither_lowered_nor_revoked_by_itself(world: World) -> None:
    item, owner = world.item(world.one), world.actor("owner")
    row = world.read(lambda tx: lists.get_row(tx, ITEM, item, access.scope(SYSTEM, SPECS)))
    assert row is not None
    plain = {"entity_kind": "integration", "owner_kind": "user", "owner_id": world.users["plain"]}
    world.write(lambda tx: access.grant_ownership(tx, SYSTEM, row, **plain))
    share, _ = create(world, owner, item)
    [owning] = [
        one for one in world.read(access.list_grants, owner, ListQuery()).rows if one.origin == "ownership"
    ]
    for tier in ("viewer", "editor"):
        with world.refuses(access.OwnershipError, "ownership"):
            world.write(access.update_grant, owner, access.UpdateGrant(id=owning.id, tier=tier))
    with world.refuses(access.OwnershipError, "ownership"):
        world.write(access.revoke_grant, owner, owning.id)
    world.write(access.revoke_grant, owner, share.id)
    assert world.read(access.get_grant, owner, owning.id) == owning
