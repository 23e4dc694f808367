"""Published versions of integrations: immutable snapshots."""

from __future__ import annotations

from typing import Annotated, Self

from msgspec import UNSET, Meta, UnsetType

from trunkline.core import integrations as core
from trunkline.dialects.platform.lists import ListPage, ListParameters, list_page, list_query
from trunkline.dialects.platform.wire_base import Json, Wire, path_id, spell_time
from trunkline.kit.ids import format_id
from trunkline.web import Call, Route


class VersionWire(Wire, frozen=True, kw_only=True):
    """A published version. Source: seed 001, POST /api/integrations/{id}/publish."""

    id: str
    integration_id: str
    version: str
    manifest_snapshot: Json
    variables_schema_snapshot: Json
    auth_config_snapshot: Json
    member_entity_versions: Annotated[Json, Meta(description="Pinned entity version ids by member slug.")]
    changelog: str | None
    published_by: str
    published_at: str

    @classmethod
    def of(cls, row: core.VersionRow) -> Self:
        """A version in this dialect."""
        return cls(
            id=format_id("version", row.id),
            integration_id=format_id("integration", row.integration_id),
            version=row.version,
            manifest_snapshot=row.manifest,
            variables_schema_snapshot=row.variables_schema,
            auth_config_snapshot=row.auth_config,
            member_entity_versions=row.member_entity_versions,
            changelog=row.changelog,
            published_by=format_id("user", row.published_by),
            published_at=spell_time(row.published_at),
        )


class VersionParameters(ListParameters, frozen=True, kw_only=True):
    """Parameters of the list."""

    integration_id: str | UnsetType = UNSET
    version: str | UnsetType = UNSET
    published_by: str | UnsetType = UNSET


def list_versions(call: Call) -> ListPage[VersionWire]:
    """GET /api/integration-versions."""
    page = core.list_versions(call.tx, call.actor, list_query(call, core.VERSION))
    return list_page(call, core.VERSION, page, VersionWire.of)


def get_version(call: Call) -> VersionWire:
    """GET /api/integration-versions/{id}."""
    return VersionWire.of(core.get_version(call.tx, call.actor, path_id(call, "version")))


_TAGS = ("Integration versions",)

ROUTES = [
    Route(
        method="GET",
        path="/api/integration-versions",
        handler=list_versions,
        operation_id="listIntegrationVersions",
        summary="List published versions of every integration the caller may see.",
        permission="versions:read",
        query=VersionParameters,
        returns=ListPage[VersionWire],
        tags=_TAGS,
    ),
    Route(
        method="GET",
        path="/api/integration-versions/{id}",
        handler=get_version,
        operation_id="getIntegrationVersion",
        summary="Get a published version.",
        permission="versions:read",
        returns=VersionWire,
        inline=True,
        path_parameters={"id": "The version's id, e.g. `intver_0197…`."},
        tags=_TAGS,
    ),
]
