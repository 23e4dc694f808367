"""Workspace secrets: values go in and never come out. They also serve as `authStateId` of an install."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import UNSET, Meta, UnsetType

from trunkline.core import connections as core
from trunkline.dialects.platform.lists import ListPage, TrashParameters, list_page, list_query
from trunkline.dialects.platform.vocabulary import RetentionTier
from trunkline.dialects.platform.wire_base import (
    DONE,
    Body,
    Json,
    Success,
    Wire,
    given,
    member_id,
    path_id,
    spell_optional_time,
    spell_time,
)
from trunkline.kit.errors import ErrorKind
from trunkline.kit.ids import format_id
from trunkline.kit.secret import Secret
from trunkline.web import Call, Route

_Value = Annotated[
    str,
    Meta(
        min_length=1,
        description="Sealed at once and never shown again.",
        extra_json_schema={"writeOnly": True},
    ),
]


class SecretWire(Wire, frozen=True, kw_only=True):
    """A secret without its value; `hint` is the end of a long enough one."""

    id: str
    workspace_id: str
    name: str
    hint: str
    metadata: Json
    created_by: str
    deleted_at: str | None
    retention_tier: RetentionTier | None
    created_at: str
    updated_at: str


def spell(row: core.SecretRow) -> SecretWire:
    """A secret in this dialect."""
    return SecretWire(
        id=format_id("secret", row.id),
        workspace_id=format_id("workspace", row.workspace_id),
        name=row.name,
        hint=row.hint,
        metadata=row.metadata,
        created_by=format_id("user", row.created_by),
        deleted_at=spell_optional_time(row.deleted_at),
        retention_tier=row.retention_tier,  # type: ignore[arg-type]  # the database allows nothing else
        created_at=spell_time(row.created_at),
        updated_at=spell_time(row.updated_at),
    )


class SecretParameters(TrashParameters, frozen=True, kw_only=True):
    """Parameters of the list."""

    workspace_id: str | UnsetType = UNSET
    name: Annotated[str, Meta(description="Part of the name, in any case.")] | UnsetType = UNSET
    created_by: str | UnsetType = UNSET
    retention_tier: RetentionTier | UnsetType = UNSET


class CreateSecretBody(Body, frozen=True, kw_only=True):
    """A new secret; its name is unique in the workspace. `metadata` is readable by all who see it."""

    workspace_id: str
    name: str
    value: _Value
    metadata: dict[str, Any] | None = None

    def __repr__(self) -> str:
        return f"{type(self).__name__}(***)"


class UpdateSecretBody(Body, frozen=True, kw_only=True):
    """Changes to a secret; what is left out stays as it is."""

    name: str | UnsetType = UNSET
    value: _Value | UnsetType = UNSET
    metadata: dict[str, Any] | UnsetType = UNSET

    def __repr__(self) -> str:
        return f"{type(self).__name__}(***)"


def list_secrets(call: Call) -> ListPage[SecretWire]:
    """GET /api/secrets."""
    page = core.list_secrets(call.tx, call.actor, list_query(call, core.SECRET))
    return list_page(call, core.SECRET, page, spell)


def get_secret(call: Call) -> SecretWire:
    """GET /api/secrets/{id}."""
    return spell(core.get_secret(call.tx, call.actor, path_id(call, "secret")))


def create_secret(call: Call) -> SecretWire:
    """POST /api/secrets."""
    body: CreateSecretBody = call.body
    request = core.CreateSecret(
        workspace_id=member_id("workspace", body.workspace_id, "workspaceId"),
        name=body.name,
        value=Secret(body.value),
        metadata=body.metadata or {},
    )
    return spell(core.create_secret(call.tx, call.actor, call.services.vault, request))


def update_secret(call: Call) -> SecretWire:
    """PATCH /api/secrets/{id}."""
    changes = given(call.body)
    if "value" in changes:
        changes["value"] = Secret(changes["value"])
    request = core.UpdateSecret(id=path_id(call, "secret"), **changes)
    return spell(core.update_secret(call.tx, call.actor, call.services.vault, request))


def delete_secret(call: Call) -> Success:
    """DELETE /api/secrets/{id}."""
    core.delete_secret(call.tx, call.actor, path_id(call, "secret"))
    return DONE


def purge_secret(call: Call) -> Success:
    """DELETE /api/secrets/{id}/purge."""
    core.purge_secret(call.tx, call.actor, path_id(call, "secret"))
    return DONE


def restore_secret(call: Call) -> SecretWire:
    """POST /api/secrets/{id}/restore."""
    return spell(core.restore_secret(call.tx, call.actor, path_id(call, "secret")))


_ID = {"id": "The secret's id, e.g. `scr_0197…`."}
_TAGS = ("Secrets",)

ROUTES = [
    Route(
        method="GET",
        path="/api/secrets",
        handler=list_secrets,
        operation_id="listSecrets",
        summary="List the secrets of the caller's workspaces, without their values.",
        permission="secrets:read",
        query=SecretParameters,
        returns=ListPage[SecretWire],
        tags=_TAGS,
    ),
    Route(
        method="POST",
        path="/api/secrets",
        handler=create_secret,
        operation_id="createSecret",
        summary="Keep a secret in a workspace.",
        permission="secrets:write",
        body=CreateSecretBody,
        returns=SecretWire,
        status=201,
        errors=(ErrorKind.NOT_FOUND, ErrorKind.CONFLICT),
        tags=_TAGS,
    ),
    Route(
        method="GET",
        path="/api/secrets/{id}",
        handler=get_secret,
        operation_id="getSecret",
        summary="Get a secret, without its value.",
        permission="secrets:read",
        returns=SecretWire,
        inline=True,
        path_parameters=_ID,
        tags=_TAGS,
    ),
    Route(
        method="PATCH",
        path="/api/secrets/{id}",
        handler=update_secret,
        operation_id="updateSecret",
        summary="Change a secret's value, name or metadata.",
        permission="secrets:write",
        body=UpdateSecretBody,
        returns=SecretWire,
        errors=(ErrorKind.CONFLICT,),
        resource=get_secret,
        path_parameters=_ID,
        tags=_TAGS,
    ),
    Route(
        method="DELETE",
        path="/api/secrets/{id}",
        handler=delete_secret,
        operation_id="deleteSecret",
        summary="Delete a secret, restorably; nothing can use it until then.",
        permission="secrets:write",
        returns=Success,
        resource=get_secret,
        path_parameters=_ID,
        tags=_TAGS,
    ),
    Route(
        method="DELETE",
        path="/api/secrets/{id}/purge",
        handler=purge_secret,
        operation_id="purgeSecret",
        summary="Remove a deleted secret and its value for good.",
        permission="secrets:write",
        returns=Success,
        errors=(ErrorKind.CONFLICT,),
        resource=get_secret,
        path_parameters=_ID,
        tags=_TAGS,
    ),
    Route(
        method="POST",
        path="/api/secrets/{id}/restore",
        handler=restore_secret,
        operation_id="restoreSecret",
        summary="Bring a deleted secret back with the value it had.",
        permission="secrets:write",
        returns=SecretWire,
        errors=(ErrorKind.CONFLICT,),
        resource=get_secret,
        path_parameters=_ID,
        tags=_TAGS,
    ),
]
