"""Connections: accounts connected to integrations or to providers. Their credentials go in and never come out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, UnsetType

from trunkline.core import connections as core
from trunkline.dialects.platform.connecting import (
    ConnectionWire,
    Credentials,
    Provider,
    credentials,
    flow_services,
    integration_id,
    moment,
    spell,
)
from trunkline.dialects.platform.lists import ListPage, TrashParameters, list_page, list_query
from trunkline.dialects.platform.wire_base import DONE, Body, Success, Wire, given, member_id, path_id
from trunkline.kit.errors import ErrorKind
from trunkline.kit.secret import Secret
from trunkline.web import Call, FlowCall, Route

Status = Literal["pending", "ok", "needs_reauth", "suspended", "disconnected"]
Mode = Literal["per_user", "shared"]
OUTBOUND_ERRORS = (
    ErrorKind.NOT_FOUND,
    ErrorKind.CONFLICT,
    ErrorKind.BAD_GATEWAY,
    ErrorKind.GATEWAY_TIMEOUT,
)


class ConnectionParameters(TrashParameters, frozen=True, kw_only=True):
    """Parameters of the list."""

    workspace_id: str | UnsetType = UNSET
    integration_id: str | UnsetType = UNSET
    user_id: str | UnsetType = UNSET
    created_by: str | UnsetType = UNSET
    provider: str | UnsetType = UNSET
    status: Status | UnsetType = UNSET
    reason: str | UnsetType = UNSET
    mode: Mode | UnsetType = UNSET
    name: Annotated[str, Meta(description="Part of the name, in any case.")] | UnsetType = UNSET


class CreateConnectionBody(Body, frozen=True, kw_only=True):
    """A new connection to an integration, or to a provider itself, with a credential that is tested before it is kept.

    `credentials` holds, as the integration or provider authenticates: `apiKey`; `username` and `password`; `token`;
    the inputs of its token exchange or of a scheme of its own; `clientId`, `clientSecret` and `scope`; or a
    `refreshToken` and an `accessToken` granted elsewhere. Without any, what is connected by authorization gets a
    connection that waits for it.
    """

    workspace_id: str
    integration_id: str | None = None
    provider: Provider | None = None
    credentials: Credentials | None = None
    name: str | None = None
    metadata: dict[str, Any] | None = None
    parameters: dict[str, str] | None = None
    mode: Mode | None = None
    access_expires_at: (
        Annotated[
            str,
            Meta(
                description="When the `accessToken` ends; unknown unless given.",
                extra_json_schema={"format": "date-time"},
            ),
        ]
        | None
    ) = None

    def __repr__(self) -> str:
        return f"{type(self).__name__}(***)"


class UpdateConnectionBody(Body, frozen=True, kw_only=True):
    """Changes to a connection; what is left out stays as it is."""

    name: str | UnsetType = UNSET
    metadata: dict[str, Any] | UnsetType = UNSET


class ConfirmOriginsBody(Body, frozen=True, kw_only=True):
    """Consent of a connection's owner to exactly these servers; another list than the integration names is refused.

    The refusal `connection_suspended` lists them in its `details`, and so does that of another list.
    """

    origins: Annotated[
        list[Annotated[str, Meta(max_length=2_000)]],
        Meta(max_length=200, description="All that may come to see it, like `https://api.example.com`."),
    ]


class ReconnectBody(Body, frozen=True, kw_only=True):
    """A fresh credential of the same account; the connection keeps its id and everything that uses it."""

    credentials: Credentials

    def __repr__(self) -> str:
        return f"{type(self).__name__}(***)"


class ProbeWire(Wire, frozen=True, kw_only=True):
    """What the provider said: `untested` where the integration knows no request to ask with."""

    verdict: Literal["good", "refused", "unknown", "untested"]
    upstream_status: int | None
    connection: ConnectionWire


class IntegrationCredentialsBody(Body, frozen=True, kw_only=True):
    """Secrets of an integration itself; null takes one away, what is left out stays."""

    client_secret: Annotated[str, Meta(max_length=16_384)] | UnsetType | None = UNSET
    api_key: Annotated[str, Meta(max_length=16_384)] | UnsetType | None = UNSET

    def __repr__(self) -> str:
        return f"{type(self).__name__}(***)"


class IntegrationCredentialsWire(Wire, frozen=True, kw_only=True):
    """Which secrets an integration has."""

    client_secret: bool
    api_key: bool


def list_connections(call: Call) -> ListPage[ConnectionWire]:
    """GET /api/connections."""
    page = core.list_connections(call.tx, call.actor, list_query(call, core.CONNECTION))
    return list_page(call, core.CONNECTION, page, spell)


def get_connection(call: Call) -> ConnectionWire:
    """GET /api/connections/{id}."""
    return spell(core.get_connection(call.tx, call.actor, path_id(call, "connection")))


async def create_connection(call: FlowCall) -> ConnectionWire:
    """POST /api/connections."""
    body: CreateConnectionBody = call.body
    request = core.Connect(
        integration_id=integration_id(body.integration_id),
        provider=body.provider,
        imported=core.Imported(access_expires_at=moment(body.access_expires_at, "accessExpiresAt")),
        workspace_id=member_id("workspace", body.workspace_id, "workspaceId"),
        credentials=credentials(body.credentials),
        name=body.name,
        metadata=body.metadata or {},
        parameters=body.parameters or {},
        mode=body.mode,
    )
    return spell(await core.connect(flow_services(call), call.actor, request))


async def reconnect(call: FlowCall) -> ConnectionWire:
    """POST /api/connections/{id}/reconnect."""
    brought = credentials(call.body.credentials)
    return spell(await core.reconnect(flow_services(call), call.actor, path_id(call, "connection"), brought))


def update_connection(call: Call) -> ConnectionWire:
    """PATCH /api/connections/{id}."""
    request = core.UpdateConnection(id=path_id(call, "connection"), **given(call.body))
    return spell(core.update_connection(call.tx, call.actor, request))


def disconnect(call: Call) -> ConnectionWire:
    """DELETE /api/connections/{id}."""
    return spell(core.disconnect_connection(call.tx, call.actor, path_id(call, "connection")))


def purge_connection(call: Call) -> Success:
    """DELETE /api/connections/{id}/purge."""
    core.purge_connection(call.tx, call.actor, path_id(call, "connection"))
    return DONE


def confirm_origins(call: Call) -> ConnectionWire:
    """POST /api/connections/{id}/confirm-origins."""
    connection_id = path_id(call, "connection")
    return spell(core.confirm_connection_origins(call.tx, call.actor, connection_id, call.body.origins))


async def probe_connection(call: FlowCall) -> ProbeWire:
    """POST /api/connections/{id}/test."""
    found = await core.probe(flow_services(call), call.actor, path_id(call, "connection"))
    return ProbeWire(
        verdict=found.verdict.value, upstream_status=found.status, connection=spell(found.connection)
    )


def get_integration_credentials(call: Call) -> IntegrationCredentialsWire:
    """GET /api/integrations/{id}/credentials."""
    found = core.integration_secrets_of(call.tx, call.actor, path_id(call, "integration"))
    return IntegrationCredentialsWire(client_secret=found.client_secret, api_key=found.api_key)


def put_integration_credentials(call: Call) -> IntegrationCredentialsWire:
    """PUT /api/integrations/{id}/credentials."""
    changes: Mapping[str, Any] = {
        name: Secret(value) if isinstance(value, str) else value for name, value in given(call.body).items()
    }
    found = core.set_integration_secrets(
        call.tx, call.actor, call.services.vault, path_id(call, "integration"), **changes
    )
    return IntegrationCredentialsWire(client_secret=found.client_secret, api_key=found.api_key)


_ID = {"id": "The connection's id, e.g. `con_0197…`."}
_INTEGRATION_ID = {"id": "The integration's id, e.g. `int_0197…`."}
_TAGS = ("Connections",)

ROUTES = [
    Route(
        method="GET",
        path="/api/connections",
        handler=list_connections,
        operation_id="listConnections",
        summary="List the connections of the caller's workspaces, without their credentials.",
        permission="connections:read",
        query=ConnectionParameters,
        returns=ListPage[ConnectionWire],
        tags=_TAGS,
    ),
    Route(
        method="POST",
        path="/api/connections",
        handler=create_connection,
        operation_id="createConnection",
        summary="Connect an account with a credential that is tested first.",
        permission="connections:write",
        flow=True,
        body=CreateConnectionBody,
        returns=ConnectionWire,
        status=201,
        errors=OUTBOUND_ERRORS,
        tags=_TAGS,
    ),
    Route(
        method="GET",
        path="/api/connections/{id}",
        handler=get_connection,
        operation_id="getConnection",
        summary="Get a connection, without its credential.",
        permission="connections:read",
        returns=ConnectionWire,
        inline=True,
        path_parameters=_ID,
        tags=_TAGS,
    ),
    Route(
        method="PATCH",
        path="/api/connections/{id}",
        handler=update_connection,
        operation_id="updateConnection",
        summary="Change what a connection is called.",
        permission="connections:write",
        body=UpdateConnectionBody,
        returns=ConnectionWire,
        errors=(ErrorKind.CONFLICT,),
        resource=get_connection,
        path_parameters=_ID,
        tags=_TAGS,
    ),
    Route(
        method="DELETE",
        path="/api/connections/{id}",
        handler=disconnect,
        operation_id="disconnectConnection",
        summary="Destroy a connection's credential at once, and have it revoked at the provider.",
        permission="connections:write",
        returns=ConnectionWire,
        errors=(ErrorKind.CONFLICT,),
        resource=get_connection,
        path_parameters=_ID,
        tags=_TAGS,
    ),
    Route(
        method="DELETE",
        path="/api/connections/{id}/purge",
        handler=purge_connection,
        operation_id="purgeConnection",
        summary="Remove a disconnected connection for good.",
        permission="connections:write",
        returns=Success,
        errors=(ErrorKind.CONFLICT,),
        resource=get_connection,
        path_parameters=_ID,
        tags=_TAGS,
    ),
    Route(
        method="POST",
        path="/api/connections/{id}/confirm-origins",
        handler=confirm_origins,
        operation_id="confirmConnectionOrigins",
        summary="Consent to the servers the integration now names.",
        permission="connections:write",
        body=ConfirmOriginsBody,
        returns=ConnectionWire,
        errors=(ErrorKind.CONFLICT,),
        resource=get_connection,
        path_parameters=_ID,
        tags=_TAGS,
    ),
    Route(
        method="POST",
        path="/api/connections/{id}/test",
        handler=probe_connection,
        operation_id="testConnection",
        summary="Ask the provider whether the credential is good.",
        permission="connections:write",
        flow=True,
        write=False,  # what it finds out may be noted, but nothing is asked to change
        returns=ProbeWire,
        errors=OUTBOUND_ERRORS,
        path_parameters=_ID,
        tags=_TAGS,
    ),
    Route(
        method="POST",
        path="/api/connections/{id}/reconnect",
        handler=reconnect,
        operation_id="reconnectConnection",
        summary="Give a connection a fresh credential of the same account.",
        permission="connections:write",
        flow=True,
        body=ReconnectBody,
        returns=ConnectionWire,
        errors=OUTBOUND_ERRORS,
        path_parameters=_ID,
        tags=_TAGS,
    ),
    Route(
        method="GET",
        path="/api/integrations/{id}/credentials",
        handler=get_integration_credentials,
        operation_id="getIntegrationCredentials",
        summary="Say which secrets an integration has.",
        permission="integrations:read",
        returns=IntegrationCredentialsWire,
        etag=False,
        path_parameters=_INTEGRATION_ID,
        tags=_TAGS,
    ),
    Route(
        method="PUT",
        path="/api/integrations/{id}/credentials",
        handler=put_integration_credentials,
        operation_id="setIntegrationCredentials",
        summary="Give or take away an integration's client secret and API key.",
        permission="integrations:write",
        body=IntegrationCredentialsBody,
        returns=IntegrationCredentialsWire,
        errors=(ErrorKind.CONFLICT,),
        path_parameters=_INTEGRATION_ID,
        tags=_TAGS,
    ),
]
