"""What the authorization server has granted: codes, families of tokens, and what has become of them.

    code ──exchanged──> family ──> access token, refresh token
                          │             refresh token ──used──> access token, refresh token …
                          └─ a code or refresh token that comes back a second time revokes all of it

Rotation has no grace: the second use of a refresh token is taken for theft, however soon it comes.
"""

from __future__ import annotations

import hmac
import threading
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from trunkline.simulator.accounts import Account
from trunkline.simulator.clients import Client, new_id
from trunkline.simulator.issued import AccessToken, Consent, Family, Granted, RefreshToken
from trunkline.simulator.options import Options, SimulatedClock
from trunkline.simulator.refusals import OAuthRefusal
from trunkline.simulator.statistics import Count, Statistics


@dataclass(slots=True, eq=False)
class _Code:
    consent: Consent
    expires_at: datetime
    family: Family | None = None


class Grants:
    """The state of the authorization server."""

    def __init__(
        self, lock: threading.RLock, options: Options, clock: SimulatedClock, statistics: Statistics
    ) -> None:
        self._lock = lock
        self._options = options
        self._clock = clock
        self._statistics = statistics
        self._codes: dict[str, _Code] = {}
        self._families: dict[str, Family] = {}
        self._access: dict[str, AccessToken] = {}
        self._refresh: dict[str, RefreshToken] = {}

    def reset(self) -> None:
        """Forget everything; every token is unknown from now on."""
        with self._lock:
            for kept in (self._codes, self._families, self._access, self._refresh):
                kept.clear()

    def issue_code(self, consent: Consent) -> str:
        """A fresh code for a client to exchange, once."""
        with self._lock:
            text = new_id("sim_code_")
            self._codes[text] = _Code(consent, self._clock.now() + timedelta(seconds=self._options.code_s))
            return text

    def redeem_code(self, client: Client, code: str, redirect_uri: str | None, verifier: str) -> Granted:
        """Exchange a code for tokens; a code that comes back revokes what it was exchanged for.

        Raises:
            OAuthRefusal: unknown, used, expired, or bound to another client, redirect URI or verifier.

        Source: RFC 6749 section 4.1.3, RFC 7636 section 4.6, RFC 9700 section 4.5.
        """
        with self._lock:
            held = self._codes.get(code)
            if held is None or held.consent.client_id != client.client_id:
                raise _invalid_grant("the code is unknown")
            if held.family is not None:
                self._statistics.count(Count.CODES_REUSED, client.client_id)
                self._revoke(held.family, "code_reused")
                raise _invalid_grant("the code was used before; what it led to is revoked")
            if held.expires_at <= self._clock.now():
                raise _invalid_grant("the code has expired")
            if held.consent.redirect_uri != redirect_uri:
                raise _invalid_grant("the redirect URI is not the one the code was sent to")
            if not hmac.compare_digest(challenge_of(verifier).encode(), held.consent.challenge.encode()):
                raise _invalid_grant("the code verifier does not fit the code challenge")
            held.family = self._new_family(client, held.consent.account, held.consent.scopes)
            return self._issued(client, held.family, held.family.scopes)

    def grant(self, client: Client, account: Account, scopes: Sequence[str]) -> Granted:
        """Tokens without anybody asking: how an admin call makes many connections."""
        with self._lock:
            family = self._new_family(client, account, tuple(scopes))
            return self._issued(client, family, family.scopes)

    def refresh(
        self, client: Client, text: str, scopes: Sequence[str] | None, *, rotate: bool = True
    ) -> Granted:
        """Exchange a refresh token for new tokens; one that comes back revokes its family.

        Args:
            client: who sends it.
            text: the refresh token.
            scopes: fewer than were granted; None is all of them.
            rotate: replace the refresh token; otherwise it stays good and none is handed out.

        Raises:
            OAuthRefusal: unknown, used, expired, revoked, another client's, or too many scopes.

        Source: RFC 6749 section 6, RFC 9700 section 4.14.2.
        """
        with self._lock:
            token = self._refresh.get(text)
            if token is None or token.family.client_id != client.client_id:
                raise _invalid_grant("the refresh token is unknown")
            if token.used:
                self._statistics.count(Count.REFRESH_TOKENS_REUSED, client.client_id)
                self._revoke(token.family, "refresh_token_reused")
                raise _invalid_grant("the refresh token was used before; its family is revoked")
            if token.family.revoked is not None:
                raise _invalid_grant("the grant was revoked")
            if token.expires_at <= self._clock.now():
                raise _invalid_grant("the refresh token has expired")
            granted = token.family.scopes
            if scopes is not None and not set(scopes) <= set(granted):
                raise OAuthRefusal("invalid_scope", "more is asked for than was granted")
            token.used = rotate and client.rotates
            return self._issued(
                client, token.family, granted if scopes is None else tuple(scopes), renew=token.used
            )

    def grant_to_client(self, client: Client, scopes: Sequence[str]) -> Granted:
        """A token of the client's own; there is nothing to refresh it with.

        Source: RFC 6749 section 4.4.
        """
        with self._lock:
            return Granted(self._new_access(client, None, tuple(scopes)), None, self._life(client))

    def revoke(self, client: Client, text: str) -> str:
        """Revoke a token, and with a refresh token its whole family; what became of it, in a word.

        Raises:
            OAuthRefusal: the token is another client's.

        Source: RFC 7009 section 2.1.
        """
        with self._lock:
            refresh, access = self._refresh.get(text), self._access.get(text)
            holder = refresh.family.client_id if refresh else access.client_id if access else None
            if holder is None:
                return "unknown"
            if holder != client.client_id:
                raise OAuthRefusal("unauthorized_client", "the token was issued to another client")
            if refresh is not None:
                self._revoke(refresh.family, "revoked_by_client")
            elif access is not None:
                access.revoked = True
            return "revoked"

    def access(self, text: str) -> AccessToken | None:
        """The access token with this text, whatever has become of it."""
        with self._lock:
            return self._access.get(text)

    def is_good(self, token: AccessToken) -> bool:
        """It is neither expired nor revoked."""
        with self._lock:
            return not token.revoked and token.expires_at > self._clock.now()

    def expire(self, client_id: str | None, *, refresh_tokens: bool) -> int:
        """Let every live access token end now, of one client or of all; how many did.

        Args:
            client_id: whose; None is everybody's.
            refresh_tokens: end these, too, which leaves nothing but a new consent.
        """
        with self._lock:
            now = self._clock.now()
            live = [one for one in self._access.values() if one.expires_at > now and not one.revoked]
            ended = [one for one in live if client_id in (None, one.client_id)]
            for access in ended:
                access.expires_at = now
            for refresh in self._refresh.values() if refresh_tokens else ():
                if client_id in (None, refresh.family.client_id):
                    refresh.expires_at = min(refresh.expires_at, now)
            return len(ended)

    def withdraw(self, client_id: str | None) -> int:
        """Revoke every live family, as an owner who takes the consent back does; how many were."""
        with self._lock:
            live = [one for one in self._families.values() if one.revoked is None]
            withdrawn = [one for one in live if client_id in (None, one.client_id)]
            for family in withdrawn:
                self._revoke(family, "withdrawn_by_owner")
            return len(withdrawn)

    def families(self, client_id: str | None = None) -> Iterable[Family]:
        """The families of one client or of all, oldest first."""
        with self._lock:
            return [one for one in self._families.values() if client_id in (None, one.client_id)]

    def _new_family(self, client: Client, account: Account, scopes: tuple[str, ...]) -> Family:
        family = Family(new_id("sim_fam_"), client.client_id, account, scopes, self._clock.now())
        self._families[family.id] = family
        return family

    def _issued(
        self, client: Client, family: Family, scopes: tuple[str, ...], *, renew: bool = True
    ) -> Granted:
        access = self._new_access(client, family, scopes)
        text = self._new_refresh(family) if renew else None
        return Granted(access, text, self._life(client))

    def _new_access(self, client: Client, family: Family | None, scopes: tuple[str, ...]) -> AccessToken:
        access = AccessToken(
            text=new_id("sim_at_"),
            client_id=client.client_id,
            account=family.account if family else None,
            scopes=scopes,
            expires_at=self._clock.now() + timedelta(seconds=self._life(client)),
            family=family,
        )
        self._access[access.text] = access
        if family is not None:
            family.access.append(access)
        return access

    def _new_refresh(self, family: Family) -> str:
        expires_at = self._clock.now() + timedelta(seconds=self._options.refresh_token_s)
        token = RefreshToken(new_id("sim_rt_"), family, expires_at)
        self._refresh[token.text] = token
        family.generation += 1
        return token.text

    def _life(self, client: Client) -> int:
        return client.access_token_s or self._options.access_token_s

    def _revoke(self, family: Family, reason: str) -> None:
        if family.revoked is not None:
            return
        family.revoked = reason
        for access in family.access:
            access.revoked = True
        self._statistics.count(Count.FAMILIES_REVOKED, family.client_id, reason)


def challenge_of(verifier: str) -> str:
    """The S256 code challenge of a verifier. Source: RFC 7636 section 4.2."""
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _invalid_grant(description: str) -> OAuthRefusal:
    return OAuthRefusal("invalid_grant", description)
