"""Users: the people and services everything is done as."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType, field

from trunkline.core import access as core
from trunkline.dialects.platform.lists import ListPage, ListParameters, list_page, list_query
from trunkline.dialects.platform.organization_members import OrganizationRole
from trunkline.dialects.platform.wire_base import (
    DONE,
    Body,
    Json,
    Success,
    Wire,
    given,
    member_id,
    path_id,
    spell_time,
)
from trunkline.infra.vault.passwords import PASSWORD_MAX, PASSWORD_MIN
from trunkline.kit.errors import ErrorKind
from trunkline.kit.ids import format_id
from trunkline.kit.secret import Secret
from trunkline.web import Call, FlowCall, Route

_Username = Annotated[str, Meta(description="Unique in the organization; read in any case.")]
_Fields = Annotated[
    dict[str, str | int | float | bool | None],
    Meta(description="What the organization says of the user. Everybody who sees the user sees it."),
]


class UserWire(Wire, frozen=True, kw_only=True):
    """A user; `organizationId` is the organization that manages them."""

    id: str
    organization_id: str
    email: str
    username: str
    name: str
    fields: Json
    operator: Annotated[bool, Meta(description="Runs this instance; sees no more of others for it.")]
    active: bool
    created_at: str
    updated_at: str


def spell(row: core.UserRow) -> UserWire:
    """A user in this dialect."""
    return UserWire(
        id=format_id("user", row.id),
        organization_id=format_id("organization", row.organization_id),
        email=row.email,
        username=row.username,
        name=row.name,
        fields=row.fields,
        operator=row.operator,
        active=row.active,
        created_at=spell_time(row.created_at),
        updated_at=spell_time(row.updated_at),
    )


class UserParameters(ListParameters, frozen=True, kw_only=True):
    """Parameters of the list."""

    organization_id: Annotated[str, Meta(description="Managed by this organization.")] | UnsetType = UNSET
    email: str | UnsetType = UNSET
    username: str | UnsetType = UNSET
    name: Annotated[str, Meta(description="Part of the name, in any case.")] | UnsetType = UNSET
    active: bool | UnsetType = UNSET


class CreateUserBody(Body, frozen=True, kw_only=True):
    """A new user, managed by and member of an organization."""

    organization_id: str
    email: str
    name: str
    username: Annotated[str, Meta(description="Made of the address where none is given.")] | None = None
    role: OrganizationRole = "member"
    fields: _Fields = field(default_factory=dict)


class UpdateUserBody(Body, frozen=True, kw_only=True):
    """Changes to a user; what is left out stays as it is. Keys of users that are not active do not work."""

    name: str | UnsetType = UNSET
    username: _Username | UnsetType = UNSET
    fields: _Fields | UnsetType = UNSET
    active: bool | UnsetType = UNSET


class SetPasswordBody(Body, frozen=True, kw_only=True):
    """A new password, which no answer and no record ever shows."""

    password: Annotated[
        str,
        Meta(
            min_length=PASSWORD_MIN,
            max_length=PASSWORD_MAX,
            description=f"{PASSWORD_MIN} to {PASSWORD_MAX:,} bytes of UTF-8.",
            examples=["correct horse battery staple"],
            extra_json_schema={"format": "password", "writeOnly": True},
        ),
    ]


def list_users(call: Call) -> ListPage[UserWire]:
    """GET /api/users."""
    page = core.list_users(call.tx, call.actor, list_query(call, core.USER))
    return list_page(call, core.USER, page, spell)


def get_user(call: Call) -> UserWire:
    """GET /api/users/{id}."""
    return spell(core.get_user(call.tx, call.actor, path_id(call, "user")))


def create_user(call: Call) -> UserWire:
    """POST /api/users."""
    body: CreateUserBody = call.body
    request = core.CreateUser(
        organization_id=member_id("organization", body.organization_id, "organizationId"),
        email=body.email,
        name=body.name,
        username=body.username,
        role=body.role,
        fields=body.fields,
    )
    return spell(core.create_user(call.tx, call.actor, request))


def update_user(call: Call) -> UserWire:
    """PATCH /api/users/{id}."""
    request = core.UpdateUser(id=path_id(call, "user"), **given(call.body))
    return spell(core.update_user(call.tx, call.actor, request))


async def set_password(call: FlowCall) -> Success:
    """PUT /api/users/{id}/password."""
    user_id, body = path_id(call, "user"), call.body
    await call.database.read(lambda tx: core.require_password_setter(tx, call.actor, user_id), inline=True)
    hashed = await call.services.logins.hash(Secret(body.password))
    await call.database.write(lambda tx: core.set_password(tx, call.actor, user_id, hashed))
    return DONE


_ID = {"id": "The user's id, e.g. `usr_0197…`."}
_TAGS = ("Users",)

ROUTES = [
    Route(
        method="GET",
        path="/api/users",
        handler=list_users,
        operation_id="listUsers",
        summary="List the users the caller shares an organization with.",
        permission="users:read",
        query=UserParameters,
        returns=ListPage[UserWire],
        tags=_TAGS,
    ),
    Route(
        method="POST",
        path="/api/users",
        handler=create_user,
        operation_id="createUser",
        summary="Make a user in an organization the caller administers.",
        permission="users:write",
        body=CreateUserBody,
        returns=UserWire,
        status=201,
        errors=(ErrorKind.NOT_FOUND, ErrorKind.CONFLICT),
        tags=_TAGS,
    ),
    Route(
        method="GET",
        path="/api/users/{id}",
        handler=get_user,
        operation_id="getUser",
        summary="Get a user.",
        permission="users:read",
        returns=UserWire,
        inline=True,
        path_parameters=_ID,
        tags=_TAGS,
    ),
    Route(
        method="PATCH",
        path="/api/users/{id}",
        handler=update_user,
        operation_id="updateUser",
        summary="Change a user, or let them in or keep them out.",
        permission="users:write",
        body=UpdateUserBody,
        returns=UserWire,
        errors=(ErrorKind.CONFLICT,),
        resource=get_user,
        path_parameters=_ID,
        tags=_TAGS,
    ),
    Route(
        method="PUT",
        path="/api/users/{id}/password",
        handler=set_password,
        operation_id="setUserPassword",
        summary="Give oneself or a user one manages another password, and end their sessions.",
        description="Takes a secret key that is not narrowed. Keys and tokens of the user keep working.",
        permission="users:write",
        flow=True,
        body=SetPasswordBody,
        returns=Success,
        path_parameters=_ID,
        tags=_TAGS,
    ),
]
