"""Reading installs and their members; every read starts from the caller's scope."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Raw, Struct
from msgspec.json import decode

from trunkline.core.access import Permission, scope
from trunkline.core.installs.queries import MEMBER_STATES
from trunkline.core.installs.specs import INSTALL, MEMBER, InstallRow, MemberRow
from trunkline.core.integrations import needs_auth, version_snapshot
from trunkline.infra.db import Tx, lists
from trunkline.kit.actor import Actor
from trunkline.kit.errors import NotFoundError
from trunkline.kit.pages import ListQuery, Page


class MemberState(Struct, frozen=True):
    """A member with what people ask about it: its name, and whether the workspace edited it."""

    id: str
    organization_id: str
    workspace_id: str
    install_id: str
    slug: str
    kind: str
    entity_id: str
    base_version_id: str
    applied_version_id: str
    source_version_id: str
    is_clone: bool
    detached: bool
    enabled: bool
    permissions: Raw
    added_by: str
    added_at: str
    deleted_at: str | None
    retention_tier: str | None
    deletion_id: str | None
    name: str
    modified: bool


class InstallConfig(Struct, frozen=True):
    """What an install still lacks to work."""

    missing_variables: tuple[str, ...]
    auth_required: bool
    auth_configured: bool


def list_installs(tx: Tx, actor: Actor, query: ListQuery) -> Page[InstallRow]:
    """Installs in the caller's workspaces.

    Raises:
        InvalidRequestError: an unknown field or operator, or a bad place.

    Source: seed 000, GET /api/integration-installs.
    """
    actor.require(Permission.INSTALLS_READ)
    return lists.list_rows(tx, INSTALL, query, scope(actor, tx.specs))


def get_install(tx: Tx, actor: Actor, install_id: str) -> InstallRow:
    """One install; deleted ones for those who may restore them.

    Raises:
        NotFoundError: absent or outside the caller's scope.

    Source: seed 000, GET /api/integration-installs/{id}.
    """
    actor.require(Permission.INSTALLS_READ)
    return visible_install(tx, actor, install_id)


def visible_install(tx: Tx, actor: Actor, install_id: str) -> InstallRow:
    """One install for use by another verb, whatever the key's scope.

    Raises:
        NotFoundError: absent or outside the caller's scope.
    """
    row = lists.get_row(tx, INSTALL, install_id, scope(actor, tx.specs))
    if row is None:
        raise NotFoundError("install")
    return row


def visible_member(tx: Tx, actor: Actor, member_id: str) -> MemberRow:
    """One member of an install for use by another verb.

    Raises:
        NotFoundError: absent or outside the caller's scope.
    """
    row = lists.get_row(tx, MEMBER, member_id, scope(actor, tx.specs))
    if row is None:
        raise NotFoundError("integration member")
    return row


def list_members(tx: Tx, actor: Actor, install_id: str) -> tuple[list[MemberState], InstallConfig]:
    """An install's members in order of their slugs, and what the install still lacks.

    Raises:
        NotFoundError: the install is absent or outside the caller's scope.

    Source: seed 001, GET /api/integration-installs/{id}/members.
    """
    actor.require(Permission.INSTALLS_READ)
    install = visible_install(tx, actor, install_id)
    states = tx.all(MemberState, MEMBER_STATES, install_id=install.id, deletion_id=install.deletion_id or "")
    variables_schema, auth_config = version_snapshot(tx, install.integration_version_id)
    missing = _missing(variables_schema.get("required", ()), decode(install.variables))
    config = InstallConfig(missing, needs_auth(auth_config), install.auth_state_id is not None)
    return states, config


def _missing(required: Iterable[str], variables: dict[str, object]) -> tuple[str, ...]:
    return tuple(name for name in required if name not in variables)
