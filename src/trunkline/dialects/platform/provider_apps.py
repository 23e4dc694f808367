"""Provider apps: the OAuth clients of workspaces. Their secrets go in and never come out."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType, field, json

from trunkline.core import providers as core
from trunkline.dialects.platform.lists import ListPage, TrashParameters, list_page, list_query
from trunkline.dialects.platform.vocabulary import RetentionTier
from trunkline.dialects.platform.wire_base import (
    DONE,
    Body,
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

_ClientSecret = Annotated[
    str,
    Meta(
        min_length=1,
        description="Sealed at once and never shown again.",
        extra_json_schema={"writeOnly": True},
    ),
]
_Provider = Annotated[str, Meta(description="The name of a provider, built in or the organization's own.")]
_Scopes = Annotated[
    list[str],
    Meta(description="What to ask for where an integration does not say; none for the provider's defaults."),
]


class ProviderAppWire(Wire, frozen=True, kw_only=True):
    """An OAuth client without its secret; `hint` is the end of a long enough one."""

    id: str
    workspace_id: str
    provider: str
    name: str
    client_id: str
    hint: str
    scopes: list[str]
    created_by: str
    deleted_at: str | None
    retention_tier: RetentionTier | None
    created_at: str
    updated_at: str


def spell(row: core.ProviderAppRow) -> ProviderAppWire:
    """A provider app in this dialect."""
    return ProviderAppWire(
        id=format_id("provider_app", row.id),
        workspace_id=format_id("workspace", row.workspace_id),
        provider=row.provider,
        name=row.name,
        client_id=row.client_id,
        hint=row.hint,
        scopes=json.decode(row.scopes, type=list[str]),
        created_by=format_id("user", row.created_by),
        deleted_at=spell_optional_time(row.deleted_at),
        retention_tier=row.retention_tier,  # type: ignore[arg-type]  # the database allows nothing else
        created_at=spell_time(row.created_at),
        updated_at=spell_time(row.updated_at),
    )


class ProviderAppParameters(TrashParameters, frozen=True, kw_only=True):
    """Parameters of the list."""

    workspace_id: str | UnsetType = UNSET
    provider: Annotated[str, Meta(description="The name of the provider.")] | UnsetType = UNSET
    name: Annotated[str, Meta(description="Part of the name, in any case.")] | UnsetType = UNSET
    created_by: str | UnsetType = UNSET
    retention_tier: RetentionTier | UnsetType = UNSET


class CreateProviderAppBody(Body, frozen=True, kw_only=True):
    """An OAuth client that was registered with a provider; a workspace has one per provider."""

    workspace_id: str
    provider: _Provider
    name: str | None = None
    client_id: str
    client_secret: _ClientSecret
    scopes: _Scopes = field(default_factory=list)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(***)"


class UpdateProviderAppBody(Body, frozen=True, kw_only=True):
    """Changes to a provider app; what is left out stays as it is."""

    name: str | UnsetType = UNSET
    client_id: str | UnsetType = UNSET
    client_secret: _ClientSecret | UnsetType = UNSET
    scopes: _Scopes | UnsetType = UNSET

    def __repr__(self) -> str:
        return f"{type(self).__name__}(***)"


def list_provider_apps(call: Call) -> ListPage[ProviderAppWire]:
    """GET /api/provider-apps."""
    page = core.list_provider_apps(call.tx, call.actor, list_query(call, core.PROVIDER_APP))
    return list_page(call, core.PROVIDER_APP, page, spell)


def get_provider_app(call: Call) -> ProviderAppWire:
    """GET /api/provider-apps/{id}."""
    return spell(core.get_provider_app(call.tx, call.actor, path_id(call, "provider_app")))


def create_provider_app(call: Call) -> ProviderAppWire:
    """POST /api/provider-apps."""
    body: CreateProviderAppBody = call.body
    request = core.CreateProviderApp(
        workspace_id=member_id("workspace", body.workspace_id, "workspaceId"),
        provider=body.provider,
        name=body.name,
        client_id=body.client_id,
        client_secret=Secret(body.client_secret),
        scopes=body.scopes,
    )
    return spell(core.create_provider_app(call.tx, call.actor, call.services.vault, request))


def update_provider_app(call: Call) -> ProviderAppWire:
    """PATCH /api/provider-apps/{id}."""
    changes = given(call.body)
    if "client_secret" in changes:
        changes["client_secret"] = Secret(changes["client_secret"])
    request = core.UpdateProviderApp(id=path_id(call, "provider_app"), **changes)
    return spell(core.update_provider_app(call.tx, call.actor, call.services.vault, request))


def delete_provider_app(call: Call) -> Success:
    """DELETE /api/provider-apps/{id}."""
    core.delete_provider_app(call.tx, call.actor, path_id(call, "provider_app"))
    return DONE


def purge_provider_app(call: Call) -> Success:
    """DELETE /api/provider-apps/{id}/purge."""
    core.purge_provider_app(call.tx, call.actor, path_id(call, "provider_app"))
    return DONE


def restore_provider_app(call: Call) -> ProviderAppWire:
    """POST /api/provider-apps/{id}/restore."""
    return spell(core.restore_provider_app(call.tx, call.actor, path_id(call, "provider_app")))


_ID = {"id": "The provider app's id, e.g. `app_0197…`."}
_TAGS = ("Provider apps",)

ROUTES = [
    Route(
        method="GET",
        path="/api/provider-apps",
        handler=list_provider_apps,
        operation_id="listProviderApps",
        summary="List the provider apps of the caller's workspaces, without their secrets.",
        permission="provider_apps:read",
        query=ProviderAppParameters,
        returns=ListPage[ProviderAppWire],
        tags=_TAGS,
    ),
    Route(
        method="POST",
        path="/api/provider-apps",
        handler=create_provider_app,
        operation_id="createProviderApp",
        summary="Keep an OAuth client in a workspace.",
        permission="provider_apps:write",
        body=CreateProviderAppBody,
        returns=ProviderAppWire,
        status=201,
        errors=(ErrorKind.NOT_FOUND, ErrorKind.CONFLICT),
        tags=_TAGS,
    ),
    Route(
        method="GET",
        path="/api/provider-apps/{id}",
        handler=get_provider_app,
        operation_id="getProviderApp",
        summary="Get a provider app, without its secret.",
        permission="provider_apps:read",
        returns=ProviderAppWire,
        inline=True,
        path_parameters=_ID,
        tags=_TAGS,
    ),
    Route(
        method="PATCH",
        path="/api/provider-apps/{id}",
        handler=update_provider_app,
        operation_id="updateProviderApp",
        summary="Change a provider app's name, client id, secret or scopes.",
        permission="provider_apps:write",
        body=UpdateProviderAppBody,
        returns=ProviderAppWire,
        errors=(ErrorKind.CONFLICT,),
        resource=get_provider_app,
        path_parameters=_ID,
        tags=_TAGS,
    ),
    Route(
        method="DELETE",
        path="/api/provider-apps/{id}",
        handler=delete_provider_app,
        operation_id="deleteProviderApp",
        summary="Delete a provider app, restorably; nothing can use it until then.",
        permission="provider_apps:write",
        returns=Success,
        resource=get_provider_app,
        path_parameters=_ID,
        tags=_TAGS,
    ),
    Route(
        method="DELETE",
        path="/api/provider-apps/{id}/purge",
        handler=purge_provider_app,
        operation_id="purgeProviderApp",
        summary="Remove a deleted provider app and its secret for good.",
        permission="provider_apps:write",
        returns=Success,
        errors=(ErrorKind.CONFLICT,),
        resource=get_provider_app,
        path_parameters=_ID,
        tags=_TAGS,
    ),
    Route(
        method="POST",
        path="/api/provider-apps/{id}/restore",
        handler=restore_provider_app,
        operation_id="restoreProviderApp",
        summary="Bring a deleted provider app back with the secret it had.",
        permission="provider_apps:write",
        returns=ProviderAppWire,
        errors=(ErrorKind.CONFLICT,),
        resource=get_provider_app,
        path_parameters=_ID,
        tags=_TAGS,
    ),
]
