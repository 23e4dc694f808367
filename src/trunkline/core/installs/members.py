"""Detaching a clone from upgrades, and attaching it again."""

from __future__ import annotations

from trunkline.core.access import DeletedError, Permission, require_tier
from trunkline.core.installs.errors import NotAClonedMemberError
from trunkline.core.installs.queries import BY_ID
from trunkline.core.installs.reads import visible_member
from trunkline.core.installs.specs import MemberRow
from trunkline.core.installs.tables import members
from trunkline.core.journal import Change, record
from trunkline.infra.db import Tx
from trunkline.kit.actor import Actor, Tier


def detach_member(tx: Tx, actor: Actor, member_id: str, *, detached: bool) -> MemberRow:
    """Mark a clone so that upgrades skip it, or let upgrades have it again; idempotent.

    Attaching changes nothing yet: the next upgrade brings the clone to the version's content, keeping what
    it held as one of its versions.

    Raises:
        NotFoundError: absent or outside the caller's scope.
        ForbiddenError: the caller is no editor of the workspace.
        ConflictError: a referenced member, or one whose install is deleted.

    Source: seed 001, POST /api/integration-members/{id}/detach.
    """
    actor.require(Permission.INSTALLS_WRITE)
    member = visible_member(tx, actor, member_id)
    require_tier(tx, actor, member, Tier.EDITOR, "member")
    if member.deleted_at is not None:
        raise DeletedError("the member is deleted; restore what it belongs to first")
    if not member.is_clone:
        raise NotAClonedMemberError("a referenced member follows the publisher and cannot be detached")
    if member.detached == detached:
        return member
    tx.update(members, BY_ID, {"id": member.id}, detached=int(detached))
    change = Change(
        type="integration_member.detached" if detached else "integration_member.attached",
        subject_kind="member",
        subject_id=member.id,
        organization_id=member.organization_id,
        workspace_id=member.workspace_id,
        changed=("detached",),
        data={"slug": member.slug},
    )
    record(tx, actor, change)
    return visible_member(tx, actor, member_id)
