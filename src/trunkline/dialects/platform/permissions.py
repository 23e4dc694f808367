"""Permissions: a tier on one object for a user, a team, an organization or anyone who is signed in."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from trunkline.core import access as core
from trunkline.dialects.platform.lists import ListPage, TrashParameters, list_page, list_query
from trunkline.dialects.platform.vocabulary import RetentionTier, TierName
from trunkline.dialects.platform.wire_base import (
    DONE,
    Body,
    Success,
    Wire,
    path_id,
    spell_id,
    spell_optional_time,
    spell_time,
)
from trunkline.kit.errors import ErrorKind, InvalidRequestError
from trunkline.kit.ids import format_id, parse_any
from trunkline.web import Call, Route


class PermissionWire(Wire, frozen=True, kw_only=True):
    """A tier on an object; without a `subjectId` it is given to everybody who is signed in."""

    id: str
    workspace_id: str
    entity_id: str
    subject_id: str | None
    tier: TierName
    created_by: str
    deleted_at: str | None
    deleted_by: str | None
    retention_tier: RetentionTier | None
    created_at: str
    updated_at: str


def spell(row: core.GrantRow) -> PermissionWire:
    """A permission in this dialect."""
    return PermissionWire(
        id=format_id("grant", row.id),
        workspace_id=format_id("workspace", row.workspace_id),
        entity_id=format_id(row.entity_kind, row.entity_id),
        subject_id=spell_id(row.subject_kind, row.subject_id),
        tier=row.tier,  # type: ignore[arg-type]  # the database allows nothing else
        created_by=format_id("user", row.created_by),
        deleted_at=spell_optional_time(row.deleted_at),
        deleted_by=spell_id("user", row.deleted_by),
        retention_tier=row.retention_tier,  # type: ignore[arg-type]  # the database allows nothing else
        created_at=spell_time(row.created_at),
        updated_at=spell_time(row.updated_at),
    )


class PermissionParameters(TrashParameters, frozen=True, kw_only=True):
    """Parameters of the list."""

    workspace_id: str | UnsetType = UNSET
    entity_id: str | UnsetType = UNSET
    subject_id: str | UnsetType = UNSET
    tier: TierName | UnsetType = UNSET


class CreatePermissionBody(Body, frozen=True, kw_only=True):
    """What to share, with whom. Ids carry their prefix, since it tells the kind."""

    entity_id: Annotated[str, Meta(description="An integration or an entity, e.g. `int_0197…`.")]
    subject_id: Annotated[
        str | None,
        Meta(
            description="A user, team or organization; null, which must be said, for all who are signed in."
        ),
    ]
    tier: TierName


class UpdatePermissionBody(Body, frozen=True, kw_only=True):
    """The tier the permission is to give."""

    tier: TierName


def list_permissions(call: Call) -> ListPage[PermissionWire]:
    """GET /api/permissions."""
    page = core.list_grants(call.tx, call.actor, list_query(call, core.GRANT))
    return list_page(call, core.GRANT, page, spell)


def get_permission(call: Call) -> PermissionWire:
    """GET /api/permissions/{id}."""
    return spell(core.get_grant(call.tx, call.actor, path_id(call, "grant")))


def create_permission(call: Call) -> PermissionWire:
    """POST /api/permissions."""
    body: CreatePermissionBody = call.body
    entity_kind, entity_id = _named(body.entity_id, "entityId")
    subject_kind, subject_id = (
        ("anyone", None) if body.subject_id is None else _named(body.subject_id, "subjectId")
    )
    request = core.CreateGrant(
        entity_kind=entity_kind,
        entity_id=entity_id,
        subject_kind=subject_kind,
        subject_id=subject_id,
        tier=body.tier,
    )
    return spell(core.create_grant(call.tx, call.actor, request))


def _named(text: str, path: str) -> tuple[str, str]:
    """Kind and 32 hex digits of an id whose prefix tells the kind."""
    found = parse_any(text)
    if found is None:
        raise InvalidRequestError.at(path, "expected an id with its prefix")
    return found


def update_permission(call: Call) -> PermissionWire:
    """PATCH /api/permissions/{id}."""
    request = core.UpdateGrant(id=path_id(call, "grant"), tier=call.body.tier)
    return spell(core.update_grant(call.tx, call.actor, request))


def revoke_permission(call: Call) -> Success:
    """DELETE /api/permissions/{id}."""
    core.revoke_grant(call.tx, call.actor, path_id(call, "grant"))
    return DONE


def purge_permission(call: Call) -> Success:
    """DELETE /api/permissions/{id}/purge."""
    core.purge_grant(call.tx, call.actor, path_id(call, "grant"))
    return DONE


def restore_permission(call: Call) -> PermissionWire:
    """POST /api/permissions/{id}/restore."""
    return spell(core.restore_grant(call.tx, call.actor, path_id(call, "grant")))


_ID = {"id": "The permission's id, e.g. `prm_0197…`."}
_TAGS = ("Permissions",)

ROUTES = [
    Route(
        method="GET",
        path="/api/permissions",
        handler=list_permissions,
        operation_id="listPermissions",
        summary="List permissions on what is in the caller's workspaces.",
        permission="permissions:read",
        query=PermissionParameters,
        returns=ListPage[PermissionWire],
        tags=_TAGS,
    ),
    Route(
        method="POST",
        path="/api/permissions",
        handler=create_permission,
        operation_id="createPermission",
        summary="Give somebody a tier on an object the caller is admin of.",
        permission="permissions:write",
        body=CreatePermissionBody,
        returns=PermissionWire,
        status=201,
        errors=(ErrorKind.NOT_FOUND, ErrorKind.CONFLICT),
        tags=_TAGS,
    ),
    Route(
        method="GET",
        path="/api/permissions/{id}",
        handler=get_permission,
        operation_id="getPermission",
        summary="Get a permission.",
        permission="permissions:read",
        returns=PermissionWire,
        inline=True,
        path_parameters=_ID,
        tags=_TAGS,
    ),
    Route(
        method="PATCH",
        path="/api/permissions/{id}",
        handler=update_permission,
        operation_id="updatePermission",
        summary="Change the tier a permission gives.",
        permission="permissions:write",
        body=UpdatePermissionBody,
        returns=PermissionWire,
        errors=(ErrorKind.CONFLICT,),
        resource=get_permission,
        path_parameters=_ID,
        tags=_TAGS,
    ),
    Route(
        method="DELETE",
        path="/api/permissions/{id}",
        handler=revoke_permission,
        operation_id="revokePermission",
        summary="Revoke a permission, restorably; it counts nowhere from that moment on.",
        permission="permissions:write",
        returns=Success,
        errors=(ErrorKind.CONFLICT,),
        resource=get_permission,
        path_parameters=_ID,
        tags=_TAGS,
    ),
    Route(
        method="DELETE",
        path="/api/permissions/{id}/purge",
        handler=purge_permission,
        operation_id="purgePermission",
        summary="Remove a revoked permission for good.",
        permission="permissions:write",
        returns=Success,
        errors=(ErrorKind.CONFLICT,),
        resource=get_permission,
        path_parameters=_ID,
        tags=_TAGS,
    ),
    Route(
        method="POST",
        path="/api/permissions/{id}/restore",
        handler=restore_permission,
        operation_id="restorePermission",
        summary="Put a revoked permission into force again.",
        permission="permissions:write",
        returns=PermissionWire,
        errors=(ErrorKind.CONFLICT,),
        resource=get_permission,
        path_parameters=_ID,
        tags=_TAGS,
    ),
]
