"""Drivers: the kinds of systems there are presets for. An integration's `type` may be any other word, too.

Source: informer-gestal reference A3 row 24.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

from msgspec import UNSET, Meta, UnsetType, field

from trunkline.dialects.informer.hal import Collection, Links, Resource, curies, link, segment
from trunkline.dialects.informer.lists import whole
from trunkline.dialects.informer.presets import DRIVERS, Driver
from trunkline.dialects.informer.wire_base import AnyCall, Wire, present
from trunkline.kit.errors import NotFoundError
from trunkline.web import Call, Route

_PATH: Final = "/api/integration-drivers"
_SHOWN: Final = ("scope", "authUri", "tokenUri", "revocationUri", "apiBaseUri")


class DriverDefaults(Wire, frozen=True, kw_only=True):
    """What an integration of this type need not say."""

    scope: str | UnsetType = UNSET
    auth_uri: str | UnsetType = UNSET
    token_uri: str | UnsetType = UNSET
    revocation_uri: str | UnsetType = UNSET
    api_base_uri: str | UnsetType = UNSET


class DriverWire(Resource, frozen=True, kw_only=True):
    """A kind of system."""

    id: Annotated[str, Meta(description="What an integration says as its `type`.")]
    name: str
    description: str
    category: str | UnsetType = UNSET
    auth_types: Annotated[list[str], Meta(description="The usual one first.")]
    supports_upload: bool
    features: Annotated[list[str], Meta(description="`directories`, `upload`.")]
    options: DriverDefaults


class EmbeddedDrivers(Wire, frozen=True, kw_only=True):
    """Every driver."""

    drivers: list[DriverWire] = field(name="inf:integration-driver")


def list_drivers(call: Call) -> Collection[EmbeddedDrivers]:
    """GET /api/integration-drivers."""
    drivers = [_spell(call, driver) for driver in DRIVERS.values()]
    return whole(call, _PATH, EmbeddedDrivers(drivers=drivers), len(drivers))


def get_driver(call: Call) -> DriverWire:
    """GET /api/integration-drivers/{type}."""
    found = DRIVERS.get(call.path["type"])
    if found is None:
        raise NotFoundError("driver")
    return _spell(call, found, curies(call))


def _spell(call: AnyCall, driver: Driver, links: Links | None = None) -> DriverWire:
    options: dict[str, Any] = {name: driver.config.get(name, UNSET) for name in _SHOWN}
    return DriverWire(
        links={"self": link(call, f"{_PATH}/{segment(driver.type)}"), **(links or {})},
        id=driver.type,
        name=driver.name,
        description=driver.description,
        category=present(driver.category),
        auth_types=list(driver.auth_types),
        supports_upload=driver.supports_upload,
        features=driver.features,
        options=DriverDefaults(
            scope=" ".join(options["scope"].replace(",", " ").split()) if options["scope"] else UNSET,
            auth_uri=options["authUri"],
            token_uri=options["tokenUri"],
            revocation_uri=options["revocationUri"],
            api_base_uri=options["apiBaseUri"],
        ),
    )


_TAGS = ("Drivers",)

ROUTES = [
    Route(
        method="GET",
        path=_PATH,
        handler=list_drivers,
        operation_id="listDrivers",
        summary="List the kinds of systems there are presets for.",
        permission="integrations:read",
        returns=Collection[EmbeddedDrivers],
        tags=_TAGS,
    ),
    Route(
        method="GET",
        path=f"{_PATH}/{{type}}",
        handler=get_driver,
        operation_id="getDriver",
        summary="Get a driver.",
        permission="integrations:read",
        returns=DriverWire,
        path_parameters={"type": "What an integration of this kind says as its `type`, e.g. `google-drive`."},
        tags=_TAGS,
    ),
]
