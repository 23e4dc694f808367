"""An integrator's own integrations; every change is published.

Source: informer-gestal reference B3 (`/integrations`).
"""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType, structs

from trunkline.core import access, installs
from trunkline.core import integrations as core
from trunkline.dialects.gestal.pages import (
    IntegratorListed,
    Listed,
    MetaWire,
    PageParameters,
    integrator_listed,
    listed,
    read_page,
)
from trunkline.dialects.gestal.wire_base import Body, Wire, path_id, spell_time
from trunkline.kit.ids import format_id
from trunkline.web import Call, Route

_Url = Annotated[str, Meta(description="Of a page about it, http or https.")]


class IntegrationWire(Wire, frozen=True, kw_only=True):
    """An integration; `url` and `description` are null where another API made it without."""

    cloud_id: str
    name: str
    url: str | None
    description: str | None
    created_at: str
    updated_at: str


class CreateBody(Body, frozen=True, kw_only=True):
    """A new integration."""

    name: str
    url: _Url
    description: str | None = None


class UpdateBody(Body, frozen=True, kw_only=True):
    """Changes to an integration; what is left out stays as it is."""

    name: str | UnsetType = UNSET
    url: _Url | UnsetType = UNSET
    description: str | UnsetType | None = UNSET


def spell(row: core.IntegrationRow) -> IntegrationWire:
    """An integration in this dialect."""
    return IntegrationWire(
        cloud_id=format_id("integration", row.id),
        name=row.name,
        url=row.homepage_url,
        description=row.description,
        created_at=spell_time(row.created_at),
        updated_at=spell_time(row.updated_at),
    )


def list_integrations(call: Call) -> Listed[IntegrationWire]:
    """GET /integrations."""
    return listed(*_page(call))


def list_for_integrator(call: Call) -> IntegratorListed[IntegrationWire]:
    """GET /integrator."""
    return integrator_listed(*_page(call))


def get_integration(call: Call) -> IntegrationWire:
    """GET /integrations/{id}."""
    return spell(core.get_own_integration(call.tx, call.actor, path_id(call, "integration")))


def create_integration(call: Call) -> IntegrationWire:
    """POST /integrations."""
    body: CreateBody = call.body
    request = core.CreateIntegration(
        name=body.name,
        organization_id=access.acting_organization(call.tx, call.actor),
        homepage_url=body.url,
        description=body.description,
    )
    made = core.create_integration(call.tx, call.actor, request)
    return _published(call, made.id)


def update_integration(call: Call) -> IntegrationWire:
    """PATCH /integrations/{id}."""
    body: UpdateBody = call.body
    row = core.own_integration(call.tx, call.actor, path_id(call, "integration"))
    if all(value is UNSET for value in structs.astuple(body)):
        return spell(row)
    request = core.UpdateIntegration(
        id=row.id, name=body.name, homepage_url=body.url, description=body.description
    )
    core.update_integration(call.tx, call.actor, request)
    return _published(call, row.id)


def delete_integration(call: Call) -> None:
    """DELETE /integrations/{id}."""
    installs.withdraw_integration(call.tx, call.actor, path_id(call, "integration"))


def _page(call: Call) -> tuple[list[IntegrationWire], MetaWire]:
    rows, meta = read_page(call.query, lambda query: core.list_own_integrations(call.tx, call.actor, query))
    return [spell(row) for row in rows], meta


def _published(call: Call, integration_id: str) -> IntegrationWire:
    core.publish_change(call.tx, call.actor, integration_id)
    return spell(core.own_integration(call.tx, call.actor, integration_id))


_TAGS = ("Integrations",)
_ID = {"id": "The integration's id, e.g. `int_0197…`."}

ROUTES = [
    Route(
        method="GET",
        path="/integrations",
        handler=list_integrations,
        operation_id="listIntegrations",
        summary="List the integrations the caller may edit, the newest first.",
        permission="integrations:read",
        query=PageParameters,
        returns=Listed[IntegrationWire],
        tags=_TAGS,
    ),
    Route(
        method="POST",
        path="/integrations",
        handler=create_integration,
        operation_id="createIntegration",
        summary="Make an integration and publish it, for its organization alone.",
        permission="integrations:write",
        body=CreateBody,
        returns=IntegrationWire,
        status=201,
        tags=_TAGS,
    ),
    Route(
        method="GET",
        path="/integrations/{id}",
        handler=get_integration,
        operation_id="getIntegration",
        summary="Get an integration of the caller's own.",
        permission="integrations:read",
        returns=IntegrationWire,
        inline=True,
        path_parameters=_ID,
        tags=_TAGS,
    ),
    Route(
        method="PATCH",
        path="/integrations/{id}",
        handler=update_integration,
        operation_id="updateIntegration",
        summary="Change an integration and publish the change.",
        permission="integrations:write",
        body=UpdateBody,
        returns=IntegrationWire,
        resource=get_integration,
        path_parameters=_ID,
        tags=_TAGS,
    ),
    Route(
        method="DELETE",
        path="/integrations/{id}",
        handler=delete_integration,
        operation_id="deleteIntegration",
        summary="Delete an integration and uninstall it everywhere; its access keys open nothing any more.",
        permission="integrations:write",
        status=204,
        resource=get_integration,
        path_parameters=_ID,
        tags=_TAGS,
    ),
    Route(
        method="GET",
        path="/integrator",
        handler=list_for_integrator,
        operation_id="listIntegratorIntegrations",
        summary="List the integrations the caller may edit, the newest first.",
        permission="integrations:read",
        query=PageParameters,
        returns=IntegratorListed[IntegrationWire],
        tags=_TAGS,
    ),
    Route(
        method="GET",
        path="/integrator/{id}",
        handler=get_integration,
        operation_id="getIntegratorIntegration",
        summary="Get an integration of the caller's own.",
        permission="integrations:read",
        returns=IntegrationWire,
        inline=True,
        path_parameters=_ID,
        tags=_TAGS,
    ),
]
