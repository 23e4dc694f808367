"""Organizations and the people in them, whom this dialect calls builders.

Source: ampersand reference section 1.2.
"""

from __future__ import annotations

import re
from typing import Annotated, Final

from msgspec import UNSET, Meta, UnsetType

from trunkline.core import access
from trunkline.core import workspaces as core
from trunkline.dialects.ampersand.lists import ListParameters, list_page, list_query
from trunkline.dialects.ampersand.masks import masked
from trunkline.dialects.ampersand.wire_base import (
    Body,
    Time,
    UpdateMask,
    Wire,
    path_id,
    present,
    sent,
    updated,
)
from trunkline.kit.errors import ErrorKind, InvalidRequestError, NotFoundError
from trunkline.kit.filters import Compare, Op
from trunkline.kit.ids import format_uuid, parse_id
from trunkline.kit.pages import ListQuery
from trunkline.kit.text import check_name
from trunkline.web import Call, Reply, Route

IDENTITIES: Final = "trunkline"
MASKS: Final = ("label",)
_OTHERS = re.compile(r"[^a-z0-9]+", re.ASCII)
_HANDLE_MAX: Final = 50  # characters, before what makes it unique

_Label = Annotated[str, Meta(description="What people call the organization.")]


class OrgWire(Wire, frozen=True, kw_only=True):
    """An organization."""

    id: str
    label: str
    default_team_id: Annotated[
        str, Meta(description="Stands for everybody in the organization, and is the organization's own id.")
    ]
    create_time: Time
    update_time: Time | UnsetType = UNSET


class BuilderWire(Wire, frozen=True, kw_only=True):
    """A user."""

    id: str
    idp_provider: Annotated[str, Meta(description="Who vouches for the user: this server.")]
    idp_ref: str
    create_time: Time
    full_name: str
    primary_email: str | UnsetType = UNSET


class CreateOrgBody(Body, frozen=True, kw_only=True):
    """A new organization."""

    label: _Label


class OrgChanges(Body, frozen=True, kw_only=True):
    """What of an organization may be changed."""

    label: _Label | UnsetType = UNSET


class UpdateOrgBody(Body, frozen=True, kw_only=True):
    """Changes to an organization. Mask: `label`."""

    update_mask: UpdateMask
    org: OrgChanges


class MembershipBody(Body, frozen=True, kw_only=True):
    """A user to take into an organization."""

    builder_id: str


def spell(row: core.OrganizationRow) -> OrgWire:
    """An organization in this dialect."""
    return OrgWire(
        id=format_uuid(row.id),
        label=row.name,
        default_team_id=format_uuid(row.id),
        create_time=row.created_at,
        update_time=updated(row.created_at, row.updated_at),
    )


def spell_builder(user_id: str, name: str, email: str | None, since: str) -> BuilderWire:
    """A user in this dialect."""
    return BuilderWire(
        id=format_uuid(user_id),
        idp_provider=IDENTITIES,
        idp_ref=format_uuid(user_id),
        create_time=since,
        full_name=name,
        primary_email=present(email),
    )


def create_org(call: Call) -> OrgWire:
    """POST /orgs."""
    body: CreateOrgBody = call.body
    label = check_name("label", body.label)
    words = _OTHERS.sub("-", label.lower())[:_HANDLE_MAX].strip("-") or "org"
    # The label need not be unique, so its handle is made so.
    request = core.CreateOrganization(name=label, handle=f"{words}-{call.tx.new_id()[-8:]}")
    return spell(core.create_organization(call.tx, call.actor, request))


def get_org(call: Call) -> OrgWire:
    """GET /orgs/{org}."""
    return spell(core.get_organization(call.tx, call.actor, path_id(call, "organization", "org")))


def update_org(call: Call) -> OrgWire:
    """PATCH /orgs/{org}."""
    body: UpdateOrgBody = call.body
    organization_id = path_id(call, "organization", "org")
    changes = masked(sent(body.org), body.update_mask, MASKS, "org")
    name = check_name("org.label", changes["label"]) if "label" in changes else UNSET
    request = core.UpdateOrganization(id=organization_id, name=name)
    return spell(core.update_organization(call.tx, call.actor, request))


def list_builders(call: Call) -> Reply:
    """GET /orgs/{org}/builders."""
    organization_id = path_id(call, "organization", "org")
    query = list_query(call, access.ORGANIZATION_MEMBER)
    page = access.list_organization_members(call.tx, call.actor, organization_id, query)
    return list_page(call, access.ORGANIZATION_MEMBER, page, _spell_member)


def _spell_member(row: access.OrganizationMemberRow) -> BuilderWire:
    return spell_builder(row.user_id, row.user_name, row.user_email, row.created_at)


def add_membership(call: Call) -> None:
    """POST /orgs/{org}/memberships."""
    body: MembershipBody = call.body
    organization_id = path_id(call, "organization", "org")
    user_id = parse_id("user", body.builder_id)
    if user_id is None:
        raise NotFoundError("user")
    if role_in(call, organization_id, user_id) is not None:
        raise InvalidRequestError.at("builderId", "is a member already")
    request = access.SetOrganizationRole(organization_id=organization_id, user_id=user_id, role="member")
    access.set_organization_role(call.tx, call.actor, request)


def role_in(call: Call, organization_id: str, user_id: str) -> str | None:
    """The role of a user in an organization of the caller's; None where the user is no member.

    Raises:
        NotFoundError: the organization is absent or not the caller's.
    """
    query = ListQuery(where=Compare("user_id", Op.EQ, user_id), count=False)
    rows = access.list_organization_members(call.tx, call.actor, organization_id, query).rows
    return rows[0].role if rows else None


_TAGS = ("Organizations",)
ORG: Final = {"org": "The organization's id."}

ROUTES = [
    Route(
        method="POST",
        path="/v1/orgs",
        handler=create_org,
        operation_id="createOrg",
        summary="Make an organization, as an operator of this server.",
        permission="organizations:write",
        body=CreateOrgBody,
        returns=OrgWire,
        status=201,
        errors=(ErrorKind.CONFLICT,),
        tags=_TAGS,
    ),
    Route(
        method="GET",
        path="/v1/orgs/{org}",
        handler=get_org,
        operation_id="getOrg",
        summary="Get an organization of the caller's.",
        permission="organizations:read",
        returns=OrgWire,
        inline=True,
        path_parameters=ORG,
        tags=_TAGS,
    ),
    Route(
        method="PATCH",
        path="/v1/orgs/{org}",
        handler=update_org,
        operation_id="updateOrg",
        summary="Change an organization's label.",
        permission="organizations:write",
        body=UpdateOrgBody,
        returns=OrgWire,
        also={422: "A path of the mask has no value."},
        resource=get_org,
        path_parameters=ORG,
        tags=_TAGS,
    ),
    Route(
        method="GET",
        path="/v1/orgs/{org}/builders",
        handler=list_builders,
        operation_id="listOrgBuilders",
        summary="List the users of an organization, the first to join first.",
        permission="members:read",
        query=ListParameters,
        returns=list[BuilderWire],
        path_parameters=ORG,
        tags=_TAGS,
    ),
    Route(
        method="POST",
        path="/v1/orgs/{org}/memberships",
        handler=add_membership,
        operation_id="addUserToOrg",
        summary="Take a user into an organization, as a member.",
        permission="members:write",
        body=MembershipBody,
        status=201,
        path_parameters=ORG,
        tags=_TAGS,
    ),
]
