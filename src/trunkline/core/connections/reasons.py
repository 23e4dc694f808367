"""Why a connection is not `ok`, or what of it is not: the words programs may rely on, and those for people."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Reason(StrEnum):
    """The typed reason beside a connection's status."""

    # Of `ok`: it works, and somebody should know.
    MISSING_SCOPE = "missing_scope"
    NO_REFRESH_TOKEN = "no_refresh_token"  # noqa: S105
    REFRESH_FAILING = "refresh_failing"
    CLIENT_REJECTED = "client_rejected"

    # Of `needs_reauth`: only its owner can help.
    REVOKED = "revoked"
    REFRESH_TOKEN_EXPIRED = "refresh_token_expired"  # noqa: S105
    ACCESS_EXPIRED = "access_expired"
    OUTCOME_UNKNOWN = "outcome_unknown"
    REFUSED = "refused"
    CREDENTIAL_REFUSED = "credential_refused"  # requests are still passed on: the first that succeeds ends it
    SCHEME_CHANGED = "scheme_changed"
    UNREADABLE = "credential_unreadable"

    # Of `suspended`.
    ORIGIN_CHANGED = "origin_changed"
    USER_INACTIVE = "user_inactive"

    # Of `disconnected`.
    BY_OWNER = "disconnected"
    BY_PUBLISHER = "ended_by_publisher"
    INTEGRATION_REMOVED = "integration_removed"
    MEMBERSHIP_ENDED = "membership_ended"


SENTENCES: Mapping[str, str] = {
    Reason.REVOKED: "access was revoked at the provider",
    Reason.REFRESH_TOKEN_EXPIRED: "the provider's authorization ran out",
    Reason.ACCESS_EXPIRED: "the authorization ran out and the provider gave no way to renew it",
    Reason.OUTCOME_UNKNOWN: "a renewal was interrupted before its outcome was known, and the provider refuses"
    " to repeat it",
    Reason.REFUSED: "the provider has refused to renew the authorization again and again",
    Reason.CREDENTIAL_REFUSED: "the provider refuses its credential",
    Reason.SCHEME_CHANGED: "the integration now authenticates in another way",
    Reason.UNREADABLE: "its stored credential cannot be opened",
    Reason.ORIGIN_CHANGED: "the integration now names servers its owner has not consented to",
    Reason.USER_INACTIVE: "its user is not active",
}
"""What is told of a reason that keeps a connection from being used."""
