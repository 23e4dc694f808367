"""What integrations do when things below them change; registered in `bootstrap`."""

from __future__ import annotations

from trunkline.core.integrations.queries import (
    BY_ID,
    MEMBERS_IN_WORKSPACE,
    OWNED_BY_TEAM,
    PINS_ENTITY,
    VERSIONS_IN_WORKSPACE,
)
from trunkline.core.integrations.tables import integration_versions, integrations, version_members
from trunkline.core.integrations.telling import Subject, tell
from trunkline.core.journal import Change
from trunkline.infra.db import Tx
from trunkline.kit.actor import Actor
from trunkline.kit.errors import ConflictError
from trunkline.kit.ids import format_id


def remove_workspace_versions(tx: Tx, actor: Actor, change: Change, event_id: str) -> None:  # noqa: ARG001
    """A purged workspace's published versions go with it, after their members."""
    tx.delete(version_members, MEMBERS_IN_WORKSPACE, workspace_id=change.subject_id)
    tx.delete(integration_versions, VERSIONS_IN_WORKSPACE, workspace_id=change.subject_id)


def keep_pinned_entity(tx: Tx, actor: Actor, change: Change, event_id: str) -> None:  # noqa: ARG001
    """An entity that a published version pins is not purged.

    Raises:
        ConflictError: one does.
    """
    if tx.value(PINS_ENTITY, entity_id=change.subject_id):
        raise ConflictError(
            "a published version pins this entity; purge the integration first", code="pinned"
        )


def inherit_from_team(tx: Tx, actor: Actor, change: Change, event_id: str) -> None:
    """What a deleted team owned passes to whoever deletes the team, an admin of everything there."""
    for place in tx.fetch(OWNED_BY_TEAM, {"team_id": change.subject_id}):
        row = Subject(*place)
        tx.update(integrations, BY_ID, {"id": row.id}, owner_kind="user", owner_id=actor.user_id)
        data = {"ownerKind": "user", "ownerId": format_id("user", actor.user_id) if actor.user_id else None}
        tell(tx, actor, "transferred", row, changed=("owner",), data=data, parent_id=event_id)
