"""Installations: where an integrator's integrations are activated, and what an installation sees of itself.

Source: seed 004.
"""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta

from trunkline.core import installs as core
from trunkline.core import integrations
from trunkline.dialects.gestal.access_keys import AccessKeyWire
from trunkline.dialects.gestal.access_keys import spell as spell_key
from trunkline.dialects.gestal.pages import (
    IntegratorListed,
    Listed,
    MetaWire,
    PageParameters,
    integrator_listed,
    listed,
    read_page,
)
from trunkline.dialects.gestal.wire_base import Named, Wire, path_id, site, spell_time, tenant
from trunkline.kit.ids import format_id
from trunkline.web import Call, Route

# By the integration's trust tier, which is an operator's to give: what it is, and whether somebody vouches for it.
_FIRST_PARTY: Final = "first_party"
_THIRD_PARTY: Final = "third_party"
_UNSIGNED: Final = "verified_publisher"  # what every integration has unless an operator gives it another

_Type = Annotated[str, Meta(description="`third_party`, or `first_party` where the operator says so.")]


class InstallationWire(Wire, frozen=True, kw_only=True):
    """An activation of an integration by a tenant on a site."""

    cloud_id: str
    created_at: str
    tenant: Named
    site: Named


class IntegratorInstallationWire(Wire, frozen=True, kw_only=True):
    """The same, with what its integration is called and the newest of its access keys, masked."""

    cloud_id: str
    name: str
    url: str | None
    type: _Type
    description: str | None
    access_key: AccessKeyWire | None
    tenant: Named
    site: Named
    created_at: str
    updated_at: str


class Activity(Wire, frozen=True, kw_only=True):
    """When the access key that the request carries was last used, which is now."""

    last_active_at: str


class CurrentInstallationWire(Wire, frozen=True, kw_only=True):
    """The installation that the request comes from."""

    cloud_id: str
    name: str
    url: str | None
    type: _Type
    signed: Annotated[bool, Meta(description="Whether the operator vouches for the integration.")]
    description: str | None
    access_key: Activity
    site: Named


def list_installations(call: Call) -> Listed[InstallationWire]:
    """GET /integrations/{id}/installations."""
    rows, meta = _page(call, path_id(call, "integration"))
    return listed([_spell(row) for row in rows], meta)


def list_for_integrator(call: Call) -> IntegratorListed[IntegratorInstallationWire]:
    """GET /integrator/{id}/installations."""
    rows, meta = _page(call, path_id(call, "integration"))
    return integrator_listed(_in_full(call, rows), meta)


def list_all_for_integrator(call: Call) -> IntegratorListed[IntegratorInstallationWire]:
    """GET /integrator/installations."""
    rows, meta = _page(call, None)
    return integrator_listed(_in_full(call, rows), meta)


def get_current(call: Call) -> CurrentInstallationWire:
    """GET /integration."""
    found = core.current_installation(call.tx, call.actor)
    return CurrentInstallationWire(
        cloud_id=format_id("install", found.id),
        name=found.name,
        url=found.homepage_url,
        type=_type(found.trust_tier),
        signed=found.trust_tier != _UNSIGNED,
        description=found.description,
        access_key=Activity(last_active_at=spell_time(max(call.tx.now, found.last_active_at or ""))),
        site=site(found.workspace_id, found.site_name),
    )


def _page(call: Call, integration_id: str | None) -> tuple[list[core.InstallationRow], MetaWire]:
    return read_page(
        call.query,
        lambda query: core.list_installations(call.tx, call.actor, query, integration_id=integration_id),
    )


def _spell(row: core.InstallationRow) -> InstallationWire:
    return InstallationWire(
        cloud_id=format_id("install", row.id),
        created_at=spell_time(row.installed_at),
        tenant=tenant(row.organization_id, row.tenant_name),
        site=site(row.workspace_id, row.site_name),
    )


def _in_full(call: Call, rows: list[core.InstallationRow]) -> list[IntegratorInstallationWire]:
    found = {row.integration_id for row in rows}
    described = {row.id: row for row in integrations.own_integrations(call.tx, call.actor, found)}
    keys = core.newest_keys(call.tx, [row.id for row in rows])
    return [_spell_in_full(row, described[row.integration_id], keys.get(row.id)) for row in rows]


def _spell_in_full(
    row: core.InstallationRow, integration: integrations.IntegrationRow, key: core.InstallKeyRow | None
) -> IntegratorInstallationWire:
    return IntegratorInstallationWire(
        cloud_id=format_id("install", row.id),
        name=integration.name,
        url=integration.homepage_url,
        type=_type(integration.trust_tier),
        description=integration.description,
        access_key=None if key is None else spell_key(key),
        tenant=tenant(row.organization_id, row.tenant_name),
        site=site(row.workspace_id, row.site_name),
        created_at=spell_time(row.installed_at),
        updated_at=spell_time(row.changed_at),
    )


def _type(trust_tier: str) -> str:
    return _FIRST_PARTY if trust_tier == _FIRST_PARTY else _THIRD_PARTY


_TAGS = ("Installations",)
_ID = {"id": "The integration's id, e.g. `int_0197…`."}

ROUTES = [
    Route(
        method="GET",
        path="/integrations/{id}/installations",
        handler=list_installations,
        operation_id="listInstallations",
        summary="List the sites an integration is activated on, the last changed first.",
        permission="installs:read",
        query=PageParameters,
        returns=Listed[InstallationWire],
        path_parameters=_ID,
        tags=_TAGS,
    ),
    Route(
        method="GET",
        path="/integration",
        handler=get_current,
        operation_id="getCurrentInstallation",
        summary="Get the installation that the request's access key belongs to.",
        permission="installation:read",
        returns=CurrentInstallationWire,
        inline=True,
        tags=_TAGS,
    ),
    Route(
        method="GET",
        path="/integrator/installations",
        handler=list_all_for_integrator,
        operation_id="listAllIntegratorInstallations",
        summary="List the sites any integration of the caller's is activated on, the last changed first.",
        permission="installs:read",
        query=PageParameters,
        returns=IntegratorListed[IntegratorInstallationWire],
        tags=_TAGS,
    ),
    Route(
        method="GET",
        path="/integrator/{id}/installations",
        handler=list_for_integrator,
        operation_id="listIntegratorInstallations",
        summary="List the sites an integration is activated on, the last changed first.",
        permission="installs:read",
        query=PageParameters,
        returns=IntegratorListed[IntegratorInstallationWire],
        path_parameters=_ID,
        tags=_TAGS,
    ),
]
