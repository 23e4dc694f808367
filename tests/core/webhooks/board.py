"""Destinations, topics and routes of the first workspace, through the capability's public face."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from tests.instance import Instance
from trunkline.core import access, webhooks
from trunkline.infra.db import Tx
from trunkline.infra.http import egress_policy
from trunkline.kit.actor import Actor
from trunkline.kit.ids import parse_id
from trunkline.kit.secret import Secret

Answer = TypeVar("Answer")
URL = "https://hooks.example.com/in"
POLICY = egress_policy(["127.0.0.1:9000"])


class Board:
    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        found = parse_id("workspace", instance.workspace_id)
        assert found is not None
        self.workspace_id = found
        self.vault = instance.platform.services.vault

    def write(self, work: Callable[[Tx, Actor], Answer], user_id: str = "") -> Answer:
        return self.instance.database.write_now(
            lambda tx: work(tx, access.act_as(tx, user_id or self.instance.user_id))
        )

    def read(self, work: Callable[[Tx], Answer]) -> Answer:
        return self.instance.database.read_now(work)

    def made(self, name: str = "hook", type_: str = "webhook", **members: Any) -> webhooks.DestinationRow:
        request = webhooks.CreateDestination(
            workspace_id=members.pop("workspace_id", self.workspace_id),
            name=name,
            type=type_,
            metadata=members.pop("metadata", {"url": URL}),
            secrets={key: Secret(text) for key, text in members.pop("secrets", {}).items()},
        )
        return self.write(
            lambda tx, actor: webhooks.create_destination(tx, actor, self.vault, POLICY, request)
        )

    def changed(self, destination_id: str, **members: Any) -> webhooks.DestinationRow:
        request = webhooks.UpdateDestination(id=destination_id, **members)
        return self.write(
            lambda tx, actor: webhooks.update_destination(tx, actor, self.vault, POLICY, request)
        )

    def headers(self, row: webhooks.DestinationRow, actor: Actor | None = None) -> Any:
        return self.read(
            lambda tx: webhooks.headers_of(
                tx, actor or access.act_as(tx, self.instance.user_id), self.vault, [row]
            )
        ).get(row.id)

    def keys(self, destination_id: str) -> list[str]:
        return [
            key.reveal() for key in self.read(lambda tx: webhooks.keys_of(tx, self.vault, destination_id))
        ]

    def rotate(self, destination_id: str, **how: Any) -> None:
        self.write(
            lambda tx, actor: webhooks.rotate_signing_key(tx, actor, self.vault, destination_id, **how)
        )

    def topic(self, name: str = "alerts") -> webhooks.TopicRow:
        return self.write(lambda tx, actor: webhooks.create_topic(tx, actor, self.workspace_id, name))

    def events(self, *beginnings: str) -> list[str]:
        """Types of what was told, in order; each is audited as well."""
        told = self.read(lambda tx: tx.fetch("SELECT type, subject_id FROM events ORDER BY id", {}))
        audited = self.read(lambda tx: tx.fetch("SELECT action, subject_id FROM audit_entries", {}))
        assert sorted(told) == sorted(audited)
        return [type_ for type_, _ in told if type_.startswith(beginnings)]

    def count(self, table: str) -> int:
        return self.instance.count(f"SELECT count(*) FROM {table}")


__all__ = ["POLICY", "URL", "Board"]
