"""Where a browser may be sent after an authorization: an exact URL the organization has listed, or our own pages.

Source: RFC 9700 section 4.11 (open redirection).
"""

from __future__ import annotations

from urllib.parse import urlencode

from msgspec import json

from trunkline.core.connections.queries import SETTINGS_OF
from trunkline.infra.db import Tx
from trunkline.infra.http import InvalidUrlError, Origin
from trunkline.kit.errors import InvalidRequestError

SETTING = "returnUrls"  # in the organization's settings: a list of URLs
MAX_URL = 2_000  # characters


def check_return(tx: Tx, organization_id: str, public_url: str, return_to: str | None) -> str | None:
    """The URL itself when a browser may be sent there.

    Raises:
        InvalidRequestError: it is neither of this instance's own origin nor listed by the organization.
    """
    if return_to is None:
        return None
    try:
        own = len(return_to) <= MAX_URL and Origin.of(return_to) == Origin.of(public_url)
    except InvalidUrlError as error:
        raise InvalidRequestError.at("returnTo", "must be an absolute URL") from error
    if own or return_to in _listed(tx, organization_id):
        return return_to
    raise InvalidRequestError.at("returnTo", f"is not in the organization's list of {SETTING}")


def returning(return_to: str, told: dict[str, str]) -> str:
    """The URL with what happened in its query."""
    return f"{return_to}{'&' if '?' in return_to else '?'}{urlencode(told)}"


def _listed(tx: Tx, organization_id: str) -> frozenset[str]:
    settings = tx.value(SETTINGS_OF, id=organization_id)
    found = json.decode(settings).get(SETTING) if settings else None
    if isinstance(found, str):
        found = found.split()
    return frozenset(one for one in found if isinstance(one, str)) if isinstance(found, list) else frozenset()
