"""Activations: a workspace has an integration or it has not; switching it off and on again keeps the install."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from trunkline.core.access import Permission, require_workspace
from trunkline.core.installs.install import InstallIntegration, install_integration
from trunkline.core.installs.queries import ACTIVE_HERE, LAST_ACTIVE_HERE
from trunkline.core.installs.reads import list_installs, visible_install
from trunkline.core.installs.specs import InstallRow
from trunkline.core.installs.uninstall import restore_install, uninstall
from trunkline.core.integrations import visible_integration
from trunkline.infra.db import Tx
from trunkline.kit.actor import Actor, Tier
from trunkline.kit.errors import NotFoundError
from trunkline.kit.filters import Compare, Op, both
from trunkline.kit.pages import ListQuery, Page


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivateIntegration:
    """The request to switch an integration on in a workspace.

    Attributes:
        variables, auth_state_id: for the install that is made where none can be brought back.
    """

    integration_id: str
    workspace_id: str
    variables: Mapping[str, Any] | None = None
    auth_state_id: str | None = None


def activate_integration(tx: Tx, actor: Actor, request: ActivateIntegration) -> InstallRow:
    """Switch an integration on: the live install, else the last one brought back, else a first one.

    Raises:
        NotFoundError: the workspace or integration is absent or outside the caller's scope.
        ForbiddenError: the caller is no editor of the workspace.
        InvalidRequestError: variables that do not fit, or no connection where one is needed.
        ConflictError: nothing is published, or a dependency is missing.

    Source: DESIGN section 4.12; informer-gestal reference B4.
    """
    actor.require(Permission.INSTALLS_WRITE)
    require_workspace(tx, actor, request.workspace_id, Tier.EDITOR)
    place = {"integration_id": request.integration_id, "workspace_id": request.workspace_id}
    active = tx.value(ACTIVE_HERE, **place)
    if active is not None:
        return visible_install(tx, actor, active)
    if visible_integration(tx, actor, request.integration_id).deleted_at is not None:
        raise NotFoundError("integration")
    last = tx.value(LAST_ACTIVE_HERE, **place)
    if last is not None:
        return restore_install(tx, actor, last)
    wanted = InstallIntegration(
        integration_id=request.integration_id,
        workspace_id=request.workspace_id,
        variables=request.variables,
        auth_state_id=request.auth_state_id,
        exclusive=True,
    )
    return install_integration(tx, actor, wanted)


def deactivate_integration(tx: Tx, actor: Actor, *, integration_id: str, workspace_id: str) -> None:
    """Switch an integration off: every install of it in the workspace is uninstalled, restorably.

    A no-op where it is off already.

    Raises:
        NotFoundError: the workspace is absent or outside the caller's scope, or never had the integration.
        ForbiddenError: the caller is no editor of the workspace.
    """
    actor.require(Permission.INSTALLS_WRITE)
    require_workspace(tx, actor, workspace_id, Tier.EDITOR)
    place = {"integration_id": integration_id, "workspace_id": workspace_id}
    active = tx.column(ACTIVE_HERE, **place)
    if not active and tx.value(LAST_ACTIVE_HERE, **place) is None:
        raise NotFoundError("activation")
    for install_id in active:
        uninstall(tx, actor, install_id)


def list_activations(tx: Tx, actor: Actor, workspace_id: str, query: ListQuery) -> Page[InstallRow]:
    """The live installs of a workspace.

    Raises:
        NotFoundError: the workspace is absent or outside the caller's scope.
        InvalidRequestError: an unknown field or operator, or a bad place.
    """
    actor.require(Permission.INSTALLS_READ)
    require_workspace(tx, actor, workspace_id, Tier.VIEWER)
    here = Compare("workspace_id", Op.EQ, workspace_id)
    where = both(here, query.where)
    return list_installs(tx, actor, replace(query, where=where))
