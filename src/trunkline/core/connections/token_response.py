"""What token endpoints answer: tokens, or one of four kinds of refusal.

Nothing of an answer is believed before it is checked: sizes, types and ranges, and the characters of what will
be put into a header. Refusals are told apart by what can be done about them.

Source: RFC 6749 sections 5.1 and 5.2, and what providers answer instead.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qsl

from msgspec import DecodeError, json

from trunkline.core.connections.freshness import BACKOFF_MAX_S, LIFE_MAX_S, LIFE_MIN_S
from trunkline.core.connections.sentences import shortened
from trunkline.infra.http import Fetched
from trunkline.kit.secret import Secret

MAX_TOKEN = 16 * 1024  # characters
MAX_SCOPES = 200

# Of a token that is sent as `Bearer`, whatever its provider calls it.
_BEARER = frozenset({"", "bearer", "bearertoken", "token", "accesstoken", "jwt", "bot", "user"})
# The grant is gone, in the words of the standard and of those who have their own.
_GRANT_CODES = frozenset(
    {
        "invalid_grant",
        "invalid_refresh_token",
        "bad_refresh_token",
        "refresh_token_expired",
        "expired_token",
        "token_expired",
        "token_revoked",
        "invalid_token",
        "account_inactive",
    }
)
_CLIENT_CODES = frozenset({"invalid_client", "unauthorized_client", "invalid_client_id", "bad_client_secret"})
_TRANSIENT_CODES = frozenset(
    {"temporarily_unavailable", "server_error", "slow_down", "rate_limited", "ratelimited", "internal_error"}
)
_TRANSIENT_STATUSES = frozenset({408, 425, 429})
_SENDABLE = re.compile(r"[\x21-\x7e]+(?: [\x21-\x7e]+)*", re.ASCII)
_GAP = re.compile(r"[\s,]+", re.ASCII)


class Refused(StrEnum):
    """What kind of refusal it is, by what helps."""

    GRANT = "grant"  # connecting again
    CLIENT = "client"  # mending the integration's client
    REQUEST = "request"  # nothing anybody knows; it was understood and refused
    TRANSIENT = "transient"  # waiting
    MALFORMED = "malformed"  # waiting; the answer says neither yes nor no


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An answer without tokens.

    Attributes:
        code: the provider's own word, fit to be shown.
        said: its sentence, fit to be shown.
        retry_after_s: how long it asks to wait.
        processed: whether what was asked may have been done all the same.
    """

    kind: Refused
    code: str = ""
    said: str = ""
    retry_after_s: float | None = None
    processed: bool = False

    @property
    def sentence(self) -> str:
        """Both in one."""
        return ": ".join(filter(None, (self.code, self.said))) or self.kind.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """An answer with tokens.

    Attributes:
        refresh: None where the provider leaves it out: then the one before stays good.
        expires_in_s, refresh_expires_in_s: None where it does not say.
        scopes: what was granted; None where it does not say: then what was asked for.
        identity: an OpenID token.
    """

    access: Secret
    refresh: Secret | None = None
    expires_in_s: int | None = None
    refresh_expires_in_s: int | None = None
    scopes: tuple[str, ...] | None = None
    identity: Secret | None = None


def read_answer(answer: Fetched) -> Tokens | Refusal:
    """What a token endpoint's answer means, whatever its status says."""
    body = _members(answer)
    retry_after_s = read_seconds(answer.header("retry-after"), BACKOFF_MAX_S)
    if answer.status >= 500 or answer.status in _TRANSIENT_STATUSES:
        return _refusal(Refused.TRANSIENT, body or {}, answer.status, retry_after_s)
    if body is None:
        kind = Refused.REQUEST if answer.status >= 400 else Refused.MALFORMED
        return _refusal(kind, {}, answer.status, retry_after_s)
    if 200 <= answer.status < 300 and body.get("access_token") is not None:
        return _tokens(body) or _refusal(Refused.MALFORMED, {}, answer.status, None)
    return _refusal(_kind_of(body, answer.status), body, answer.status, retry_after_s)


def read_seconds(value: Any, most: float) -> float | None:
    """A number of seconds, or a text of one, between 0 and `most`; None for anything else, 0 and less included."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    # Compared before it is converted: a whole number may be greater than any float. NaN is not above 0 either.
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        return None
    return float(min(value, most))


def read_lifetime(value: Any) -> int | None:
    """How long something lives, in whole seconds within what is believed; None where nothing is said."""
    seconds = read_seconds(value, LIFE_MAX_S)
    return None if seconds is None else max(LIFE_MIN_S, int(seconds))


def sendable(value: Any) -> Secret | None:
    """A token that can stand in a header; None for anything else."""
    if not isinstance(value, str) or not 1 <= len(value) <= MAX_TOKEN or not _SENDABLE.fullmatch(value):
        return None
    return Secret(value)


def _members(answer: Fetched) -> Mapping[str, Any] | None:
    media_type = (answer.header("content-type") or "").partition(";")[0].strip().lower()
    if media_type in {
        "application/x-www-form-urlencoded",
        "text/plain",
    } and not answer.body.lstrip().startswith(b"{"):
        try:
            pairs = parse_qsl(answer.body.decode("ascii"), strict_parsing=True, max_num_fields=100)
        except ValueError:
            return None
        return dict(pairs)
    try:
        found = json.decode(answer.body)
    except (DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _tokens(body: Mapping[str, Any]) -> Tokens | None:
    access = sendable(body["access_token"])
    kind = str(body.get("token_type") or "").replace(" ", "").replace("_", "").lower()
    if access is None or kind not in _BEARER:
        return None
    return Tokens(
        access=access,
        refresh=sendable(body.get("refresh_token")),
        expires_in_s=read_lifetime(body.get("expires_in")),
        refresh_expires_in_s=read_lifetime(
            body.get("refresh_token_expires_in") or body.get("refresh_expires_in")
        ),
        scopes=_scopes(body.get("scope")),
        identity=sendable(body.get("id_token")),
    )


def _scopes(value: Any) -> tuple[str, ...] | None:
    if isinstance(value, str):
        value = _GAP.split(value)
    if not isinstance(value, list):
        return None
    found = [one for one in value if isinstance(one, str) and one and one.isprintable() and len(one) <= 1_000]
    return tuple(dict.fromkeys(found[:MAX_SCOPES])) or None


def _kind_of(body: Mapping[str, Any], status: int) -> Refused:
    code = _code(body).lower()
    if code in _GRANT_CODES:
        return Refused.GRANT
    if code in _CLIENT_CODES:
        return Refused.CLIENT
    if code in _TRANSIENT_CODES:
        return Refused.TRANSIENT
    if status < 400 and not code and body.get("ok") is not False and body.get("success") is not False:
        return Refused.MALFORMED
    return Refused.REQUEST


def _code(body: Mapping[str, Any]) -> str:
    for name in ("error", "error_code", "errorCode", "code"):
        found = body.get(name)
        if isinstance(found, dict):
            found = found.get("code") or found.get("type") or found.get("message")
        if isinstance(found, str | int) and not isinstance(found, bool):
            return str(found)
    return ""


def _refusal(kind: Refused, body: Mapping[str, Any], status: int, retry_after_s: float | None) -> Refusal:
    nested = body.get("error")
    sentences = (
        body.get("error_description"),
        body.get("message"),
        nested.get("message") if isinstance(nested, dict) else None,
    )
    said = next((text for text in sentences if isinstance(text, str)), "")
    return Refusal(
        kind=kind,
        code=shortened(_code(body), 60) or f"status {status}",
        said=shortened(said),
        retry_after_s=retry_after_s,
        processed=kind is Refused.MALFORMED or status >= 500,
    )
