"""Configuring installs: every change is a new configuration, and takes and drops members with it.

An object that the configuration names is a member the install holds, and the other way round; required members are
held in any case. Whoever changes a configuration gets the version that is current then. A change that changes
nothing writes nothing.

Source: reference of the Ampersand API, installations (config, update masks, config-content, pause and unpause).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from msgspec import UNSET, UnsetType

from trunkline.core.access import DeletedError, Permission, require_tier, scope
from trunkline.core.connections import require_usable
from trunkline.core.installs.config_changes import ObjectChange, patch_object
from trunkline.core.installs.config_checks import checked_content
from trunkline.core.installs.config_content import (
    Action,
    configured_objects,
    effective_config,
    read_names,
    with_paused,
)
from trunkline.core.installs.config_masks import CONNECTION, CREATED_BY, apply_masks
from trunkline.core.installs.config_rows import (
    INSTALL_CONFIG,
    ConfigRow,
    GivenConfig,
    current_content,
    version_source,
    write_config,
)
from trunkline.core.installs.errors import DuplicateInstallError, NotConfigurableError
from trunkline.core.installs.health import health_of
from trunkline.core.installs.queries import BY_ID, DUPLICATE
from trunkline.core.installs.reads import visible_install
from trunkline.core.installs.specs import InstallRow
from trunkline.core.installs.tables import installs
from trunkline.core.installs.upgrade import arrange_members, version_to_go_to
from trunkline.core.integrations import visible_integration
from trunkline.core.journal import Change, record
from trunkline.infra.db import Tx, lists
from trunkline.kit.actor import Actor, Tier
from trunkline.kit.errors import InvalidRequestError
from trunkline.kit.filters import Compare, Op, both
from trunkline.kit.ids import format_id, format_uuid
from trunkline.kit.pages import ListQuery, Page


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeInstallation:
    """The request to change an install by update masks; what no mask names stays as it is.

    Attributes:
        content: what the masks that are about it are taken from.
        auth_state_id: the connection, where a mask names it.
        created_by: who changes it; of the configuration, where a mask names that.
        stated_by: who says so where no mask does.
    """

    install_id: str
    masks: Sequence[str]
    content: Mapping[str, Any]
    auth_state_id: str | UnsetType = UNSET
    created_by: str | UnsetType = UNSET
    stated_by: str


@dataclass(frozen=True, slots=True)
class _Held:
    """A live install that the caller may configure, and its present configuration."""

    install: InstallRow
    content: dict[str, Any]


def list_configs(tx: Tx, actor: Actor, install_id: str, query: ListQuery) -> Page[ConfigRow]:
    """What an install was configured with over time, the newest first.

    Raises:
        NotFoundError: the install is absent or outside the caller's scope.
        InvalidRequestError: a bad place.
    """
    actor.require(Permission.INSTALLS_READ)
    row = visible_install(tx, actor, install_id)
    own = Compare("install_id", Op.EQ, row.id)
    where = both(own, query.where)
    return lists.list_rows(tx, INSTALL_CONFIG, replace(query, where=where), scope(actor, tx.specs))


def update_config(
    tx: Tx,
    actor: Actor,
    install_id: str,
    content: Mapping[str, Any],
    created_by: str,
    *,
    note: str | None = None,
) -> InstallRow:
    """Configure an install anew, at the current version of its integration.

    Raises:
        NotFoundError: absent or outside the caller's scope.
        ForbiddenError: the caller is no editor of the workspace.
        ConflictError: the install is deleted, or takes no configuration.
        InvalidRequestError: the content does not fit, or the version needs what the install lacks.
    """
    held = _held(tx, actor, install_id)
    _configure(tx, actor, held, content, created_by, note=note)
    return visible_install(tx, actor, install_id)


def change_installation(tx: Tx, actor: Actor, request: ChangeInstallation) -> InstallRow:
    """Change an install's configuration, its creator and its connection as the masks say, all or nothing.

    Raises:
        NotFoundError: the install or the connection is absent or outside the caller's scope.
        ForbiddenError: the caller is no editor of the workspace.
        ConflictError: the install is deleted, takes no configuration, or another is the same with that connection.
        InvalidRequestError: a mask is unknown or names what is not given, or the content does not fit.

    Source: reference of the Ampersand API, PATCH …/installations/{id}.
    """
    held = _held(tx, actor, request.install_id)
    source = _declared(tx, actor, held.install)
    content = apply_masks(held.content, request.masks, request.content, source)
    if CONNECTION in request.masks:
        if request.auth_state_id is UNSET:
            raise InvalidRequestError.at("updateMask", "connectionId is not given")
        _switch_connection(tx, actor, held.install, request.auth_state_id)
        held = replace(held, install=visible_install(tx, actor, held.install.id))
    created_by = request.stated_by
    if CREATED_BY in request.masks:
        if request.created_by is UNSET:
            raise InvalidRequestError.at("updateMask", "config.createdBy is not given")
        created_by = request.created_by
    if any(mask != CONNECTION for mask in request.masks):
        _configure(tx, actor, held, content, created_by, signed=CREATED_BY in request.masks)
    return visible_install(tx, actor, request.install_id)


def change_object(
    tx: Tx,
    actor: Actor,
    install_id: str,
    action: Action,
    name: str,
    changes: Sequence[ObjectChange],
    created_by: str,
) -> InstallRow:
    """Change one object of an install's configuration by a list of changes.

    Raises:
        NotFoundError: the install or the object is absent or outside the caller's scope.
        ForbiddenError: the caller is no editor of the workspace.
        ConflictError: the install is deleted, or takes no configuration.
        InvalidRequestError: a change is about what is not there, or the outcome does not fit.

    Source: reference of the Ampersand API, PATCH …/objects/{o}/config-content.
    """
    held = _held(tx, actor, install_id)
    source = _declared(tx, actor, held.install)
    _configure(tx, actor, held, patch_object(source, held.content, action, name, changes), created_by)
    return visible_install(tx, actor, install_id)


def pause_reads(
    tx: Tx,
    actor: Actor,
    install_id: str,
    created_by: str,
    *,
    paused: bool,
    objects: Sequence[str] | None = None,
    note: str | None = None,
) -> InstallRow:
    """Pause reading objects, or go on with it; all of them unless some are named, as provider or author call them.

    The install stays at its version. A repeat changes nothing.

    Raises:
        NotFoundError: absent or outside the caller's scope.
        ForbiddenError: the caller is no editor of the workspace.
        ConflictError: the install is deleted, or takes no configuration.
        InvalidRequestError: an object is not read for this install, or the note is too long.

    Source: reference of the Ampersand API, POST …/installations/{id}:pause and :unpause.
    """
    held = _held(tx, actor, install_id)
    source = own_source(tx, held.install)
    if objects is None:
        names = list(configured_objects(effective_config(source, held.content), "read"))
    else:
        names = read_names(source, held.content, objects)
    content = with_paused(source, held.content, names, paused=paused)
    if content != held.content:
        given = GivenConfig(content, created_by)
        write_config(tx, held.install, held.install.integration_version_id, given, note)
        tell_configured(tx, actor, held.install, held.install.integration_version_id)
    return visible_install(tx, actor, install_id)


def own_source(tx: Tx, install: InstallRow) -> dict[str, Any]:
    """What the version declares that an install is at.

    Raises:
        NotConfigurableError: nothing.
    """
    source = version_source(tx, install.integration_version_id)
    if source is None:
        raise NotConfigurableError("the install's version was not deployed from a manifest")
    return source.content


def tell_configured(tx: Tx, actor: Actor, install: InstallRow, version_id: str) -> None:
    """Record that an install was configured."""
    change = Change(
        type="integration_install.configured",
        subject_kind="install",
        subject_id=install.id,
        organization_id=install.organization_id,
        workspace_id=install.workspace_id,
        changed=("config",),
        data={"integrationVersionId": format_id("version", version_id)},
    )
    record(tx, actor, change)


def _held(tx: Tx, actor: Actor, install_id: str) -> _Held:
    actor.require(Permission.INSTALLS_WRITE)
    install = visible_install(tx, actor, install_id)
    require_tier(tx, actor, install, Tier.EDITOR, "install")
    if install.deleted_at is not None:
        raise DeletedError("restore the install before configuring it")
    content = current_content(tx, install)
    if content is None:
        raise NotConfigurableError("this integration was not deployed from a manifest: nothing to configure")
    return _Held(install, content)


def _declared(tx: Tx, actor: Actor, install: InstallRow) -> dict[str, Any]:
    """What the version declares that the install is about to go to."""
    target = version_to_go_to(tx, install, visible_integration(tx, actor, install.integration_id))
    source = version_source(tx, target.id)
    if source is None:
        raise NotConfigurableError("the integration's current version was not deployed from a manifest")
    return source.content


def _configure(
    tx: Tx,
    actor: Actor,
    held: _Held,
    content: Mapping[str, Any],
    created_by: str,
    *,
    note: str | None = None,
    signed: bool = False,
) -> None:
    """Write a configuration and bring the members along; nothing where it is the same at the same version.

    Args:
        tx: the transaction.
        actor: who configures.
        held: the install.
        content: what is wanted.
        created_by: who says so.
        note: why.
        signed: write it whatever is the same, since somebody else is to have said so.
    """
    install = held.install
    target = version_to_go_to(tx, install, visible_integration(tx, actor, install.integration_id))
    source = version_source(tx, target.id)
    if source is None:
        raise NotConfigurableError("the integration's current version was not deployed from a manifest")
    checked = checked_content(source.content, content, held.content, "config.content")
    if checked == held.content and target.id == install.integration_version_id and not signed:
        return
    arrange_members(tx, actor, install, target, checked)
    write_config(tx, install, target.id, GivenConfig(checked, created_by), note)
    tell_configured(tx, actor, install, target.id)


def _switch_connection(tx: Tx, actor: Actor, install: InstallRow, auth_state_id: str) -> None:
    if auth_state_id == install.auth_state_id:
        return
    require_usable(
        tx,
        actor,
        auth_state_id,
        workspace_id=install.workspace_id,
        integration_id=install.integration_id,
    )
    distinct_key = f"{install.parent_install_id or ''}:{auth_state_id}"
    place = {"integration_id": install.integration_id, "workspace_id": install.workspace_id}
    if tx.value(DUPLICATE, **place, distinct_key=distinct_key, id=install.id):
        raise DuplicateInstallError("another install of this integration here has that connection")
    tx.update(
        installs,
        BY_ID,
        {"id": install.id},
        auth_state_id=auth_state_id,
        distinct_key=distinct_key,
        health=health_of(tx, auth_state_id),
        updated_at=tx.now,
    )
    change = Change(
        type="integration_install.connection_changed",
        subject_kind="install",
        subject_id=install.id,
        organization_id=install.organization_id,
        workspace_id=install.workspace_id,
        changed=("authStateId",),
        data={"connectionId": format_uuid(auth_state_id)},
    )
    record(tx, actor, change)
