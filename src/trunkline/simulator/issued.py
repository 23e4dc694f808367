"""What the authorization server issues: families of tokens, and what they are made from."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from trunkline.simulator.accounts import Account


@dataclass(slots=True, eq=False)
class Family:
    """Everything that one consent led to.

    Attributes:
        revoked: why it is no longer good; None while it is.
        generation: how many refresh tokens it has had.
    """

    id: str
    client_id: str
    account: Account
    scopes: tuple[str, ...]
    created_at: datetime
    revoked: str | None = None
    generation: int = 0
    access: list[AccessToken] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class AccessToken:
    """A bearer token of the API; without a family it is the client's own."""

    text: str
    client_id: str
    account: Account | None
    scopes: tuple[str, ...]
    expires_at: datetime
    family: Family | None = None
    revoked: bool = False


@dataclass(slots=True, eq=False)
class RefreshToken:
    """Good once."""

    text: str
    family: Family
    expires_at: datetime
    used: bool = False


@dataclass(frozen=True, slots=True)
class Consent:
    """What somebody agreed to, as the code is bound to it."""

    client_id: str
    redirect_uri: str
    challenge: str
    scopes: tuple[str, ...]
    account: Account


@dataclass(frozen=True, slots=True)
class Granted:
    """What a client gets; `refresh_token` is None where there is none, or where it stays what it was."""

    access: AccessToken
    refresh_token: str | None
    expires_in: int
