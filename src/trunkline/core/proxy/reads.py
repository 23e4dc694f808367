"""Reading the log of proxied requests, newest first."""

from __future__ import annotations

from trunkline.core.access import Permission, scope
from trunkline.core.proxy.specs import PROXIED_REQUEST, ProxiedRequestRow
from trunkline.infra.db import Tx, lists
from trunkline.kit.actor import Actor
from trunkline.kit.errors import NotFoundError
from trunkline.kit.pages import ListQuery, Page


def list_requests(tx: Tx, actor: Actor, query: ListQuery) -> Page[ProxiedRequestRow]:
    """Requests that went out from the caller's workspaces in the last 30 days.

    Raises:
        InvalidRequestError: an unknown field or operator, or a bad place.
    """
    actor.require(Permission.CONNECTIONS_READ)
    return lists.list_rows(tx, PROXIED_REQUEST, query, scope(actor, tx.specs))


def get_request(tx: Tx, actor: Actor, request_id: str) -> ProxiedRequestRow:
    """One of them.

    Raises:
        NotFoundError: absent or outside the caller's scope.
    """
    actor.require(Permission.CONNECTIONS_READ)
    row = lists.get_row(tx, PROXIED_REQUEST, request_id, scope(actor, tx.specs))
    if row is None:
        raise NotFoundError("request")
    return row
