"""Logging in with a password: read what is stored, verify it on one of few threads, renew an old hash."""

from __future__ import annotations

import asyncio
import hmac
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

import structlog

from trunkline.core.access.passwords import PasswordCheck, find_password, renew_password
from trunkline.core.access.throttle import LoginThrottle
from trunkline.infra.db import Database
from trunkline.infra.vault.passwords import (
    PasswordHash,
    check_password_length,
    hash_password,
    is_outdated,
    verify_password,
)
from trunkline.kit.clock import Clock
from trunkline.kit.errors import UnauthenticatedError, UnavailableError
from trunkline.kit.secret import Secret

THREADS = 2  # each holds 19 MiB and one core while it hashes
WAITING_MAX = 64  # passwords on their way; more are refused at once instead of making all wait
HASHING_MAX = 16  # passwords on their way while new ones are still taken, so that logging in goes first
REMEMBERED_S = 300  # seconds a right password need not be verified again
REMEMBERED_MAX = 1_000

_log = structlog.get_logger(__name__)
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginAttempt:
    """Somebody says who they are.

    Attributes:
        username: a user name or e-mail address, see `find_password`.
        password: what is to prove it.
        source: the network address it comes from.
        organization: handle or id; None for the one that the user name says.
    """

    username: str
    password: Secret
    source: str
    organization: str | None = None


class Logins:
    """Checks and hashes passwords for one process, away from event loop and transactions.

    A right password is remembered for some minutes as a keyed digest, together with the hash it was right
    for, so that clients that send it with every request (HTTP Basic) do not pay for it every time: the
    stored hash is read every time, hence a password that is changed counts at once.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._throttle = LoginThrottle(clock)
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="passwords")
        self._key = secrets.token_bytes(32)
        self._lock = threading.Lock()
        self._waiting = 0
        self._verifying: dict[bytes, Future[bool]] = {}
        self._right: OrderedDict[bytes, datetime] = OrderedDict()

    async def check(self, database: Database, attempt: LoginAttempt) -> str:
        """Whose password this is: 32 hex digits.

        Raises:
            UnauthenticatedError: there is no such active user, or it is not their password; which of the two
                neither the error nor the time it takes tells.
            RateLimitedError: too many wrong passwords for this name, or from this place.
            UnavailableError: too many passwords are being checked.
        """
        check = await database.read(
            lambda tx: find_password(tx, attempt.organization, attempt.username), inline=True
        )
        if not await self._is_right(check, attempt) or check.user_id is None:
            _log.warning("login_refused", source=attempt.source, user_id=check.user_id)
            raise UnauthenticatedError("the user name or the password is wrong")
        if is_outdated(check.stored):
            renewed = await self.hash(attempt.password)
            await database.write(lambda tx: renew_password(tx, check, renewed))
        return check.user_id

    async def hash(self, password: Secret) -> PasswordHash:
        """The hash of a new password.

        Raises:
            InvalidRequestError: it is too short or too long.
            UnavailableError: too many passwords are being checked.
        """
        check_password_length("password", password)
        return await _answer(self._submit(lambda: hash_password(password), HASHING_MAX))

    def close(self) -> None:
        """Let go of the threads; what is being verified ends first."""
        self._threads.shutdown()

    async def _is_right(self, check: PasswordCheck, attempt: LoginAttempt) -> bool:
        user = self._digest(*check.name)[:16]
        stored = check.stored.encoded.reveal()
        proof = self._digest(user.hex(), stored, attempt.password.reveal())
        if self._is_remembered(proof):
            return True
        # The same password sent several times at once is one try, and is verified once.
        with self._lock:
            verifying = self._verifying.get(proof)
        if verifying is not None:
            return await _answer(verifying)
        self._throttle.admit(user, attempt.source)
        try:
            verifying = self._submit(lambda: verify_password(check.stored, attempt.password), WAITING_MAX)
        except UnavailableError:
            self._throttle.withdraw(user, attempt.source)
            raise
        with self._lock:
            self._verifying[proof] = verifying
        # Not after the answer was waited for: a client that hangs up has still given the right password.
        verifying.add_done_callback(lambda done: self._verified(done, proof, user, attempt.source))
        return await _answer(verifying)

    def _verified(self, done: Future[bool], proof: bytes, user: bytes, source: str) -> None:
        right = done.exception() is None and done.result()
        with self._lock:
            self._verifying.pop(proof, None)
            if right:
                self._right[proof] = self._clock.now() + timedelta(seconds=REMEMBERED_S)
                while len(self._right) > REMEMBERED_MAX:
                    self._right.popitem(last=False)
        if right:
            self._throttle.succeeded(user, source)

    def _is_remembered(self, proof: bytes) -> bool:
        with self._lock:
            until = self._right.get(proof)
            if until is not None and until <= self._clock.now():
                del self._right[proof]
                until = None
            return until is not None

    def _submit(self, work: Callable[[], Answer], places: int) -> Future[Answer]:
        with self._lock:
            if self._waiting >= places:
                raise UnavailableError("too many passwords are being checked; try again")
            self._waiting += 1
        submitted = self._threads.submit(work)
        submitted.add_done_callback(self._done)
        return submitted

    def _done(self, _submitted: Future[Answer]) -> None:
        with self._lock:
            self._waiting -= 1

    def _digest(self, *parts: str) -> bytes:
        text = "\0".join(parts).encode("utf-8", "surrogatepass")
        return hmac.digest(self._key, text, "sha256")


async def _answer(future: Future[Answer]) -> Answer:
    # Shielded: others may wait for the same answer when this one's client hangs up.
    return await asyncio.shield(asyncio.wrap_future(future))
