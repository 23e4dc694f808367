"""Answers kept for a day, so that a request sent again gets the answer of the first one and no second effect.

Everything here runs in the transaction of the effect: the answer is kept if and only if the effect was
committed. An answer that holds a one-time secret is kept sealed.

Source: draft-ietf-httpapi-idempotency-key-header.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

import msgspec

from trunkline.core.journal.queries import FIND_ANSWER, FORGET_ANSWERS, PROBE, REPLACE_ANSWER
from trunkline.core.journal.tables import idempotency_records
from trunkline.infra.db import Tx
from trunkline.kit.actor import Actor
from trunkline.kit.clock import read_stamp, stamp
from trunkline.kit.errors import ConflictError

KEPT_FOR = timedelta(hours=24)


class IdempotencyKeyReusedError(ConflictError):
    """The key was used for another request of the same caller; nothing was changed."""

    code = "idempotency_key_reused"


class AnswerSeal(Protocol):
    """Seals answers that hold a one-time secret, bound to the record they are kept in."""

    def seal(self, tx: Tx, organization_id: str | None, record_id: str, text: str) -> str:
        """The sealed text; without an organization it belongs to the instance itself."""
        ...

    def unseal(self, tx: Tx, organization_id: str | None, record_id: str, sealed: str) -> str:
        """The text that was sealed for this record."""
        ...


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """What the first request was answered."""

    status: int
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatableRequest:
    """A request that named an idempotency key.

    Attributes:
        id: digest of caller, operation and key, see `request_digest`.
        fingerprint: digest of what was asked for.
        organization_id: whose data key seals the answer; None for a caller without an organization.
        secret: the answer holds a one-time secret, so it is kept sealed.
    """

    id: str
    fingerprint: str
    organization_id: str | None
    secret: bool = False


class _Record(msgspec.Struct, frozen=True):
    fingerprint: str
    status: int
    body: str
    sealed: bool
    organization_id: str | None
    expires_at: str


def request_digest(actor: Actor, operation: str, path: str, key: str) -> str:
    """Digest of who asks, for which operation on which object, under which key.

    The parts are length-prefixed by the encoding, so that no two requests can be spelled alike.
    """
    parts = (actor.user_id, actor.key_id, operation, path, key)
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()


def find_answer(tx: Tx, request: RepeatableRequest, seal: AnswerSeal) -> KeptAnswer | None:
    """The answer this request was given before, None if it is new or its record has expired.

    Raises:
        IdempotencyKeyReusedError: the key was used for another request.
    """
    record = tx.one(_Record, FIND_ANSWER, id=request.id)
    if record is None or record.expires_at <= tx.now:
        return None
    if record.fingerprint != request.fingerprint:
        raise IdempotencyKeyReusedError("this Idempotency-Key was used for another request")
    body = record.body
    if record.sealed:
        body = seal.unseal(tx, record.organization_id, request.id, body)
    return KeptAnswer(record.status, body)


def keep_answer(tx: Tx, request: RepeatableRequest, answer: KeptAnswer, seal: AnswerSeal) -> None:
    """Keep what a request was answered for `KEPT_FOR`, in place of an expired record."""
    body = answer.body
    if request.secret:
        body = seal.seal(tx, request.organization_id, request.id, body)
    tx.delete(idempotency_records, REPLACE_ANSWER, id=request.id)
    tx.insert(
        idempotency_records,
        id=request.id,
        organization_id=request.organization_id,
        fingerprint=request.fingerprint,
        status=answer.status,
        body=body,
        sealed=int(request.secret),
        created_at=tx.now,
        expires_at=stamp(read_stamp(tx.now) + KEPT_FOR),
    )


def forget_expired_answers(tx: Tx) -> int:
    """Delete the records that no request will be compared with again; how many they were."""
    return tx.delete(idempotency_records, FORGET_ANSWERS, now=tx.now)


def probe(tx: Tx) -> None:
    """Read something small, to learn whether the database answers."""
    tx.value(PROBE)
