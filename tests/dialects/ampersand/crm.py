"""Groups with connections and installations, made as quickly as the core makes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from tests.dialects.ampersand.desk import Desk
from trunkline import bootstrap
from trunkline.core import access, workspaces
from trunkline.core.connections.tables import connections
from trunkline.infra.db import Tx
from trunkline.kit.actor import Actor
from trunkline.kit.findings import Finding
from trunkline.kit.ids import format_uuid

Answer = TypeVar("Answer")

MANIFEST = """\
specVersion: 1.0.0
integrations:
  - name: crm
    provider: salesforce
    read:
      objects:
        - objectName: account
          mapToName: company
          destination: accountWebhook
          schedule: "*/15 * * * *"
          requiredFields:
            - fieldName: name
          optionalFields:
            - fieldName: industry
            - fieldName: phone
        - objectName: contact
          destination: contactWebhook
          schedule: "0 * * * *"
          optionalFieldsAuto: all
    write:
      objects:
        - objectName: account
        - objectName: contact
"""
ACCOUNT = {"provider": "salesforce", "read": {"objects": {"account": {"objectName": "account"}}}}


class Crm:
    """An integration `crm` with Salesforce, deployed into the desk's project."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        (made,) = desk.ok("PUT", desk.path("/integrations:batch"), {"sourceYaml": MANIFEST})
        self.id = made["id"]
        self.revision_id = made["latestRevision"]["id"]
        self.project_hex = desk.project_id.replace("-", "")

    def path(self, rest: str = "") -> str:
        return self.desk.path(f"/integrations/{self.id}/installations{rest}")

    def as_owner(self, work: Callable[..., Answer], *args: Any, **named: Any) -> Answer:
        """What a core function answers to the project's owner, as an actor of the project."""

        def run(tx: Tx) -> Answer:
            actor = access.act_as(tx, self.desk.instance.user_id)
            return work(tx, access.bind_to_project(tx, actor, self.project_hex), *args, **named)

        return self.desk.instance.database.write_now(run)

    def group(self, ref: str, name: str | None = None) -> str:
        """The group's workspace, made if this is its first use."""
        return self.as_owner(workspaces.ensure_group, self.project_hex, ref, name).id

    def connection(
        self, group_ref: str, provider: str = "salesforce", *, consumer: str = "user_67890", **columns: Any
    ) -> str:
        """The id of a connection in a group that works; written as connecting leaves it."""

        def work(tx: Tx, actor: Actor) -> str:
            group = workspaces.ensure_group(tx, actor, self.project_hex, group_ref)
            found = workspaces.ensure_consumer(tx, actor, self.project_hex, consumer, "Jane Smith")
            connection_id = tx.new_id()
            values: dict[str, Any] = {
                "scheme": "oauth2",
                "grant_type": "authorization_code",
                "status": "ok",
                "hint": "",
                "generation": 1,
                "last_used_at": tx.now,
            }
            tx.insert(
                connections,
                id=connection_id,
                organization_id=group.organization_id,
                workspace_id=group.id,
                provider=provider,
                consumer_id=found.id,
                name=provider,
                metadata="{}",
                created_by=actor.user_id,
                created_at=tx.now,
                updated_at=tx.now,
                **{**values, **columns},
            )
            return connection_id

        return format_uuid(self.as_owner(work))

    def install(self, group_ref: str, content: Mapping[str, Any] | None = None, **members: Any) -> Any:
        """An installation for a group that has a connection."""
        config = {"content": ACCOUNT if content is None else content, **members.pop("config", {})}
        return self.desk.ok("POST", self.path(), {"groupRef": group_ref, "config": config, **members})

    def installed(self, group_ref: str, content: Mapping[str, Any] | None = None) -> Any:
        """The same, the connection included."""
        self.connection(group_ref)
        return self.install(group_ref, content)

    def deploy(self, text: str, *, destructive: bool = False) -> Any:
        query = "?destructive=true" if destructive else ""
        return self.desk.ok("PUT", self.desk.path(f"/integrations:batch{query}"), {"sourceYaml": text})

    def members(self, installation: Mapping[str, Any]) -> set[str]:
        """Slugs of the members the install holds, as the platform dialect shows them."""
        return set(self.desk.instance.members(f"inst_{installation['id'].replace('-', '')}"))

    def findings(self) -> list[Finding]:
        """What is wrong with the instance, but for the credentials that connections here never had."""
        return [one for one in bootstrap.verify(self.desk.instance.database) if one.invariant != "I17"]

    def configs(self) -> int:
        return self.desk.instance.count("SELECT count(*) FROM install_configs")

    def told(self, installation: Mapping[str, Any]) -> list[str]:
        """What happened to an install, oldest first."""
        sql = "SELECT type FROM events WHERE subject_id = :id ORDER BY created_at, id"
        hex_id = installation["id"].replace("-", "")
        return self.desk.instance.database.read_now(lambda tx: tx.column(sql, id=hex_id))


__all__ = ["ACCOUNT", "MANIFEST", "Crm"]
