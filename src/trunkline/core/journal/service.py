"""Append what a change means: its audit entry, its event and whatever reacts, in the same transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from trunkline.core.journal.queries import SUBJECTS_PAYLOADS
from trunkline.core.journal.tables import audit_entries, event_payloads, events
from trunkline.infra.db import Tx
from trunkline.kit.actor import Actor
from trunkline.kit.strictjson import encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One effect, as it is journalled and as reactions receive it.

    Attributes:
        type: `<subject>.<what happened>`, e.g. `integration_install.created`.
        subject_kind: a kind of `kit.ids.PREFIXES`.
        subject_id: 32 hex digits.
        organization_id: the tenant whose change it is.
        workspace_id: where in the tenant, if anywhere.
        changed: names of the changed members for the audit; never values.
        data: payload of the event; ids and names only, no secret ever.
        parent_id: the event this one follows from, tying a cascade to its cause.
    """

    type: str
    subject_kind: str
    subject_id: str
    organization_id: str
    workspace_id: str | None = None
    changed: tuple[str, ...] = ()
    data: Mapping[str, Any] = field(default_factory=dict)
    parent_id: str | None = None


def record(tx: Tx, actor: Actor, change: Change) -> str:
    """Write the audit entry and the event of a change, then let reactions do what follows from it.

    Reactions are functions `(tx, actor, change, event_id)` that capabilities above registered in
    `bootstrap`; they run here, in this transaction, and may refuse the change by raising.

    Returns:
        The event's id (32 hex digits).
    """
    event_id = tx.new_id()
    tx.insert(
        audit_entries,
        id=tx.new_id(),
        organization_id=change.organization_id,
        workspace_id=change.workspace_id,
        action=change.type,
        subject_kind=change.subject_kind,
        subject_id=change.subject_id,
        actor_user_id=actor.user_id,
        actor_key_id=actor.key_id,
        reason=actor.system_reason,
        request_id=actor.request_id,
        changed=encode(change.changed),
        created_at=tx.now,
    )
    tx.insert(
        events,
        id=event_id,
        organization_id=change.organization_id,
        workspace_id=change.workspace_id,
        type=change.type,
        subject_kind=change.subject_kind,
        subject_id=change.subject_id,
        user_id=actor.user_id or None,
        parent_id=change.parent_id,
        created_at=tx.now,
    )
    tx.insert(event_payloads, event_id=event_id, data=encode(change.data))
    for react in tx.reactions.get(change.type, ()):
        react(tx, actor, change, event_id)
    return event_id


def empty_payloads(tx: Tx, subject_ids: Iterable[str]) -> None:
    """Forget what events said about purged subjects; that they happened stays on record."""
    for subject_id in subject_ids:
        tx.delete(event_payloads, SUBJECTS_PAYLOADS, subject_id=subject_id)
