"""Grants: a tier on one object for a user, a team, an organization or anyone who is signed in.

The API calls them permissions, and so do the events; a revoked grant counts nowhere from that moment on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from msgspec import structs

from trunkline.core.access.authorize import Placed, require_tier, tier_on
from trunkline.core.access.errors import (
    AlreadyGrantedError,
    DeletedError,
    NotDeletedError,
    OwnershipError,
    TierTooLowError,
)
from trunkline.core.access.permissions import Permission
from trunkline.core.access.queries import BY_ID, GRANTED_ALREADY, GRANTED_TO_ANYONE
from trunkline.core.access.retention import NO_TOMBSTONE, tombstone
from trunkline.core.access.rules import InWorkspace
from trunkline.core.access.scope import scope
from trunkline.core.access.specs import GRANT, SUBJECT_KINDS, TEAM, USER, GrantRow
from trunkline.core.access.tables import grants
from trunkline.core.access.tiers import tier_named
from trunkline.core.journal import Change, empty_payloads, record
from trunkline.infra.db import ListSpec, Specs, Tx, lists
from trunkline.kit.actor import Actor, Tier
from trunkline.kit.errors import InvalidRequestError, NotFoundError
from trunkline.kit.pages import ListQuery, Page


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateGrant:
    """The request to give a subject a tier (viewer, editor, admin) on an object.

    `subject_kind` is one of user, team, organization and anyone; only the last has no `subject_id`.
    """

    entity_kind: str
    entity_id: str
    subject_kind: str
    tier: str
    subject_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateGrant:
    """The request to change a grant's tier."""

    id: str
    tier: str


def list_grants(tx: Tx, actor: Actor, query: ListQuery) -> Page[GrantRow]:
    """Grants on what is in the caller's workspaces, and on what the caller was granted admin of.

    Raises:
        InvalidRequestError: an unknown field or operator, or a bad place.
    """
    actor.require(Permission.PERMISSIONS_READ)
    return lists.list_rows(tx, GRANT, query, scope(actor, tx.specs))


def get_grant(tx: Tx, actor: Actor, grant_id: str) -> GrantRow:
    """One grant.

    Raises:
        NotFoundError: absent or outside the caller's scope.
    """
    actor.require(Permission.PERMISSIONS_READ)
    return _visible(tx, actor, grant_id)


def create_grant(tx: Tx, actor: Actor, request: CreateGrant) -> GrantRow:
    """Give a subject a tier on a live object of which the caller is admin.

    Users and teams must be the caller's to see. An organization need not be: sharing across tenants is what
    grants to organizations are for, and whether it exists is not told.

    Raises:
        NotFoundError: the object, user or team is absent or outside the caller's scope.
        ForbiddenError: the caller is no admin of the object.
        InvalidRequestError: no such tier or kind of subject, or objects of this kind are not shared.
        AlreadyGrantedError: the subject holds a live grant on the object.
    """
    actor.require(Permission.PERMISSIONS_WRITE)
    row = _shared_object(tx, actor, request)
    require_tier(tx, actor, row, Tier.ADMIN, request.entity_kind)
    tier = tier_named("tier", request.tier)
    _require_subject(tx, actor, request.subject_kind, request.subject_id)
    _require_first(tx, row.id, request.subject_kind, request.subject_id)
    grant = GrantRow(
        id=tx.new_id(),
        organization_id=row.organization_id,
        workspace_id=row.workspace_id,
        entity_kind=request.entity_kind,
        entity_id=row.id,
        subject_kind=request.subject_kind,
        subject_id=request.subject_id,
        tier=request.tier,
        origin="share",
        created_by=actor.user_id,
        created_at=tx.now,
        updated_at=tx.now,
        deleted_at=None,
        deleted_by=None,
        retention_tier=None,
        deletion_id=None,
    )
    tx.insert(grants, **structs.asdict(grant) | {"tier": int(tier)})
    _journal(tx, actor, "created", grant)
    return grant


def update_grant(tx: Tx, actor: Actor, request: UpdateGrant) -> GrantRow:
    """Change the tier of a live grant; a no-op when it is the one granted.

    Raises:
        NotFoundError: absent or outside the caller's scope.
        ForbiddenError: the caller is no admin of the object.
        OwnershipError: it is what owning the object brings.
        DeletedError: it is revoked.
        InvalidRequestError: there is no such tier.
    """
    actor.require(Permission.PERMISSIONS_WRITE)
    row = _administered(tx, actor, request.id)
    tier = tier_named("tier", request.tier)
    if row.deleted_at is not None:
        raise DeletedError("the permission is revoked: restore it first")
    if row.tier == request.tier:
        return row
    _require_share(row)
    after = structs.replace(row, tier=request.tier, updated_at=tx.now)
    tx.update(grants, BY_ID, {"id": row.id}, tier=int(tier), updated_at=tx.now)
    _journal(tx, actor, "updated", after, ("tier",))
    return after


def revoke_grant(tx: Tx, actor: Actor, grant_id: str) -> None:
    """Take a grant back, at once and everywhere; a no-op when it is revoked already.

    Raises:
        NotFoundError: absent or outside the caller's scope.
        ForbiddenError: the caller is no admin of the object.
        OwnershipError: it is what owning the object brings.
    """
    actor.require(Permission.PERMISSIONS_WRITE)
    row = _administered(tx, actor, grant_id)
    if row.deleted_at is not None:
        return
    _require_share(row)
    stamp = tombstone(tx, row.organization_id)
    tx.update(grants, BY_ID, {"id": row.id}, **stamp.columns(), deleted_by=actor.user_id)
    _journal(tx, actor, "revoked", row)


def restore_grant(tx: Tx, actor: Actor, grant_id: str) -> GrantRow:
    """Put a revoked grant into force again; a no-op when it is.

    Raises:
        NotFoundError: it, or the user or team it is for, is absent or outside the caller's scope.
        ForbiddenError: the caller is no admin of the object.
        AlreadyGrantedError: the subject was granted the object anew meanwhile.
    """
    actor.require(Permission.PERMISSIONS_WRITE)
    row = _administered(tx, actor, grant_id)
    if row.deleted_at is None:
        return row
    # As anew: who left the organization meanwhile must not come back in by an old grant.
    _require_subject(tx, actor, row.subject_kind, row.subject_id)
    _require_first(tx, row.entity_id, row.subject_kind, row.subject_id)
    columns = {name: None for name in NO_TOMBSTONE if name != "purge_after"}
    after = structs.replace(row, **columns, deleted_by=None, updated_at=tx.now)
    tx.update(grants, BY_ID, {"id": row.id}, **NO_TOMBSTONE, deleted_by=None, updated_at=tx.now)
    _journal(tx, actor, "restored", after)
    return after


def purge_grant(tx: Tx, actor: Actor, grant_id: str) -> None:
    """Remove a revoked grant for good.

    Raises:
        NotFoundError: absent or outside the caller's scope.
        ForbiddenError: the caller is no admin of the object.
        NotDeletedError: it is in force.
    """
    actor.require(Permission.PERMISSIONS_WRITE)
    row = _administered(tx, actor, grant_id)
    if row.deleted_at is None:
        raise NotDeletedError("the permission is in force: revoke it before purging it")
    tx.delete(grants, BY_ID, id=row.id)
    empty_payloads(tx, [row.id])
    _journal(tx, actor, "purged", row, told=False)


def _shared_object(tx: Tx, actor: Actor, request: CreateGrant) -> Placed:
    spec = _spec_of(tx.specs, request.entity_kind)
    if spec is None:
        raise InvalidRequestError.at("entityId", "objects of this kind are not shared one by one")
    row: Any = lists.get_row(tx, spec, request.entity_id, scope(actor, tx.specs), deleted=False)
    # Kinds may share a table: an id of another kind names nothing of this one.
    if row is None or getattr(row, "kind", request.entity_kind) != request.entity_kind:
        raise NotFoundError(request.entity_kind)
    placed: Placed = row
    return placed


def _spec_of(specs: Specs, kind: str) -> ListSpec[Any] | None:
    """The spec whose rows are of this kind, if grants on them count."""
    for spec in specs.values():
        shared = isinstance(spec.rule, InWorkspace) and spec.rule.grants
        if shared and "id" in spec.fields and kind in spec.fields["id"].id_kinds:
            return spec
    return None


def _require_subject(tx: Tx, actor: Actor, kind: str, subject_id: str | None) -> None:
    if kind not in SUBJECT_KINDS or (kind == "anyone") is not (subject_id is None):
        raise InvalidRequestError.at(
            "subjectId", "must be a user, a team or an organization, or absent for anyone"
        )
    if subject_id is None or kind == "organization":
        return
    spec: ListSpec[Any] = USER if kind == "user" else TEAM
    if lists.get_row(tx, spec, subject_id, scope(actor, tx.specs)) is None:
        raise NotFoundError(kind)


def _require_share(row: GrantRow) -> None:
    # Lowered or taken back by itself, it would leave an owner who cannot get at what is theirs.
    if row.origin != "share":
        raise OwnershipError("the subject owns the object: hand it over to somebody else instead")


def _require_first(tx: Tx, entity_id: str, subject_kind: str, subject_id: str | None) -> None:
    if subject_id is None:
        found = tx.value(GRANTED_TO_ANYONE, entity_id=entity_id)
    else:
        found = tx.value(
            GRANTED_ALREADY, entity_id=entity_id, subject_kind=subject_kind, subject_id=subject_id
        )
    if found is not None:
        raise AlreadyGrantedError("the subject holds a permission on this object already: change its tier")


def _visible(tx: Tx, actor: Actor, grant_id: str) -> GrantRow:
    row = lists.get_row(tx, GRANT, grant_id, scope(actor, tx.specs))
    if row is None:
        raise NotFoundError("permission")
    return row


def _administered(tx: Tx, actor: Actor, grant_id: str) -> GrantRow:
    row = _visible(tx, actor, grant_id)
    held = tier_on(
        tx,
        actor,
        organization_id=row.organization_id,
        workspace_id=row.workspace_id,
        entity_id=row.entity_id,
    )
    if held < Tier.ADMIN:
        raise TierTooLowError(Tier.ADMIN, row.entity_kind)
    return row


def _journal(
    tx: Tx, actor: Actor, verb: str, row: GrantRow, changed: tuple[str, ...] = (), *, told: bool = True
) -> None:
    data = {"entityId": row.entity_id, "subjectId": row.subject_id, "tier": row.tier}
    change = Change(
        type=f"permission.{verb}",
        subject_kind="grant",
        subject_id=row.id,
        organization_id=row.organization_id,
        workspace_id=row.workspace_id,
        changed=changed,
        data=data if told else {},
    )
    record(tx, actor, change)
