"""Reading the audit: one organization at a time, for those who administer it."""

from __future__ import annotations

from dataclasses import replace

from trunkline.core.access import Permission, require_organization, scope
from trunkline.core.audit.specs import AUDIT_ENTRY, AuditRow
from trunkline.infra.db import Tx, lists
from trunkline.kit.actor import Actor, Tier
from trunkline.kit.errors import NotFoundError
from trunkline.kit.filters import Compare, Op, both
from trunkline.kit.pages import ListQuery, Page


def list_audit_entries(tx: Tx, actor: Actor, organization_id: str, query: ListQuery) -> Page[AuditRow]:
    """An organization's audit entries, newest first.

    Raises:
        NotFoundError: the organization is absent, or the caller does not belong to it.
        ForbiddenError: the caller does not administer it, or uses a key bound to a workspace or narrowed to
            some objects.
        InvalidRequestError: an unknown field or operator, or a bad place.
    """
    actor.require(Permission.EVENTS_READ)
    require_organization(tx, actor, organization_id, Tier.ADMIN)
    theirs = Compare("organization_id", Op.EQ, organization_id)
    where = both(theirs, query.where)
    return lists.list_rows(tx, AUDIT_ENTRY, replace(query, where=where), scope(actor, tx.specs))


def get_audit_entry(tx: Tx, actor: Actor, entry_id: str) -> AuditRow:
    """One audit entry.

    Raises:
        NotFoundError: absent, or of an organization the caller does not administer.
    """
    actor.require(Permission.EVENTS_READ)
    row = lists.get_row(tx, AUDIT_ENTRY, entry_id, scope(actor, tx.specs))
    if row is None:
        raise NotFoundError("audit entry")
    return row
