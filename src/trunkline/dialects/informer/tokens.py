"""API tokens of whoever is logged in: bearer keys that outlive the session they were made in.

Served below the mount only, because at the root this path is the platform's.

Source: informer-gestal reference A1 (API tokens).
"""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import UNSET, Meta, UnsetType, field
from msgspec.json import decode

from trunkline.core import access as core
from trunkline.dialects.informer.hal import Collection, Links, Resource, curies, mounted
from trunkline.dialects.informer.lists import ListParameters, collection, list_query
from trunkline.dialects.informer.wire_base import Body, Wire, path_id, spell_optional_time, spell_time
from trunkline.kit.clock import parse_time
from trunkline.kit.errors import InvalidRequestError
from trunkline.kit.ids import format_uuid
from trunkline.web import Call, Reply, Route

SORT: Final = {"name": "name", "createdAt": "created_at", "expiresAt": "expires_at"}
TYPE: Final = "api"


class TokenWire(Resource, frozen=True, kw_only=True):
    """A token; the key itself is in no answer but the one to making it."""

    id: str
    type: str
    name: str
    hint: str
    read_only: bool
    created_at: str
    expires_at: str | UnsetType = UNSET
    revoked_at: str | UnsetType = UNSET


class IssuedTokenWire(TokenWire, frozen=True, kw_only=True):
    """A token, and this once the key that stands for it."""

    token: str


class EmbeddedTokens(Wire, frozen=True, kw_only=True):
    """The tokens of a page."""

    tokens: list[TokenWire] = field(name="inf:token")


class CreateTokenBody(Body, frozen=True, kw_only=True):
    """What the token is called, and how long and for what it is good."""

    name: str
    expires_at: Annotated[
        str | None, Meta(description="When it ends, with an offset or `Z`; never, if left out.")
    ] = None
    read_only: bool | None = None


def list_tokens(call: Call) -> Collection[EmbeddedTokens]:
    """GET /api/tokens."""
    page = core.list_api_tokens(call.tx, call.actor, list_query(call.query, SORT))
    tokens = EmbeddedTokens(tokens=[_spell(row) for row in page.rows])
    return collection(call, "/api/tokens", page, tokens)


def get_token(call: Call) -> TokenWire:
    """GET /api/tokens/{id}."""
    return _spell(core.get_api_token(call.tx, call.actor, path_id(call, "key")), curies(call))


def create_token(call: Call) -> Reply:
    """POST /api/tokens."""
    body: CreateTokenBody = call.body
    request = core.CreateApiToken(
        name=body.name, expires_at=_expiry(body.expires_at), read_only=bool(body.read_only)
    )
    issued = core.create_api_token(call.tx, call.actor, request, pepper=call.services.pepper)
    shown = _spell(issued.row, curies(call))
    members = {name: getattr(shown, name) for name in shown.__struct_fields__}
    return Reply(
        body=IssuedTokenWire(**members, token=issued.secret.reveal()),
        headers={"location": mounted(_path(issued.row)).href},
    )


def revoke_token(call: Call) -> None:
    """DELETE /api/tokens/{id}."""
    core.revoke_api_token(call.tx, call.actor, path_id(call, "key"))


def _expiry(text: str | None) -> str | None:
    if text is None:
        return None
    found = parse_time(text)
    if found is None:
        raise InvalidRequestError.at("expiresAt", "must be a time such as 2026-11-22T10:00:00Z")
    return found


def _path(row: core.KeyRow) -> str:
    return f"/api/tokens/{format_uuid(row.id)}"


def _spell(row: core.KeyRow, links: Links | None = None) -> TokenWire:
    operations = None if row.operations is None else decode(row.operations, type=list[str])
    return TokenWire(
        links={"self": mounted(_path(row)), **(links or {})},
        id=format_uuid(row.id),
        type=TYPE,
        name=row.name,
        hint=row.hint,
        read_only=operations is not None and all(one.endswith(":read") for one in operations),
        created_at=spell_time(row.created_at),
        expires_at=spell_optional_time(row.expires_at),
        revoked_at=spell_optional_time(row.revoked_at),
    )


_TAGS = ("API tokens",)
_ID = {"id": "The token's id."}

ROUTES = [
    Route(
        method="GET",
        path="/api/tokens",
        handler=list_tokens,
        operation_id="listTokens",
        summary="List the caller's own API tokens.",
        permission="keys:read",
        query=ListParameters,
        returns=Collection[EmbeddedTokens],
        mount_only=True,
        tags=_TAGS,
    ),
    Route(
        method="POST",
        path="/api/tokens",
        handler=create_token,
        operation_id="createToken",
        summary="Make an API token that acts as the caller.",
        permission="keys:write",
        body=CreateTokenBody,
        returns=IssuedTokenWire,
        status=201,
        one_time_secret=True,
        mount_only=True,
        tags=_TAGS,
    ),
    Route(
        method="GET",
        path="/api/tokens/{id}",
        handler=get_token,
        operation_id="getToken",
        summary="Get an API token, without the key.",
        permission="keys:read",
        returns=TokenWire,
        mount_only=True,
        path_parameters=_ID,
        tags=_TAGS,
    ),
    Route(
        method="DELETE",
        path="/api/tokens/{id}",
        handler=revoke_token,
        operation_id="revokeToken",
        summary="End an API token.",
        permission="keys:write",
        status=204,
        resource=get_token,
        mount_only=True,
        path_parameters=_ID,
        tags=_TAGS,
    ),
]
