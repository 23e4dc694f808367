"""Members of installs: what each is, whether it was edited, and detaching it. Source: seed 001."""

from __future__ import annotations

from typing import Annotated, Self

from msgspec import Meta

from trunkline.core import installs as core
from trunkline.dialects.platform.vocabulary import RetentionTier
from trunkline.dialects.platform.wire_base import (
    DONE,
    Body,
    Json,
    Success,
    Wire,
    path_id,
    spell_optional_time,
    spell_time,
)
from trunkline.kit.errors import ErrorKind
from trunkline.kit.ids import format_id
from trunkline.web import Call, Route


class MemberConfig(Wire, frozen=True, kw_only=True):
    """What the member's install still lacks."""

    enabled: bool
    missing_variables: list[str]
    auth_required: bool
    auth_configured: bool


class MemberWire(Wire, frozen=True, kw_only=True):
    """A clone the workspace owns, or a reference to the publisher's entity."""

    id: str
    integration_install_id: str
    workspace_id: str
    entity_id: str
    entity_version_id: str | None
    source_member_slug: str
    is_clone: bool
    source_version_id: str
    detached: bool
    enabled: bool
    permissions: Json
    added_by: str
    deleted_at: str | None
    retention_tier: RetentionTier | None
    added_at: str
    kind: str
    name: str
    modified: Annotated[bool, Meta(description="Whether the clone differs from what the install put there.")]
    config: MemberConfig

    @classmethod
    def of(cls, row: core.MemberState, config: core.InstallConfig) -> Self:
        """A member in this dialect."""
        version = row.applied_version_id
        return cls(
            id=format_id("member", row.id),
            integration_install_id=format_id("install", row.install_id),
            workspace_id=format_id("workspace", row.workspace_id),
            entity_id=format_id(row.kind, row.entity_id),
            entity_version_id=format_id(f"{row.kind}_version", version),
            source_member_slug=row.slug,
            is_clone=row.is_clone,
            source_version_id=format_id("version", row.source_version_id),
            detached=row.detached,
            enabled=row.enabled,
            permissions=row.permissions,
            added_by=format_id("user", row.added_by),
            deleted_at=spell_optional_time(row.deleted_at),
            retention_tier=row.retention_tier,  # type: ignore[arg-type]  # the database allows nothing else
            added_at=spell_time(row.added_at),
            kind=row.kind,
            name=row.name,
            modified=row.modified,
            config=MemberConfig(
                enabled=row.enabled,
                missing_variables=list(config.missing_variables),
                auth_required=config.auth_required,
                auth_configured=config.auth_configured,
            ),
        )


class MembersWire(Wire, frozen=True, kw_only=True):
    """Every member of an install, in order of their slugs."""

    members: list[MemberWire]


class DetachBody(Body, frozen=True, kw_only=True):
    """Whether upgrades leave the clone alone."""

    detached: bool


def list_members(call: Call) -> MembersWire:
    """GET /api/integration-installs/{id}/members."""
    states, config = core.list_members(call.tx, call.actor, path_id(call, "install"))
    return MembersWire(members=[MemberWire.of(state, config) for state in states])


def detach_member(call: Call) -> Success:
    """POST /api/integration-members/{id}/detach."""
    core.detach_member(call.tx, call.actor, path_id(call, "member"), detached=call.body.detached)
    return DONE


ROUTES = [
    Route(
        method="GET",
        path="/api/integration-installs/{id}/members",
        handler=list_members,
        operation_id="listInstallMembers",
        summary="List an install's members with their detach and config state.",
        permission="installs:read",
        returns=MembersWire,
        path_parameters={"id": "The install's id, e.g. `inst_0197…`."},
        tags=("Integration members",),
    ),
    Route(
        method="POST",
        path="/api/integration-members/{id}/detach",
        handler=detach_member,
        operation_id="detachIntegrationMember",
        summary="Mark a clone detached, so that upgrades skip it, or attach it again.",
        permission="installs:write",
        body=DetachBody,
        returns=Success,
        errors=(ErrorKind.CONFLICT,),
        path_parameters={"id": "The member's id, e.g. `intmem_0197…`."},
        tags=("Integration members",),
    ),
]
