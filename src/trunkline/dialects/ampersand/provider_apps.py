"""Provider apps: the OAuth clients a project has registered with providers. Their secrets never come out.

Source: ampersand reference section 1.3.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, Meta, UnsetType, field

from trunkline.core import providers as core
from trunkline.dialects.ampersand.lists import ListParameters, list_page, list_query
from trunkline.dialects.ampersand.masks import masked
from trunkline.dialects.ampersand.projects import PROJECT
from trunkline.dialects.ampersand.references import project
from trunkline.dialects.ampersand.wire_base import (
    Body,
    Json,
    Time,
    UpdateMask,
    Wire,
    path_id,
    present,
    sent,
    updated,
)
from trunkline.kit.errors import ErrorKind, NotFoundError
from trunkline.kit.filters import Compare, Op
from trunkline.kit.ids import format_uuid
from trunkline.kit.secret import Secret
from trunkline.web import Call, Reply, Route

MASKS: Final = ("externalRef", "clientId", "clientSecret", "provider", "scopes", "metadata")
_MEMBERS: Final = {
    "externalRef": "external_ref",
    "clientId": "client_id",
    "provider": "provider",
    "scopes": "scopes",
}

_ClientSecret = Annotated[
    str,
    Meta(
        min_length=1,
        description="Sealed at once and never shown again.",
        extra_json_schema={"writeOnly": True},
    ),
]
_ExternalRef = Annotated[str, Meta(description="What the provider calls the app.")]
_Provider = Annotated[str, Meta(description="The name of a provider, built in or the organization's own.")]
_Scopes = Annotated[list[str], Meta(description="What to ask for; none for the provider's defaults.")]


class ProviderAppMetadata(Body, frozen=True, kw_only=True):
    """What there is to say of it besides."""

    auth_query_params: (
        Annotated[
            dict[str, list[str]],
            Meta(
                description="Further parameters of authorizations; several values are one, with spaces between."
            ),
        ]
        | UnsetType
    ) = UNSET
    provider_params: Annotated[dict[str, str], Meta(description="Kept and given back.")] | UnsetType = UNSET


class ProviderAppWire(Wire, frozen=True, kw_only=True):
    """An OAuth client, without its secret."""

    id: str
    project_id: str
    external_ref: str | UnsetType = UNSET
    provider: str
    client_id: str
    scopes: list[str]
    metadata: Json | UnsetType = UNSET
    create_time: Time
    update_time: Time | UnsetType = UNSET


def spell(row: core.ProviderAppRow) -> ProviderAppWire:
    """A provider app in this dialect."""
    return ProviderAppWire(
        id=format_uuid(row.id),
        project_id=format_uuid(row.workspace_id),
        external_ref=present(row.external_ref),
        provider=row.provider,
        client_id=row.client_id,
        scopes=msgspec.json.decode(row.scopes, type=list[str]),
        metadata=present(row.metadata),
        create_time=row.created_at,
        update_time=updated(row.created_at, row.updated_at),
    )


class CreateProviderAppBody(Body, frozen=True, kw_only=True):
    """An OAuth client that was registered with a provider; a project has one per provider."""

    provider: _Provider
    client_id: str
    client_secret: _ClientSecret
    external_ref: _ExternalRef | None = None
    scopes: _Scopes = field(default_factory=list)
    metadata: ProviderAppMetadata | None = None

    def __repr__(self) -> str:
        return f"{type(self).__name__}(***)"


class ProviderAppChanges(Body, frozen=True, kw_only=True):
    """What of a provider app may be changed."""

    external_ref: _ExternalRef | UnsetType = UNSET
    provider: _Provider | UnsetType = UNSET
    client_id: str | UnsetType = UNSET
    client_secret: _ClientSecret | UnsetType = UNSET
    scopes: _Scopes | UnsetType = UNSET
    metadata: ProviderAppMetadata | UnsetType = UNSET

    def __repr__(self) -> str:
        return f"{type(self).__name__}(***)"


class UpdateProviderAppBody(Body, frozen=True, kw_only=True):
    """Changes to a provider app.

    Masks: `externalRef`, `clientId`, `clientSecret`, `provider`, `scopes`, `metadata`.
    """

    update_mask: UpdateMask
    provider_app: ProviderAppChanges


def list_provider_apps(call: Call) -> Reply:
    """GET /projects/{project}/provider-apps."""
    there = Compare("workspace_id", Op.EQ, project(call).id)
    query = list_query(call, core.PROVIDER_APP, there)
    return list_page(call, core.PROVIDER_APP, core.list_provider_apps(call.tx, call.actor, query), spell)


def create_provider_app(call: Call) -> ProviderAppWire:
    """POST /projects/{project}/provider-apps."""
    body: CreateProviderAppBody = call.body
    request = core.CreateProviderApp(
        workspace_id=project(call).id,
        provider=body.provider,
        client_id=body.client_id,
        client_secret=Secret(body.client_secret),
        scopes=body.scopes,
        external_ref=body.external_ref,
        metadata=_plain(body.metadata),
    )
    return spell(core.create_provider_app(call.tx, call.actor, call.services.vault, request))


def current_provider_app(call: Call) -> ProviderAppWire:
    """What a change of a provider app is conditional on."""
    return spell(core.get_provider_app(call.tx, call.actor, _id(call)))


def update_provider_app(call: Call) -> ProviderAppWire:
    """PATCH /projects/{project}/provider-apps/{provider_app}."""
    body: UpdateProviderAppBody = call.body
    app_id = _id(call)
    changes = masked(sent(body.provider_app), body.update_mask, MASKS, "providerApp")
    members: dict[str, Any] = {_MEMBERS[name]: changes[name] for name in changes.keys() & _MEMBERS.keys()}
    if "clientSecret" in changes:
        members["client_secret"] = Secret(changes["clientSecret"])
    if "metadata" in changes:
        members["metadata"] = _plain(changes["metadata"])
    request = core.UpdateProviderApp(id=app_id, **members)
    return spell(core.update_provider_app(call.tx, call.actor, call.services.vault, request))


def delete_provider_app(call: Call) -> None:
    """DELETE /projects/{project}/provider-apps/{provider_app}."""
    core.delete_provider_app(call.tx, call.actor, _id(call))


def _plain(metadata: ProviderAppMetadata | None) -> dict[str, Any] | None:
    return None if metadata is None else msgspec.to_builtins(metadata)


def _id(call: Call) -> str:
    """The app in the path, which is live and the project's."""
    found = project(call)
    row = core.get_provider_app(call.tx, call.actor, path_id(call, "provider_app", "provider_app"))
    if row.workspace_id != found.id or row.deleted_at is not None:
        raise NotFoundError("provider app")
    return row.id


_TAGS = ("Provider apps",)
_APP: Final = {**PROJECT, "provider_app": "The provider app's id."}

ROUTES = [
    Route(
        method="GET",
        path="/v1/projects/{project}/provider-apps",
        handler=list_provider_apps,
        operation_id="listProviderApps",
        summary="List a project's provider apps, the oldest first.",
        permission="provider_apps:read",
        query=ListParameters,
        returns=list[ProviderAppWire],
        path_parameters=PROJECT,
        tags=_TAGS,
    ),
    Route(
        method="POST",
        path="/v1/projects/{project}/provider-apps",
        handler=create_provider_app,
        operation_id="createProviderApp",
        summary="Keep an OAuth client for a project.",
        permission="provider_apps:write",
        body=CreateProviderAppBody,
        returns=ProviderAppWire,
        errors=(ErrorKind.CONFLICT,),
        path_parameters=PROJECT,
        tags=_TAGS,
    ),
    Route(
        method="PATCH",
        path="/v1/projects/{project}/provider-apps/{provider_app}",
        handler=update_provider_app,
        operation_id="updateProviderApp",
        summary="Change a provider app.",
        permission="provider_apps:write",
        body=UpdateProviderAppBody,
        returns=ProviderAppWire,
        errors=(ErrorKind.CONFLICT,),
        also={422: "A path of the mask has no value."},
        resource=current_provider_app,
        path_parameters=_APP,
        tags=_TAGS,
    ),
    Route(
        method="DELETE",
        path="/v1/projects/{project}/provider-apps/{provider_app}",
        handler=delete_provider_app,
        operation_id="deleteProviderApp",
        summary="Delete a provider app: nothing authorizes with it any more.",
        permission="provider_apps:write",
        status=204,
        resource=current_provider_app,
        path_parameters=_APP,
        tags=_TAGS,
    ),
]
