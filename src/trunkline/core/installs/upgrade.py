"""Upgrading: bring an install's members to the integration's current version, in place and all or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from msgspec.json import decode

from trunkline.core.access import DeletedError, Permission, Tombstone, require_tier, tombstone
from trunkline.core.entities import (
    Clone,
    Home,
    advance_clones,
    create_clones,
    end_loans,
    find_references,
    tombstone_clone,
)
from trunkline.core.installs.config_content import chosen_slugs
from trunkline.core.installs.config_rows import current_content
from trunkline.core.installs.install import (
    Placement,
    add_to_solution,
    clone_for,
    lend_members,
    place_members,
)
from trunkline.core.installs.plan import Held, Plan, Situation, Step, plan_upgrade
from trunkline.core.installs.queries import (
    BY_ID,
    LIVE_BY_ID,
    LIVE_MEMBERS,
    LIVE_OF_ENTITY,
    MOVE_MEMBER,
    OWNED_DEFINITIONS,
    TRASHED_SLUGS,
)
from trunkline.core.installs.reads import visible_install
from trunkline.core.installs.requirements import require_auth, resolve_variables
from trunkline.core.installs.selection import Members
from trunkline.core.installs.specs import InstallRow
from trunkline.core.installs.tables import installs, members, solution_members
from trunkline.core.integrations import (
    IntegrationRow,
    NothingPublishedError,
    VersionRow,
    is_older,
    members_of,
    pinned_version,
    read_manifest,
    slugs_of,
    visible_integration,
)
from trunkline.core.journal import Change, record
from trunkline.infra.db import Tx
from trunkline.kit.actor import Actor, Tier
from trunkline.kit.errors import ConflictError
from trunkline.kit.ids import format_id


@dataclass(frozen=True, slots=True)
class UpgradeResult:
    """What an upgrade did, by member slug, in the order of the manifest.

    Attributes:
        updated: content changed in place, ids kept.
        added: new in this version and taken.
        removed: no longer in this version.
        skipped: detached, not taken, or no longer in the version but still used by definitions people own.
    """

    updated: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()


def upgrade_install(tx: Tx, actor: Actor, install_id: str) -> UpgradeResult:
    """Re-apply the integration's current version into an install's existing clones.

    Detached members are left byte-identical. When nothing differs, nothing is written and the four lists
    are empty, so a repeated upgrade is a no-op.

    Raises:
        NotFoundError: the install or its integration is absent or outside the caller's scope.
        ForbiddenError: the caller is no editor of the workspace.
        ConflictError: the install or the integration is deleted, or nothing is published.
        InvalidRequestError: the new version needs variables or a connection the install lacks.

    Source: seed 001, POST /api/integration-installs/{id}/upgrade.
    """
    actor.require(Permission.INSTALLS_WRITE)
    install = visible_install(tx, actor, install_id)
    require_tier(tx, actor, install, Tier.EDITOR, "install")
    if install.deleted_at is not None:
        raise DeletedError("restore the install before upgrading it")
    integration = visible_integration(tx, actor, install.integration_id)
    target = version_to_go_to(tx, install, integration)
    available: Members = {member.slug: member for member in members_of(tx, target.id)}
    content = current_content(tx, install)
    plan = plan_upgrade(_situation(tx, install, target, available, content), tx.new_id)
    if install.integration_version_id == target.id and not plan.changes:
        return UpgradeResult()
    return _carry_out(tx, actor, install, target, available, plan)


def arrange_members(
    tx: Tx, actor: Actor, install: InstallRow, target: VersionRow, content: Mapping[str, Any]
) -> None:
    """Bring an install to a version and to the members that a configuration takes; nothing where it is there.

    Raises:
        InvalidRequestError: the version needs variables or a connection the install lacks.
    """
    available: Members = {member.slug: member for member in members_of(tx, target.id)}
    plan = plan_upgrade(_situation(tx, install, target, available, content), tx.new_id)
    if install.integration_version_id != target.id:
        _carry_out(tx, actor, install, target, available, plan)
    elif plan.changes:
        _apply(tx, actor, install, target, available, plan)


def _carry_out(
    tx: Tx, actor: Actor, install: InstallRow, target: VersionRow, available: Members, plan: Plan
) -> UpgradeResult:
    manifest = read_manifest(decode(target.manifest))
    variables = resolve_variables(target, manifest, decode(install.variables))
    require_auth(target, install.auth_state_id)
    _apply(tx, actor, install, target, available, plan)
    tx.update(
        installs,
        BY_ID,
        {"id": install.id},
        integration_version_id=target.id,
        variables=variables,
        last_upgraded_at=tx.now,
        updated_at=tx.now,
    )
    result = UpgradeResult(
        updated=plan.updated,
        added=tuple(member.slug for member in plan.added),
        removed=tuple(member.slug for member in plan.removed),
        skipped=plan.skipped,
    )
    _journal(tx, actor, install, target, result)
    return result


def version_to_go_to(tx: Tx, install: InstallRow, integration: IntegrationRow) -> VersionRow:
    """The version an upgrade brings an install to: the current one, or its own where that is ahead.

    Raises:
        ConflictError: the integration is deleted, or nothing is published.
    """
    if integration.deleted_at is not None:
        raise ConflictError(
            "the integration is deleted; the install keeps its version", code="integration_deleted"
        )
    if integration.current_version_id is None:
        raise NothingPublishedError(f"integration {integration.slug} has no published version")
    installed = pinned_version(tx, install.integration_version_id)
    if integration.current_version_id == installed.id:
        return installed
    current = pinned_version(tx, integration.current_version_id)
    # A pre-release that was installed by name may be ahead of the current version: never go back.
    return installed if is_older(current, installed) else current


def _situation(
    tx: Tx,
    install: InstallRow,
    target: VersionRow,
    available: Members,
    content: Mapping[str, Any] | None,
) -> Situation:
    held = {member.slug: member for member in tx.all(Held, LIVE_MEMBERS, install_id=install.id)}
    if target.id == install.integration_version_id:
        previous = set(available)
    else:
        previous = slugs_of(tx, install.integration_version_id)
    situation = Situation(
        held=held,
        target=available,
        previous=previous,
        trashed=set(tx.column(TRASHED_SLUGS, install_id=install.id)),
        policy=install.member_policy,
        in_use=set(),
        chosen=None if content is None else chosen_slugs(content),
    )
    stays = all(
        slug in available
        and not available[slug].implicit
        and (not situation.decides(slug, member.kind) or situation.takes(slug))
        for slug, member in held.items()
    )
    if stays:
        return situation
    # Something may have to go: see what people's own definitions still refer to.
    definitions = tx.column(OWNED_DEFINITIONS, workspace_id=install.workspace_id)
    in_use = {entity_id for text in definitions for _, entity_id in find_references(text)}
    return replace(situation, in_use=in_use)


def _apply(
    tx: Tx, actor: Actor, install: InstallRow, target: VersionRow, available: Members, plan: Plan
) -> None:
    home = Home(install.organization_id, install.workspace_id, install.id, actor.user_id)
    placement = Placement(home, install.solution_id or "", target.id)
    stamp = tombstone(tx, install.organization_id)
    end_loans(tx, install.id)
    placed = place_members(tx, placement, plan.added, plan.clone_of)
    _move(tx, placement, plan, stamp)
    for member in plan.removed:
        tx.update(members, LIVE_BY_ID, {"id": member.id}, **stamp.columns())
        _drop_entity(tx, member, stamp)
    kept = {step.held.slug: step.held.id for step in plan.steps}
    lend_members(tx, home, available, {**kept, **placed})


def _move(tx: Tx, placement: Placement, plan: Plan, stamp: Tombstone) -> None:
    """Bring the members that stay to the target: new content, another entity, or only a new pin."""
    rewritten = {
        step.held.slug: _content(tx, step, plan.clone_of, step.held.entity_id, step.held.live_number + 1)
        for step in plan.steps
        if step.rewrite
    }
    replaced = {
        step.held.slug: _content(tx, step, plan.clone_of, plan.clone_of[step.wanted.entity_id], 1)
        for step in plan.steps
        if step.replace and step.wanted.fork_on_install
    }
    for step in plan.steps:
        if step.replace:
            _drop_entity(tx, step.held, stamp)
    advance_clones(tx, placement.home, list(rewritten.values()))
    create_clones(tx, placement.home, list(replaced.values()))
    add_to_solution(tx, placement, list(replaced.values()))
    applied = {**rewritten, **replaced}
    tx.run_many(MOVE_MEMBER, [_moved(step, applied.get(step.held.slug), placement) for step in plan.steps])


def _content(tx: Tx, step: Step, clone_of: Mapping[str, str], entity_id: str, number: int) -> Clone:
    return clone_for(tx, step.wanted, clone_of, number=number, entity_id=entity_id)


def _moved(step: Step, applied: Clone | None, placement: Placement) -> dict[str, object]:
    wanted = step.wanted
    if applied is not None:
        entity_id, applied_version_id = applied.entity_id, applied.version_id
    elif wanted.fork_on_install:
        entity_id, applied_version_id = step.held.entity_id, step.held.live_version_id
    else:
        entity_id, applied_version_id = wanted.entity_id, wanted.entity_version_id
    return {
        "id": step.held.id,
        "entity_id": entity_id,
        "base_version_id": wanted.entity_version_id,
        "applied_version_id": applied_version_id,
        "source_version_id": placement.version_id,
        "is_clone": int(wanted.fork_on_install),
        "kind": wanted.kind,
    }


def _drop_entity(tx: Tx, member: Held, stamp: Tombstone) -> None:
    if member.is_clone:
        tombstone_clone(tx, member.entity_id, stamp)
        tx.update(solution_members, LIVE_OF_ENTITY, {"entity_id": member.entity_id}, **stamp.columns())


def _journal(tx: Tx, actor: Actor, install: InstallRow, target: VersionRow, result: UpgradeResult) -> None:
    change = Change(
        type="integration_install.upgraded",
        subject_kind="install",
        subject_id=install.id,
        organization_id=install.organization_id,
        workspace_id=install.workspace_id,
        changed=("integrationVersionId", "variables", "lastUpgradedAt"),
        data={
            "integrationVersionId": format_id("version", target.id),
            "version": target.version,
            "updated": len(result.updated),
            "added": len(result.added),
            "removed": len(result.removed),
            "skipped": len(result.skipped),
        },
    )
    record(tx, actor, change)
