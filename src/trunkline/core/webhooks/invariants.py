"""What must hold for destinations and routes after any crash."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.core.webhooks.queries import STRAYED_ROUTES, WRONGLY_SIGNED
from trunkline.infra.db import Tx
from trunkline.kit.findings import Finding
from trunkline.kit.ids import format_id


def webhook_findings(tx: Tx) -> Iterator[Finding]:
    """I1: a webhook is signed with exactly one key, and nothing else with any; a route stays in its workspace."""
    for row_id in tx.column(WRONGLY_SIGNED):
        yield Finding("I1", format_id("destination", row_id), "it has not the one signing key it needs")
    for row_id in tx.column(STRAYED_ROUTES):
        yield Finding("I1", format_id("destination_route", row_id), "it leads out of its workspace")
