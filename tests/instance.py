"""A whole instance in this process: real database, vault and application, with an operator's key."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.asgi import Response, call
from tests.databases import lend
from trunkline import bootstrap
from trunkline.core import access, workspaces
from trunkline.infra.db import Tx
from trunkline.kit.clock import FixedClock
from trunkline.kit.ids import format_id
from trunkline.settings import Settings

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class Instance:
    """`api` speaks HTTP as the first user; `tenant` makes another organization with a user and key of its own."""

    def __init__(self, url: str, folder: Path, **settings: Any) -> None:
        self.clock = FixedClock(START)
        self.settings = Settings(
            data_dir=folder, database_url=url, vault_key=folder / "vault.key", **settings
        )
        self.database = lend(url, bootstrap.catalog(self.clock))
        self.platform = bootstrap.platform_on(self.database, self.settings, clock=self.clock)
        self.app = bootstrap.application(self.platform)
        made = self.database.write_now(
            lambda tx: workspaces.bootstrap_instance(
                tx,
                workspaces.BootstrapInstance(
                    organization_name="Acme",
                    organization_handle="acme",
                    workspace_name="Main",
                    workspace_handle="main",
                    owner_email="ada@acme.example",
                    owner_name="Ada",
                ),
            )
        )
        self.user_id = made.user_id
        self.organization_id = format_id("organization", made.organization_id)
        self.workspace_id = format_id("workspace", made.workspace_id)
        self.token = self.key_of(made.user_id)

    def key_of(self, user_id: str, **members: Any) -> str:
        """A fresh secret key that acts as the user."""

        def make(tx: Tx) -> str:
            actor = access.act_as(tx, user_id)
            request = access.CreateKey(name="test", kind="secret", **members)
            return access.create_key(tx, actor, request, pepper=self.platform.services.pepper).secret.reveal()

        return self.database.write_now(make)

    def tenant(self, handle: str) -> Tenant:
        """Another organization with an owner and one workspace."""

        def make(tx: Tx) -> tuple[str, str, str]:
            actor = access.act_as(tx, self.user_id)
            organization = workspaces.create_organization(
                tx,
                actor,
                workspaces.CreateOrganization(
                    name=handle, handle=handle, owner_email=f"owner@{handle}.example", owner_name=handle
                ),
            )
            owner = access.act_as(tx, organization.owner_id)
            workspace = workspaces.create_workspace(
                tx,
                owner,
                workspaces.CreateWorkspace(
                    organization_id=organization.id, name=handle, handle=f"{handle}-main"
                ),
            )
            return organization.id, workspace.id, organization.owner_id

        organization_id, workspace_id, owner_id = self.database.write_now(make)
        return Tenant(
            self,
            format_id("organization", organization_id),
            format_id("workspace", workspace_id),
            owner_id,
            self.key_of(owner_id),
        )

    def api(
        self,
        method: str,
        path: str,
        body: Any = b"",
        *,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        credential = {"authorization": f"Bearer {self.token if token is None else token}"}
        return call(self.app, method, path, {**credential, **(headers or {})}, body)

    def ok(self, method: str, path: str, body: Any = b"", *, token: str | None = None) -> Any:
        """The decoded answer of a request that must succeed."""
        answer = self.api(method, path, body, token=token)
        assert 200 <= answer.status < 300, (answer.status, answer.body)
        return answer.json

    def entity(self, kind_plural: str, slug: str, definition: dict[str, Any], **members: Any) -> Any:
        body = {
            "workspaceId": self.workspace_id,
            "slug": slug,
            "name": slug,
            "definition": definition,
            **members,
        }
        return self.ok("POST", f"/api/{kind_plural}", body)

    def integration(self, slug: str, members: list[dict[str, Any]], **more: Any) -> Any:
        body = {
            "workspaceId": self.workspace_id,
            "slug": slug,
            "name": slug,
            "manifest": {"members": members},
        }
        return self.ok("POST", "/api/integrations", {**body, **more})

    def publish(self, integration_id: str, version: str) -> Any:
        return self.ok("POST", f"/api/integrations/{integration_id}/publish", {"version": version})

    def install(self, integration_id: str, **members: Any) -> Any:
        body = {"workspaceId": self.workspace_id, **members}
        return self.ok("POST", f"/api/integrations/{integration_id}/install", body)

    def members(self, install_id: str) -> dict[str, Any]:
        """An install's members by slug."""
        answer = self.ok("GET", f"/api/integration-installs/{install_id}/members")
        return {member["sourceMemberSlug"]: member for member in answer["members"]}

    def count(self, sql: str, **params: Any) -> int:
        return int(self.database.read_now(lambda tx: tx.value(sql, **params)))

    def close(self) -> None:
        self.platform.close()


class Tenant:
    """Another organization's view of the instance."""

    def __init__(
        self, instance: Instance, organization_id: str, workspace_id: str, owner_id: str, token: str
    ) -> None:
        self.instance = instance
        self.organization_id = organization_id
        self.workspace_id = workspace_id
        self.owner_id = owner_id
        self.token = token

    def api(self, method: str, path: str, body: Any = b"", **more: Any) -> Response:
        return self.instance.api(method, path, body, token=self.token, **more)

    def ok(self, method: str, path: str, body: Any = b"") -> Any:
        return self.instance.ok(method, path, body, token=self.token)


def member(slug: str, entity: Mapping[str, Any], kind: str, **flags: Any) -> dict[str, Any]:
    """A manifest's declaration of a member that is cloned and enabled unless `flags` say otherwise."""
    declared = {"slug": slug, "entityId": entity["id"], "kind": kind}
    return {**declared, "forkOnInstall": True, "defaultEnabled": True, **flags}


__all__ = ["Instance", "Tenant", "member"]
