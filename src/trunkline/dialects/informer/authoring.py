"""Making, changing and deleting integrations.

Source: seed 003, POST, PUT and DELETE /api/integrations.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

from msgspec import UNSET, Meta, UnsetType
from msgspec.json import decode

from trunkline.core import access, connections
from trunkline.core import integrations as core
from trunkline.dialects.informer.connecting import MEMBERS, fresh, merged
from trunkline.dialects.informer.integrations import ID, IntegrationWire, get_integration, path_of, spell
from trunkline.dialects.informer.presets import defaults_of
from trunkline.dialects.informer.references import find
from trunkline.dialects.informer.wire_base import Body, Query, Wire, member_id, sent
from trunkline.kit.errors import ErrorKind
from trunkline.kit.secret import Secret
from trunkline.web import Call, Reply, Route

_CUSTOM: Final = "custom"
_Text = str | UnsetType | None
_Secret = Annotated[
    _Text, Meta(description="Sealed, and in no answer.", extra_json_schema={"format": "password"})
]
_Headers = Annotated[
    dict[str, str] | UnsetType | None,
    Meta(
        description="Sent with every request. Values may hold `${user.username}`, `${user.displayName}`,"
        " `${user.email}`, `${user.<field>}`, `${tenant.id}` and `${tenant.<field>}`."
    ),
]
_Data = Annotated[
    dict[str, Any] | UnsetType | None, Meta(description="The driver's own configuration; no credentials.")
]


class IntegrationMembers(Body, frozen=True, kw_only=True):
    """What an integration can be given. Null and the empty text clear what they are given for."""

    category: Annotated[_Text, Meta(description="E.g. `storage`, `communication`.")] = UNSET
    description: _Text = UNSET
    mode: Annotated[_Text, Meta(description="`per-user`, the default, or `shared`.")] = UNSET
    auth_type: Annotated[
        _Text, Meta(description="`oauth2`, the default, `apikey`, `basic`, `bearer` or `none`; in any case.")
    ] = UNSET
    scope: Annotated[_Text, Meta(description="OAuth scopes, with spaces between.")] = UNSET
    auth_uri: Annotated[_Text, Meta(description="The provider's authorization endpoint.")] = UNSET
    token_uri: Annotated[_Text, Meta(description="The provider's token endpoint.")] = UNSET
    revocation_uri: Annotated[_Text, Meta(description="Where tokens are revoked (RFC 7009).")] = UNSET
    api_base_uri: Annotated[_Text, Meta(description="What requests are sent below.")] = UNSET
    client_id: _Text = UNSET
    client_secret: _Secret = UNSET
    basic_token_auth: Annotated[
        bool | UnsetType | None,
        Meta(description="Whether the token endpoint takes the client's credentials as HTTP Basic."),
    ] = UNSET
    api_key: _Secret = UNSET
    api_key_location: Annotated[_Text, Meta(description="`header`, the default, or `query`.")] = UNSET
    api_key_name: Annotated[_Text, Meta(description="Of header or parameter; `X-API-Key` unless given.")] = (
        UNSET
    )
    image_url: Annotated[_Text, Meta(description="Of a picture, shown where there is no icon.")] = UNSET
    headers: _Headers = UNSET
    data: _Data = UNSET


class CreateBody(IntegrationMembers, frozen=True, kw_only=True):
    """A new integration; a preset of its `type` fills in what is left out."""

    name: str
    type: Annotated[str, Meta(description="A driver's, e.g. `google-drive`; `custom` for anything else.")]
    id: Annotated[_Text, Meta(description="A UUID, to know it beforehand.")] = UNSET


class UpdateBody(IntegrationMembers, frozen=True, kw_only=True):
    """Changes to an integration; what is left out stays as it is."""

    name: str | UnsetType = UNSET
    type: _Text = UNSET


class NameParameters(Query, frozen=True, kw_only=True):
    """What is to be called."""

    name: str


class NaturalId(Wire, frozen=True, kw_only=True):
    """The slug that a new integration of this name would be given, which stands for its id in paths."""

    id: str


def create_integration(call: Call) -> Reply:
    """POST /api/integrations."""
    body: CreateBody = call.body
    given = sent(body)
    row = core.create_integration(call.tx, call.actor, _request(call, body, given))
    _set_secrets(call, row, body)
    shown = spell(call, core.visible_integration(call.tx, call.actor, row.id))
    return Reply(body=shown, headers={"location": f"{call.mount}{path_of(row)}"})


def update_integration(call: Call) -> IntegrationWire:
    """PUT /api/integrations/{id}."""
    body: UpdateBody = call.body
    row, given = find(call), sent(body)
    connecting = UNSET if MEMBERS.isdisjoint(given) else merged(decode(row.auth_config), given)
    request = core.UpdateIntegration(
        id=row.id,
        name=body.name,
        driver=UNSET if body.type is UNSET else body.type or _CUSTOM,
        category=_cleared(body.category),
        description=_cleared(body.description),
        icon_url=_cleared(body.image_url),
        data=UNSET if body.data is UNSET else body.data or {},
        auth_config=connecting,
    )
    core.update_integration(call.tx, call.actor, request)
    _set_secrets(call, row, body)
    return spell(call, core.visible_integration(call.tx, call.actor, row.id))


def delete_integration(call: Call) -> None:
    """DELETE /api/integrations/{id}."""
    core.remove_integration(call.tx, call.actor, find(call).id)


def mint_id(call: Call) -> NaturalId:
    """GET /api/integration-id."""
    asked: NameParameters = call.query
    return NaturalId(id=core.free_slug(call.tx, call.actor, _placed(call, name=asked.name)))


def _request(call: Call, body: CreateBody, given: dict[str, Any]) -> core.CreateIntegration:
    own_id = _optional(body.id)
    return _placed(
        call,
        id=None if own_id is None else member_id("integration", own_id, "id"),
        name=body.name,
        driver=body.type,
        category=_optional(body.category),
        description=_optional(body.description),
        icon_url=_optional(body.image_url),
        auth_config=fresh(given, defaults_of(body.type)),
        data=None if body.data is UNSET else body.data,
    )


def _placed(call: Call, **members: Any) -> core.CreateIntegration:
    """In the workspace the key is bound to, or else the default one of the caller's organization."""
    if call.actor.workspace_id is not None:
        return core.CreateIntegration(workspace_id=call.actor.workspace_id, **members)
    tenant = access.acting_organization(call.tx, call.actor)
    return core.CreateIntegration(organization_id=tenant, **members)


def _set_secrets(call: Call, row: core.IntegrationRow, body: IntegrationMembers) -> None:
    if body.client_secret is UNSET and body.api_key is UNSET:
        return
    connections.set_integration_secrets(
        call.tx,
        call.actor,
        call.services.vault,
        row.id,
        client_secret=_secret(body.client_secret),
        api_key=_secret(body.api_key),
    )


def _secret(text: _Text) -> Secret | UnsetType | None:
    if text is UNSET:
        return UNSET
    return Secret(text) if text else None


def _cleared(text: _Text) -> _Text:
    """What a change says: the empty text clears as null does."""
    return text if text is UNSET else text or None


def _optional(text: _Text) -> str | None:
    return None if text is UNSET else text or None


_TAGS = ("Integrations",)

ROUTES = [
    Route(
        method="POST",
        path="/api/integrations",
        handler=create_integration,
        operation_id="createIntegration",
        summary="Make an integration, which its maker owns.",
        permission="integrations:write",
        body=CreateBody,
        returns=IntegrationWire,
        status=201,
        errors=(ErrorKind.NOT_FOUND, ErrorKind.CONFLICT),
        tags=_TAGS,
    ),
    Route(
        method="PUT",
        path="/api/integrations/{id}",
        handler=update_integration,
        operation_id="updateIntegration",
        summary="Change members of an integration.",
        permission="integrations:write",
        body=UpdateBody,
        returns=IntegrationWire,
        errors=(ErrorKind.CONFLICT,),
        resource=get_integration,
        path_parameters=ID,
        tags=_TAGS,
    ),
    Route(
        method="DELETE",
        path="/api/integrations/{id}",
        handler=delete_integration,
        operation_id="deleteIntegration",
        summary="Delete an integration for good, with its connections, shares, tags and icon.",
        permission="integrations:write",
        status=204,
        resource=get_integration,
        path_parameters=ID,
        tags=_TAGS,
    ),
    Route(
        method="GET",
        path="/api/integration-id",
        handler=mint_id,
        operation_id="mintIntegrationId",
        summary="Find out which slug an integration would be given.",
        permission="integrations:write",
        query=NameParameters,
        returns=NaturalId,
        media_type="application/json",
        errors=(ErrorKind.NOT_FOUND,),
        tags=_TAGS,
    ),
]
