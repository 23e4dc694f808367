"""Who the caller is, and what the caller may do where.

Source: ampersand reference section 1.2 (`GET /my-info`).
"""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import UNSET, Meta, UnsetType

from trunkline.core import access, workspaces
from trunkline.dialects.ampersand import orgs, projects
from trunkline.dialects.ampersand.lists import LIMIT_MAX, OLDEST_FIRST
from trunkline.dialects.ampersand.wire_base import Wire
from trunkline.kit.actor import TIER_NAMES
from trunkline.kit.ids import format_uuid
from trunkline.kit.pages import ListQuery
from trunkline.web import Call, Route

_NAMES: Final = {tier: name for name, tier in TIER_NAMES.items()}
_PRINCIPAL: Final = "builder"

_Principal = Annotated[str, Meta(extra_json_schema={"enum": ["team", "builder"]})]


class ProjectRole(Wire, frozen=True, kw_only=True):
    """What the caller is in a project: admin, editor or viewer."""

    role: str
    principal_type: _Principal = _PRINCIPAL
    principal_id: str
    project: projects.ProjectWire


class OrgRole(Wire, frozen=True, kw_only=True):
    """What the caller is in an organization: owner, admin, author or member."""

    role: str
    principal_type: _Principal = _PRINCIPAL
    principal_id: str
    org: orgs.OrgWire


class BuilderInfo(Wire, frozen=True, kw_only=True):
    """The caller, and the projects the caller may look into, by their ids."""

    builder: orgs.BuilderWire
    project_roles: dict[str, ProjectRole]
    org_role: OrgRole | UnsetType = UNSET


def get_my_info(call: Call) -> BuilderInfo:
    """GET /my-info."""
    user = access.get_user(call.tx, call.actor, call.actor.user_id)
    return BuilderInfo(
        builder=orgs.spell_builder(user.id, user.name, user.email, user.created_at),
        project_roles=_project_roles(call),
        org_role=_org_role(call),
    )


def _project_roles(call: Call) -> dict[str, ProjectRole]:
    query = ListQuery(where=projects.NO_GROUP, order=OLDEST_FIRST, limit=LIMIT_MAX, count=False)
    found = {}
    for row in workspaces.list_workspaces(call.tx, call.actor, query).rows:
        tier = access.tier_on(call.tx, call.actor, organization_id=row.organization_id, workspace_id=row.id)
        found[format_uuid(row.id)] = ProjectRole(
            role=_NAMES[tier], principal_id=format_uuid(call.actor.user_id), project=projects.spell(row)
        )
    return found


def _org_role(call: Call) -> OrgRole | UnsetType:
    organization_id = access.acting_organization(call.tx, call.actor)
    role = orgs.role_in(call, organization_id, call.actor.user_id)
    if role is None:
        return UNSET
    row = workspaces.get_organization(call.tx, call.actor, organization_id)
    return OrgRole(role=role, principal_id=format_uuid(call.actor.user_id), org=orgs.spell(row))


ROUTES = [
    Route(
        method="GET",
        path="/v1/my-info",
        handler=get_my_info,
        operation_id="getMyInfo",
        summary="Who the caller is, and which role the caller has where.",
        permission="users:read",
        returns=BuilderInfo,
        tags=("Organizations",),
    ),
]
