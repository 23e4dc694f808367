"""Connecting in a way of the provider's own: what was typed in, kept and sent as the provider's definition says.

Only what takes one step is here. A flow of several steps is code of the vendor's, which no definition can say: such
a provider is in no catalog of this instance, no flow is ever parked, and no session can be resumed.

Source: ampersand reference sections 1.8 and 5 (`customOpts`).
"""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType

from trunkline.core import connections as core
from trunkline.dialects.ampersand.connections import (
    CONNECT_ERRORS,
    SHARED,
    ConsumerRef,
    GroupRef,
    Place,
    flow_services,
    notes_given,
    place_of,
)
from trunkline.dialects.ampersand.connections_given import (
    CUSTOM,
    GivenCredential,
    ProviderMetadata,
    as_given,
    credential_for,
    known_provider,
    parameters_of,
)
from trunkline.dialects.ampersand.connections_wire import AccountConnectionWire, connection_of, written
from trunkline.dialects.ampersand.errors import UnprocessableError
from trunkline.dialects.ampersand.oauth import ProjectName, asked_project
from trunkline.dialects.ampersand.wire_base import Body, Wire
from trunkline.infra.db import Tx
from trunkline.kit.errors import InvalidRequestError, Problem
from trunkline.web import FlowCall, Route


class CustomAuthBody(Body, frozen=True, kw_only=True):
    """Whose account is to be connected to what, and what was typed in for it."""

    project_id_or_name: ProjectName | None = None
    project_id: Annotated[str, Meta(description="As older clients call `projectIdOrName`.")] | None = None
    provider: str | None = None
    group_ref: GroupRef | None = None
    group_name: str | None = None
    consumer_ref: ConsumerRef | None = None
    consumer_name: str | None = None
    provider_metadata: ProviderMetadata | UnsetType = UNSET
    custom_auth: (
        Annotated[dict[str, Any], Meta(description="By the names of the provider's inputs.")] | UnsetType
    ) = UNSET
    session_id: Annotated[str, Meta(description="Refused: no flow is ever parked here.")] | None = None

    def __repr__(self) -> str:
        return f"{type(self).__name__}(***)"


class CustomAuthWire(Wire, frozen=True, kw_only=True):
    """What was connected, in one step."""

    connection: AccountConnectionWire


class _Whose(Struct, frozen=True):
    group_ref: str
    group_name: str | None
    consumer_ref: str
    consumer_name: str | None


async def custom_auth_connect(call: FlowCall) -> CustomAuthWire:
    """POST /custom-auth/connect."""
    body: CustomAuthBody = call.body
    if body.session_id is not None:
        raise InvalidRequestError.at(
            "sessionId", "no flow is waiting: accounts are connected in one step here"
        )
    provider = _required(body.provider, "provider")
    whose = _Whose(
        _required(body.group_ref, "groupRef"),
        body.group_name,
        _required(body.consumer_ref, "consumerRef"),
        body.consumer_name,
    )
    notes = notes_given(UNSET, body.provider_metadata)

    def prepare(tx: Tx) -> tuple[core.Connect, GivenCredential, Place]:
        found = asked_project(tx, call.actor, body.project_id_or_name, body.project_id)
        definition = known_provider(tx, found.organization_id, provider)
        if definition.auth.scheme != "custom":
            raise _usual(provider)
        typed = {} if body.custom_auth is UNSET else {CUSTOM: body.custom_auth}
        given = credential_for(definition.auth.scheme, None, typed, called=provider)
        place = place_of(tx, call.actor, found.id, whose)
        request = core.Connect(
            provider=provider,
            workspace_id=place.group.id,
            consumer_id=place.consumer.id,
            credentials=given.values,
            metadata=written(notes),
            parameters=parameters_of(definition, notes),
            mode=SHARED,
            singular=True,
        )
        return request, given, place

    request, given, place = await call.database.write(prepare)
    with as_given(given.member):
        row = await core.connect(flow_services(call), place.actor, request)
    return CustomAuthWire(connection=connection_of(row, place.project_id, place.group, place.consumer))


def _required(value: str | None, path: str) -> str:
    if value is None:
        raise InvalidRequestError.at(path, "is required")
    return value


def _usual(provider: str) -> UnprocessableError:
    sentence = f"{provider} is not connected in a way of its own"
    return UnprocessableError(
        f"provider: {sentence}",
        Problem("provider", sentence),
        remedy="connect it with POST /projects/{project}/connections:generate or POST /oauth-connect",
    )


ROUTES = [
    Route(
        method="POST",
        path="/v1/custom-auth/connect",
        handler=custom_auth_connect,
        operation_id="customAuthConnect",
        summary="Connect an account in a way of the provider's own, in one step.",
        permission="connections:write",
        flow=True,
        body=CustomAuthBody,
        returns=CustomAuthWire,
        errors=CONNECT_ERRORS,
        also={422: "The provider is connected otherwise, or an input is missing or not asked for."},
        tags=("Connections",),
    ),
]
