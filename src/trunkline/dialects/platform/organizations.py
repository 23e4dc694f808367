"""Organizations: the tenants."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType, field

from trunkline.core import workspaces as core
from trunkline.dialects.platform.lists import ListPage, ListParameters, list_page, list_query
from trunkline.dialects.platform.vocabulary import RetentionTier
from trunkline.dialects.platform.wire_base import (
    Body,
    Json,
    Wire,
    given,
    member_id,
    path_id,
    spell_id,
    spell_time,
)
from trunkline.kit.errors import ErrorKind
from trunkline.kit.ids import format_id
from trunkline.web import Call, Route

_Settings = Annotated[
    dict[str, str | int | float | bool | None],
    Meta(description="What the organization says of itself. All its members see it."),
]


class OrganizationWire(Wire, frozen=True, kw_only=True):
    """A tenant. `retentionTier` is what deletions in it record from now on."""

    id: str
    name: str
    handle: str
    owner_id: str
    retention_tier: RetentionTier
    settings: Json
    default_workspace_id: Annotated[
        str | None, Meta(description="Where things go that name no workspace; null for the oldest.")
    ]
    created_at: str
    updated_at: str


def spell(row: core.OrganizationRow) -> OrganizationWire:
    """An organization in this dialect."""
    return OrganizationWire(
        id=format_id("organization", row.id),
        name=row.name,
        handle=row.handle,
        owner_id=format_id("user", row.owner_id),
        retention_tier=row.retention_tier,  # type: ignore[arg-type]  # the database allows nothing else
        settings=row.settings,
        default_workspace_id=spell_id("workspace", row.default_workspace_id),
        created_at=spell_time(row.created_at),
        updated_at=spell_time(row.updated_at),
    )


class OrganizationParameters(ListParameters, frozen=True, kw_only=True):
    """Parameters of the list."""

    name: Annotated[str, Meta(description="Part of the name, in any case.")] | UnsetType = UNSET
    handle: str | UnsetType = UNSET
    owner_id: str | UnsetType = UNSET


class CreateOrganizationBody(Body, frozen=True, kw_only=True):
    """A new organization, owned by the caller or by the new user that `ownerEmail` and `ownerName` make."""

    name: str
    handle: Annotated[str, Meta(description="Unique in the instance.", examples=["acme"])]
    owner_email: str | None = None
    owner_name: str | None = None
    retention_tier: RetentionTier = "medium"
    settings: _Settings = field(default_factory=dict)


class UpdateOrganizationBody(Body, frozen=True, kw_only=True):
    """Changes to an organization; what is left out stays as it is. Only an owner hands it over."""

    name: str | UnsetType = UNSET
    retention_tier: RetentionTier | UnsetType = UNSET
    settings: _Settings | UnsetType = UNSET
    default_workspace_id: str | UnsetType | None = UNSET
    owner_id: Annotated[str, Meta(description="A user with the owner role.")] | UnsetType = UNSET


def list_organizations(call: Call) -> ListPage[OrganizationWire]:
    """GET /api/organizations."""
    page = core.list_organizations(call.tx, call.actor, list_query(call, core.ORGANIZATION))
    return list_page(call, core.ORGANIZATION, page, spell)


def get_organization(call: Call) -> OrganizationWire:
    """GET /api/organizations/{id}."""
    return spell(core.get_organization(call.tx, call.actor, path_id(call, "organization")))


def create_organization(call: Call) -> OrganizationWire:
    """POST /api/organizations."""
    body: CreateOrganizationBody = call.body
    request = core.CreateOrganization(
        name=body.name,
        handle=body.handle,
        owner_email=body.owner_email,
        owner_name=body.owner_name,
        retention_tier=body.retention_tier,
        settings=body.settings,
    )
    return spell(core.create_organization(call.tx, call.actor, request))


def update_organization(call: Call) -> OrganizationWire:
    """PATCH /api/organizations/{id}."""
    changes = given(call.body)
    if "owner_id" in changes:
        changes["owner_id"] = member_id("user", changes["owner_id"], "ownerId")
    if changes.get("default_workspace_id") is not None:
        named = changes["default_workspace_id"]
        changes["default_workspace_id"] = member_id("workspace", named, "defaultWorkspaceId")
    request = core.UpdateOrganization(id=path_id(call, "organization"), **changes)
    return spell(core.update_organization(call.tx, call.actor, request))


_ID = {"id": "The organization's id, e.g. `org_0197…`."}
_TAGS = ("Organizations",)

ROUTES = [
    Route(
        method="GET",
        path="/api/organizations",
        handler=list_organizations,
        operation_id="listOrganizations",
        summary="List the organizations the caller belongs to.",
        permission="organizations:read",
        query=OrganizationParameters,
        returns=ListPage[OrganizationWire],
        tags=_TAGS,
    ),
    Route(
        method="POST",
        path="/api/organizations",
        handler=create_organization,
        operation_id="createOrganization",
        summary="Make an organization and its owner; for operators.",
        permission="organizations:write",
        body=CreateOrganizationBody,
        returns=OrganizationWire,
        status=201,
        errors=(ErrorKind.CONFLICT,),
        tags=_TAGS,
    ),
    Route(
        method="GET",
        path="/api/organizations/{id}",
        handler=get_organization,
        operation_id="getOrganization",
        summary="Get an organization.",
        permission="organizations:read",
        returns=OrganizationWire,
        inline=True,
        path_parameters=_ID,
        tags=_TAGS,
    ),
    Route(
        method="PATCH",
        path="/api/organizations/{id}",
        handler=update_organization,
        operation_id="updateOrganization",
        summary="Rename an organization, set its settings or retention, or hand it over.",
        permission="organizations:write",
        body=UpdateOrganizationBody,
        returns=OrganizationWire,
        resource=get_organization,
        path_parameters=_ID,
        tags=_TAGS,
    ),
]
