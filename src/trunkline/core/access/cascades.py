"""What happens to grants, keys and memberships when something else goes away.

None of these ask whether the caller may: whoever takes the object, the team or the workspace away has.
"""

from __future__ import annotations

from trunkline.core.access.queries import (
    BY_ENTITY,
    BY_ID,
    BY_WORKSPACE,
    EXPIRED_GRANTS,
    GRANTS_IN_WORKSPACE,
    GRANTS_ON,
    GRANTS_TO,
    JWT_KEYS_IN_WORKSPACE,
    KEYS_IN_WORKSPACE,
    KEYS_OF,
    MEMBERS_OF_WORKSPACE,
)
from trunkline.core.access.retention import Tombstone, tombstone
from trunkline.core.access.tables import access_keys, grants, jwt_keys, workspace_members
from trunkline.core.journal import Change, empty_payloads, record
from trunkline.infra.db import Tx
from trunkline.kit.actor import Actor


def expired_grants(tx: Tx, limit: int) -> list[str]:
    """Ids of revoked grants whose retention is over, the longest overdue first; for the retention job."""
    return [str(grant_id) for grant_id in tx.column(EXPIRED_GRANTS, now=tx.now, limit=limit)]


def forget_grants(tx: Tx, entity_id: str) -> None:
    """Remove every grant on an object that is being purged; its purge is the effect that is journalled."""
    gone = tx.column(GRANTS_ON, entity_id=entity_id)
    tx.delete(grants, BY_ENTITY, entity_id=entity_id)
    empty_payloads(tx, gone)


def forget_workspace(tx: Tx, workspace_id: str) -> None:
    """Remove the members, grants, bound keys and JWT keys of a workspace that is being purged."""
    there = {"workspace_id": workspace_id}
    gone = [
        row[0]
        for sql in (GRANTS_IN_WORKSPACE, KEYS_IN_WORKSPACE, JWT_KEYS_IN_WORKSPACE, MEMBERS_OF_WORKSPACE)
        for row in tx.fetch(sql, there)
    ]
    for table in (grants, access_keys, jwt_keys, workspace_members):
        tx.delete(table, BY_WORKSPACE, **there)
    empty_payloads(tx, gone)


def revoke_grants_to(
    tx: Tx, actor: Actor, subject_id: str, organization_id: str | None, *, parent_id: str
) -> None:
    """Revoke what a subject was granted, in one organization or in all, because of the event `parent_id`."""
    stamps: dict[str, Tombstone] = {}
    for grant_id, organization, workspace_id in tx.fetch(GRANTS_TO, {"subject_id": subject_id}):
        if organization_id not in {None, organization}:
            continue
        if organization not in stamps:
            stamps[organization] = tombstone(tx, organization)
        columns = stamps[organization].columns()
        tx.update(grants, BY_ID, {"id": grant_id}, **columns, deleted_by=actor.user_id)
        change = Change(
            type="permission.revoked",
            subject_kind="grant",
            subject_id=grant_id,
            organization_id=organization,
            workspace_id=workspace_id,
            parent_id=parent_id,
        )
        record(tx, actor, change)


def revoke_keys_of(tx: Tx, actor: Actor, user_id: str, organization_id: str, *, parent_id: str) -> None:
    """Revoke a user's keys of one organization, because of the event `parent_id`."""
    for key_id, workspace_id in tx.fetch(KEYS_OF, {"user_id": user_id, "organization_id": organization_id}):
        tx.update(access_keys, BY_ID, {"id": key_id}, revoked_at=tx.now)
        change = Change(
            type="key.revoked",
            subject_kind="key",
            subject_id=key_id,
            organization_id=organization_id,
            workspace_id=workspace_id,
            parent_id=parent_id,
        )
        record(tx, actor, change)
