"""Answers kept for a day, so that a request sent again gets the answer of the first one and no second effect.

Where one transaction is the whole effect, the answer is kept in it: if and only if the effect was committed.
What goes out to the network in between is begun under a lease instead (`begin`), so that a repetition finds it
under way, and kept at its end; a process that dies in between lets the repetition begin anew after the lease.
An answer that holds a one-time secret is kept sealed, headers and all.

Source: draft-ietf-httpapi-idempotency-key-header.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

import msgspec

from trunkline.core.journal.queries import FIND_ANSWER, FORGET_ANSWERS, PROBE, REPLACE_ANSWER, UNANSWERED
from trunkline.core.journal.tables import idempotency_records
from trunkline.infra.db import Tx
from trunkline.kit.actor import Actor
from trunkline.kit.clock import read_stamp, stamp
from trunkline.kit.errors import ConflictError

KEPT_FOR = timedelta(hours=24)
LEASED_FOR = timedelta(seconds=180)  # longer than any request may take that goes out to the network
UNDER_WAY = 0  # the status of a request that has no answer yet
_HEAD = "\x1e"  # around the headers, before the body: no JSON text begins with it, and databases keep it


class IdempotencyKeyReusedError(ConflictError):
    """The key was used for another request of the same caller; nothing was changed."""

    code = "idempotency_key_reused"


class RequestUnderWayError(ConflictError):
    """The first request with this key has not been answered yet; nothing was done again."""

    code = "request_under_way"


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
    """What the first request was answered.

    Attributes:
        headers: what it said beside the body, by lower-case name.
    """

    status: int
    body: str
    headers: Mapping[str, str] = field(default_factory=dict)


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
    # All pages of a publisher act through one key, each for its own customer.
    caller = (actor.user_id, actor.key_id, actor.group_ref, actor.consumer_ref)
    parts = (*caller, operation, path, key)
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()


def find_answer(tx: Tx, request: RepeatableRequest, seal: AnswerSeal) -> KeptAnswer | None:
    """The answer this request was given before, None if it is new or its record has expired.

    Raises:
        IdempotencyKeyReusedError: the key was used for another request.
        RequestUnderWayError: the first request has not been answered yet.
    """
    record = tx.one(_Record, FIND_ANSWER, id=request.id)
    if record is None or record.expires_at <= tx.now:
        return None
    if record.fingerprint != request.fingerprint:
        raise IdempotencyKeyReusedError("this Idempotency-Key was used for another request")
    if record.status == UNDER_WAY:
        raise RequestUnderWayError("the first request with this Idempotency-Key is still under way")
    body = record.body
    if record.sealed:
        body = seal.unseal(tx, record.organization_id, request.id, body)
    return _read(record.status, body)


def keep_answer(tx: Tx, request: RepeatableRequest, answer: KeptAnswer, seal: AnswerSeal) -> None:
    """Keep what a request was answered for `KEPT_FOR`, in place of an expired record."""
    text = _spell(answer)
    if request.secret:
        text = seal.seal(tx, request.organization_id, request.id, text)
    _replace(tx, request, answer.status, text, sealed=request.secret, kept_for=KEPT_FOR)


def _spell(answer: KeptAnswer) -> str:
    """The body, behind the headers where there are any."""
    if not answer.headers:
        return answer.body
    return f"{_HEAD}{msgspec.json.encode(answer.headers).decode()}{_HEAD}{answer.body}"


def _read(status: int, text: str) -> KeptAnswer:
    if not text.startswith(_HEAD):
        return KeptAnswer(status, text)
    _, headers, body = text.split(_HEAD, 2)  # JSON escapes control characters, so this one ends the headers
    return KeptAnswer(status, body, msgspec.json.decode(headers, type=dict[str, str]))


def begin(tx: Tx, request: RepeatableRequest, seal: AnswerSeal) -> KeptAnswer | None:
    """Take a request on that is answered in a later transaction, or give the answer it was given before.

    Raises:
        IdempotencyKeyReusedError: the key was used for another request.
        RequestUnderWayError: somebody else has taken it on and is within the lease.
    """
    answer = find_answer(tx, request, seal)
    if answer is None:
        _replace(tx, request, UNDER_WAY, "", sealed=False, kept_for=LEASED_FOR)
    return answer


def give_up(tx: Tx, request: RepeatableRequest) -> None:
    """Let a request that was taken on and had no effect be tried again at once."""
    tx.delete(idempotency_records, UNANSWERED, id=request.id, status=UNDER_WAY)


def _replace(
    tx: Tx, request: RepeatableRequest, status: int, body: str, *, sealed: bool, kept_for: timedelta
) -> None:
    tx.delete(idempotency_records, REPLACE_ANSWER, id=request.id)
    tx.insert(
        idempotency_records,
        id=request.id,
        organization_id=request.organization_id,
        fingerprint=request.fingerprint,
        status=status,
        body=body,
        sealed=int(sealed),
        created_at=tx.now,
        expires_at=stamp(read_stamp(tx.now) + kept_for),
    )


def forget_expired_answers(tx: Tx) -> int:
    """Delete the records that no request will be compared with again; how many they were."""
    return tx.delete(idempotency_records, FORGET_ANSWERS, now=tx.now)


def probe(tx: Tx) -> None:
    """Read something small, to learn whether the database answers."""
    tx.value(PROBE)
