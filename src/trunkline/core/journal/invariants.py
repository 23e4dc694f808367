"""What must hold in the journal after any crash."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.core.journal.queries import (
    AUDIT_WITHOUT_EVENT,
    EVENT_WITHOUT_AUDIT,
    SEQ_BEYOND_COUNT,
)
from trunkline.infra.db import Tx
from trunkline.kit.findings import Finding


def journal_findings(tx: Tx) -> Iterator[Finding]:
    """I10: every event has its audit entry and every audit entry its event."""
    for (event_id,) in tx.fetch(EVENT_WITHOUT_AUDIT, {}):
        yield Finding("I10", f"evt_{event_id}", "the event has no audit entry")
    for (entry_id,) in tx.fetch(AUDIT_WITHOUT_EVENT, {}):
        yield Finding("I10", entry_id, "the audit entry has no event")
    for (event_id,) in tx.fetch(SEQ_BEYOND_COUNT, {}):
        yield Finding("I10", f"evt_{event_id}", "the sequence of events has a gap before it")
