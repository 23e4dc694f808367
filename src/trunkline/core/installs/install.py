"""Installing: one transaction turns a published version into members of a workspace."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from msgspec.json import decode

from trunkline.core.access import Permission, require_workspace
from trunkline.core.connections import require_usable
from trunkline.core.entities import Clone, Home, Loan, create_clones, lend
from trunkline.core.installs.config_first import read_first
from trunkline.core.installs.config_rows import GivenConfig, insert_config
from trunkline.core.installs.content import clone_content
from trunkline.core.installs.errors import DuplicateInstallError
from trunkline.core.installs.health import health_of
from trunkline.core.installs.queries import BY_ID, DUPLICATE, EXCLUSIVE, PARENT_OF
from trunkline.core.installs.reads import visible_install
from trunkline.core.installs.requirements import require_auth, require_dependencies, resolve_variables
from trunkline.core.installs.selection import initial_slugs, lent_beside
from trunkline.core.installs.specs import InstallRow
from trunkline.core.installs.tables import installs, members, solution_members, solutions
from trunkline.core.integrations import (
    IntegrationRow,
    NothingPublishedError,
    VersionMember,
    VersionRow,
    members_of,
    read_manifest,
    visible_integration,
    visible_version,
)
from trunkline.core.journal import Change, record
from trunkline.infra.db import Tx
from trunkline.kit.actor import Actor, Tier
from trunkline.kit.errors import InvalidRequestError, NotFoundError
from trunkline.kit.ids import format_id

MAX_NESTING = 10  # of installs below one another; ending one ends those below, level by level
MEMBER_COLUMNS = (
    "id",
    "organization_id",
    "workspace_id",
    "install_id",
    "slug",
    "kind",
    "entity_id",
    "base_version_id",
    "applied_version_id",
    "source_version_id",
    "is_clone",
    "detached",
    "enabled",
    "permissions",
    "added_by",
    "added_at",
)
SOLUTION_MEMBER_COLUMNS = (
    "id",
    "organization_id",
    "workspace_id",
    "solution_id",
    "entity_id",
    "entity_kind",
    "added_by",
    "added_at",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallIntegration:
    """The request to install, as every dialect hands it over.

    Attributes:
        integration_version_id: the current version when None.
        selected_slugs: the members wanted; None lets `member_policy` decide.
        member_policy: None takes the manifest's default, else `auto_defaults`.
        exclusive: refuse a second live install of the integration in the workspace.
        config: what it is to do, for an integration that was deployed from a manifest; without one, that
            follows from the members taken.
    """

    integration_id: str
    workspace_id: str
    integration_version_id: str | None = None
    variables: Mapping[str, Any] | None = None
    auth_state_id: str | None = None
    member_policy: str | None = None
    parent_install_id: str | None = None
    selected_slugs: Sequence[str] | None = None
    exclusive: bool = False
    config: GivenConfig | None = None


@dataclass(frozen=True, slots=True)
class Placement:
    """Where members are put: the install, its solution and the version they come from."""

    home: Home
    solution_id: str
    version_id: str


def install_integration(tx: Tx, actor: Actor, request: InstallIntegration) -> InstallRow:
    """Install a published version into a workspace: clones or references, grouped in a solution.

    Raises:
        NotFoundError: the integration, workspace or connection is absent or outside the caller's scope.
        ForbiddenError: the caller is no editor of the workspace.
        InvalidRequestError: a version of another integration, unknown slugs, variables that do not fit, no
            connection where one is needed, a parent elsewhere.
        ConflictError: nothing is published, a dependency is missing, or the same install exists.

    Source: seed 001, POST /api/integrations/{id}/install.
    """
    actor.require(Permission.INSTALLS_WRITE)
    organization_id = require_workspace(tx, actor, request.workspace_id, Tier.EDITOR)
    integration = visible_integration(tx, actor, request.integration_id)
    if integration.deleted_at is not None:
        raise NotFoundError("integration")
    version = _chosen_version(tx, actor, integration, request.integration_version_id)
    raw_manifest = decode(version.manifest)
    manifest = read_manifest(raw_manifest)
    config = read_first(raw_manifest, request.config)
    policy = request.member_policy or manifest.defaults.member_policy or "auto_defaults"
    variables = resolve_variables(version, manifest, request.variables or {})
    require_auth(version, request.auth_state_id)
    _check_connection(tx, actor, request)
    _check_parent(tx, actor, request)
    require_dependencies(tx, request.workspace_id, manifest)
    distinct_key = f"{request.parent_install_id or ''}:{request.auth_state_id or ''}"
    _require_distinct(tx, request, distinct_key)
    available = {member.slug: member for member in members_of(tx, version.id)}
    selected = config.selected(available, policy, request.selected_slugs)
    chosen = initial_slugs(available, policy, selected)
    install_id, solution_id = tx.new_id(), tx.new_id()
    home = Home(organization_id, request.workspace_id, install_id, actor.user_id)
    _insert_solution(tx, home, solution_id, integration)
    first = config.settled(actor, chosen)
    tx.insert(
        installs,
        id=install_id,
        organization_id=organization_id,
        workspace_id=request.workspace_id,
        integration_id=integration.id,
        integration_version_id=version.id,
        variables=variables,
        auth_state_id=request.auth_state_id,
        member_policy=policy,
        parent_install_id=request.parent_install_id,
        solution_id=solution_id,
        distinct_key=distinct_key,
        installed_by=actor.user_id,
        installed_at=tx.now,
        updated_at=tx.now,
        health=health_of(tx, request.auth_state_id),
        created_by=None if first is None else first.created_by,
    )
    if first is not None:
        write_first(tx, home, version.id, first)
    taken = [member for member in available.values() if member.slug in chosen]
    clone_of = {member.entity_id: tx.new_id() for member in taken if member.fork_on_install}
    placed = place_members(tx, Placement(home, solution_id, version.id), taken, clone_of)
    lend_members(tx, home, available, placed)
    _journal(tx, actor, home, version, len(chosen))
    return visible_install(tx, actor, install_id)


def write_first(tx: Tx, home: Home, version_id: str, config: GivenConfig) -> None:
    """Make this the first configuration of a new install."""
    config_id = insert_config(tx, home.organization_id, home.workspace_id, home.namespace, version_id, config)
    tx.update(installs, BY_ID, {"id": home.namespace}, config_id=config_id)


def place_members(
    tx: Tx,
    placement: Placement,
    new: Sequence[VersionMember],
    clone_of: Mapping[str, str],
) -> dict[str, str]:
    """Materialise members: their rows, their clones and the clones' places in the solution.

    Args:
        tx: the transaction.
        placement: where they go.
        new: the members to add.
        clone_of: clone ids by source entity id, for the new members and those beside them.

    Returns:
        The new members' ids by slug.
    """
    member_ids = {member.slug: tx.new_id() for member in new}
    clones = [
        clone_for(tx, member, clone_of, number=1, entity_id=clone_of[member.entity_id])
        for member in new
        if member.fork_on_install
    ]
    create_clones(tx, placement.home, clones)
    _insert_members(tx, placement, new, member_ids, {clone.slug: clone for clone in clones})
    add_to_solution(tx, placement, clones)
    return member_ids


def lend_members(
    tx: Tx, home: Home, available: Mapping[str, VersionMember], member_ids: Mapping[str, str]
) -> None:
    """Lend what members read of the publisher: every reference, and the sources references name.

    Args:
        tx: the transaction.
        home: the install.
        available: every member of the version by slug.
        member_ids: the members the install has, by slug.
    """
    beside = lent_beside(available, member_ids)
    lend(
        tx,
        home,
        [
            Loan(available[slug].entity_id, available[slug].entity_version_id, member_id)
            for slug, member_id in member_ids.items()
            if not available[slug].fork_on_install or slug in beside
        ],
    )


def clone_for(
    tx: Tx, member: VersionMember, clone_of: Mapping[str, str], *, number: int, entity_id: str
) -> Clone:
    """The clone a member is to have, as version `number` of entity `entity_id`."""
    content = clone_content(member, clone_of)
    return Clone(
        entity_id=entity_id,
        version_id=tx.new_id(),
        number=number,
        kind=member.kind,
        slug=member.slug,
        name=member.name,
        description=member.description,
        definition=content.definition,
        content_hash=content.content_hash,
    )


def add_to_solution(tx: Tx, placement: Placement, clones: Iterable[Clone]) -> None:
    """Give clones their place in the install's solution."""
    home = placement.home
    tx.insert_many(
        solution_members,
        SOLUTION_MEMBER_COLUMNS,
        [
            (tx.new_id(), home.organization_id, home.workspace_id, placement.solution_id)
            + (clone.entity_id, clone.kind, home.user_id, tx.now)
            for clone in clones
        ],
    )


def _insert_members(
    tx: Tx,
    placement: Placement,
    new: Sequence[VersionMember],
    member_ids: Mapping[str, str],
    applied: Mapping[str, Clone],
) -> None:
    home = placement.home
    rows = []
    for member in new:
        clone = applied.get(member.slug)
        entity_id, version_id = (
            (clone.entity_id, clone.version_id) if clone else (member.entity_id, member.entity_version_id)
        )
        rows.append(
            (member_ids[member.slug], home.organization_id, home.workspace_id, home.namespace, member.slug)
            + (member.kind, entity_id, member.entity_version_id, version_id, placement.version_id)
            + (int(clone is not None), 0, 1, "{}", home.user_id, tx.now)
        )
    tx.insert_many(members, MEMBER_COLUMNS, rows)


def _insert_solution(tx: Tx, home: Home, solution_id: str, integration: IntegrationRow) -> None:
    tx.insert(
        solutions,
        id=solution_id,
        organization_id=home.organization_id,
        workspace_id=home.workspace_id,
        name=integration.name,
        description=None,
        created_by=home.user_id,
        created_at=tx.now,
        updated_at=tx.now,
    )


def _chosen_version(tx: Tx, actor: Actor, integration: IntegrationRow, version_id: str | None) -> VersionRow:
    wanted = version_id or integration.current_version_id
    if wanted is None:
        raise NothingPublishedError(f"integration {integration.slug} has no published version")
    version = visible_version(tx, actor, wanted)
    if version.integration_id != integration.id:
        raise InvalidRequestError.at("integrationVersionId", "is a version of another integration")
    return version


def _check_connection(tx: Tx, actor: Actor, request: InstallIntegration) -> None:
    if request.auth_state_id is not None:
        require_usable(
            tx,
            actor,
            request.auth_state_id,
            workspace_id=request.workspace_id,
            integration_id=request.integration_id,
        )


def _check_parent(tx: Tx, actor: Actor, request: InstallIntegration) -> None:
    if request.parent_install_id is None:
        return
    parent = visible_install(tx, actor, request.parent_install_id)
    if parent.workspace_id != request.workspace_id or parent.deleted_at is not None:
        raise InvalidRequestError.at("parentInstallId", "must be a live install of the same workspace")
    depth, above = 1, parent.parent_install_id
    while above is not None:
        depth, above = depth + 1, tx.value(PARENT_OF, id=above)
    if depth >= MAX_NESTING:
        raise InvalidRequestError.at("parentInstallId", f"installs nest at most {MAX_NESTING} deep")


def _require_distinct(tx: Tx, request: InstallIntegration, distinct_key: str) -> None:
    place = {"integration_id": request.integration_id, "workspace_id": request.workspace_id}
    if tx.value(DUPLICATE, **place, distinct_key=distinct_key, id="") or (
        request.exclusive and tx.value(EXCLUSIVE, **place)
    ):
        raise DuplicateInstallError(
            "this integration is installed here already; upgrade that install instead"
        )


def _journal(tx: Tx, actor: Actor, home: Home, version: VersionRow, count: int) -> None:
    change = Change(
        type="integration_install.created",
        subject_kind="install",
        subject_id=home.namespace,
        organization_id=home.organization_id,
        workspace_id=home.workspace_id,
        data={
            "integrationId": format_id("integration", version.integration_id),
            "integrationVersionId": format_id("version", version.id),
            "version": version.version,
            "members": count,
        },
    )
    record(tx, actor, change)
