"""Integrations: the list, the flat list of galleries and pickers, and one with all of its links.

Source: seed 003.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated, Final

from msgspec import UNSET, Meta, UnsetType, field
from msgspec.json import decode

from trunkline.core import access
from trunkline.core import integrations as core
from trunkline.dialects.informer.connecting import spell_headers, spell_mode, spell_scope, spell_type
from trunkline.dialects.informer.hal import Collection, Links, Resource, link, own_links, template
from trunkline.dialects.informer.lists import ListParameters, collection, list_query
from trunkline.dialects.informer.presets import UPLOADING
from trunkline.dialects.informer.references import Subject, find, principals
from trunkline.dialects.informer.wire_base import AnyCall, Json, Wire, present, spell_time
from trunkline.kit.filters import All, Compare, Node, Op, OrderKey
from trunkline.kit.ids import format_uuid
from trunkline.kit.pages import ListQuery
from trunkline.web import Call, Route

SORT: Final = {
    "name": "name",
    "slug": "slug",
    "type": "driver",
    "category": "category",
    "description": "description",
    "createdAt": "created_at",
    "updatedAt": "updated_at",
}
_PATH: Final = "/api/integrations"
_FLAT_PAGE: Final = 500  # rows read at once
_NOT_EMBEDDED: Final = Compare("embedded", Op.EQ, value=False)


class IntegrationItem(Resource, frozen=True, kw_only=True):
    """An integration in a list."""

    id: str
    name: str
    slug: str
    type: str
    category: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    mode: str
    auth_type: str
    embedded: bool
    scope: str | UnsetType = UNSET
    auth_uri: str | UnsetType = UNSET
    token_uri: str | UnsetType = UNSET
    api_base_uri: str | UnsetType = UNSET
    created_at: str
    updated_at: str


class IntegrationWire(IntegrationItem, frozen=True, kw_only=True):
    """An integration. Secrets are in no answer; headers named like one show a mask instead of their value."""

    client_id: str | UnsetType = UNSET
    revocation_uri: str | UnsetType = UNSET
    basic_token_auth: bool | UnsetType = UNSET
    api_key_location: str | UnsetType = UNSET
    api_key_name: str | UnsetType = UNSET
    headers: dict[str, str] | UnsetType = UNSET
    image_url: str | UnsetType = UNSET
    data: Json


class EmbeddedIntegrations(Wire, frozen=True, kw_only=True):
    """The integrations of a page."""

    integrations: list[IntegrationItem] = field(name="inf:integration")


class Sharing(Wire, frozen=True, kw_only=True):
    """Who else has a right to an integration: 1 to use it, 2 to edit it, 3 to share and delete it."""

    principal_id: str
    access_level: int


class FlatIntegration(Wire, frozen=True, kw_only=True):
    """An integration with its tags and shares."""

    id: str
    name: str
    slug: str
    type: str
    category: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    mode: str
    auth_type: str
    owner_id: str | UnsetType = UNSET
    embedded: bool
    shared: bool
    tags: list[str]
    sharing: list[Sharing]


class IntegrationParameters(ListParameters, frozen=True, kw_only=True):
    """Parameters of the list."""

    q: Annotated[str, Meta(description="Words that the name or the description must have.")] | UnsetType = (
        UNSET
    )
    supports_upload: (
        Annotated[bool, Meta(description="Whether files can be uploaded to systems of its type.")] | UnsetType
    ) = UNSET


def path_of(row: core.IntegrationRow) -> str:
    """Where an integration is, below the mount."""
    return f"{_PATH}/{format_uuid(row.id)}"


def list_integrations(call: Call) -> Collection[EmbeddedIntegrations]:
    """GET /api/integrations."""
    asked: IntegrationParameters = call.query
    query = list_query(asked, SORT, where=_where(asked))
    page = core.list_integrations(call.tx, call.actor, query, text=None if asked.q is UNSET else asked.q)
    items = EmbeddedIntegrations(integrations=[_item(call, row) for row in page.rows])
    return collection(call, _PATH, page, items)


def get_integration(call: Call) -> IntegrationWire:
    """GET /api/integrations/{id}."""
    return spell(call, find(call))


def list_flat(call: Call) -> list[FlatIntegration]:
    """GET /api/integrations-list."""
    return [item for rows in _every_page(call) for item in _flat(call, rows)]


def spell(call: AnyCall, row: core.IntegrationRow) -> IntegrationWire:
    """One integration with all of its members and links."""
    item = _item(call, row)
    members = {name: getattr(item, name) for name in item.__struct_fields__ if name != "links"}
    config = core.read_connect(decode(row.auth_config))
    keyed = config.type == "api_key"
    return IntegrationWire(
        **members,
        links=_links(call, row),
        client_id=present(config.client_id),
        revocation_uri=present(config.revocation_uri),
        basic_token_auth=True if config.basic_token_auth else UNSET,
        api_key_location=config.api_key_location if keyed else UNSET,
        api_key_name=config.api_key_name if keyed else UNSET,
        headers=spell_headers(config) or UNSET,
        image_url=present(row.icon_url),
        data=row.data,
    )


def _item(call: AnyCall, row: core.IntegrationRow) -> IntegrationItem:
    config = core.read_connect(decode(row.auth_config))
    return IntegrationItem(
        links={"self": link(call, path_of(row))},
        id=format_uuid(row.id),
        name=row.name,
        slug=row.slug,
        type=row.driver,
        category=present(row.category),
        description=present(row.description),
        mode=spell_mode(config),
        auth_type=spell_type(config),
        embedded=row.embedded,
        scope=spell_scope(config) or UNSET,
        auth_uri=present(config.auth_uri),
        token_uri=present(config.token_uri),
        api_base_uri=present(config.api_base_uri),
        created_at=spell_time(row.created_at),
        updated_at=spell_time(row.updated_at),
    )


def _links(call: AnyCall, row: core.IntegrationRow) -> Links:
    path = path_of(row)
    relations: Links = {
        "inf:icon": link(call, f"{path}/icon"),
        "inf:connect": link(call, f"{path}/connect"),
        "inf:connection": link(call, f"{path}/connection"),
        "inf:request": link(call, f"{path}/request"),
        "inf:integration-owner": link(call, f"{path}/owner"),
        "inf:integration-shares": link(call, f"{path}/shares"),
        "inf:integration-share": template(call, f"{path}/shares/{{principalId}}"),
    }
    return own_links(call, path, relations)


def _where(asked: IntegrationParameters) -> Node:
    if asked.supports_upload is UNSET:
        return _NOT_EMBEDDED
    op = Op.IN if asked.supports_upload else Op.NOT_IN
    return All((_NOT_EMBEDDED, Compare("driver", op, list(UPLOADING), "supportsUpload")))


def _every_page(call: Call) -> Iterator[list[core.IntegrationRow]]:
    query = ListQuery(where=_NOT_EMBEDDED, order=(OrderKey("name"),), limit=_FLAT_PAGE, count=False)
    while True:
        page = core.list_integrations(call.tx, call.actor, query)
        yield page.rows
        if not page.has_next:
            return
        query = replace(query, after=page.end)


def _flat(call: Call, rows: list[core.IntegrationRow]) -> Iterator[FlatIntegration]:
    ids = [row.id for row in rows]
    tags = core.tags_of(call.tx, call.actor, ids)
    shares = access.shares_of(call.tx, call.actor, ids)
    subjects = [(row.owner_kind, row.owner_id) for row in rows]
    subjects += [subject for held in shares.values() for share in held if (subject := _subject(share))]
    known = {one: access.principal_key(found) for one, found in principals(call, subjects).items()}
    for row in rows:
        config = core.read_connect(decode(row.auth_config))
        yield FlatIntegration(
            id=format_uuid(row.id),
            name=row.name,
            slug=row.slug,
            type=row.driver,
            category=present(row.category),
            description=present(row.description),
            mode=spell_mode(config),
            auth_type=spell_type(config),
            owner_id=present(known.get((row.owner_kind, row.owner_id))),
            embedded=row.embedded,
            shared=row.id in shares,
            tags=[format_uuid(tag_id) for tag_id in tags.get(row.id, ())],
            sharing=[
                Sharing(principal_id=known[subject], access_level=int(share.tier))
                for share in shares.get(row.id, ())
                if (subject := _subject(share)) in known
            ],
        )


def _subject(share: access.ShareRow) -> Subject | None:
    """Whom a share is for; None where it is nobody who can be named here."""
    if share.subject_kind not in {"user", "team"} or share.subject_id is None:
        return None
    return share.subject_kind, share.subject_id


ID: Final = {"id": "The integration's id or slug."}
_TAGS = ("Integrations",)

ROUTES = [
    Route(
        method="GET",
        path=_PATH,
        handler=list_integrations,
        operation_id="listIntegrations",
        summary="List the integrations the caller may see; embedded ones are left out.",
        permission="integrations:read",
        query=IntegrationParameters,
        returns=Collection[EmbeddedIntegrations],
        etag=True,
        tags=_TAGS,
    ),
    Route(
        method="GET",
        path="/api/integrations-list",
        handler=list_flat,
        operation_id="listIntegrationsFlat",
        summary="List the same integrations, all at once, each with its tags and shares.",
        permission="integrations:read",
        returns=list[FlatIntegration],
        media_type="application/json",
        etag=True,
        tags=_TAGS,
    ),
    Route(
        method="GET",
        path=f"{_PATH}/{{id}}",
        handler=get_integration,
        operation_id="getIntegration",
        summary="Get an integration.",
        permission="integrations:read",
        returns=IntegrationWire,
        path_parameters=ID,
        tags=_TAGS,
    ),
]
