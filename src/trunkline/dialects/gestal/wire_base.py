"""What every shape of the Gestal dialect has in common: snake_case, nulls present, ids with a prefix.

Source: seed 004; DESIGN section 9 (ids).
"""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from trunkline.kit.errors import NotFoundError
from trunkline.kit.ids import parse_id
from trunkline.web import Call

TENANT: Final = "te_"
SITE: Final = "sit_"


class Wire(msgspec.Struct, frozen=True, kw_only=True):
    """Base of what is answered; every member is present, absent values are null."""


class Body(msgspec.Struct, frozen=True, kw_only=True):
    """Base of what is read from a body; unknown members are ignored."""


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """Base of query strings; unknown parameters are ignored."""


class Named(Wire, frozen=True, kw_only=True):
    """A tenant or a site."""

    cloud_id: Annotated[str, Meta(description="`te_…` of a tenant, `sit_…` of a site.")]
    name: str


def tenant(organization_id: str, name: str) -> Named:
    """An organization as this dialect calls it."""
    return Named(cloud_id=f"{TENANT}{organization_id}", name=name)


def site(workspace_id: str, name: str) -> Named:
    """A workspace as this dialect calls it."""
    return Named(cloud_id=f"{SITE}{workspace_id}", name=name)


def spell_time(stored: str) -> str:
    """A stored time in milliseconds: `2001-01-01T01:01:01.000Z`."""
    return f"{stored[:23]}Z"


def spell_optional_time(stored: str | None) -> str | None:
    """An optional time as it is printed."""
    return None if stored is None else spell_time(stored)


def path_id(call: Call, kind: str) -> str:
    """The 32 hex digits of the id in the path, in its prefixed or its canonical spelling.

    Raises:
        NotFoundError: no id of this kind; it looks like one that is unknown or invisible.
    """
    found = parse_id(kind, call.path["id"])
    if found is None:
        raise NotFoundError(kind.replace("_", " "))
    return found
