"""Fault profiles: the ways in which an authorization server or an API misbehaves, and whom it hits.

The most specific assignment that covers a request decides:

    header X-Simulator-Profile  >  set for the client by an admin call  >  the client's own  >  set for everybody
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from msgspec import Struct

from trunkline.kit.errors import InvalidRequestError

HEADER = "x-simulator-profile"


class Profile(StrEnum):
    """One way to misbehave; several may be combined."""

    # Before anything is processed, at the token and revocation endpoints and in the API.
    SLOW = "slow"  # waits first
    HELD = "held"  # waits until an admin call releases it
    REDIRECT = "redirect"  # 307 to elsewhere
    RATE_LIMITED = "rate-limited"  # 429 with Retry-After
    SERVER_ERROR = "server-error"  # 503
    HTML_ERROR = "html-error"  # 502 and a page instead of JSON
    ERROR_IN_200 = "error-in-200"  # 200, and the body says that it failed

    # After it was processed: the grant is rotated, the record is made, and the caller does not learn of it.
    ANSWER_HELD = "answer-held"
    SERVER_ERROR_AFTER = "server-error-after"  # 502
    CUT = "cut"  # the connection ends within the answer

    # What an answer with tokens looks like.
    NO_EXPIRES_IN = "no-expires-in"
    EXPIRES_IN_TEXT = "expires-in-text"  # "300" instead of 300
    DROPPED_REFRESH_TOKEN = "dropped-refresh-token"  # noqa: S105  # not rotated either: the old one stays good
    FORM_ENCODED = "form-encoded"
    HUGE = "huge"  # megabytes of it

    # How the API shows that a token has expired or was revoked.
    EXPIRED_AS_400 = "expired-as-400"
    EXPIRED_AS_401 = "expired-as-401"
    EXPIRED_AS_403 = "expired-as-403"
    REFUSED_AS_200 = "refused-as-200"  # the token endpoint's refusals, too


class Place(StrEnum):
    """Where a fault may strike."""

    TOKEN = "token"  # noqa: S105  # an endpoint
    REVOKE = "revoke"
    API = "api"


EVERYWHERE = tuple(Place)
Profiles = frozenset[Profile]


class Faults(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """An assignment by an admin call.

    Attributes:
        client_id: whom it hits; None is everybody without an assignment of their own.
        profiles: what happens; none at all makes the client behave.
        on: where.
        times: how many requests it lasts for; None is until it is replaced.
    """

    client_id: str | None = None
    profiles: tuple[Profile, ...] = ()
    on: tuple[Place, ...] = EVERYWHERE
    times: int | None = None


@dataclass(slots=True)
class _Assigned:
    profiles: Profiles
    on: frozenset[Place]
    times: int | None

    def take(self, place: Place) -> Profiles | None:
        if place not in self.on or self.times == 0:
            return None
        if self.times is not None:
            self.times -= 1
        return self.profiles


class FaultPlan:
    """Who is to be hit by what."""

    def __init__(self, lock: threading.RLock, everybody: Sequence[Profile] = ()) -> None:
        self._lock = lock
        self._everybody = frozenset(everybody)
        self._assigned: dict[str | None, _Assigned] = {}

    def assign(self, faults: Faults) -> None:
        """Replace what the client (or everybody) is hit by.

        Raises:
            InvalidRequestError: `times` is negative.
        """
        if faults.times is not None and faults.times < 0:
            raise InvalidRequestError.at("times", "must not be negative")
        with self._lock:
            self._assigned[faults.client_id] = _Assigned(
                frozenset(faults.profiles), frozenset(faults.on), faults.times
            )

    def clear(self) -> None:
        """Forget every assignment."""
        with self._lock:
            self._assigned.clear()

    def strike(
        self, place: Place, client_id: str | None, own: Sequence[Profile], header: str | None
    ) -> Profiles:
        """What hits this request; an assignment for a number of times is used up by one.

        Raises:
            InvalidRequestError: the header names a profile that does not exist.
        """
        if header is not None:
            return read_profiles(header, HEADER)
        with self._lock:
            for key in (client_id, None) if client_id is not None else (None,):
                if key is None and own:
                    return frozenset(own)
                assigned = self._assigned.get(key)
                if assigned is not None and (taken := assigned.take(place)) is not None:
                    return taken
            return self._everybody

    def assigned(self) -> Mapping[str, tuple[str, ...]]:
        """What is assigned now, by client; `*` is everybody."""
        with self._lock:
            return {
                key or "*": tuple(sorted(one.profiles))
                for key, one in self._assigned.items()
                if one.times != 0
            }


def read_profiles(text: str, path: str) -> Profiles:
    """Read profiles from text, separated by commas.

    Raises:
        InvalidRequestError: one of them does not exist.
    """
    found = set()
    for name in filter(None, (piece.strip() for piece in text.split(","))):
        try:
            found.add(Profile(name))
        except ValueError:
            known = ", ".join(Profile)
            raise InvalidRequestError.at(path, f"{name[:40]!r} is no profile; there are {known}") from None
    return frozenset(found)
