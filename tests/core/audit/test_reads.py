from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.core.access.world import NOW, SYSTEM, World
from trunkline.core import audit
from trunkline.core.access import ScopeMissingError, TierTooLowError
from trunkline.core.audit import AuditRow
from trunkline.core.journal import Change, record
from trunkline.kit.actor import Actor
from trunkline.kit.errors import ForbiddenError, InvalidRequestError, NotFoundError
from trunkline.kit.filters import Compare, Node, Op
from trunkline.kit.ids import new_id
from trunkline.kit.pages import ListQuery

MINE = Compare("action", Op.STARTS_WITH, "thing.")


def happen(world: World, name: str, actor: Actor = SYSTEM, **columns: Any) -> str:
    values: dict[str, Any] = {"subject_kind": "agent", "subject_id": new_id(), "organization_id": world.acme}
    change = Change(type=f"thing.{name}", **{**values, **columns})
    world.write(lambda tx: record(tx, actor, change))
    return change.subject_id


def entries(
    world: World, user: str | Actor, organization_id: str | None = None, where: Node = MINE
) -> list[AuditRow]:
    actor = world.actor(user) if isinstance(user, str) else user
    query = ListQuery(where=where)
    theirs = organization_id or world.acme
    return world.read(lambda tx: audit.list_audit_entries(tx, actor, theirs, query)).rows


def test_administrators_read_who_did_what_how(world):
    actor = replace(world.actor("editor"), key_id="k1", request_id="req-1")
    subject_id = happen(
        world, "updated", actor, workspace_id=world.one, changed=("name",), data={"name": "n"}
    )
    [row] = entries(world, "boss")
    assert (row.action, row.subject_kind, row.subject_id) == ("thing.updated", "agent", subject_id)
    assert (row.actor_user_id, row.actor_key_id, row.reason) == (world.users["editor"], "k1", None)
    assert (row.organization_id, row.workspace_id) == (world.acme, world.one)
    assert (row.request_id, bytes(row.changed), row.created_at) == ("req-1", b'["name"]', NOW)
    assert world.read(lambda tx: audit.get_audit_entry(tx, world.actor("owner"), row.id)) == row


def test_what_the_system_did_says_why(world):
    happen(world, "purged")
    [row] = entries(world, "boss")
    assert (row.actor_user_id, row.reason) == ("", "test set-up")


@pytest.mark.parametrize("user", ["admin", "editor", "viewer", "plain", "other"])
def test_members_do_not_read_it(world, user):
    happen(world, "updated", workspace_id=world.one)
    [row] = entries(world, "boss")
    with pytest.raises(TierTooLowError):
        entries(world, user)
    with pytest.raises(NotFoundError, match="audit entry not found"):
        world.read(lambda tx: audit.get_audit_entry(tx, world.actor(user), row.id))


def test_other_organizations_are_absent(world):
    happen(world, "updated")
    [row] = entries(world, "boss")
    for organization_id in (world.acme, new_id()):
        with pytest.raises(NotFoundError, match="organization not found"):
            entries(world, "stranger", organization_id)
    with pytest.raises(NotFoundError):
        world.read(lambda tx: audit.get_audit_entry(tx, world.actor("stranger"), row.id))
    assert entries(world, "stranger", world.rival) == []


def test_an_administrator_of_two_reads_one_at_a_time(world):
    happen(world, "here")
    happen(world, "there", organization_id=world.rival)
    both = replace(
        world.actor("boss"),
        organizations=(world.acme, world.rival),
        administered=(world.acme, world.rival),
    )
    assert [row.action for row in entries(world, both)] == ["thing.here"]
    assert [row.action for row in entries(world, both, world.rival)] == ["thing.there"]


def test_neither_bound_nor_narrowed_keys_read_it(world):
    subject_id = happen(world, "updated", workspace_id=world.one)
    with pytest.raises(TierTooLowError):
        entries(world, world.actor("boss", world.one))
    with pytest.raises(ScopeMissingError):
        entries(world, replace(world.actor("boss"), entity_ids=frozenset({subject_id})))
    with pytest.raises(ForbiddenError):
        entries(world, replace(world.actor("boss"), operations=frozenset({"installs:read"})))


def test_entries_can_be_found_by_subject_actor_and_request(world):
    subject_id = happen(world, "a")
    happen(world, "b", replace(world.actor("editor"), request_id="req-9"))
    for where, expected in (
        (Compare("subject_id", Op.EQ, subject_id), ["thing.a"]),
        (Compare("request_id", Op.EQ, "req-9"), ["thing.b"]),
        (Compare("reason", Op.EQ, "no such"), []),
    ):
        assert [row.action for row in entries(world, "boss", where=where)] == expected
    with pytest.raises(InvalidRequestError, match="unknown field"):
        entries(world, "boss", where=Compare("changed", Op.EQ, "x"))
