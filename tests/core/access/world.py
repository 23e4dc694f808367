"""Two tenants with everybody who matters, and ways to look at what happened to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Concatenate, ParamSpec, TypeVar

import pytest
from msgspec import Struct

from trunkline.core import access, workspaces
from trunkline.core.access.tables import (
    access_keys,
    grants,
    jwt_keys,
    organization_members,
    passwords,
    team_members,
    teams,
    users,
    workspace_members,
)
from trunkline.core.entities.tables import entities, entity_loans, entity_versions
from trunkline.core.integrations.tables import integrations
from trunkline.core.journal.tables import audit_entries, event_payloads, events
from trunkline.core.workspaces.tables import consumers, organizations
from trunkline.core.workspaces.tables import workspaces as workspaces_table
from trunkline.infra.db import Catalog, Database, Field, FieldKind, ListSpec, Tx
from trunkline.kit.actor import Actor, system_actor
from trunkline.kit.clock import FixedClock
from trunkline.kit.errors import TrunklineError

Answer = TypeVar("Answer")
P = ParamSpec("P")
SYSTEM = system_actor("test set-up")
PEPPER = b"p" * 32
START = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOW = "2026-03-01T12:00:00.000000Z"
WATCHED = (
    organizations,
    workspaces_table,
    users,
    passwords,
    organization_members,
    teams,
    team_members,
    workspace_members,
    grants,
    access_keys,
    jwt_keys,
    consumers,
    audit_entries,
    events,
    event_payloads,
)


class Item(Struct, frozen=True):
    id: str
    organization_id: str
    workspace_id: str
    deleted_at: str | None
    insider: bool


class Thing(Item, frozen=True):
    kind: str


class Version(Struct, frozen=True):
    id: str


ID_FIELDS = {"created_at": Field(kind=FieldKind.TIME)}
ITEM = ListSpec(
    entity="integration",
    table="integrations",
    row=Item,
    rule=access.InWorkspace(grants=True, public=True),
    fields={"id": Field(kind=FieldKind.ID, id_kinds=("integration",)), **ID_FIELDS},
    soft_delete=True,
)
THING = ListSpec(
    entity="entity",
    table="entities",
    row=Thing,
    rule=access.InWorkspace(grants=True, lent=True),
    fields={"id": Field(kind=FieldKind.ID, id_kinds=("schema", "agent")), **ID_FIELDS},
    soft_delete=True,
)
VERSION = ListSpec(
    entity="version",
    table="entity_versions",
    row=Version,
    rule=access.Parent("entity", "entity_id"),
    fields=ID_FIELDS,
)
SPECS = {**access.SPECS, **workspaces.SPECS, "integration": ITEM, "entity": THING, "version": VERSION}


def catalog(clock: FixedClock) -> Catalog:
    return Catalog(specs=SPECS, clock=clock)


@dataclass
class World:
    """Organization `acme` with workspaces `one` and `two`, and the stranger's organization `rival`."""

    db: Database
    clock: FixedClock
    acme: str = ""
    rival: str = ""
    one: str = ""
    two: str = ""
    far: str = ""
    users: dict[str, str] = field(default_factory=dict)

    def read(self, work: Callable[Concatenate[Tx, P], Answer], *args: P.args, **kwargs: P.kwargs) -> Answer:
        return self.db.read_now(lambda tx: work(tx, *args, **kwargs))

    def write(self, work: Callable[Concatenate[Tx, P], Answer], *args: P.args, **kwargs: P.kwargs) -> Answer:
        return self.db.write_now(lambda tx: work(tx, *args, **kwargs))

    def actor(self, name: str, workspace_id: str | None = None) -> Actor:
        return self.read(lambda tx: access.act_as(tx, self.users[name], workspace_id=workspace_id))

    def key(self, name: str, **request: Any) -> access.IssuedKey:
        """A key of this user, made by the system."""
        wanted = access.CreateKey(**{"name": "key", "user_id": self.users[name], **request})
        return self.write(lambda tx: access.create_key(tx, SYSTEM, wanted, pepper=PEPPER))

    def item(self, workspace_id: str, **columns: Any) -> str:
        """An integration: private and unpublished unless said otherwise."""
        return self.write(
            lambda tx: insert_item(tx, self.organization_of(workspace_id), workspace_id, columns)
        )

    def thing(self, workspace_id: str, **columns: Any) -> tuple[str, str]:
        """An entity with one version; their ids."""
        return self.write(
            lambda tx: insert_thing(tx, self.organization_of(workspace_id), workspace_id, columns)
        )

    def organization_of(self, workspace_id: str) -> str:
        sql = "SELECT organization_id FROM workspaces WHERE id = :id"
        return str(self.read(lambda tx: tx.value(sql, id=workspace_id)))

    def lend(
        self, entity_id: str, version_id: str, workspace_id: str, deletion_id: str | None = None
    ) -> None:
        def work(tx: Tx) -> None:
            tx.insert(
                entity_loans,
                id=tx.new_id(),
                organization_id=self.organization_of(workspace_id),
                workspace_id=workspace_id,
                entity_id=entity_id,
                version_id=version_id,
                holder_id=tx.new_id(),
                deletion_id=deletion_id,
            )

        self.write(work)

    def grant(self, entity_id: str, subject_kind: str, subject_id: str | None, tier: str = "viewer") -> str:
        request = access.CreateGrant(
            entity_kind="integration",
            entity_id=entity_id,
            subject_kind=subject_kind,
            subject_id=subject_id,
            tier=tier,
        )
        return self.write(lambda tx: access.create_grant(tx, SYSTEM, request)).id

    def group(self, project_id: str, ref: str, name: str | None = None) -> workspaces.WorkspaceRow:
        """A group of this project, made by the system."""
        return self.write(lambda tx: workspaces.ensure_group(tx, SYSTEM, project_id, ref, name))

    def project(self, name: str, project_id: str | None = None) -> Actor:
        """This user as an actor of a project."""
        actor = self.actor(name)
        return self.read(lambda tx: access.bind_to_project(tx, actor, project_id or self.one))

    def team(self, name: str, *members: str) -> str:
        def work(tx: Tx) -> str:
            team = access.create_team(tx, SYSTEM, access.CreateTeam(organization_id=self.acme, name=name))
            for member in members:
                access.add_team_member(tx, SYSTEM, team.id, self.users[member])
            return team.id

        return self.write(work)

    def member_id(self, workspace_id: str, name: str) -> str:
        sql = "SELECT id FROM workspace_members WHERE workspace_id = :workspace_id AND user_id = :user_id"
        found = self.read(lambda tx: tx.value(sql, workspace_id=workspace_id, user_id=self.users[name]))
        assert isinstance(found, str)
        return found

    def snapshot(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of every table that access and workspaces write."""
        return self.read(
            lambda tx: {t.name: sorted(tx.fetch(f"SELECT * FROM {t.name}", {}), key=str) for t in WATCHED}
        )

    @contextmanager
    def refuses(
        self, error: type[TrunklineError], code: str | None = None, path: str | None = None
    ) -> Iterator[None]:
        """The body raises this error, and not a row is different afterwards."""
        before = self.snapshot()
        with pytest.raises(error) as caught:
            yield
        assert type(caught.value) is error or code is not None
        assert code is None or caught.value.code == code
        assert path is None or [problem.path for problem in caught.value.details] == [path]
        assert self.snapshot() == before

    @contextmanager
    def changes_nothing(self) -> Iterator[None]:
        before = self.snapshot()
        yield
        assert self.snapshot() == before

    def journal(
        self, work: Callable[Concatenate[Tx, P], Answer], *args: P.args, **kwargs: P.kwargs
    ) -> tuple[Answer, list[str]]:
        """The answer of a write and the events it recorded, each with its audit entry."""
        before = len(self.events())
        audited = len(self.audited())
        answer = self.write(work, *args, **kwargs)
        happened = self.events()[before:]
        assert sorted(self.audited()[audited:]) == sorted(happened)
        return answer, [f"{type_} {subject}" for type_, subject in happened]

    def events(self) -> list[tuple[str, str]]:
        return self.read(
            lambda tx: [(t, s) for t, s in tx.fetch("SELECT type, subject_id FROM events ORDER BY id", {})]
        )

    def audited(self) -> list[tuple[str, str]]:
        sql = "SELECT action, subject_id FROM audit_entries ORDER BY id"
        return self.read(lambda tx: [(a, s) for a, s in tx.fetch(sql, {})])


def value(tx: Tx, sql: str, /, **params: Any) -> Any:
    return tx.value(sql, **params)


def insert_item(tx: Tx, organization_id: str, workspace_id: str, columns: dict[str, Any]) -> str:
    item_id = tx.new_id()
    values = {
        "id": item_id,
        "organization_id": organization_id,
        "workspace_id": workspace_id,
        "slug": item_id,
        "name": "item",
        "publisher": "acme",
        "trust_tier": "verified_publisher",
        "visibility": "private",
        "manifest": "{}",
        "variables_schema": "{}",
        "auth_config": "{}",
        "owner_id": "",
        "created_by": "",
        "created_at": tx.now,
        "updated_at": tx.now,
    }
    tx.insert(integrations, **values | columns)
    return item_id


def insert_thing(tx: Tx, organization_id: str, workspace_id: str, columns: dict[str, Any]) -> tuple[str, str]:
    entity_id, version_id = tx.new_id(), tx.new_id()
    place = {"organization_id": organization_id, "workspace_id": workspace_id}
    common = {"name": "thing", "created_by": "", "created_at": tx.now}
    values = {
        "id": entity_id,
        "kind": "schema",
        "slug": entity_id,
        "version_id": version_id,
        "updated_at": tx.now,
    }
    tx.insert(entities, **place | common | values | columns)
    content = {"number": 1, "definition": "{}", "content_hash": ""}
    tx.insert(entity_versions, id=version_id, entity_id=entity_id, **place | common | content)
    return entity_id, version_id


def build(db: Database, clock: FixedClock) -> World:
    """Make the two tenants.

    In `acme`: `owner`, `boss` (admin), `plain` (no workspace); in workspace `one` an `admin`, an `editor` and a
    `viewer`; in `two` only `other`. In `rival`: `stranger`, who owns it and its workspace `far`.
    """
    world = World(db, clock)

    def work(tx: Tx) -> None:
        acme = workspaces.create_organization(
            tx,
            SYSTEM,
            workspaces.CreateOrganization(
                name="Acme",
                handle="acme",
                owner_email="owner@acme.test",
                owner_name="owner",
                owner_operator=True,
            ),
        )
        rival = workspaces.create_organization(
            tx,
            SYSTEM,
            workspaces.CreateOrganization(
                name="Rival", handle="rival", owner_email="stranger@rival.test", owner_name="stranger"
            ),
        )
        world.acme, world.rival = acme.id, rival.id
        world.users = {"owner": acme.owner_id, "stranger": rival.owner_id}
        for name in ("boss", "plain", "admin", "editor", "viewer", "other"):
            role = "admin" if name == "boss" else "member"
            request = access.CreateUser(
                organization_id=acme.id, email=f"{name}@acme.test", name=name, role=role
            )
            world.users[name] = access.create_user(tx, SYSTEM, request).id
        world.one = _workspace(tx, acme.id, "one", acme.owner_id)
        world.two = _workspace(tx, acme.id, "two", acme.owner_id)
        world.far = _workspace(tx, rival.id, "far", rival.owner_id)
        for name in ("admin", "editor", "viewer"):
            _admit(tx, world.one, world.users[name], name)
        _admit(tx, world.two, world.users["other"], "admin")

    db.write_now(work)
    return world


def _workspace(tx: Tx, organization_id: str, handle: str, owner_id: str) -> str:
    request = workspaces.CreateWorkspace(
        organization_id=organization_id, name=handle, handle=handle, owner_id=owner_id
    )
    return workspaces.create_workspace(tx, SYSTEM, request).id


def _admit(tx: Tx, workspace_id: str, user_id: str, role: str) -> None:
    request = access.AddWorkspaceMember(workspace_id=workspace_id, user_id=user_id, role=role)
    access.add_workspace_member(tx, SYSTEM, request)
