"""What installs do when things below them change; registered in `bootstrap`, run in the same transaction."""

from __future__ import annotations

from typing import Any

from msgspec.json import decode

from trunkline.core.access import NO_TOMBSTONE, DeletedError
from trunkline.core.entities import end_loans_in, find_references, revive_loans, suspend_loans_in
from trunkline.core.installs.config_content import chosen_slugs
from trunkline.core.installs.queries import (
    ATTACHED_BESIDE,
    CLONE_OF_ENTITY,
    CONFIGURED_CLONE,
    DELETED_WITH,
    DELETED_WITH_IN_LIVE_SOLUTION,
    INSTALLED_ELSEWHERE,
    INSTALLS_OF,
    LIVE_OF_ENTITY,
    MEMBER_OF_ENTITY,
    NAMESPACE_OF,
    OF_ENTITY,
    REFRESH_HEALTH_IN,
    REQUIRED_SLUG,
    STAMP_OF_ENTITY,
    STATE_OF,
    USES_CONNECTION,
)
from trunkline.core.installs.tables import members, solution_members
from trunkline.core.journal import Change, record
from trunkline.infra.db import Tx
from trunkline.kit.actor import Actor
from trunkline.kit.errors import ConflictError


def detach_edited_clone(tx: Tx, actor: Actor, change: Change, event_id: str) -> None:
    """A clone somebody edited is detached, so that no upgrade overwrites the edit."""
    for member_id, _, organization_id, workspace_id, detached in tx.fetch(
        MEMBER_OF_ENTITY, {"entity_id": change.subject_id}
    ):
        if detached:
            continue
        tx.update(members, CLONE_OF_ENTITY, {"entity_id": change.subject_id}, detached=1)
        detaching = Change(
            type="integration_member.detached",
            subject_kind="member",
            subject_id=member_id,
            organization_id=organization_id,
            workspace_id=workspace_id,
            changed=("detached",),
            parent_id=event_id,
        )
        record(tx, actor, detaching)


def remove_deleted_entity(tx: Tx, actor: Actor, change: Change, event_id: str) -> None:  # noqa: ARG001
    """A deleted clone leaves its install and every solution, stamped so that restoring it brings them back.

    Raises:
        ConflictError: the install's version requires it, its configuration takes it, or another of the install's
            clones refers to it.
    """
    _refuse_needed(tx, change.subject_id)
    _refuse_configured(tx, change.subject_id)
    deleted_at, tier, deletion_id, purge_after = tx.fetch(STAMP_OF_ENTITY, {"id": change.subject_id})[0]
    columns = {
        "deleted_at": deleted_at,
        "retention_tier": tier,
        "deletion_id": deletion_id,
        "purge_after": purge_after,
    }
    if tx.fetch(MEMBER_OF_ENTITY, {"entity_id": change.subject_id}):
        tx.update(members, LIVE_OF_ENTITY, {"entity_id": change.subject_id}, **columns)
    tx.update(solution_members, LIVE_OF_ENTITY, {"entity_id": change.subject_id}, **columns)


def _refuse_needed(tx: Tx, entity_id: str) -> None:
    slug = tx.value(REQUIRED_SLUG, entity_id=entity_id)
    if slug is not None:
        raise ConflictError(f"its install requires {slug}; uninstall it instead", code="required")
    for slug, definition in tx.fetch(ATTACHED_BESIDE, {"entity_id": entity_id}):
        if any(found == entity_id for _, found in find_references(definition)):
            raise ConflictError(f"{slug} of the same install refers to it", code="in_use")


def _refuse_configured(tx: Tx, entity_id: str) -> None:
    """What a configuration takes is taken out there, or the two would contradict each other."""
    for slug, content in tx.fetch(CONFIGURED_CLONE, {"entity_id": entity_id}):
        if slug in chosen_slugs(decode(content)):
            raise ConflictError(f"its install is configured to have {slug}; take it out there", code="in_use")


def revive_restored_entity(tx: Tx, actor: Actor, change: Change, event_id: str) -> None:  # noqa: ARG001
    """A restored clone returns to its install, unless that is deleted itself.

    Raises:
        DeletedError: the install the clone belongs to is deleted.
    """
    namespace = tx.value(NAMESPACE_OF, id=change.subject_id)
    if namespace and tx.fetch(STATE_OF, {"id": namespace})[0][0] is not None:
        raise DeletedError("it belongs to a deleted install; restore that one")
    # What else went with it stays deleted: an upgrade removes many members at once.
    deletion = {"deletion_id": _data(change, "deletionId"), "entity_id": change.subject_id}
    tx.update(members, DELETED_WITH, deletion, **NO_TOMBSTONE)
    # Not its places in solutions that were deleted meanwhile: restoring those does not reach back here.
    tx.update(solution_members, DELETED_WITH_IN_LIVE_SOLUTION, deletion, **NO_TOMBSTONE)


def forget_purged_entity(tx: Tx, actor: Actor, change: Change, event_id: str) -> None:  # noqa: ARG001
    """A purged entity's places in installs and solutions go with it."""
    tx.delete(solution_members, OF_ENTITY, entity_id=change.subject_id)
    tx.delete(members, OF_ENTITY, entity_id=change.subject_id)


def keep_installed_integration(tx: Tx, actor: Actor, change: Change, event_id: str) -> None:  # noqa: ARG001
    """An integration with installs, live or deleted, is not purged: they pin its versions.

    Raises:
        ConflictError: there are some.
    """
    if tx.value(INSTALLS_OF, integration_id=change.subject_id):
        raise ConflictError("installs of this integration exist; purge them first", code="installed")


def keep_used_connection(tx: Tx, actor: Actor, change: Change, event_id: str) -> None:  # noqa: ARG001
    """A connection that an install uses, live or deleted, is not purged.

    Raises:
        ConflictError: one does.
    """
    if tx.value(USES_CONNECTION, connection_id=change.subject_id):
        raise ConflictError("an install uses this connection; purge the install first", code="in_use")


def keep_installed_workspace(tx: Tx, actor: Actor, change: Change, event_id: str) -> None:  # noqa: ARG001
    """A workspace whose integrations are installed elsewhere is not purged.

    Raises:
        ConflictError: one is.
    """
    if tx.value(INSTALLED_ELSEWHERE, workspace_id=change.subject_id):
        raise ConflictError("integrations of this workspace are installed elsewhere", code="installed")


def suspend_workspace_loans(tx: Tx, actor: Actor, change: Change, event_id: str) -> None:  # noqa: ARG001
    """A deleted workspace borrows nothing until it is restored."""
    suspend_loans_in(tx, change.subject_id, _data(change, "deletionId"))


def end_workspace_loans(tx: Tx, actor: Actor, change: Change, event_id: str) -> None:  # noqa: ARG001
    """A purged workspace borrows nothing any more."""
    end_loans_in(tx, change.subject_id)


def revive_workspace_loans(tx: Tx, actor: Actor, change: Change, event_id: str) -> None:  # noqa: ARG001
    """A restored workspace borrows again what its deletion had suspended."""
    revive_loans(tx, _data(change, "deletionId"))


def refresh_workspace_health(tx: Tx, actor: Actor, change: Change, event_id: str) -> None:  # noqa: ARG001
    """Connections may have ended while the workspace was deleted."""
    tx.run(REFRESH_HEALTH_IN, workspace_id=change.subject_id)


def _data(change: Change, name: str) -> Any:
    return change.data.get(name)
