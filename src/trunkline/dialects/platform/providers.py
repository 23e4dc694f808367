"""Providers: the built-in catalog, and what organizations define beside it. Found by id or by name."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType, field

from trunkline.core import providers as core
from trunkline.dialects.platform.lists import ListPage, ListParameters, list_page, list_query
from trunkline.dialects.platform.wire_base import (
    DONE,
    Body,
    Success,
    Wire,
    given,
    member_id,
    spell_id,
    spell_time,
)
from trunkline.kit.errors import ErrorKind
from trunkline.kit.ids import format_id
from trunkline.web import Call, Route

_BASE_URL = Meta(description="Where its API is, without a slash at the end; may hold placeholders.")


class ProviderWire(Wire, frozen=True, kw_only=True):
    """A provider; a built-in one belongs to no organization and cannot be changed."""

    id: str
    organization_id: str | None
    name: str
    display_name: str
    base_url: str | None
    auth: core.ProviderAuth
    substitutions: list[core.Substitution]
    account: core.AccountRequest | None
    health: core.HealthRequest | None
    created_at: str
    updated_at: str


def spell(row: core.ProviderRow) -> ProviderWire:
    """A provider in this dialect."""
    details = core.read_details(row.definition)
    return ProviderWire(
        id=format_id("provider", row.id),
        organization_id=spell_id("organization", row.organization_id),
        name=row.name,
        display_name=row.display_name,
        base_url=row.base_url,
        auth=details.auth,
        substitutions=details.substitutions,
        account=details.account,
        health=details.health,
        created_at=spell_time(row.created_at),
        updated_at=spell_time(row.updated_at),
    )


class ProviderParameters(ListParameters, frozen=True, kw_only=True):
    """Parameters of the list."""

    organization_id: str | UnsetType = UNSET
    name: Annotated[str, Meta(description="Part of the name, in any case.")] | UnsetType = UNSET


class CreateProviderBody(Body, frozen=True, kw_only=True):
    """A provider of an organization's own, under a name that no built-in one has."""

    organization_id: str
    name: str
    display_name: str | None = None
    base_url: Annotated[str, _BASE_URL] | None = None
    auth: core.ProviderAuth
    substitutions: list[core.Substitution] = field(default_factory=list)
    account: core.AccountRequest | None = None
    health: core.HealthRequest | None = None


class UpdateProviderBody(Body, frozen=True, kw_only=True):
    """Changes to a provider; what is left out stays, what is given replaces the whole member."""

    display_name: str | UnsetType = UNSET
    base_url: Annotated[str, _BASE_URL] | UnsetType | None = UNSET
    auth: core.ProviderAuth | UnsetType = UNSET
    substitutions: list[core.Substitution] | UnsetType = UNSET
    account: core.AccountRequest | UnsetType | None = UNSET
    health: core.HealthRequest | UnsetType | None = UNSET


def list_providers(call: Call) -> ListPage[ProviderWire]:
    """GET /api/providers."""
    page = core.list_providers(call.tx, call.actor, list_query(call, core.PROVIDER))
    return list_page(call, core.PROVIDER, page, spell)


def get_provider(call: Call) -> ProviderWire:
    """GET /api/providers/{id}."""
    return spell(core.resolve_provider(call.tx, call.actor, call.path["id"]))


def create_provider(call: Call) -> ProviderWire:
    """POST /api/providers."""
    members = given(call.body)
    members["organization_id"] = member_id("organization", members["organization_id"], "organizationId")
    return spell(core.create_provider(call.tx, call.actor, core.CreateProvider(**members)))


def update_provider(call: Call) -> ProviderWire:
    """PATCH /api/providers/{id}."""
    request = core.UpdateProvider(id=_named(call).id, **given(call.body))
    return spell(core.update_provider(call.tx, call.actor, request))


def delete_provider(call: Call) -> Success:
    """DELETE /api/providers/{id}."""
    core.delete_provider(call.tx, call.actor, _named(call).id)
    return DONE


def _named(call: Call) -> core.ProviderRow:
    return core.visible_provider(call.tx, call.actor, call.path["id"])


_ID = {"id": "The provider's name, e.g. `github`, or its id, e.g. `pvd_0197…`."}
_TAGS = ("Providers",)

ROUTES = [
    Route(
        method="GET",
        path="/api/providers",
        handler=list_providers,
        operation_id="listProviders",
        summary="List the built-in providers and those of the caller's organizations.",
        permission="providers:read",
        query=ProviderParameters,
        returns=ListPage[ProviderWire],
        tags=_TAGS,
    ),
    Route(
        method="POST",
        path="/api/providers",
        handler=create_provider,
        operation_id="createProvider",
        summary="Define a provider for an organization.",
        permission="providers:write",
        body=CreateProviderBody,
        returns=ProviderWire,
        status=201,
        errors=(ErrorKind.NOT_FOUND, ErrorKind.CONFLICT),
        tags=_TAGS,
    ),
    Route(
        method="GET",
        path="/api/providers/{id}",
        handler=get_provider,
        operation_id="getProvider",
        summary="Get a provider by id or name; an organization's own stands before a built-in one.",
        permission="providers:read",
        returns=ProviderWire,
        errors=(ErrorKind.INVALID,),
        inline=True,
        path_parameters=_ID,
        tags=_TAGS,
    ),
    Route(
        method="PATCH",
        path="/api/providers/{id}",
        handler=update_provider,
        operation_id="updateProvider",
        summary="Change a provider of an organization's own.",
        permission="providers:write",
        body=UpdateProviderBody,
        returns=ProviderWire,
        resource=get_provider,
        path_parameters=_ID,
        tags=_TAGS,
    ),
    Route(
        method="DELETE",
        path="/api/providers/{id}",
        handler=delete_provider,
        operation_id="deleteProvider",
        summary="Remove a provider of an organization's own for good.",
        permission="providers:write",
        returns=Success,
        errors=(ErrorKind.INVALID, ErrorKind.CONFLICT),
        resource=get_provider,
        path_parameters=_ID,
        tags=_TAGS,
    ),
]
