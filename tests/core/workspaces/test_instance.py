from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import pytest

from tests.core.access.world import PEPPER, START, SYSTEM, World, catalog
from tests.databases import lend
from trunkline.core import access, workspaces
from trunkline.infra.db import Database
from trunkline.infra.vault import key_hash
from trunkline.kit.actor import Tier
from trunkline.kit.clock import FixedClock
from trunkline.kit.errors import InvalidRequestError

REQUEST = workspaces.BootstrapInstance(
    organization_name="Acme",
    organization_handle="acme",
    workspace_name="Main",
    workspace_handle="main",
    owner_email="you@acme.test",
    owner_name="You",
)


@pytest.fixture
def empty(database_url: str) -> Iterator[Database]:
    db = lend(database_url, catalog(FixedClock(START)))
    yield db
    db.close()


def test_an_empty_instance_gets_an_organization_a_workspace_and_an_operator(empty: Database) -> None:
    made = empty.write_now(lambda tx: workspaces.bootstrap_instance(tx, REQUEST))
    actor = empty.read_now(lambda tx: access.act_as(tx, made.user_id))
    assert (actor.operator, actor.administered) == (True, (made.organization_id,))
    organization = empty.read_now(lambda tx: workspaces.get_organization(tx, actor, made.organization_id))
    assert (organization.name, organization.handle, organization.owner_id) == ("Acme", "acme", made.user_id)
    workspace = empty.read_now(lambda tx: workspaces.get_workspace(tx, actor, made.workspace_id))
    assert (workspace.name, workspace.handle, workspace.owner_id) == ("Main", "main", made.user_id)
    assert workspace.organization_id == made.organization_id
    audited = empty.read_now(lambda tx: tx.fetch("SELECT action, reason FROM audit_entries ORDER BY id", {}))
    assert audited == [
        (action, "instance set up")
        for action in (
            "organization.created",
            "user.created",
            "organization_member.created",
            "workspace.created",
            "workspace_member.created",
        )
    ]


def test_the_first_user_gets_a_working_key(empty: Database) -> None:
    made = empty.write_now(lambda tx: workspaces.bootstrap_instance(tx, REQUEST))
    request = access.CreateKey(name="first", user_id=made.user_id)
    issued = empty.write_now(lambda tx: access.create_key(tx, SYSTEM, request, pepper=PEPPER))
    actor = empty.read_now(lambda tx: access.authenticate(tx, key_hash(PEPPER, issued.secret.reveal())))
    actor.require_operator("making an organization")
    there = empty.read_now(lambda tx: access.require_workspace(tx, actor, made.workspace_id, Tier.ADMIN))
    assert there == made.organization_id


def test_an_instance_is_set_up_once(world: World) -> None:
    request = replace(REQUEST, organization_handle="other", workspace_handle="other")
    with world.refuses(workspaces.InstanceExistsError, "instance_exists"):
        world.write(lambda tx: workspaces.bootstrap_instance(tx, request))


def test_a_malformed_request_leaves_the_instance_empty(empty: Database) -> None:
    for changes in ({"workspace_handle": "No"}, {"owner_email": "you"}, {"organization_name": ""}):
        with pytest.raises(InvalidRequestError):
            empty.write_now(partial(workspaces.bootstrap_instance, request=replace(REQUEST, **changes)))
    assert empty.read_now(lambda tx: tx.value("SELECT count(*) FROM organizations")) == 0
    assert empty.read_now(lambda tx: tx.value("SELECT count(*) FROM audit_entries")) == 0
