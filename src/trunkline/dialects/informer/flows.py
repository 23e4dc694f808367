"""What the operations that go out to the network share: the platform's parts, and where a connection belongs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from trunkline.core import access, connections
from trunkline.core import integrations as core
from trunkline.dialects.informer.references import find_in
from trunkline.infra.db import Tx
from trunkline.kit.actor import Actor
from trunkline.kit.errors import NotFoundError
from trunkline.web import FlowCall

CALLBACK: Final = "/oauth2/callback"
"""Where providers send browsers back to."""


@dataclass(frozen=True, slots=True)
class Place:
    """An integration, and the workspace in which the caller connects to it."""

    integration: core.IntegrationRow
    workspace_id: str


def services(call: FlowCall) -> connections.FlowServices:
    """What flows work with."""
    return connections.FlowServices(
        database=call.database,
        vault=call.services.vault,
        egress=call.services.egress,
        public_url=call.services.public_url,
    )


async def place(call: FlowCall) -> Place:
    """Where the caller connects to the integration that `{id}` means.

    Raises:
        NotFoundError: the integration is absent or outside the caller's scope.
    """
    return await call.database.read(lambda tx: place_in(tx, call.actor, call.path["id"]))


def place_in(tx: Tx, actor: Actor, ref: str) -> Place:
    """The same, in a transaction.

    An integration of the caller's organization is connected to where it is, anybody else's in the default
    workspace of the caller's organization; a key that is bound to a workspace connects there.

    Raises:
        NotFoundError: the integration is absent or outside the caller's scope.
    """
    row = find_in(tx, actor, ref)
    if actor.workspace_id is not None:
        return Place(row, actor.workspace_id)
    if row.organization_id in actor.organizations:
        return Place(row, row.workspace_id)
    workspace_id = access.default_workspace(tx, access.acting_organization(tx, actor))
    if workspace_id is None:
        raise NotFoundError("workspace")
    return Place(row, workspace_id)
