"""Signing keys of webhooks: made with them, shown on request, replaced with an overlap.

A key that was replaced keeps signing beside the new one until its overlap ends, so that receivers may change
theirs meanwhile.

Source: ampersand reference section 3 (signing).
"""

from __future__ import annotations

import secrets
from base64 import b64encode
from datetime import timedelta
from typing import Final

from trunkline.core.access import Permission
from trunkline.core.journal import Change, record
from trunkline.core.webhooks.errors import NotSignedError
from trunkline.core.webhooks.queries import (
    BY_ID,
    ENDED,
    IN_FORCE,
    OF_DESTINATION,
    OVERLAPPING,
    SIGNING_KEYS_OF,
)
from trunkline.core.webhooks.reads import administered_destination
from trunkline.core.webhooks.sealed import SIGNING_KEY
from trunkline.core.webhooks.specs import DestinationRow
from trunkline.core.webhooks.tables import signing_keys
from trunkline.core.webhooks.types import WEBHOOK
from trunkline.infra.db import Tx
from trunkline.infra.vault import Vault
from trunkline.infra.vault.store import DatabaseKeyStore
from trunkline.kit.actor import Actor
from trunkline.kit.clock import read_stamp, stamp
from trunkline.kit.errors import InvalidRequestError
from trunkline.kit.secret import Secret

PREFIX: Final = "whsec_"
KEY_BYTES: Final = 32
OVERLAP_S: Final = 86_400  # seconds a replaced key signs on, unless said otherwise
OVERLAP_MAX_S: Final = 30 * 86_400
OVERLAPPING_MAX: Final = 4  # replaced keys that sign on at once; older ones end


def reveal_signing_key(tx: Tx, actor: Actor, vault: Vault, destination_id: str) -> Secret:
    """The key that messages to a webhook are signed with; that it was shown is on record.

    Raises:
        NotFoundError: absent or outside the caller's scope.
        ForbiddenError: the caller is no admin there.
        NotSignedError: the destination is no webhook.
        VaultError: what is stored does not open.
    """
    actor.require(Permission.WEBHOOKS_WRITE)
    row = _signed(tx, actor, destination_id)
    _journal(tx, actor, "revealed", row)
    return keys_of(tx, vault, row.id)[0]


def rotate_signing_key(
    tx: Tx, actor: Actor, vault: Vault, destination_id: str, *, overlap_s: int = OVERLAP_S
) -> None:
    """Sign with a new key from now on, and with the one before as well until the overlap ends.

    Raises:
        NotFoundError: absent or outside the caller's scope.
        ForbiddenError: the caller is no admin there.
        NotSignedError: the destination is no webhook.
        InvalidRequestError: the overlap is negative or longer than 30 days.
    """
    actor.require(Permission.WEBHOOKS_WRITE)
    if not 0 <= overlap_s <= OVERLAP_MAX_S:
        raise InvalidRequestError.at("overlapSeconds", f"must be between 0 and {OVERLAP_MAX_S}")
    row = _signed(tx, actor, destination_id)
    ends = stamp(read_stamp(tx.now) + timedelta(seconds=overlap_s))
    tx.update(signing_keys, IN_FORCE, {"destination_id": row.id}, expires_at=ends)
    for key_id in tx.column(OVERLAPPING, destination_id=row.id)[OVERLAPPING_MAX:]:
        tx.delete(signing_keys, BY_ID, id=key_id)
    begin_signing(tx, vault, row)
    _journal(tx, actor, "rotated", row)


def keys_of(tx: Tx, vault: Vault, destination_id: str) -> list[Secret]:
    """The keys a message to a destination is signed with now, the one in force first; none where it is no webhook.

    Asks nobody's permission: for what signs.

    Raises:
        VaultError: what is stored does not open.
    """
    store = DatabaseKeyStore(tx)
    rows = tx.fetch(SIGNING_KEYS_OF, {"destination_id": destination_id, "now": tx.now})
    return [vault.open(store, tenant, SIGNING_KEY.place(row_id), sealed) for row_id, tenant, sealed in rows]


def begin_signing(tx: Tx, vault: Vault, row: DestinationRow) -> None:
    """Give a webhook the key that is in force from now on."""
    text = Secret(PREFIX + b64encode(secrets.token_bytes(KEY_BYTES)).decode())
    key_id = tx.new_id()
    tx.insert(
        signing_keys,
        id=key_id,
        organization_id=row.organization_id,
        workspace_id=row.workspace_id,
        destination_id=row.id,
        signing_key=vault.seal(DatabaseKeyStore(tx), row.organization_id, SIGNING_KEY.place(key_id), text),
        created_at=tx.now,
        expires_at=None,
    )


def end_signing(tx: Tx, destination_id: str) -> None:
    """Destroy every key of a destination."""
    tx.delete(signing_keys, OF_DESTINATION, destination_id=destination_id)


def forget_signing_keys(tx: Tx) -> int:
    """Destroy the keys whose overlap is over; how many."""
    return tx.delete(signing_keys, ENDED, now=tx.now)


def _signed(tx: Tx, actor: Actor, destination_id: str) -> DestinationRow:
    row = administered_destination(tx, actor, destination_id)
    if row.type != WEBHOOK:
        raise NotSignedError("only messages to webhooks are signed")
    return row


def _journal(tx: Tx, actor: Actor, verb: str, row: DestinationRow) -> None:
    change = Change(
        type=f"destination.key_{verb}",
        subject_kind="destination",
        subject_id=row.id,
        organization_id=row.organization_id,
        workspace_id=row.workspace_id,
        data={"name": row.name},
    )
    record(tx, actor, change)
