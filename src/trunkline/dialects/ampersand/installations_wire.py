"""How installations are spelled.

An installation shows what its configuration comes to, not only what it set: schedule, destination and required
fields are there whoever said so.

Source: seed 002; ampersand reference sections 1.5 to 1.7.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from msgspec import UNSET, Meta, UnsetType

from trunkline.core.installs import ProjectInstall
from trunkline.dialects.ampersand.connections_wire import (
    AccountConnectionWire,
    ConsumerRefWire,
    GroupRefWire,
    connection_of,
)
from trunkline.dialects.ampersand.wire_base import Time, Wire, updated
from trunkline.kit.ids import format_uuid

_NOBODY: Final = "system"

_Content = Annotated[dict[str, Any], Meta(description="What is read, written and subscribed to, and how.")]


class ConfigWire(Wire, frozen=True, kw_only=True):
    """What an installation is configured with; another one for each change."""

    id: str
    revision_id: Annotated[str, Meta(description="The revision the installation was at when configured so.")]
    create_time: Time
    created_by: str
    content: _Content


class InstallationWire(Wire, frozen=True, kw_only=True):
    """An integration installed for a group."""

    id: str
    project_id: str
    integration_id: str
    group: GroupRefWire | UnsetType = UNSET
    health_status: Literal["healthy", "unhealthy"]
    last_operation_status: Literal["success", "failure", "in_progress"] | UnsetType = UNSET
    connection: AccountConnectionWire
    create_time: Time
    created_by: str
    update_time: Time | UnsetType = UNSET
    config: ConfigWire


def spell(found: ProjectInstall, project_id: str) -> InstallationWire:
    """An install of a project's integration in this dialect."""
    row = found.install
    made_by = row.created_by or f"builder:{format_uuid(row.installed_by)}"
    connection = _connection(found, project_id)
    return InstallationWire(
        id=format_uuid(row.id),
        project_id=format_uuid(project_id),
        integration_id=format_uuid(row.integration_id),
        group=UNSET if found.group is None else connection.group,
        health_status=row.health,  # type: ignore[arg-type]  # nothing else is written
        last_operation_status=row.last_operation_status or UNSET,  # type: ignore[arg-type]  # the same
        connection=connection,
        create_time=row.installed_at,
        created_by=made_by,
        update_time=UNSET if row.updated_at is None else updated(row.installed_at, row.updated_at),
        config=_config(found, made_by),
    )


def _config(found: ProjectInstall, made_by: str) -> ConfigWire:
    row, config = found.install, found.config
    if config is None:
        # An integration of another making is configured by nobody: the installation is all there is to tell.
        return ConfigWire(
            id=format_uuid(row.id),
            revision_id=format_uuid(row.integration_version_id),
            create_time=row.installed_at,
            created_by=made_by,
            content=dict(found.content),
        )
    return ConfigWire(
        id=format_uuid(config.id),
        revision_id=format_uuid(config.version_id),
        create_time=config.created_at,
        created_by=config.created_by,
        content=_required(found.content),
    )


def _required(content: Mapping[str, Any]) -> dict[str, Any]:
    """The content with the sections' maps of objects, which its document requires."""
    result = dict(content)
    for action in ("read", "subscribe"):
        if action in result:
            result[action] = {"objects": {}, **result[action]}
    return result


def _connection(found: ProjectInstall, project_id: str) -> AccountConnectionWire:
    row = found.install
    provider = str(found.content.get("provider", ""))
    if found.connection is not None and found.group is not None:
        return connection_of(found.connection, project_id, found.group, found.consumer, provider=provider)
    # It needs no account, or has one that is not shown here; the document requires a connection.
    who = format_uuid(row.installed_by) if row.installed_by else _NOBODY
    consumer = ConsumerRefWire(
        consumer_ref=who,
        consumer_name=who,
        project_id=format_uuid(project_id),
        create_time=row.installed_at,
        update_time=UNSET,
    )
    return AccountConnectionWire(
        id=format_uuid(row.auth_state_id or row.id),
        project_id=format_uuid(project_id),
        provider=provider,
        group=_group(found, project_id),
        consumer=consumer,
        provider_workspace_ref=UNSET,
        provider_consumer_ref=UNSET,
        create_time=row.installed_at,
        update_time=UNSET,
        auth_scheme="none" if row.auth_state_id is None else "apiKey",
        status="working" if row.health == "healthy" else "bad_credentials",
    )


def _group(found: ProjectInstall, project_id: str) -> GroupRefWire:
    """The group; of an install in the project itself, its workspace."""
    row, group = found.install, found.group
    name = format_uuid(row.workspace_id)
    return GroupRefWire(
        group_ref=name if group is None else group.external_ref or group.handle,
        group_name=name if group is None else group.name,
        project_id=format_uuid(project_id),
        create_time=row.installed_at if group is None else group.created_at,
        update_time=UNSET if group is None else updated(group.created_at, group.updated_at),
    )
