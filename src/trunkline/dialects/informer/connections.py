"""Connections: one's own of an integration, or the one that all share.

Source: seed 003, GET /api/integrations/{id}/account; informer-gestal reference A3 rows 10, 12 and 13.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

from msgspec import UNSET, Meta, UnsetType
from msgspec.json import decode

from trunkline.core import access
from trunkline.core import connections as core
from trunkline.dialects.informer.flows import CALLBACK, Place, place, place_in, services
from trunkline.dialects.informer.hal import Links, Resource, link, own_links
from trunkline.dialects.informer.integrations import ID, path_of
from trunkline.dialects.informer.wire_base import (
    AnyCall,
    Body,
    Wire,
    present,
    sent,
    spell_optional_time,
    spell_time,
)
from trunkline.infra.db import Tx
from trunkline.kit.actor import Actor
from trunkline.kit.errors import ErrorKind, InvalidRequestError, NotFoundError
from trunkline.kit.ids import format_uuid
from trunkline.kit.secret import Secret
from trunkline.web import Call, FlowCall, Reply, Route, known_browser

UPSTREAM: Final = (ErrorKind.CONFLICT, ErrorKind.BAD_GATEWAY, ErrorKind.GATEWAY_TIMEOUT)
MAX_CODE: Final = 8_192  # characters
_Credential = Annotated[str, Meta(extra_json_schema={"format": "password"})]


class ConnectionWire(Resource, frozen=True, kw_only=True):
    """A connection, without its credential.

    Only with `status` `ok` can it be used. Whose it is, or who made the shared one, is `ownerId`.
    """

    id: str
    integration_id: str
    owner_id: str | UnsetType = UNSET
    is_shared: bool
    status: str
    reason: str | UnsetType = UNSET
    token_expires_at: str | UnsetType = UNSET
    refresh_token_expires_at: str | UnsetType = UNSET
    last_authorized_at: str | UnsetType = UNSET
    created_at: str
    updated_at: str


class AccountWire(Wire, frozen=True, kw_only=True):
    """Whose account at the provider it is, as far as the provider tells."""

    email: str | UnsetType = UNSET
    display_name: str | UnsetType = UNSET
    account_id: str | UnsetType = UNSET


class ConnectBody(Body, frozen=True, kw_only=True):
    """What the integration's way of authenticating asks for; it is tried before it is kept.

    Or the `code` that the provider's page shows at the end of an authorization, which `GET …/connect` has started
    for the same user in the same browser: `state` says which one, the latest where it is left out.
    """

    code: Annotated[str, Meta(min_length=1, max_length=MAX_CODE)] | UnsetType = UNSET
    state: Annotated[str, Meta(max_length=MAX_CODE)] | UnsetType = UNSET
    api_key: _Credential | UnsetType = UNSET
    username: str | UnsetType = UNSET
    password: _Credential | UnsetType = UNSET
    token: _Credential | UnsetType = UNSET
    access_token: _Credential | UnsetType = UNSET
    refresh_token: _Credential | UnsetType = UNSET
    client_id: str | UnsetType = UNSET
    client_secret: _Credential | UnsetType = UNSET
    credentials: (
        Annotated[dict[str, str], Meta(description="Anything else it asks for, by name.")] | UnsetType
    ) = UNSET
    parameters: (
        Annotated[dict[str, str], Meta(description="What the provider's URLs ask for, such as a subdomain.")]
        | UnsetType
    ) = UNSET


def get_account(call: Call) -> AccountWire:
    """GET /api/integrations/{id}/account."""
    row, _ = _found(call.tx, call.actor, call.path["id"])
    account: dict[str, Any] = {} if row.account is None else decode(row.account)
    return AccountWire(
        email=present(account.get("email")),
        display_name=present(account.get("displayName")),
        account_id=present(account.get("id")),
    )


def get_connection(call: Call) -> ConnectionWire:
    """GET /api/integrations/{id}/connection."""
    row, at = _found(call.tx, call.actor, call.path["id"])
    return _spell(call, row, at, _owner(call.tx, call.actor, row))


async def connect(call: FlowCall) -> Reply:
    """POST /api/integrations/{id}/connect."""
    at = await place(call)
    given = sent(call.body)
    if not {"code", "state"}.isdisjoint(given):
        row = await core.redeem_code(services(call), call.actor, _pasted(call, at, given))
    else:
        row = await core.connect(services(call), call.actor, _brought(at, given))
    owner = await call.database.read(lambda tx: _owner(tx, call.actor, row))
    location = f"{call.mount}{path_of(at.integration)}/connection"
    return Reply(body=_spell(call, row, at, owner), headers={"location": location})


def _brought(at: Place, given: dict[str, Any]) -> core.Connect:
    parameters, others = given.pop("parameters", {}), given.pop("credentials", {})
    return core.Connect(
        integration_id=at.integration.id,
        workspace_id=at.workspace_id,
        credentials={name: Secret(text) for name, text in {**others, **given}.items()},
        parameters=parameters,
        singular=True,
    )


def _pasted(call: FlowCall, at: Place, given: dict[str, Any]) -> core.PastedCode:
    if "code" not in given:
        raise InvalidRequestError.at("code", "is required beside state")
    others = given.keys() - {"code", "state"}
    if others:
        raise InvalidRequestError.at(min(others), "is not asked for beside code")
    return core.PastedCode(
        integration_id=at.integration.id,
        workspace_id=at.workspace_id,
        code=Secret(given["code"]),
        state=given.get("state"),
        binding=known_browser(call.headers, call.services.public_url),
        redirect_path=CALLBACK,
    )


async def disconnect(call: FlowCall) -> None:
    """DELETE /api/integrations/{id}/connection."""
    row, _ = await call.database.read(lambda tx: _found(tx, call.actor, call.path["id"]))
    await core.disconnect(services(call), call.actor, row.id)


def _found(tx: Tx, actor: Actor, ref: str) -> tuple[core.ConnectionRow, Place]:
    at = place_in(tx, actor, ref)
    row = core.connection_for(tx, actor, at.integration.id, at.workspace_id)
    if row is None:
        raise NotFoundError("connection")
    return row, at


def _owner(tx: Tx, actor: Actor, row: core.ConnectionRow) -> str | None:
    subject = ("user", row.user_id or row.created_by)
    found = access.principals_of(tx, actor, [subject]).get(subject)
    return None if found is None else access.principal_key(found)


def _spell(call: AnyCall, row: core.ConnectionRow, at: Place, owner: str | None) -> ConnectionWire:
    path = path_of(at.integration)
    relations: Links = {
        "inf:integration": link(call, path),
        "inf:account": link(call, f"{path}/account"),
        "inf:connect": link(call, f"{path}/connect"),
        "inf:request": link(call, f"{path}/request"),
    }
    return ConnectionWire(
        links=own_links(call, f"{path}/connection", relations),
        id=format_uuid(row.id),
        integration_id=format_uuid(at.integration.id),
        owner_id=present(owner),
        is_shared=row.user_id is None,
        status=row.status,
        reason=present(row.reason),
        token_expires_at=spell_optional_time(row.access_expires_at),
        refresh_token_expires_at=spell_optional_time(row.refresh_expires_at),
        last_authorized_at=spell_optional_time(row.last_authorized_at),
        created_at=spell_time(row.created_at),
        updated_at=spell_time(row.updated_at),
    )


_PATH: Final = "/api/integrations/{id}/connection"
_TAGS = ("Connections",)

ROUTES = [
    Route(
        method="GET",
        path="/api/integrations/{id}/account",
        handler=get_account,
        operation_id="getAccount",
        summary="Get whose account at the provider the caller's connection is.",
        permission="connections:read",
        returns=AccountWire,
        media_type="application/json",
        path_parameters=ID,
        tags=_TAGS,
    ),
    Route(
        method="POST",
        path="/api/integrations/{id}/connect",
        handler=connect,
        operation_id="connect",
        summary="Connect with a credential, or with the code that a provider's page shows.",
        permission="connections:write",
        flow=True,
        body=ConnectBody,
        returns=ConnectionWire,
        status=201,
        errors=UPSTREAM,
        path_parameters=ID,
        tags=_TAGS,
    ),
    Route(
        method="GET",
        path=_PATH,
        handler=get_connection,
        operation_id="getConnection",
        summary="Get the state of the caller's connection, or of the one that all share.",
        permission="connections:read",
        returns=ConnectionWire,
        path_parameters=ID,
        tags=_TAGS,
    ),
    Route(
        method="DELETE",
        path=_PATH,
        handler=disconnect,
        operation_id="disconnect",
        summary="Disconnect: the credential is destroyed here, and revoked at the provider where it can be.",
        permission="connections:write",
        flow=True,
        status=204,
        errors=(ErrorKind.CONFLICT,),
        path_parameters=ID,
        tags=_TAGS,
    ),
]
