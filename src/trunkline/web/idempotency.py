"""Repeated requests: the Idempotency-Key header, and the record a route's answers are kept under."""

from __future__ import annotations

import hmac
import re
from typing import Any, Final

from trunkline.core.journal import (
    KeptAnswer,
    RepeatableRequest,
    begin,
    find_answer,
    give_up,
    keep_answer,
    request_digest,
)
from trunkline.infra.db import Tx
from trunkline.kit.actor import Actor
from trunkline.kit.errors import InvalidRequestError
from trunkline.kit.strictjson import content_hash
from trunkline.web.answer import Answer
from trunkline.web.route import Headers
from trunkline.web.services import Services

KEY_HEADER: Final = "Idempotency-Key"
REPLAYED_HEADER: Final = "idempotency-replayed"
KEY_PATTERN: Final = "[!-~]{1,255}"  # visible ASCII
_ANEW: Final = ("content-type", "vary", "set-cookie")  # said by each answer, or meant for one client
_KEY = re.compile(KEY_PATTERN, re.ASCII)


def read_key(headers: Headers) -> str | None:
    """The caller's key, None when there is none.

    Raises:
        InvalidRequestError: several, empty, longer than 255 characters, or not visible ASCII.
    """
    given = headers.getlist(KEY_HEADER)
    if not given:
        return None
    if len(given) > 1 or not _KEY.fullmatch(given[0]):
        raise InvalidRequestError.at(KEY_HEADER, "expected one key of 1 to 255 visible ASCII characters")
    return given[0]


class Repeat:
    """One request that may be a repetition, inside its transaction."""

    def __init__(self, tx: Tx, services: Services, request: RepeatableRequest) -> None:
        self._tx = tx
        self._seal = services.answers
        self._request = request

    def answer(self, media_type: str) -> Answer | None:
        """What the first request was answered, marked as a replay; None when this is the first.

        Raises:
            IdempotencyKeyReusedError: the key was used for another request.
        """
        return _replayed(find_answer(self._tx, self._request, self._seal), media_type)

    def begin(self, media_type: str) -> Answer | None:
        """As `answer`; when this is the first, the others wait for its answer from now on.

        Raises:
            IdempotencyKeyReusedError: the key was used for another request.
            RequestUnderWayError: it is not the first, and the first has no answer yet.
        """
        return _replayed(begin(self._tx, self._request, self._seal), media_type)

    def give_up(self) -> None:
        """Let the others try again: this one had no effect."""
        give_up(self._tx, self._request)

    def keep(self, answer: Answer) -> None:
        """Keep the answer for the next one, with what it says of itself: where the new object is, for one."""
        headers = {name: value for name, value in answer.headers.items() if name not in _ANEW}
        kept = KeptAnswer(answer.status, answer.body.decode(), headers)
        keep_answer(self._tx, self._request, kept, self._seal)


def _replayed(kept: KeptAnswer | None, media_type: str) -> Answer | None:
    if kept is None:
        return None
    headers = {**kept.headers, REPLAYED_HEADER: "true"}
    if kept.body:
        headers["content-type"] = media_type
    return Answer(kept.status, headers, kept.body.encode())


def repeatable(
    actor: Actor, operation: str, path: str, key: str, *, content: Any, pepper: bytes, secret: bool
) -> RepeatableRequest:
    """Name the record of a request.

    Args:
        actor: whose request it is: neither another user nor another key of the same user shares its record.
        operation: dialect and method.
        path: without the mount, so that both spellings of one operation share their records.
        key: the caller's key.
        content: what was asked for beside the path; a repetition must ask for the same.
        pepper: keys the fingerprint, which would otherwise let a reader of the database try out weak secrets.
        secret: whether the answer holds a one-time secret.
    """
    return RepeatableRequest(
        id=request_digest(actor, operation, path, key),
        fingerprint=hmac.digest(pepper, content_hash(content).encode(), "sha256").hex(),
        organization_id=min(actor.organizations, default=None),
        secret=secret,
    )
