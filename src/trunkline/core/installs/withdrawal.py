"""Withdrawing an integration: deleting it and uninstalling it everywhere, in every tenant at once."""

from __future__ import annotations

from dataclasses import replace

from trunkline.core.access import Permission
from trunkline.core.installs.queries import LIVE_EVERYWHERE
from trunkline.core.installs.uninstall import uninstall
from trunkline.core.integrations import delete_integration, own_integration
from trunkline.infra.db import Tx
from trunkline.kit.actor import Actor, system_actor
from trunkline.kit.ids import format_id


def withdraw_integration(tx: Tx, actor: Actor, integration_id: str) -> None:
    """Tombstone an integration of the caller's own and uninstall it everywhere; its access keys open nothing.

    In each tenant it is the system that uninstalls, which is what their records say: who publishes an
    integration holds no tier there. Each uninstall is a deletion of its own, so that no tenant's restoring
    reaches another's.

    Raises:
        NotFoundError: absent, deleted, or none the caller may edit.
        ForbiddenError: the caller is no admin of it.

    Source: seed 004 and its reference B3, DELETE /integrations/{int}.
    """
    actor.require(Permission.INTEGRATIONS_WRITE)
    row = own_integration(tx, actor, integration_id)
    delete_integration(tx, actor, row.id)
    withdrawn = f"{format_id('integration', row.id)} was withdrawn by its publisher"
    system = replace(system_actor(withdrawn), request_id=actor.request_id)
    for install_id in tx.column(LIVE_EVERYWHERE, integration_id=row.id):
        uninstall(tx, system, install_id)
