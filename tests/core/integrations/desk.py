"""An instance with people of every standing, and short ways to do things as one of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from tests.instance import Instance
from trunkline.core import access, integrations, workspaces
from trunkline.core.integrations import CreateIntegration, IntegrationRow, TagRow
from trunkline.infra.db import Tx
from trunkline.kit.actor import Actor
from trunkline.kit.pages import ListQuery

Answer = TypeVar("Answer")


class Desk:
    """Organization `acme`: `ada` owns it; workspace `main`, its default, has an `admin`, an `editor` and a `viewer`.

    `author` and `plain` hold no role in any workspace. `eve` owns organization `rival` with a workspace.
    """

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.acme = instance.organization_id.removeprefix("org_")
        self.main = instance.workspace_id.removeprefix("wsp_")
        rival = instance.tenant("rival")
        self.rival = rival.organization_id.removeprefix("org_")
        self.far = rival.workspace_id.removeprefix("wsp_")
        self.users = {"ada": instance.user_id, "eve": rival.owner_id}
        for name in ("admin", "editor", "viewer", "author", "plain"):
            self.users[name] = self.by("ada", self._admit, name)
        request = workspaces.CreateWorkspace(organization_id=self.acme, name="Side", handle="side")
        self.side = self.by("ada", workspaces.create_workspace, request).id

    def _admit(self, tx: Tx, actor: Actor, name: str) -> str:
        role = "author" if name == "author" else "member"
        user = access.CreateUser(
            organization_id=self.acme, email=f"{name}@acme.example", name=name, role=role
        )
        user_id = access.create_user(tx, actor, user).id
        if name in {"admin", "editor", "viewer"}:
            member = access.AddWorkspaceMember(workspace_id=self.main, user_id=user_id, role=name)
            access.add_workspace_member(tx, actor, member)
        return user_id

    def by(self, name: str, work: Callable[..., Answer], *args: Any, **named: Any) -> Answer:
        """What a core function answers to one of the users, in a transaction of its own."""

        def run(tx: Tx) -> Answer:
            return work(tx, access.act_as(tx, self.users[name]), *args, **named)

        return self.instance.database.write_now(run)

    def create(self, by: str = "editor", **members: Any) -> IntegrationRow:
        """An integration, in the default workspace unless said otherwise."""
        place = {} if "organization_id" in members else {"workspace_id": self.main}
        request = CreateIntegration(**{"name": "Acme CRM", **place, **members})
        return self.by(by, integrations.create_integration, request)

    def authored(self, **members: Any) -> IntegrationRow:
        """An integration that nobody but its author and the admins see."""
        return self.create("author", organization_id=self.acme, **members)

    def team(self, *members: str) -> str:
        def work(tx: Tx, actor: Actor) -> str:
            request = access.CreateTeam(organization_id=self.acme, name=f"team of {' and '.join(members)}")
            team = access.create_team(tx, actor, request)
            for member in members:
                access.add_team_member(tx, actor, team.id, self.users[member])
            return team.id

        return self.by("ada", work)

    def tag(self, name: str, by: str = "author", **members: Any) -> TagRow:
        request = integrations.CreateTag(**{"organization_id": self.acme, "name": name, **members})
        return self.by(by, integrations.create_tag, request)

    def share(self, row: IntegrationRow, name: str, tier: str = "viewer") -> str:
        """Let a user in; `eve`, whom nobody here knows, by her organization."""
        subject = ("organization", self.rival) if name == "eve" else ("user", self.users[name])
        request = access.CreateGrant(
            entity_kind="integration",
            entity_id=row.id,
            subject_kind=subject[0],
            subject_id=subject[1],
            tier=tier,
        )
        return self.by("ada", access.create_grant, request).id

    def listed(self, name: str, **query: Any) -> list[str]:
        """Names of the integrations a user is shown."""
        text = query.pop("text", None)
        page = self.by(name, integrations.list_integrations, ListQuery(**query), text=text)
        assert page.total == len(page.rows)
        return sorted(row.name for row in page.rows)

    def sees(self, name: str, row: IntegrationRow) -> bool:
        query = ListQuery(ids=(row.id,))
        return bool(self.by(name, integrations.list_integrations, query).rows)

    def tier(self, name: str, row: IntegrationRow) -> int:
        def work(tx: Tx, actor: Actor) -> int:
            return access.tier_on(
                tx,
                actor,
                organization_id=row.organization_id,
                workspace_id=row.workspace_id,
                entity_id=row.id,
            )

        return self.by(name, work)

    def shares(self, row: IntegrationRow) -> list[tuple[str, str, str]]:
        """Everybody who was let in: user, tier and why."""
        names = {user_id: name for name, user_id in self.users.items()}
        page = self.by("ada", access.list_grants, ListQuery())
        return sorted(
            (names.get(grant.subject_id or "", "?"), grant.tier, grant.origin)
            for grant in page.rows
            if grant.entity_id == row.id
        )

    def told(self, row_id: str) -> list[str]:
        """What happened to something, oldest first."""
        sql = "SELECT type FROM events WHERE subject_id = :id ORDER BY created_at, id"
        return self.instance.database.read_now(lambda tx: tx.column(sql, id=row_id))

    def rows(self, table: str) -> int:
        return self.instance.count(f"SELECT count(*) FROM {table}")
