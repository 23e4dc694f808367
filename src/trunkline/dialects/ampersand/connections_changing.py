"""Changing a connection: a fresh credential of its kind, or what is noted of it.

Source: ampersand reference section 1.7 (PATCH).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from msgspec import UNSET, json, structs

from trunkline.core import connections as core
from trunkline.dialects.ampersand.connections import (
    CONNECTION,
    ONE,
    OUTBOUND_ERRORS,
    TAGS,
    UNFIT,
    CredentialBody,
    flow_services,
    found_in,
    shown,
)
from trunkline.dialects.ampersand.connections_given import (
    CODE,
    MEMBERS,
    GivenCredential,
    as_given,
    credential_for,
    ends_of,
    known_provider,
    parameters_of,
    variable_place,
)
from trunkline.dialects.ampersand.connections_wire import AccountConnectionWire, Notes, notes_of, written
from trunkline.dialects.ampersand.errors import UnprocessableError
from trunkline.dialects.ampersand.masks import masked
from trunkline.dialects.ampersand.wire_base import Body, UpdateMask, sent
from trunkline.infra.db import Tx
from trunkline.kit.actor import Actor
from trunkline.kit.errors import Problem
from trunkline.web import FlowCall, Route

MASKS: Final = (
    "providerWorkspaceRef",
    "providerMetadata",
    "apiKey",
    "basicAuth",
    "oauth2ClientCredentials",
    "oauth2PasswordCredentials",
)


class UpdateConnectionBody(Body, frozen=True, kw_only=True):
    """Changes to a connection.

    Masks: `providerWorkspaceRef`, `providerMetadata`, `apiKey`, `basicAuth`, `oauth2ClientCredentials`,
    `oauth2PasswordCredentials`. A credential is tested before it takes the place of the present one.
    """

    update_mask: UpdateMask
    connection: CredentialBody


async def update_connection(call: FlowCall) -> AccountConnectionWire:
    """PATCH /projects/{project}/connections/{connection}."""
    body: UpdateConnectionBody = call.body
    tokens = body.connection.oauth2_authorization_code
    if tokens is not UNSET:
        ends_of(tokens, f"connection.{CODE}")  # no mask takes them, and they must be well-formed all the same
    changes = masked(sent(body.connection), body.update_mask, MASKS, "connection")

    def prepare(tx: Tx) -> tuple[core.Connect | None, GivenCredential, Actor]:
        row, actor = found_in(tx, call)
        credentials = {name: value for name, value in changes.items() if name in MEMBERS}
        given = GivenCredential()
        if credentials:
            called = row.provider or row.name
            given = credential_for(
                row.scheme, row.grant_type, credentials, called=called, where="connection."
            )
        notes = _changed_notes(row, changes)
        parameters = _changed_parameters(tx, row, notes)
        if given.member is None and parameters:
            raise _moved(row, parameters, changes)
        if given.member is None:
            noted = core.UpdateConnection(id=row.id, metadata=written(notes, row))
            core.update_connection(tx, actor, noted)
            return None, given, actor
        request = core.Connect(
            connection_id=row.id,
            integration_id=row.integration_id,
            provider=row.provider if row.integration_id is None else None,
            workspace_id=row.workspace_id,
            credentials=given.values,
            metadata=written(notes, row),
            parameters=parameters,
        )
        return request, given, actor

    request, given, actor = await call.database.write(prepare)
    if request is not None:
        with as_given(given.member, "connection."):
            await core.connect(flow_services(call), actor, request)
    return await call.database.read(partial(shown, call=call))


def _changed_notes(row: core.ConnectionRow, changes: Mapping[str, Any]) -> Notes:
    notes = notes_of(row)
    if "providerWorkspaceRef" in changes:
        notes = structs.replace(notes, provider_workspace_ref=changes["providerWorkspaceRef"])
    if "providerMetadata" in changes:
        notes = structs.replace(notes, provider_metadata=changes["providerMetadata"])
    return notes


def _changed_parameters(tx: Tx, row: core.ConnectionRow, notes: Notes) -> dict[str, str]:
    """The values for the provider's URLs where they are others than before; nothing where they are not."""
    if row.integration_id is not None or row.provider is None:
        return {}
    before = json.decode(row.parameters, type=dict[str, str])
    definition = known_provider(tx, row.organization_id, row.provider)
    after = {**before, **parameters_of(definition, notes)}
    return {} if after == before else after


def _moved(
    row: core.ConnectionRow, parameters: Mapping[str, str], changes: Mapping[str, Any]
) -> UnprocessableError:
    before = json.decode(row.parameters, type=dict[str, str])
    by_ref = "providerWorkspaceRef" in changes
    places = [
        variable_place(name, "connection.", by_ref=by_ref)
        for name, value in parameters.items()
        if before.get(name) != value
    ]
    sentence = "would send the credential elsewhere, so give the credential anew in the same request"
    return UnprocessableError(
        f"{places[0]}: {sentence}",
        *(Problem(place, sentence) for place in places),
        remedy="add the credential and its mask, or connect again by POST /oauth-connect",
    )


ROUTES = [
    Route(
        method="PATCH",
        path=ONE,
        handler=update_connection,
        operation_id="updateConnection",
        summary="Give a connection a fresh credential of its kind, or change what is noted of it.",
        permission="connections:write",
        flow=True,
        body=UpdateConnectionBody,
        returns=AccountConnectionWire,
        errors=OUTBOUND_ERRORS,
        also=UNFIT,
        path_parameters=CONNECTION,
        tags=TAGS,
    ),
]
