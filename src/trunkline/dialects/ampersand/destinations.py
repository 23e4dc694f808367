"""Destinations: where a project's messages go.

Source: ampersand reference section 1.11.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, Meta, UnsetType, field

from trunkline.core import webhooks as core
from trunkline.dialects.ampersand.lists import ListParameters, list_query, listed
from trunkline.dialects.ampersand.masks import masked
from trunkline.dialects.ampersand.projects import PROJECT
from trunkline.dialects.ampersand.references import find_project, project
from trunkline.dialects.ampersand.wire_base import Body, Query, Time, UpdateMask, Wire, sent, updated
from trunkline.infra.db import Tx
from trunkline.kit.errors import ErrorKind, InvalidRequestError
from trunkline.kit.filters import Compare, Op
from trunkline.kit.ids import format_uuid
from trunkline.kit.secret import Secret
from trunkline.web import Call, FlowCall, Reply, Route

_METADATA: Final = (*core.METADATA, core.HEADERS)
_CALLED: Final = {str: "a text", bool: "true or false", int: "a whole number", dict: "an object of texts"}
MASKS: Final = (
    "name",
    "type",
    "metadata",
    *(f"metadata.{name}" for name in _METADATA),
    *(f"secrets.{name}" for name in core.SECRETS),
)

_Name = Annotated[str, Meta(description="Unique in the project: letters, digits and dashes.")]
_Type = Annotated[str, Meta(extra_json_schema={"enum": list(core.TYPES)})]
_Metadata = Annotated[
    dict[str, Any],
    Meta(
        description="What the type asks for. A webhook has `url`, which begins with https://, and may have"
        f" `headers`. Known members: {', '.join(_METADATA)}."
    ),
]
_Secrets = Annotated[
    dict[str, Any],
    Meta(
        description="What the type asks for; sealed at once and never shown again."
        f" Known members: {', '.join(core.SECRETS)}.",
        extra_json_schema={"writeOnly": True},
    ),
]


class Secrets(Wire, frozen=True, kw_only=True):
    """What messages are signed with."""

    webhook_signing_key: Annotated[str, Meta(description="`whsec_…`; of webhooks only.")] | UnsetType = UNSET


class DestinationWire(Wire, frozen=True, kw_only=True):
    """A destination. `headers` are shown to who administers the project; `secrets` are shown on request."""

    id: str
    name: str
    type: str
    metadata: dict[str, Any]
    create_time: Time
    update_time: Time | UnsetType = UNSET
    secrets: Secrets | UnsetType = UNSET


def spell(
    row: core.DestinationRow, headers: Mapping[str, Mapping[str, str]], secrets: Secrets | UnsetType = UNSET
) -> DestinationWire:
    """A destination in this dialect; `headers` by the ids of destinations."""
    metadata = msgspec.json.decode(row.metadata)
    if headers.get(row.id):
        metadata[core.HEADERS] = headers[row.id]
    return DestinationWire(
        id=format_uuid(row.id),
        name=row.name,
        type=row.type,
        metadata=metadata,
        create_time=row.created_at,
        update_time=updated(row.created_at, row.updated_at),
        secrets=secrets,
    )


class DestinationParameters(Query, frozen=True, kw_only=True):
    """What is shown of one destination, and done to it before."""

    include_secrets: Annotated[bool, Meta(description="Show the signing key; that goes on record.")] = False
    rotate: Annotated[
        bool,
        Meta(description="Sign with a new key from now on, and for a day with the one before as well."),
    ] = False


class CreateDestinationBody(Body, frozen=True, kw_only=True):
    """A new destination."""

    name: _Name
    type: _Type
    metadata: _Metadata
    secrets: _Secrets = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(***)"


class DestinationChanges(Body, frozen=True, kw_only=True):
    """What of a destination may be changed."""

    name: _Name | UnsetType = UNSET
    type: Annotated[str, Meta(description="One of those a destination is made with.")] | UnsetType = UNSET
    metadata: _Metadata | UnsetType = UNSET
    secrets: _Secrets | UnsetType = UNSET

    def __repr__(self) -> str:
        return f"{type(self).__name__}(***)"


class UpdateDestinationBody(Body, frozen=True, kw_only=True):
    """Changes to a destination. Masks: `name`, `type`, `metadata`, `metadata.<member>`, `secrets.<member>`.

    A member whose value is null is taken away.
    """

    update_mask: UpdateMask
    destination: DestinationChanges


def list_destinations(call: Call) -> Reply:
    """GET /projects/{project}/destinations."""
    there = Compare("workspace_id", Op.EQ, project(call).id)
    page = core.list_destinations(call.tx, call.actor, list_query(call, core.DESTINATION, there))
    headers = core.headers_of(call.tx, call.actor, call.services.vault, page.rows)
    return listed(call, core.DESTINATION, page, [spell(row, headers) for row in page.rows])


def create_destination(call: Call) -> DestinationWire:
    """POST /projects/{project}/destinations."""
    body: CreateDestinationBody = call.body
    request = core.CreateDestination(
        workspace_id=project(call).id,
        name=body.name,
        type=body.type,
        metadata={name: body.metadata[name] for name in _METADATA if name in body.metadata},
        secrets={name: _secret(name, body.secrets[name]) for name in core.SECRETS if name in body.secrets},
    )
    vault, policy = call.services.vault, call.services.egress.policy
    row = core.create_destination(call.tx, call.actor, vault, policy, request)
    return spell(row, core.headers_of(call.tx, call.actor, vault, [row]))


async def get_destination(call: FlowCall) -> DestinationWire:
    """GET /projects/{project}/destinations/{destination}."""
    asked: DestinationParameters = call.query

    def look(tx: Tx) -> DestinationWire:
        found = find_project(tx, call.actor, call.path["project"])
        row = core.resolve_destination(tx, call.actor, found.id, call.path["destination"])
        vault = call.services.vault
        if asked.rotate:
            core.rotate_signing_key(tx, call.actor, vault, row.id)
        secrets: Secrets | UnsetType = UNSET
        if asked.include_secrets:
            secrets = Secrets()
            if row.type == core.WEBHOOK:
                key = core.reveal_signing_key(tx, call.actor, vault, row.id)
                secrets = Secrets(webhook_signing_key=key.reveal())
        return spell(row, core.headers_of(tx, call.actor, vault, [row]), secrets)

    if asked.rotate or asked.include_secrets:
        return await call.database.write(look)
    return await call.database.read(look)


def current_destination(call: Call) -> DestinationWire:
    """What a change of a destination is conditional on."""
    row = _row(call)
    return spell(row, core.headers_of(call.tx, call.actor, call.services.vault, [row]))


def update_destination(call: Call) -> DestinationWire:
    """PATCH /projects/{project}/destinations/{destination}."""
    body: UpdateDestinationBody = call.body
    _check_types(body.destination)
    changes = masked(sent(body.destination), body.update_mask, MASKS, "destination")
    secrets = {
        name.removeprefix("secrets."): value for name, value in changes.items() if name.startswith("secrets.")
    }
    request = core.UpdateDestination(
        id=_row(call).id,
        name=changes.get("name", UNSET),
        type=changes.get("type", UNSET),
        metadata={name: value for name, value in changes["metadata"].items() if name in _METADATA}
        if "metadata" in changes
        else UNSET,
        members={
            name.removeprefix("metadata."): value
            for name, value in changes.items()
            if name.startswith("metadata.")
        },
        secrets={name: None if value is None else _secret(name, value) for name, value in secrets.items()},
    )
    vault, policy = call.services.vault, call.services.egress.policy
    row = core.update_destination(call.tx, call.actor, vault, policy, request)
    return spell(row, core.headers_of(call.tx, call.actor, vault, [row]))


def delete_destination(call: Call) -> None:
    """DELETE /projects/{project}/destinations/{destination}."""
    core.delete_destination(call.tx, call.actor, _row(call).id)


def _row(call: Call) -> core.DestinationRow:
    return core.resolve_destination(call.tx, call.actor, project(call).id, call.path["destination"])


def _check_types(changes: DestinationChanges) -> None:
    """Refuse members of another type, whether or not the mask names them: the document promises as much."""
    metadata = {} if changes.metadata is UNSET else changes.metadata
    secrets = {} if changes.secrets is UNSET else changes.secrets
    for path, value, wanted in (
        *((f"metadata.{name}", metadata.get(name), wanted) for name, wanted in core.METADATA.items()),
        *((f"secrets.{name}", secrets.get(name), str) for name in core.SECRETS),
        (f"metadata.{core.HEADERS}", metadata.get(core.HEADERS), dict),
        *((f"metadata.{core.HEADERS}", value, str) for value in _texts(metadata.get(core.HEADERS))),
    ):
        if value is not None and type(value) is not wanted:
            raise InvalidRequestError.at(f"destination.{path}", f"must be {_CALLED[wanted]}, or null")


def _texts(headers: Any) -> list[Any]:
    return list(headers.values()) if isinstance(headers, dict) else []


def _secret(name: str, value: Any) -> Secret:
    if not isinstance(value, str):
        raise InvalidRequestError.at(f"secrets.{name}", "must be a text")
    return Secret(value)


_TAGS = ("Destinations",)
_DESTINATION: Final = {**PROJECT, "destination": "The destination's id or name."}

ROUTES = [
    Route(
        method="GET",
        path="/v1/projects/{project}/destinations",
        handler=list_destinations,
        operation_id="listDestinations",
        summary="List a project's destinations, the oldest first.",
        permission="webhooks:read",
        query=ListParameters,
        returns=list[DestinationWire],
        path_parameters=PROJECT,
        tags=_TAGS,
    ),
    Route(
        method="POST",
        path="/v1/projects/{project}/destinations",
        handler=create_destination,
        operation_id="createDestination",
        summary="Make a destination.",
        permission="webhooks:write",
        body=CreateDestinationBody,
        returns=DestinationWire,
        status=201,
        one_time_secret=True,
        errors=(ErrorKind.CONFLICT,),
        path_parameters=PROJECT,
        tags=_TAGS,
    ),
    Route(
        method="GET",
        path="/v1/projects/{project}/destinations/{destination}",
        handler=get_destination,
        operation_id="getDestination",
        summary="Get a destination; its signing key, or a new one, where that is asked for.",
        permission="webhooks:read",
        flow=True,
        query=DestinationParameters,
        returns=DestinationWire,
        errors=(ErrorKind.CONFLICT,),
        path_parameters=_DESTINATION,
        tags=_TAGS,
    ),
    Route(
        method="PATCH",
        path="/v1/projects/{project}/destinations/{destination}",
        handler=update_destination,
        operation_id="updateDestination",
        summary="Change a destination.",
        permission="webhooks:write",
        body=UpdateDestinationBody,
        returns=DestinationWire,
        errors=(ErrorKind.CONFLICT,),
        also={422: "A path of the mask has no value."},
        resource=current_destination,
        path_parameters=_DESTINATION,
        tags=_TAGS,
    ),
    Route(
        method="DELETE",
        path="/v1/projects/{project}/destinations/{destination}",
        handler=delete_destination,
        operation_id="deleteDestination",
        summary="Remove a destination for good, with the routes to it.",
        permission="webhooks:write",
        status=204,
        resource=current_destination,
        path_parameters=_DESTINATION,
        tags=_TAGS,
    ),
]
