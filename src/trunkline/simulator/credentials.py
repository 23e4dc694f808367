"""Credentials of the API that are not OAuth: keys, passwords, fixed tokens, and sessions bought with a password."""

from __future__ import annotations

import hmac
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct

from trunkline.kit.errors import InvalidRequestError, UnauthenticatedError
from trunkline.simulator.accounts import Account, find_account
from trunkline.simulator.clients import SCOPES, new_id
from trunkline.simulator.options import SimulatedClock

DEMO_API_KEY = "demo-api-key"
DEMO_BEARER_TOKEN = "demo-bearer-token"  # noqa: S105  # printed in the documentation; it guards made-up data
DEMO_USER = "demo"
DEMO_PASSWORD = "demo-password"  # noqa: S105  # likewise
SESSION_LIFE = timedelta(hours=1)


class Kind(StrEnum):
    """How the API is told who calls."""

    API_KEY = "api_key"
    BASIC = "basic"
    BEARER = "bearer"


class Credential(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A credential that stays good until it is removed.

    Attributes:
        username: of `basic`, which also buys sessions.
        account: whose it is, by id or e-mail address.
    """

    kind: Kind
    secret: str
    username: str = ""
    account: str = ""
    scopes: tuple[str, ...] = SCOPES


@dataclass(frozen=True, slots=True)
class Holder:
    """Whom a credential stands for."""

    account: Account
    scopes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Session:
    """What a password was exchanged for."""

    token: str
    holder: Holder
    expires_at: datetime


DEMO_CREDENTIALS = (
    Credential(kind=Kind.API_KEY, secret=DEMO_API_KEY),
    Credential(kind=Kind.BASIC, secret=DEMO_PASSWORD, username=DEMO_USER),
    Credential(kind=Kind.BEARER, secret=DEMO_BEARER_TOKEN),
)


class Credentials:
    """The fixed credentials, and the sessions."""

    def __init__(self, lock: threading.RLock, clock: SimulatedClock) -> None:
        self._lock = lock
        self._clock = clock
        self._fixed: dict[tuple[Kind, str], Credential] = {}
        self._sessions: dict[str, Session] = {}
        self.reset()

    def reset(self) -> None:
        """Go back to the demo credentials; nobody has a session."""
        with self._lock:
            self._fixed = {_key(one): one for one in DEMO_CREDENTIALS}
            self._sessions.clear()

    def put(self, credential: Credential) -> None:
        """Add a credential, or replace the one for the same user.

        Raises:
            InvalidRequestError: it is empty, or names no account.
        """
        if not credential.secret:
            raise InvalidRequestError.at("secret", "must not be empty")
        if find_account(credential.account) is None:
            raise InvalidRequestError.at("account", "is no account of this simulator")
        with self._lock:
            self._fixed[_key(credential)] = credential

    def remove(self, kind: Kind, name: str) -> bool:
        """Make a credential worthless, with the sessions of its user; False where there was none.

        Args:
            kind: of the credential.
            name: the user name of `basic`, otherwise the secret.
        """
        with self._lock:
            if kind is Kind.BASIC:
                self._sessions.clear()
            return self._fixed.pop((kind, name), None) is not None

    def holder_of(self, kind: Kind, secret: str, username: str = "") -> Holder | None:
        """Whom it stands for; None where it is not good."""
        with self._lock:
            found = self._fixed.get((kind, username if kind is Kind.BASIC else secret))
        if found is None or not hmac.compare_digest(found.secret.encode(), secret.encode()):
            return None
        account = find_account(found.account)
        return None if account is None else Holder(account, found.scopes)

    def begin_session(self, username: str, password: str) -> Session:
        """Exchange a user name and password for a token.

        Raises:
            UnauthenticatedError: they are not good.
        """
        holder = self.holder_of(Kind.BASIC, password, username)
        if holder is None:
            raise UnauthenticatedError("user name or password is wrong")
        with self._lock:
            session = Session(new_id("sim_ses_"), holder, self._clock.now() + SESSION_LIFE)
            self._sessions[session.token] = session
            return session

    def session(self, token: str) -> Holder | None:
        """Whose session it is; None where it is unknown or has ended."""
        with self._lock:
            found = self._sessions.get(token)
            return found.holder if found is not None and found.expires_at > self._clock.now() else None

    def end_sessions(self) -> int:
        """End every session now; how many there were."""
        with self._lock:
            number = len(self._sessions)
            self._sessions.clear()
            return number


def _key(credential: Credential) -> tuple[Kind, str]:
    name = credential.username if credential.kind is Kind.BASIC else credential.secret
    return credential.kind, name
