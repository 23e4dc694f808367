"""Reading events: newest first for people; whoever follows them orders by `seq` and skips what has none."""

from __future__ import annotations

from trunkline.core.access import Permission, scope
from trunkline.core.events.specs import EVENT, EventRow
from trunkline.infra.db import Tx, lists
from trunkline.kit.actor import Actor
from trunkline.kit.errors import NotFoundError
from trunkline.kit.pages import ListQuery, Page


def list_events(tx: Tx, actor: Actor, query: ListQuery) -> Page[EventRow]:
    """Events in the caller's workspaces and, for those who administer them, of whole organizations.

    Raises:
        InvalidRequestError: an unknown field or operator, or a bad place.
    """
    actor.require(Permission.EVENTS_READ)
    return lists.list_rows(tx, EVENT, query, scope(actor, tx.specs))


def get_event(tx: Tx, actor: Actor, event_id: str) -> EventRow:
    """One event.

    Raises:
        NotFoundError: absent or outside the caller's scope.
    """
    actor.require(Permission.EVENTS_READ)
    row = lists.get_row(tx, EVENT, event_id, scope(actor, tx.specs))
    if row is None:
        raise NotFoundError("event")
    return row
