"""Installs: installing, upgrading, uninstalling and bringing back. Source: seeds 000 and 001."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import UNSET, Meta, UnsetType

from trunkline.core import installs as core
from trunkline.dialects.platform.lists import ListPage, TrashParameters, list_page, list_query
from trunkline.dialects.platform.vocabulary import MemberPolicy, RetentionTier
from trunkline.dialects.platform.wire_base import (
    DONE,
    Body,
    Json,
    Success,
    Wire,
    member_id,
    path_id,
    spell_id,
    spell_optional_time,
    spell_time,
)
from trunkline.kit.errors import ErrorKind, InvalidRequestError
from trunkline.kit.ids import format_id, parse_id
from trunkline.web import Call, Route


class InstallWire(Wire, frozen=True, kw_only=True):
    """An install: an integration version pinned in a workspace."""

    id: str
    integration_id: str
    integration_version_id: str
    workspace_id: str
    variables: Json
    auth_state_id: str | None
    member_policy: MemberPolicy
    parent_install_id: str | None
    solution_id: str | None
    installed_by: str
    installed_at: str
    last_upgraded_at: str | None
    deleted_at: str | None
    retention_tier: RetentionTier | None


def spell(row: core.InstallRow) -> InstallWire:
    """An install in this dialect."""
    return InstallWire(
        id=format_id("install", row.id),
        integration_id=format_id("integration", row.integration_id),
        integration_version_id=format_id("version", row.integration_version_id),
        workspace_id=format_id("workspace", row.workspace_id),
        variables=row.variables,
        auth_state_id=spell_id("secret" if row.auth_scheme == "secret" else "connection", row.auth_state_id),
        member_policy=row.member_policy,  # type: ignore[arg-type]  # the database allows nothing else
        parent_install_id=spell_id("install", row.parent_install_id),
        solution_id=spell_id("solution", row.solution_id),
        installed_by=format_id("user", row.installed_by),
        installed_at=spell_time(row.installed_at),
        last_upgraded_at=spell_optional_time(row.last_upgraded_at),
        deleted_at=spell_optional_time(row.deleted_at),
        retention_tier=row.retention_tier,  # type: ignore[arg-type]  # the database allows nothing else
    )


class InstallParameters(TrashParameters, frozen=True, kw_only=True):
    """Parameters of the list."""

    integration_id: str | UnsetType = UNSET
    workspace_id: str | UnsetType = UNSET
    integration_version_id: str | UnsetType = UNSET
    member_policy: MemberPolicy | UnsetType = UNSET
    parent_install_id: str | UnsetType = UNSET
    solution_id: str | UnsetType = UNSET
    installed_by: str | UnsetType = UNSET
    retention_tier: RetentionTier | UnsetType = UNSET


class InstallBody(Body, frozen=True, kw_only=True):
    """What to install, where, and with what."""

    workspace_id: Annotated[str, Meta(description="The destination.")]
    integration_version_id: Annotated[str, Meta(description="The current version when absent.")] | None = None
    variables: dict[str, Any] | None = None
    auth_state_id: Annotated[str, Meta(description="A connection or a workspace secret.")] | None = None
    member_policy: MemberPolicy | None = None
    parent_install_id: str | None = None
    selected_member_slugs: (
        Annotated[
            list[str],
            Meta(max_length=5_000, description="With these come required members and what they need."),
        ]
        | None
    ) = None


class UpgradeWire(Wire, frozen=True, kw_only=True):
    """Member slugs by what the upgrade did with them."""

    updated: list[str]
    added: list[str]
    removed: list[str]
    skipped: list[str]


def list_installs(call: Call) -> ListPage[InstallWire]:
    """GET /api/integration-installs."""
    page = core.list_installs(call.tx, call.actor, list_query(call, core.INSTALL))
    return list_page(call, core.INSTALL, page, spell)


def get_install(call: Call) -> InstallWire:
    """GET /api/integration-installs/{id}."""
    return spell(core.get_install(call.tx, call.actor, path_id(call, "install")))


def install_integration(call: Call) -> InstallWire:
    """POST /api/integrations/{id}/install."""
    body: InstallBody = call.body
    request = core.InstallIntegration(
        integration_id=path_id(call, "integration"),
        workspace_id=member_id("workspace", body.workspace_id, "workspaceId"),
        integration_version_id=_optional("version", body.integration_version_id, "integrationVersionId"),
        variables=body.variables,
        auth_state_id=_connection_id(body.auth_state_id),
        member_policy=body.member_policy,
        parent_install_id=_optional("install", body.parent_install_id, "parentInstallId"),
        selected_slugs=body.selected_member_slugs,
    )
    return spell(core.install_integration(call.tx, call.actor, request))


def _optional(kind: str, text: str | None, path: str) -> str | None:
    return None if text is None else member_id(kind, text, path)


def _connection_id(text: str | None) -> str | None:
    if text is None:
        return None
    found = parse_id("connection", text) or parse_id("secret", text)
    if found is None:
        raise InvalidRequestError.at("authStateId", "not an id of a connection or secret")
    return found


def upgrade_install(call: Call) -> UpgradeWire:
    """POST /api/integration-installs/{id}/upgrade."""
    done = core.upgrade_install(call.tx, call.actor, path_id(call, "install"))
    return UpgradeWire(
        updated=list(done.updated),
        added=list(done.added),
        removed=list(done.removed),
        skipped=list(done.skipped),
    )


def uninstall(call: Call) -> Success:
    """DELETE /api/integration-installs/{id}."""
    core.uninstall(call.tx, call.actor, path_id(call, "install"))
    return DONE


def restore_install(call: Call) -> InstallWire:
    """POST /api/integration-installs/{id}/restore."""
    return spell(core.restore_install(call.tx, call.actor, path_id(call, "install")))


def purge_install(call: Call) -> Success:
    """DELETE /api/integration-installs/{id}/purge."""
    core.purge_install(call.tx, call.actor, path_id(call, "install"))
    return DONE


_ID = {"id": "The install's id, e.g. `inst_0197…`."}
_TAGS = ("Integration installs",)

ROUTES = [
    Route(
        method="GET",
        path="/api/integration-installs",
        handler=list_installs,
        operation_id="listIntegrationInstalls",
        summary="List installs in the caller's workspaces.",
        permission="installs:read",
        query=InstallParameters,
        returns=ListPage[InstallWire],
        tags=_TAGS,
    ),
    Route(
        method="GET",
        path="/api/integration-installs/{id}",
        handler=get_install,
        operation_id="getIntegrationInstall",
        summary="Get an install.",
        permission="installs:read",
        returns=InstallWire,
        inline=True,
        path_parameters=_ID,
        tags=_TAGS,
    ),
    Route(
        method="POST",
        path="/api/integrations/{id}/install",
        handler=install_integration,
        operation_id="installIntegration",
        summary="Install a published version into a workspace: clones and references, grouped in a solution.",
        permission="installs:write",
        body=InstallBody,
        returns=InstallWire,
        status=201,
        errors=(ErrorKind.CONFLICT,),
        path_parameters={"id": "The integration's id, e.g. `int_0197…`."},
        tags=_TAGS,
    ),
    Route(
        method="POST",
        path="/api/integration-installs/{id}/upgrade",
        handler=upgrade_install,
        operation_id="upgradeIntegrationInstall",
        summary="Upgrade an install to the integration's current version, in place; a repeat changes nothing.",
        permission="installs:write",
        returns=UpgradeWire,
        errors=(ErrorKind.INVALID, ErrorKind.CONFLICT),
        resource=get_install,
        path_parameters=_ID,
        tags=_TAGS,
    ),
    Route(
        method="DELETE",
        path="/api/integration-installs/{id}",
        handler=uninstall,
        operation_id="uninstallIntegration",
        summary="Uninstall, restorably: members, clones, solution and child installs go with it.",
        permission="installs:write",
        returns=Success,
        resource=get_install,
        path_parameters=_ID,
        tags=_TAGS,
    ),
    Route(
        method="DELETE",
        path="/api/integration-installs/{id}/purge",
        handler=purge_install,
        operation_id="purgeIntegrationInstall",
        summary="Remove a deleted install and everything it brought for good.",
        permission="installs:write",
        returns=Success,
        errors=(ErrorKind.CONFLICT,),
        resource=get_install,
        path_parameters=_ID,
        tags=_TAGS,
    ),
    Route(
        method="POST",
        path="/api/integration-installs/{id}/restore",
        handler=restore_install,
        operation_id="restoreIntegrationInstall",
        summary="Bring back exactly what one uninstall took.",
        permission="installs:write",
        returns=InstallWire,
        errors=(ErrorKind.CONFLICT,),
        resource=get_install,
        path_parameters=_ID,
        tags=_TAGS,
    ),
]
