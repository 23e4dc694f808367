"""Append-only record of what happened: audit entries, events, answers to repeated requests."""

from trunkline.core.journal.idempotency import (
    AnswerSeal,
    IdempotencyKeyReusedError,
    KeptAnswer,
    RepeatableRequest,
    RequestUnderWayError,
    begin,
    find_answer,
    forget_expired_answers,
    give_up,
    keep_answer,
    probe,
    request_digest,
)
from trunkline.core.journal.invariants import journal_findings
from trunkline.core.journal.service import Change, empty_payloads, record

__all__ = [
    "AnswerSeal",
    "Change",
    "IdempotencyKeyReusedError",
    "KeptAnswer",
    "RepeatableRequest",
    "RequestUnderWayError",
    "begin",
    "empty_payloads",
    "find_answer",
    "forget_expired_answers",
    "give_up",
    "journal_findings",
    "keep_answer",
    "probe",
    "record",
    "request_digest",
]
