"""An API compatible with Informer's documents: integrations and their connections as hypermedia (HAL).

Every module of this package that defines `ROUTES` is served; nothing lists them.

Source: seed 003.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Sequence
from importlib import import_module

from trunkline.dialects.informer.auth import CLAIMS, authenticate, verify
from trunkline.dialects.informer.errors import ErrorBody, render_error
from trunkline.dialects.informer.media import HAL, JSON, VENDOR, negotiate
from trunkline.kit.errors import ErrorKind
from trunkline.web import Dialect, Route

_SAMPLE_ID = "019748c9-a1b2-7f3e-8d4c-5b6a79881234"
EXAMPLES = {
    "id": _SAMPLE_ID,
    "integrationId": _SAMPLE_ID,
    "tagId": _SAMPLE_ID,
    "teamId": _SAMPLE_ID,
    "userId": "alice",
    "ownerId": "alice",
    "principalId": "alice",
    "username": "alice",
    "displayName": "Alice Johnson",
    "email": "alice@example.com",
    "name": "Google Drive - Engineering",
    "slug": "google-drive-engineering",
    "type": "google-drive",
    "category": "storage",
    "description": "Integration with Google Drive for document sync",
    "mode": "per-user",
    "authType": "oauth2",
    "scope": "https://www.googleapis.com/auth/drive.readonly",
    "authUri": "https://accounts.google.com/o/oauth2/v2/auth",
    "tokenUri": "https://oauth2.googleapis.com/token",
    "apiBaseUri": "https://www.googleapis.com/drive/v3",
    "accessLevel": 1,
    **dict.fromkeys(("createdAt", "updatedAt", "lastAuthorizedAt"), "2026-11-22T10:00:00.000Z"),
}


def _routes() -> tuple[Route, ...]:
    found: list[Route] = []
    for module in pkgutil.iter_modules(__path__):
        routes: Sequence[Route] = getattr(import_module(f"{__name__}.{module.name}"), "ROUTES", ())
        found.extend(routes)
    return tuple(found)


DIALECT = Dialect(
    name="informer",
    title="Informer-compatible API",
    description="Integrations and their connections as hypermedia (HAL).\n\n"
    "A request carries a session (the cookie `sid`, set by logging in), `Authorization: Bearer <key>`, or a user"
    " name and password as HTTP Basic. With a session or a password, what changes anything must come from a page"
    " of this server: browsers say so in `Sec-Fetch-Site` or `Origin`.\n\n"
    "Answers are `application/hal+json`; a client that accepts JSON but not HAL gets the same under the name"
    " `application/json`. Members without a value are left out, times are UTC with milliseconds, ids are UUIDs,"
    " and where `{id}` names an integration, its slug does as well. Lists take `start`, `limit` and `sort`."
    " Unknown parameters and members are ignored. Users, teams and tokens are served below `/informer` only.",
    authenticate=authenticate,
    verify=verify,
    claims=CLAIMS,
    render_error=render_error,
    error_type=ErrorBody,
    routes=_routes(),
    negotiate=negotiate,
    forbid_unknown=False,
    errors=(ErrorKind.INVALID, ErrorKind.RATE_LIMITED),
    request_media_types=(JSON, HAL, VENDOR),
    media_type=HAL,
    examples=EXAMPLES,
)
