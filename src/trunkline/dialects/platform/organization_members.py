"""Who belongs to an organization, and in which role. Members are named by organization and user."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal, Self

from msgspec import UNSET, Meta, UnsetType

from trunkline.core import access as core
from trunkline.dialects.platform.lists import ListPage, ListParameters, list_page, list_query
from trunkline.dialects.platform.wire_base import DONE, Body, Success, Wire, member_id, path_id, spell_time
from trunkline.infra.db import Field, FieldKind
from trunkline.kit.errors import ErrorKind
from trunkline.kit.ids import format_id
from trunkline.web import Call, Route

OrganizationRole = Literal["owner", "admin", "author", "member"]

# Rows without an id of their own to print: no id can be given for one, so only cursors name a place.
_MEMBER = replace(
    core.ORGANIZATION_MEMBER, fields={**core.ORGANIZATION_MEMBER.fields, "id": Field(kind=FieldKind.ID)}
)


class OrganizationMemberWire(Wire, frozen=True, kw_only=True):
    """A user's role in an organization; owners and admins are admins of all its workspaces.

    Authors may make integrations in its default workspace without a role there.
    """

    organization_id: str
    user_id: str
    role: OrganizationRole
    created_at: str
    user_name: str
    user_email: str

    @classmethod
    def of(cls, row: core.OrganizationMemberRow) -> Self:
        """A membership in this dialect."""
        return cls(
            organization_id=format_id("organization", row.organization_id),
            user_id=format_id("user", row.user_id),
            role=row.role,  # type: ignore[arg-type]  # the database allows nothing else
            created_at=spell_time(row.created_at),
            user_name=row.user_name,
            user_email=row.user_email,
        )


class OrganizationMemberParameters(ListParameters, frozen=True, kw_only=True):
    """Parameters of the list."""

    organization_id: Annotated[str, Meta(description="Whose members.")]
    user_id: str | UnsetType = UNSET
    role: OrganizationRole | UnsetType = UNSET


class SetOrganizationRoleBody(Body, frozen=True, kw_only=True):
    """The role a user is to have in an organization."""

    organization_id: str
    user_id: str
    role: OrganizationRole


def list_organization_members(call: Call) -> ListPage[OrganizationMemberWire]:
    """GET /api/organization-members."""
    organization_id = member_id("organization", call.query.organization_id, "organization_id")
    query = list_query(call, _MEMBER, elsewhere=frozenset({"organization_id"}))
    page = core.list_organization_members(call.tx, call.actor, organization_id, query)
    return list_page(call, _MEMBER, page, OrganizationMemberWire.of)


def set_organization_role(call: Call) -> OrganizationMemberWire:
    """POST /api/organization-members."""
    body: SetOrganizationRoleBody = call.body
    request = core.SetOrganizationRole(
        organization_id=member_id("organization", body.organization_id, "organizationId"),
        user_id=member_id("user", body.user_id, "userId"),
        role=body.role,
    )
    return OrganizationMemberWire.of(core.set_organization_role(call.tx, call.actor, request))


def remove_organization_member(call: Call) -> Success:
    """DELETE /api/organization-members/{organization_id}/{user_id}."""
    organization_id = path_id(call, "organization", "organization_id")
    core.remove_organization_member(call.tx, call.actor, organization_id, path_id(call, "user", "user_id"))
    return DONE


_TAGS = ("Organization members",)

ROUTES = [
    Route(
        method="GET",
        path="/api/organization-members",
        handler=list_organization_members,
        operation_id="listOrganizationMembers",
        summary="List the members of an organization.",
        permission="members:read",
        query=OrganizationMemberParameters,
        returns=ListPage[OrganizationMemberWire],
        errors=(ErrorKind.NOT_FOUND,),
        tags=_TAGS,
    ),
    Route(
        method="POST",
        path="/api/organization-members",
        handler=set_organization_role,
        operation_id="setOrganizationRole",
        summary="Take a user into an organization, or change the role of a member.",
        permission="members:write",
        body=SetOrganizationRoleBody,
        returns=OrganizationMemberWire,
        errors=(ErrorKind.NOT_FOUND, ErrorKind.CONFLICT),
        tags=_TAGS,
    ),
    Route(
        method="DELETE",
        path="/api/organization-members/{organization_id}/{user_id}",
        handler=remove_organization_member,
        operation_id="removeOrganizationMember",
        summary="Take a user out of an organization, its workspaces and its teams.",
        permission="members:write",
        returns=Success,
        errors=(ErrorKind.CONFLICT,),
        path_parameters={"organization_id": "The organization's id.", "user_id": "The user's id."},
        tags=_TAGS,
    ),
]
