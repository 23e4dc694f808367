"""Destinations as they are read: lists, one by id or name, and the headers for those who may know them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from trunkline.core.access import Permission, require_tier, scope, tier_on
from trunkline.core.webhooks.hidden import Hidden
from trunkline.core.webhooks.queries import DESTINATION_NAMED, HEADERS_OF
from trunkline.core.webhooks.sealed import SECRETS
from trunkline.core.webhooks.specs import DESTINATION, DestinationRow
from trunkline.infra.db import Tx, lists
from trunkline.infra.vault import Vault
from trunkline.infra.vault.store import DatabaseKeyStore
from trunkline.kit.actor import Actor, Tier
from trunkline.kit.errors import NotFoundError
from trunkline.kit.ids import parse_id
from trunkline.kit.pages import ListQuery, Page


def list_destinations(tx: Tx, actor: Actor, query: ListQuery) -> Page[DestinationRow]:
    """The destinations of the caller's workspaces, without headers and secrets.

    Raises:
        InvalidRequestError: an unknown field or operator, or a bad place.
    """
    actor.require(Permission.WEBHOOKS_READ)
    return lists.list_rows(tx, DESTINATION, query, scope(actor, tx.specs))


def get_destination(tx: Tx, actor: Actor, destination_id: str) -> DestinationRow:
    """One destination, without headers and secrets.

    Raises:
        NotFoundError: absent or outside the caller's scope.
    """
    actor.require(Permission.WEBHOOKS_READ)
    return visible_destination(tx, actor, destination_id)


def resolve_destination(tx: Tx, actor: Actor, workspace_id: str, text: str) -> DestinationRow:
    """The destination of a workspace with this id or name for use by another verb, whatever the key's scope.

    Raises:
        NotFoundError: absent, elsewhere, or outside the caller's scope.
    """
    found = parse_id("destination", text) or tx.value(DESTINATION_NAMED, workspace_id=workspace_id, name=text)
    if found is None:
        raise NotFoundError("destination")
    row = visible_destination(tx, actor, found)
    if row.workspace_id != workspace_id:
        raise NotFoundError("destination")
    return row


def headers_of(
    tx: Tx, actor: Actor, vault: Vault, rows: Sequence[DestinationRow]
) -> Mapping[str, Mapping[str, str]]:
    """The headers that go with messages, by the ids of destinations the caller was given.

    They hold credentials more often than not, so they are told to who administers the workspace and may change
    them, and left out for everybody else.

    Raises:
        VaultError: what is stored does not open.
    """
    if not actor.allows(Permission.WEBHOOKS_WRITE):
        return {}
    administered = {
        workspace_id
        for organization_id, workspace_id in {(row.organization_id, row.workspace_id) for row in rows}
        if tier_on(tx, actor, organization_id=organization_id, workspace_id=workspace_id) is Tier.ADMIN
    }
    wanted = [row.id for row in rows if row.workspace_id in administered]
    store = DatabaseKeyStore(tx)
    found = {}
    for row_id, organization_id, generation, sealed in tx.fetch_for(HEADERS_OF, wanted):
        text = vault.open(store, organization_id, SECRETS.place(row_id, generation), sealed)
        found[row_id] = msgspec.json.decode(text.reveal(), type=Hidden).headers
    return found


def visible_destination(tx: Tx, actor: Actor, destination_id: str) -> DestinationRow:
    """One destination, whatever the key's scope.

    Raises:
        NotFoundError: absent or outside the caller's scope.
    """
    row = lists.get_row(tx, DESTINATION, destination_id, scope(actor, tx.specs))
    if row is None:
        raise NotFoundError("destination")
    return row


def administered_destination(tx: Tx, actor: Actor, destination_id: str) -> DestinationRow:
    """One destination of a workspace that the caller administers.

    Raises:
        NotFoundError: absent or outside the caller's scope.
        ForbiddenError: the caller is no admin there.
    """
    row = visible_destination(tx, actor, destination_id)
    require_tier(tx, actor, row, Tier.ADMIN, "destination")
    return row
