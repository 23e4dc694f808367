"""Integrations: drafts, publishing, and the preview of what an install brings. Source: seed 001."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import UNSET, Meta, UnsetType
from msgspec.json import decode

from trunkline.core import integrations as core
from trunkline.dialects.platform.lists import ListPage, TrashParameters, list_page, list_query
from trunkline.dialects.platform.versions import VersionWire
from trunkline.dialects.platform.vocabulary import RetentionTier, TrustTier, Visibility
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
from trunkline.web import Call, Route


class IntegrationWire(Wire, frozen=True, kw_only=True):
    """An integration. Outside its workspace the draft members show what is published."""

    id: str
    workspace_id: str
    slug: str
    name: str
    description: str | None
    icon_url: str | None
    publisher: str
    trust_tier: TrustTier
    current_version: str | None
    manifest: Json
    variables_schema: Json
    auth_config: Json
    visibility: Visibility
    created_by: str
    deleted_at: str | None
    retention_tier: RetentionTier | None
    created_at: str
    updated_at: str


def spell(row: core.IntegrationRow) -> IntegrationWire:
    """An integration in this dialect."""
    return IntegrationWire(
        id=format_id("integration", row.id),
        workspace_id=format_id("workspace", row.workspace_id),
        slug=row.slug,
        name=row.name,
        description=row.description,
        icon_url=row.icon_url,
        publisher=row.publisher,
        trust_tier=row.trust_tier,  # type: ignore[arg-type]  # the database allows nothing else
        current_version=row.current_version,
        manifest=row.manifest,
        variables_schema=row.variables_schema,
        auth_config=row.auth_config,
        visibility=row.visibility,  # type: ignore[arg-type]  # the database allows nothing else
        created_by=format_id("user", row.created_by),
        deleted_at=spell_optional_time(row.deleted_at),
        retention_tier=row.retention_tier,  # type: ignore[arg-type]  # the database allows nothing else
        created_at=spell_time(row.created_at),
        updated_at=spell_time(row.updated_at),
    )


class IntegrationParameters(TrashParameters, frozen=True, kw_only=True):
    """Parameters of the list."""

    workspace_id: Annotated[str, Meta(description="Authored in this workspace.")] | UnsetType = UNSET
    publisher: str | UnsetType = UNSET
    visibility: Visibility | UnsetType = UNSET
    name: Annotated[str, Meta(description="Part of the name, in any case.")] | UnsetType = UNSET
    trust_tier: TrustTier | UnsetType = UNSET
    created_by: str | UnsetType = UNSET
    retention_tier: RetentionTier | UnsetType = UNSET


class CreateBody(Body, frozen=True, kw_only=True):
    """A new draft."""

    workspace_id: str
    slug: str
    name: str
    description: str | None = None
    icon_url: str | None = None
    publisher: str | None = None
    trust_tier: TrustTier | None = None
    manifest: dict[str, Any] | None = None
    variables_schema: dict[str, Any] | None = None
    auth_config: dict[str, Any] | None = None


class UpdateBody(Body, frozen=True, kw_only=True):
    """Changes to a draft; what is left out stays as it is. `visibility: public` needs an operator."""

    name: str | UnsetType = UNSET
    description: str | UnsetType | None = UNSET
    icon_url: str | UnsetType | None = UNSET
    trust_tier: TrustTier | UnsetType = UNSET
    visibility: Visibility | UnsetType = UNSET
    manifest: dict[str, Any] | UnsetType = UNSET
    variables_schema: dict[str, Any] | UnsetType = UNSET
    auth_config: dict[str, Any] | UnsetType = UNSET


class PublishBody(Body, frozen=True, kw_only=True):
    """The version to publish the draft as."""

    version: Annotated[str, Meta(description="A semantic version after the current one.", examples=["1.4.0"])]
    changelog: str | None = None


class PreviewedMember(Wire, frozen=True, kw_only=True):
    """A member an install of this integration would offer."""

    slug: str
    kind: str
    name: str
    entity_id: str
    entity_version_id: str
    required: bool
    default_enabled: bool
    fork_on_install: bool
    depends_on: list[str]
    implicit: Annotated[bool, Meta(description="A schema taken in because other members refer to it.")]


class PreviewWire(Wire, frozen=True, kw_only=True):
    """The members of the current version, or of the draft while nothing is published."""

    members: list[PreviewedMember]


def list_integrations(call: Call) -> ListPage[IntegrationWire]:
    """GET /api/integrations."""
    page = core.list_integrations(call.tx, call.actor, list_query(call, core.INTEGRATION))
    return list_page(call, core.INTEGRATION, page, spell)


def get_integration(call: Call) -> IntegrationWire:
    """GET /api/integrations/{id}."""
    return spell(core.get_integration(call.tx, call.actor, path_id(call, "integration")))


def create_integration(call: Call) -> IntegrationWire:
    """POST /api/integrations."""
    body: CreateBody = call.body
    request = core.CreateIntegration(
        workspace_id=member_id("workspace", body.workspace_id, "workspaceId"),
        slug=body.slug,
        name=body.name,
        description=body.description,
        icon_url=body.icon_url,
        publisher=body.publisher,
        trust_tier=body.trust_tier,
        manifest=body.manifest,
        variables_schema=body.variables_schema,
        auth_config=body.auth_config,
    )
    return spell(core.create_integration(call.tx, call.actor, request))


def update_integration(call: Call) -> IntegrationWire:
    """PATCH /api/integrations/{id}."""
    request = core.UpdateIntegration(id=path_id(call, "integration"), **given(call.body))
    return spell(core.update_integration(call.tx, call.actor, request))


def delete_integration(call: Call) -> Success:
    """DELETE /api/integrations/{id}."""
    core.delete_integration(call.tx, call.actor, path_id(call, "integration"))
    return DONE


def restore_integration(call: Call) -> IntegrationWire:
    """POST /api/integrations/{id}/restore."""
    return spell(core.restore_integration(call.tx, call.actor, path_id(call, "integration")))


def purge_integration(call: Call) -> Success:
    """DELETE /api/integrations/{id}/purge."""
    core.purge_integration(call.tx, call.actor, path_id(call, "integration"))
    return DONE


def publish_integration(call: Call) -> VersionWire:
    """POST /api/integrations/{id}/publish."""
    body: PublishBody = call.body
    request = core.PublishIntegration(
        integration_id=path_id(call, "integration"), version=body.version, changelog=body.changelog
    )
    return VersionWire.of(core.publish_version(call.tx, call.actor, request))


def preview_members(call: Call) -> PreviewWire:
    """GET /api/integrations/{id}/members."""
    members = core.preview_members(call.tx, call.actor, path_id(call, "integration"))
    return PreviewWire(members=[_spell_member(member) for member in members])


def _spell_member(member: core.VersionMember) -> PreviewedMember:
    return PreviewedMember(
        slug=member.slug,
        kind=member.kind,
        name=member.name,
        entity_id=format_id(member.kind, member.entity_id),
        entity_version_id=format_id(f"{member.kind}_version", member.entity_version_id),
        required=member.required,
        default_enabled=member.default_enabled,
        fork_on_install=member.fork_on_install,
        depends_on=decode(member.needs),
        implicit=member.implicit,
    )


_ID = {"id": "The integration's id, e.g. `int_0197…`."}
_TAGS = ("Integrations",)

ROUTES = [
    Route(
        method="GET",
        path="/api/integrations",
        handler=list_integrations,
        operation_id="listIntegrations",
        summary="List integrations: of the caller's workspaces, granted ones, and those listed publicly.",
        permission="integrations:read",
        query=IntegrationParameters,
        returns=ListPage[IntegrationWire],
        tags=_TAGS,
    ),
    Route(
        method="POST",
        path="/api/integrations",
        handler=create_integration,
        operation_id="createIntegration",
        summary="Start a private draft in a source workspace.",
        permission="integrations:write",
        body=CreateBody,
        returns=IntegrationWire,
        status=201,
        errors=(ErrorKind.NOT_FOUND, ErrorKind.CONFLICT),
        tags=_TAGS,
    ),
    Route(
        method="GET",
        path="/api/integrations/{id}",
        handler=get_integration,
        operation_id="getIntegration",
        summary="Get an integration.",
        permission="integrations:read",
        returns=IntegrationWire,
        inline=True,
        path_parameters=_ID,
        tags=_TAGS,
    ),
    Route(
        method="PATCH",
        path="/api/integrations/{id}",
        handler=update_integration,
        operation_id="updateIntegration",
        summary="Edit the draft; published versions and installs do not change.",
        permission="integrations:write",
        body=UpdateBody,
        returns=IntegrationWire,
        errors=(ErrorKind.CONFLICT,),
        resource=get_integration,
        path_parameters=_ID,
        tags=_TAGS,
    ),
    Route(
        method="DELETE",
        path="/api/integrations/{id}",
        handler=delete_integration,
        operation_id="deleteIntegration",
        summary="Delete an integration, restorably; installs keep working on the version they pin.",
        permission="integrations:write",
        returns=Success,
        resource=get_integration,
        path_parameters=_ID,
        tags=_TAGS,
    ),
    Route(
        method="DELETE",
        path="/api/integrations/{id}/purge",
        handler=purge_integration,
        operation_id="purgeIntegration",
        summary="Remove a deleted integration and its versions for good.",
        permission="integrations:write",
        returns=Success,
        errors=(ErrorKind.CONFLICT,),
        resource=get_integration,
        path_parameters=_ID,
        tags=_TAGS,
    ),
    Route(
        method="POST",
        path="/api/integrations/{id}/restore",
        handler=restore_integration,
        operation_id="restoreIntegration",
        summary="Bring a deleted integration back.",
        permission="integrations:write",
        returns=IntegrationWire,
        errors=(ErrorKind.CONFLICT,),
        resource=get_integration,
        path_parameters=_ID,
        tags=_TAGS,
    ),
    Route(
        method="POST",
        path="/api/integrations/{id}/publish",
        handler=publish_integration,
        operation_id="publishIntegration",
        summary="Publish the draft as an immutable version that pins every member and the schemas they reach.",
        permission="integrations:publish",
        body=PublishBody,
        returns=VersionWire,
        status=201,
        errors=(ErrorKind.CONFLICT,),
        resource=get_integration,
        path_parameters=_ID,
        tags=_TAGS,
    ),
    Route(
        method="GET",
        path="/api/integrations/{id}/members",
        handler=preview_members,
        operation_id="previewIntegrationMembers",
        summary="Preview the members, closure schemas included, that an install offers.",
        permission="integrations:read",
        returns=PreviewWire,
        path_parameters=_ID,
        tags=_TAGS,
    ),
]
