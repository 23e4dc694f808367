"""Connections: accounts of a project's customers at providers. Group and consumer are made on their first use.

Source: ampersand reference section 1.7.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, Final, Literal

from msgspec import UNSET, Meta, UnsetType

from trunkline.core import access, workspaces
from trunkline.core import connections as core
from trunkline.dialects.ampersand.connections_given import (
    MEMBERS,
    BasicAuth,
    ClientCredentials,
    GivenCredential,
    ImportedTokens,
    PasswordCredentials,
    ProviderMetadata,
    Typed,
    WorkspaceRef,
    as_given,
    credential_for,
    known_provider,
    parameters_of,
)
from trunkline.dialects.ampersand.connections_wire import (
    AccountConnectionWire,
    Notes,
    connection_of,
    connections_of,
    written,
)
from trunkline.dialects.ampersand.lists import ListParameters, list_query, listed
from trunkline.dialects.ampersand.projects import PROJECT
from trunkline.dialects.ampersand.references import find_project, project, project_actor
from trunkline.dialects.ampersand.wire_base import Body, Query, path_id, sent
from trunkline.infra.db import Tx
from trunkline.kit.actor import Actor
from trunkline.kit.errors import ErrorKind, NotFoundError
from trunkline.kit.filters import Compare, Node, Op, Quantifier, Related
from trunkline.web import Call, FlowCall, Reply, Route

SHARED: Final = "shared"  # a group's connections are everybody's there
OUTBOUND_ERRORS: Final = (
    ErrorKind.NOT_FOUND,
    ErrorKind.CONFLICT,
    ErrorKind.BAD_GATEWAY,
    ErrorKind.GATEWAY_TIMEOUT,
    ErrorKind.UNAVAILABLE,
)
CONNECT_ERRORS: Final = (*OUTBOUND_ERRORS, ErrorKind.RATE_LIMITED)  # the group may be one too many

GroupRef = Annotated[str, Meta(description="What the publisher calls the customer; made on first use.")]
ConsumerRef = Annotated[str, Meta(description="What the publisher calls the customer's person.")]


class ConnectionParameters(ListParameters, frozen=True, kw_only=True):
    """Parameters of the list."""

    provider: str | UnsetType = UNSET
    group_ref: str | UnsetType = UNSET
    consumer_ref: str | UnsetType = UNSET


class OneConnectionParameters(Query, frozen=True, kw_only=True):
    """Parameters of one connection."""

    include_creds: Annotated[
        bool, Meta(description="Show the access token or API key: to a project's own key of full scope only.")
    ] = False
    include_refresh_token: Annotated[bool, Meta(description="Show the refresh token as well.")] = False
    refresh: Literal["force", "ifExpired"] | UnsetType = UNSET


class CredentialBody(Body, frozen=True, kw_only=True):
    """What a connection is made of: one credential, as the provider authenticates."""

    provider_workspace_ref: WorkspaceRef | UnsetType = UNSET
    provider_metadata: ProviderMetadata | UnsetType = UNSET
    api_key: Typed | UnsetType = UNSET
    basic_auth: BasicAuth | UnsetType = UNSET
    oauth2_client_credentials: ClientCredentials | UnsetType = UNSET
    oauth2_password_credentials: PasswordCredentials | UnsetType = UNSET
    oauth2_authorization_code: ImportedTokens | UnsetType = UNSET
    custom_auth: dict[str, Any] | UnsetType = UNSET

    def __repr__(self) -> str:
        return f"{type(self).__name__}(***)"


class GenerateConnectionBody(CredentialBody, frozen=True, kw_only=True):
    """A new connection, or a fresh credential for the one the consumer has to the provider in the group."""

    provider: str
    group_ref: GroupRef
    group_name: str | None = None
    consumer_ref: ConsumerRef
    consumer_name: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is connected, and whose it is.

    Attributes:
        actor: the caller, as an actor of the project.
    """

    project_id: str
    actor: Actor
    group: workspaces.WorkspaceRow
    consumer: workspaces.ConsumerRow


def list_connections(call: Call) -> Reply:
    """GET /projects/{project}/connections."""
    asked: ConnectionParameters = call.query
    found, actor = project(call), project_actor(call)
    conditions = _conditions(call.tx, actor, found.id, asked)
    if conditions is None:
        return Reply(body=[])
    page = core.list_connections(call.tx, actor, list_query(call, core.CONNECTION, *conditions))
    items = connections_of(call.tx, actor, found.id, page.rows)
    return listed(call, core.CONNECTION, page, items)


async def generate_connection(call: FlowCall) -> AccountConnectionWire:
    """POST /projects/{project}/connections:generate."""
    body: GenerateConnectionBody = call.body
    notes = notes_given(body.provider_workspace_ref, body.provider_metadata)

    def prepare(tx: Tx) -> tuple[core.Connect, GivenCredential, Place]:
        found = find_project(tx, call.actor, call.path["project"])
        definition = known_provider(tx, found.organization_id, body.provider)
        auth = definition.auth
        given = credential_for(auth.scheme, auth.grant, _credentials(body), called=body.provider)
        place = place_of(tx, call.actor, found.id, body)
        request = core.Connect(
            provider=body.provider,
            workspace_id=place.group.id,
            consumer_id=place.consumer.id,
            credentials=given.values,
            imported=given.imported,
            metadata=written(notes),
            parameters=parameters_of(definition, notes),
            mode=SHARED,
            singular=True,
        )
        return request, given, place

    request, given, place = await call.database.write(prepare)
    with as_given(given.member):
        row = await core.connect(flow_services(call), place.actor, request)
    return connection_of(row, place.project_id, place.group, place.consumer)


async def get_connection(call: FlowCall) -> AccountConnectionWire:
    """GET /projects/{project}/connections/{connection}."""
    asked: OneConnectionParameters = call.query
    row, actor = await call.database.read(partial(found_in, call=call))
    if asked.refresh is not UNSET:
        # What cannot be refreshed any more is answered as it is: its status says so.
        with suppress(core.NeedsReauthError, core.ConnectionSuspendedError, core.ConnectionPendingError):
            await core.renew(flow_services(call), actor, row.id, force=asked.refresh == "force")
    revealed: core.Revealed | None = None
    if asked.include_creds or asked.include_refresh_token:
        revealed = await call.database.write(
            partial(
                core.reveal_credential,
                actor=call.actor,
                vault=call.services.vault,
                connection_id=row.id,
                refresh_token=asked.include_refresh_token,
            )
        )
    return await call.database.read(partial(shown, call=call, revealed=revealed))


def delete_connection(call: Call) -> None:
    """DELETE /projects/{project}/connections/{connection}."""
    row, actor = found_in(call.tx, call)
    core.disconnect_connection(call.tx, actor, row.id)


def place_of(tx: Tx, actor: Actor, project_id: str, body: Any) -> Place:
    """The group and the consumer that a body names, made now where this is their first use.

    Raises:
        NotFoundError, ForbiddenError, InvalidRequestError: as making either does.
    """
    bound = access.bind_to_project(tx, actor, project_id)
    group = workspaces.ensure_group(tx, bound, project_id, body.group_ref, body.group_name)
    consumer = workspaces.ensure_consumer(tx, bound, project_id, body.consumer_ref, body.consumer_name)
    return Place(project_id, bound, group, consumer)


def found_connection(tx: Tx, actor: Actor, project_id: str, connection_id: str) -> core.ConnectionRow:
    """A live connection in one of a project's groups.

    Raises:
        NotFoundError: absent, disconnected, somewhere else, or outside the caller's reach.
    """
    row = core.get_connection(tx, actor, connection_id)
    if row.deleted_at is not None or not connections_of(tx, actor, project_id, [row]):
        raise NotFoundError("connection")
    return row


def notes_given(ref: str | UnsetType, metadata: Mapping[str, Any] | UnsetType) -> Notes:
    """What is noted of a connection that is made."""
    return Notes(
        provider_workspace_ref=None if ref is UNSET else ref,
        provider_metadata={} if metadata is UNSET else dict(metadata),
    )


def flow_services(call: FlowCall) -> core.FlowServices:
    """What the flows of connections work with."""
    return core.FlowServices(
        database=call.database,
        vault=call.services.vault,
        egress=call.services.egress,
        public_url=call.services.public_url,
        clock=call.database.catalog.clock,
    )


def _conditions(tx: Tx, actor: Actor, project_id: str, asked: ConnectionParameters) -> list[Node] | None:
    """What a connection of the list must hold to; None where nothing can."""
    named = Compare("provider", Op.NEQ, None)
    conditions: list[Node] = [
        named if asked.provider is UNSET else Compare("provider", Op.EQ, asked.provider)
    ]
    if asked.group_ref is UNSET:
        owned = Compare("owner_workspace_id", Op.EQ, project_id)
        conditions.append(Related("workspace", Quantifier.ONE, owned))
    else:
        group = workspaces.find_group(tx, actor, project_id, asked.group_ref)
        if group is None:
            return None
        conditions.append(Compare("workspace_id", Op.EQ, group.id))
    if asked.consumer_ref is not UNSET:
        consumer = workspaces.find_consumer(tx, actor, project_id, asked.consumer_ref)
        if consumer is None:
            return None
        conditions.append(Compare("consumer_id", Op.EQ, consumer.id))
    return conditions


def found_in(tx: Tx, call: Call | FlowCall) -> tuple[core.ConnectionRow, Actor]:
    """The connection in the path, and the caller as an actor of the project in the path.

    Raises:
        NotFoundError: either is absent or outside the caller's reach.
    """
    found = find_project(tx, call.actor, call.path["project"])
    actor = access.bind_to_project(tx, call.actor, found.id)
    return found_connection(tx, actor, found.id, path_id(call, "connection", "connection")), actor


def shown(tx: Tx, call: FlowCall, revealed: core.Revealed | None = None) -> AccountConnectionWire:
    """The connection in the path in this dialect, with what is shown of its credential.

    Raises:
        NotFoundError: as `found_in` does.
    """
    row, actor = found_in(tx, call)
    found = find_project(tx, call.actor, call.path["project"])
    group = workspaces.groups_by_id(tx, actor, [row.workspace_id])[row.workspace_id]
    consumers = workspaces.consumers_by_id(tx, [row.consumer_id] if row.consumer_id else [])
    return connection_of(row, found.id, group, consumers.get(row.consumer_id or ""), revealed=revealed)


def _credentials(body: CredentialBody) -> dict[str, Any]:
    return {name: value for name, value in sent(body).items() if name in MEMBERS}


TAGS = ("Connections",)
CONNECTION: Final = {**PROJECT, "connection": "The connection's id."}
ONE: Final = "/v1/projects/{project}/connections/{connection}"
UNFIT: Final = {422: "The credential does not fit the provider; `issues` name the places."}

ROUTES = [
    Route(
        method="GET",
        path="/v1/projects/{project}/connections",
        handler=list_connections,
        operation_id="listConnections",
        summary="List the connections of a project's groups, the oldest first.",
        permission="connections:read",
        query=ConnectionParameters,
        returns=list[AccountConnectionWire],
        path_parameters=PROJECT,
        tags=TAGS,
    ),
    Route(
        method="POST",
        path="/v1/projects/{project}/connections:generate",
        handler=generate_connection,
        operation_id="generateConnection",
        summary="Connect an account with a credential that is tested first.",
        description="The consumer's connection to the provider in the group, where there is one, keeps its id.",
        permission="connections:write",
        flow=True,
        body=GenerateConnectionBody,
        returns=AccountConnectionWire,
        status=201,
        errors=CONNECT_ERRORS,
        also=UNFIT,
        path_parameters=PROJECT,
        tags=TAGS,
    ),
    Route(
        method="GET",
        path=ONE,
        handler=get_connection,
        operation_id="getConnection",
        summary="Get a connection; refresh its token first, or show it, where that is asked for.",
        permission="connections:read",
        flow=True,
        query=OneConnectionParameters,
        returns=AccountConnectionWire,
        errors=OUTBOUND_ERRORS,
        path_parameters=CONNECTION,
        tags=TAGS,
    ),
    Route(
        method="DELETE",
        path=ONE,
        handler=delete_connection,
        operation_id="deleteConnection",
        summary="Destroy a connection's credential at once, and have it revoked at the provider.",
        permission="connections:write",
        status=204,
        errors=(ErrorKind.NOT_FOUND,),
        path_parameters=CONNECTION,
        tags=TAGS,
    ),
]
