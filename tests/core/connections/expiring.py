"""Connections whose token has run out."""

from __future__ import annotations

from tests.core.connections.desk import Desk, oauth2

EXPIRE = {"seconds": 301}


def expired(desk: Desk, **config: str) -> str:
    """A connection whose token has just run out."""
    row = desk.authorize(desk.integration(oauth2(desk.simulated, desk.client, **config)))
    desk.later(**EXPIRE)
    return row.id
