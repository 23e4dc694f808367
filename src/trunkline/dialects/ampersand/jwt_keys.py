"""JWT keys of a project: the public halves of what its servers sign their pages' tokens with.

Source: ampersand reference sections 1.0 (auth) and 1.11.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from msgspec import UNSET, Meta, UnsetType

from trunkline.core import access as core
from trunkline.dialects.ampersand.lists import ListParameters, list_page, list_query
from trunkline.dialects.ampersand.masks import masked
from trunkline.dialects.ampersand.projects import PROJECT
from trunkline.dialects.ampersand.references import project
from trunkline.dialects.ampersand.wire_base import Body, Time, UpdateMask, Wire, path_id, sent
from trunkline.kit.filters import Compare, Op
from trunkline.kit.ids import format_uuid
from trunkline.web import Call, Reply, Route

MASKS: Final = ("active", "label", "name")  # the last is another word for the label
FAMILY: Final = "RSA"  # what the vendor answers, where RS256 was sent

_Label = Annotated[str, Meta(min_length=1, max_length=255, description="For people to tell keys apart.")]
_Pem = Annotated[str, Meta(description="An RSA public key in PEM, of 2,048 bits or more.")]


class JwtKeyWire(Wire, frozen=True, kw_only=True):
    """A JWT key; its id is the `kid` of the tokens that are signed with it."""

    id: str
    project_id: str
    label: str
    algorithm: str
    public_key_pem: str
    active: bool
    create_time: Time
    update_time: Time


class Kid(Wire, frozen=True, kw_only=True):
    """What to call the key in a token's header."""

    kid: str


def spell(row: core.JwtKeyRow) -> JwtKeyWire:
    """A JWT key in this dialect."""
    return JwtKeyWire(
        id=format_uuid(row.id),
        project_id=format_uuid(row.workspace_id),
        label=row.label,
        algorithm=FAMILY,
        public_key_pem=row.public_key_pem,
        active=row.active,
        create_time=row.created_at,
        update_time=row.updated_at,
    )


class JwtKeyParameters(ListParameters, frozen=True, kw_only=True):
    """Parameters of the list."""

    active: Annotated[bool, Meta(description="Only keys whose tokens are accepted.")] = False


class CreateJwtKeyBody(Body, frozen=True, kw_only=True):
    """A new JWT key."""

    label: _Label
    algorithm: Literal["RS256"]
    public_key_pem: _Pem


class JwtKeyChanges(Body, frozen=True, kw_only=True):
    """What of a JWT key may be changed; `name` is another word for its label."""

    label: _Label | UnsetType = UNSET
    name: _Label | UnsetType = UNSET
    active: Annotated[bool, Meta(description="Whether its tokens are accepted.")] | UnsetType = UNSET


class UpdateJwtKeyBody(Body, frozen=True, kw_only=True):
    """Changes to a JWT key. Masks: `active`, `label`, and `name` for the label."""

    update_mask: Annotated[UpdateMask, Meta(min_length=1)]
    jwt_key: JwtKeyChanges


def list_jwt_keys(call: Call) -> Reply:
    """GET /projects/{project}/jwt-keys."""
    asked: JwtKeyParameters = call.query
    only = (Compare("active", Op.EQ, True),) if asked.active else ()
    query = list_query(call, core.JWT_KEY, *only)
    return list_page(
        call, core.JWT_KEY, core.list_jwt_keys(call.tx, call.actor, project(call).id, query), spell
    )


def create_jwt_key(call: Call) -> Kid:
    """POST /projects/{project}/jwt-keys."""
    body: CreateJwtKeyBody = call.body
    request = core.CreateJwtKey(
        workspace_id=project(call).id,
        label=body.label,
        algorithm=body.algorithm,
        public_key_pem=body.public_key_pem,
    )
    return Kid(kid=format_uuid(core.create_jwt_key(call.tx, call.actor, request).id))


def get_jwt_key(call: Call) -> JwtKeyWire:
    """GET /projects/{project}/jwt-keys/{jwt_key}."""
    found = project(call)
    return spell(core.get_jwt_key(call.tx, call.actor, found.id, path_id(call, "jwt_key", "jwt_key")))


def update_jwt_key(call: Call) -> JwtKeyWire:
    """PATCH /projects/{project}/jwt-keys/{jwt_key}."""
    body: UpdateJwtKeyBody = call.body
    changes: dict[str, Any] = masked(sent(body.jwt_key), body.update_mask, MASKS, "jwtKey")
    if "name" in changes:
        changes.setdefault("label", changes.pop("name"))
    found = project(call)
    request = core.UpdateJwtKey(workspace_id=found.id, id=path_id(call, "jwt_key", "jwt_key"), **changes)
    return spell(core.update_jwt_key(call.tx, call.actor, request))


def delete_jwt_key(call: Call) -> None:
    """DELETE /projects/{project}/jwt-keys/{jwt_key}."""
    found = project(call)
    core.delete_jwt_key(call.tx, call.actor, found.id, path_id(call, "jwt_key", "jwt_key"))


_TAGS = ("JWT keys",)
_JWT_KEY: Final = {**PROJECT, "jwt_key": "The key's id, the `kid` of its tokens."}

ROUTES = [
    Route(
        method="GET",
        path="/v1/projects/{project}/jwt-keys",
        handler=list_jwt_keys,
        operation_id="listJWTKeys",
        summary="List a project's JWT keys, the oldest first.",
        permission="keys:read",
        query=JwtKeyParameters,
        returns=list[JwtKeyWire],
        path_parameters=PROJECT,
        tags=_TAGS,
    ),
    Route(
        method="POST",
        path="/v1/projects/{project}/jwt-keys",
        handler=create_jwt_key,
        operation_id="createJWTKey",
        summary="Trust tokens that are signed with the private half of a key, for one group each.",
        permission="keys:write",
        body=CreateJwtKeyBody,
        returns=Kid,
        status=201,
        path_parameters=PROJECT,
        tags=_TAGS,
    ),
    Route(
        method="GET",
        path="/v1/projects/{project}/jwt-keys/{jwt_key}",
        handler=get_jwt_key,
        operation_id="getJWTKey",
        summary="Get a JWT key.",
        permission="keys:read",
        returns=JwtKeyWire,
        inline=True,
        path_parameters=_JWT_KEY,
        tags=_TAGS,
    ),
    Route(
        method="PATCH",
        path="/v1/projects/{project}/jwt-keys/{jwt_key}",
        handler=update_jwt_key,
        operation_id="updateJWTKey",
        summary="Rename a JWT key, or have its tokens refused or accepted.",
        permission="keys:write",
        body=UpdateJwtKeyBody,
        returns=JwtKeyWire,
        also={422: "A path of the mask has no value."},
        resource=get_jwt_key,
        path_parameters=_JWT_KEY,
        tags=_TAGS,
    ),
    Route(
        method="DELETE",
        path="/v1/projects/{project}/jwt-keys/{jwt_key}",
        handler=delete_jwt_key,
        operation_id="deleteJWTKey",
        summary="Remove a JWT key; its tokens are refused from the next request on.",
        permission="keys:write",
        status=204,
        resource=get_jwt_key,
        path_parameters=_JWT_KEY,
        tags=_TAGS,
    ),
]
