"""Publishing: a draft's snapshot becomes an immutable version that installs pin to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from msgspec import Struct
from msgspec.json import decode

from trunkline.core.access import DeletedError, Permission, require_tier
from trunkline.core.integrations.connecting import check_auth_config
from trunkline.core.integrations.errors import VersionExistsError, VersionNotNewerError
from trunkline.core.integrations.manifest import Manifest, read_manifest
from trunkline.core.integrations.pins import Pin, resolve_pins
from trunkline.core.integrations.queries import BY_ID, MEMBERS_OF, SLUGS_OF, VERSION_EXISTS
from trunkline.core.integrations.reads import visible_integration, visible_version
from trunkline.core.integrations.specs import IntegrationRow, VersionRow
from trunkline.core.integrations.tables import integration_versions, integrations, version_members
from trunkline.core.journal import Change, record
from trunkline.infra.db import Tx
from trunkline.kit.actor import Actor, Tier
from trunkline.kit.errors import InvalidRequestError, Problem
from trunkline.kit.ids import format_id
from trunkline.kit.jsonschema import compile_problems
from trunkline.kit.leaks import find_secrets
from trunkline.kit.semver import parse
from trunkline.kit.strictjson import content_hash, encode
from trunkline.kit.text import check_text

_MEMBER_COLUMNS = (
    "id",
    "version_id",
    "position",
    "slug",
    "kind",
    "entity_id",
    "entity_version_id",
    "content_hash",
    "required",
    "default_enabled",
    "fork_on_install",
    "implicit",
    "needs",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishIntegration:
    """The request to publish the draft as `version` (SemVer 2.0.0)."""

    integration_id: str
    version: str
    changelog: str | None = None


class VersionMember(Struct, frozen=True):
    """A member of a published version with its pinned content."""

    slug: str
    kind: str
    entity_id: str
    entity_version_id: str
    content_hash: str
    required: bool
    default_enabled: bool
    fork_on_install: bool
    implicit: bool
    needs: str
    name: str
    description: str | None
    definition: str

    @property
    def needed_slugs(self) -> tuple[str, ...]:
        """Slugs that must be installed with it: its dependsOn and whatever its definition refers to."""
        return tuple(decode(self.needs)) if self.needs != "[]" else ()


def publish_version(tx: Tx, actor: Actor, request: PublishIntegration) -> VersionRow:
    """Snapshot the draft into an immutable version, pinning each member and its schema closure.

    The version becomes the current one unless it is a pre-release.

    Raises:
        NotFoundError: the integration is absent or outside the caller's scope.
        ForbiddenError: the caller is no admin of it.
        InvalidRequestError: the version is no SemVer, or the draft does not resolve.
        ConflictError: deleted; or the version exists, or does not come after the current one.

    Source: seed 001, POST /api/integrations/{id}/publish.
    """
    actor.require(Permission.INTEGRATIONS_PUBLISH)
    row = visible_integration(tx, actor, request.integration_id)
    require_tier(tx, actor, row, Tier.ADMIN, "integration")
    if row.deleted_at is not None:
        raise DeletedError("restore the integration before publishing it")
    check_text("changelog", request.changelog)
    is_release = _check_version(tx, row, request.version)
    pins = resolve_pins(tx, row.workspace_id, _checked_draft(row))
    version_id = tx.new_id()
    _insert_version(tx, actor, row, request, version_id, pins)
    if is_release:
        tx.update(
            integrations,
            BY_ID,
            {"id": row.id},
            current_version=request.version,
            current_version_id=version_id,
            updated_at=tx.now,
        )
    change = Change(
        type="integration.published",
        subject_kind="integration",
        subject_id=row.id,
        organization_id=row.organization_id,
        workspace_id=row.workspace_id,
        changed=("currentVersion",) if is_release else (),
        data={"version": request.version, "versionId": format_id("version", version_id)},
    )
    record(tx, actor, change)
    return visible_version(tx, actor, version_id)


def draft_hash(tx: Tx, row: IntegrationRow) -> str:
    """The content hash a version published now would have.

    Raises:
        InvalidRequestError: the draft does not resolve.
    """
    return _content_hash(row, resolve_pins(tx, row.workspace_id, _checked_draft(row)))


def members_of(tx: Tx, version_id: str) -> list[VersionMember]:
    """Every member of a version with its pinned content, closure included, in order of declaration."""
    return tx.all(VersionMember, MEMBERS_OF, version_id=version_id)


def slugs_of(tx: Tx, version_id: str) -> set[str]:
    """The slugs of a version's members, without their content."""
    return set(tx.column(SLUGS_OF, version_id=version_id))


def preview_members(tx: Tx, actor: Actor, integration_id: str) -> list[VersionMember]:
    """What an install made now would offer: the current version's members, or the draft's before any.

    Raises:
        NotFoundError: absent or outside the caller's scope.
        InvalidRequestError: nothing is published and the draft does not resolve.
    """
    actor.require(Permission.INTEGRATIONS_READ)
    row = visible_integration(tx, actor, integration_id)
    if row.current_version_id is not None:
        return members_of(tx, row.current_version_id)
    manifest = read_manifest(decode(row.manifest))
    return [_previewed(pin) for pin in resolve_pins(tx, row.workspace_id, manifest)]


def _previewed(pin: Pin) -> VersionMember:
    return VersionMember(
        slug=pin.slug,
        kind=pin.source.kind,
        entity_id=pin.source.entity_id,
        entity_version_id=pin.source.version_id,
        content_hash=pin.source.content_hash,
        required=pin.required,
        default_enabled=pin.default_enabled,
        fork_on_install=pin.fork_on_install,
        implicit=pin.implicit,
        needs=encode(pin.needs),
        name=pin.source.name,
        description=None,
        definition=pin.source.definition,
    )


def _check_version(tx: Tx, row: IntegrationRow, text: str) -> bool:
    """Whether it is a release rather than a pre-release, once it is known to be publishable."""
    version = parse(text)
    if version is None:
        raise InvalidRequestError.at("version", "must be a semantic version such as 1.4.0")
    if tx.value(VERSION_EXISTS, integration_id=row.id, version=text):
        raise VersionExistsError(f"version {text} is published already; publish a higher one")
    current = parse(row.current_version) if row.current_version else None
    if current is not None and not version > current:
        raise VersionNotNewerError(f"version {text} does not come after the current {row.current_version}")
    return not version.pre


def _checked_draft(row: IntegrationRow) -> Manifest:
    raw_manifest: dict[str, Any] = decode(row.manifest)
    manifest = read_manifest(raw_manifest)
    variables_schema, auth_config = decode(row.variables_schema), decode(row.auth_config)
    check_auth_config(auth_config)
    problems = compile_problems(variables_schema, "variablesSchema") if variables_schema else []
    leaks = [
        *find_secrets(raw_manifest, "manifest"),
        *find_secrets(variables_schema, "variablesSchema"),
    ]
    problems += [Problem(path, "looks like a credential; put it into a workspace secret") for path in leaks]
    if problems:
        raise InvalidRequestError(f"{problems[0].path}: {problems[0].message}", *problems)
    return manifest


def _content_hash(row: IntegrationRow, pins: Sequence[Pin]) -> str:
    snapshot = [decode(row.manifest), decode(row.variables_schema), decode(row.auth_config)]
    return content_hash([*snapshot, [[pin.slug, pin.source.content_hash] for pin in pins]])


def _insert_version(
    tx: Tx,
    actor: Actor,
    row: IntegrationRow,
    request: PublishIntegration,
    version_id: str,
    pins: Sequence[Pin],
) -> None:
    pinned = {pin.slug: format_id(f"{pin.source.kind}_version", pin.source.version_id) for pin in pins}
    tx.insert(
        integration_versions,
        id=version_id,
        organization_id=row.organization_id,
        workspace_id=row.workspace_id,
        integration_id=row.id,
        version=request.version,
        manifest=bytes(row.manifest).decode(),
        variables_schema=bytes(row.variables_schema).decode(),
        auth_config=bytes(row.auth_config).decode(),
        member_entity_versions=encode(pinned),
        content_hash=_content_hash(row, pins),
        changelog=request.changelog,
        published_by=actor.user_id,
        published_at=tx.now,
    )
    tx.insert_many(
        version_members,
        _MEMBER_COLUMNS,
        [(tx.new_id(), version_id, i, *_member_values(pin)) for i, pin in enumerate(pins)],
    )


def _member_values(pin: Pin) -> tuple[Any, ...]:
    return (
        pin.slug,
        pin.source.kind,
        pin.source.entity_id,
        pin.source.version_id,
        pin.source.content_hash,
        int(pin.required),
        int(pin.default_enabled),
        int(pin.fork_on_install),
        int(pin.implicit),
        encode(pin.needs),
    )
