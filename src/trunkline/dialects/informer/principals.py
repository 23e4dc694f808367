"""Principals: whoever can own or be given something, be it a user or a team; and who owns an integration.

Source: informer-gestal reference A1 (identity), A3 rows 20 and 21.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from msgspec import UNSET, Meta, UnsetType, field

from trunkline.core import access
from trunkline.core import integrations as core
from trunkline.dialects.informer.hal import Links, Resource, link, own_links, segment
from trunkline.dialects.informer.integrations import ID, path_of
from trunkline.dialects.informer.people import team_links, user_links
from trunkline.dialects.informer.references import find, principal
from trunkline.dialects.informer.wire_base import Body, Wire
from trunkline.kit.errors import ErrorKind, InvalidRequestError, NotFoundError
from trunkline.kit.ids import format_uuid
from trunkline.web import Call, Route

Kind = Literal["user", "team"]


class PrincipalSummary(Wire, frozen=True, kw_only=True):
    """A principal where it stands inside something else."""

    id: str
    name: str
    type: Kind


class EmbeddedUser(Resource, frozen=True, kw_only=True):
    """The user a principal is."""

    username: str
    display_name: str
    email: str


class EmbeddedTeam(Resource, frozen=True, kw_only=True):
    """The team a principal is."""

    id: str
    name: str


class EmbeddedPrincipal(Wire, frozen=True, kw_only=True):
    """One of the two."""

    user: EmbeddedUser | UnsetType = field(name="inf:user", default=UNSET)
    team: EmbeddedTeam | UnsetType = field(name="inf:team", default=UNSET)


class PrincipalWire(Resource, frozen=True, kw_only=True):
    """A user or a team; `id` is what shares and owners name it by."""

    id: str
    user_id: str | UnsetType = UNSET
    team_id: str | UnsetType = UNSET
    embedded: EmbeddedPrincipal = field(name="_embedded")


class OwnerBody(Body, frozen=True, kw_only=True):
    """Who is to own it: a user by name or id, or a team by id."""

    user_id: Annotated[str, Meta(max_length=300)] | None = None
    team_id: Annotated[str, Meta(max_length=300)] | None = None


def summary(of: access.Principal) -> PrincipalSummary:
    """A principal in short."""
    return PrincipalSummary(id=access.principal_key(of), name=of.name, type=of.kind)


def get_principal(call: Call) -> PrincipalWire:
    """GET /api/principals/{id}."""
    return _spell(call, principal(call, call.path["id"]))


def get_owner(call: Call) -> PrincipalWire:
    """GET /api/integrations/{id}/owner."""
    return _owner(call, find(call))


def set_owner(call: Call) -> PrincipalWire:
    """PUT /api/integrations/{id}/owner."""
    row = find(call)
    to = principal(call, _named(call.body), organization_id=row.organization_id)
    return _owner(call, core.transfer_ownership(call.tx, call.actor, row.id, to.kind, to.id))


def _named(body: OwnerBody) -> str:
    if (body.user_id is None) == (body.team_id is None):
        raise InvalidRequestError.at("userId", "name either a user or a team")
    if body.team_id is not None:
        return f"team:{body.team_id.removeprefix('team:')}"
    return f"user:{(body.user_id or '').removeprefix('user:')}"


def _owner(call: Call, row: core.IntegrationRow) -> PrincipalWire:
    subject = (row.owner_kind, row.owner_id)
    found = access.principals_of(call.tx, call.actor, [subject]).get(subject)
    if found is None:
        raise NotFoundError("owner")
    return _spell(call, found, of=row)


def _spell(call: Call, found: access.Principal, of: core.IntegrationRow | None = None) -> PrincipalWire:
    key = access.principal_key(found)
    relations: Links = {} if of is None else {"inf:integration": link(call, path_of(of))}
    links = own_links(call, f"/api/principals/{segment(key)}", relations)
    if found.kind == "team":
        team_id = format_uuid(found.id)
        team = EmbeddedTeam(links=team_links(found.id), id=team_id, name=found.name)
        return PrincipalWire(links=links, id=key, team_id=team_id, embedded=EmbeddedPrincipal(team=team))
    user = EmbeddedUser(links=user_links(key), username=key, display_name=found.name, email=found.email or "")
    return PrincipalWire(links=links, id=key, user_id=key, embedded=EmbeddedPrincipal(user=user))


_OWNER: Final = "/api/integrations/{id}/owner"

ROUTES = [
    Route(
        method="GET",
        path="/api/principals/{id}",
        handler=get_principal,
        operation_id="getPrincipal",
        summary="Get a user or a team by what shares and owners name it by.",
        permission="users:read",
        returns=PrincipalWire,
        path_parameters={"id": "`alice` or `user:alice` for a user, `team:` and an id or name for a team."},
        tags=("Principals",),
    ),
    Route(
        method="GET",
        path=_OWNER,
        handler=get_owner,
        operation_id="getOwner",
        summary="Get the owner of an integration.",
        permission="integrations:read",
        returns=PrincipalWire,
        path_parameters=ID,
        tags=("Owner",),
    ),
    Route(
        method="PUT",
        path=_OWNER,
        handler=set_owner,
        operation_id="setOwner",
        summary="Hand an integration to another user or to a team.",
        permission="integrations:write",
        body=OwnerBody,
        returns=PrincipalWire,
        errors=(ErrorKind.CONFLICT,),
        path_parameters=ID,
        tags=("Owner",),
    ),
]
