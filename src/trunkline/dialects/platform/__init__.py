"""Trunkline's own API, compatible with the documents in seeds 000 and 001.

Every module of this package that defines `ROUTES` is served; nothing lists them.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Sequence
from importlib import import_module

from trunkline.dialects.platform.auth import CLAIMS, authenticate
from trunkline.dialects.platform.errors import ErrorBody, render_error
from trunkline.dialects.platform.filters import camel
from trunkline.kit.ids import PREFIXES, format_id
from trunkline.web import Dialect, Route

_SAMPLE_ID = "019748c9a1b27f3e8d4c5b6a79881234"
EXAMPLES = {
    **{f"{camel(kind)}Id": format_id(kind, _SAMPLE_ID) for kind in PREFIXES},
    **dict.fromkeys(("createdBy", "publishedBy", "installedBy"), format_id("user", _SAMPLE_ID)),
    **dict.fromkeys(("createdAt", "updatedAt", "publishedAt", "installedAt"), "2026-11-22T10:00:00.000Z"),
    **dict.fromkeys(("deletedAt", "retentionTier", "lastUpgradedAt", "parentInstallId", "solutionId")),
    "integrationVersionId": format_id("version", _SAMPLE_ID),
    "authStateId": format_id("connection", _SAMPLE_ID),
    "publisher": "acme",
    "currentVersion": "1.4.0",
    "changelog": "Contacts keep their tags.",
    "description": "Keeps contacts in step.",
    "iconUrl": "https://example.com/icon.png",
    "slug": "crm-sync",
    "name": "CRM sync",
    "version": "1.4.0",
    "startCursor": None,
    "endCursor": None,
}


def _routes() -> tuple[Route, ...]:
    found: list[Route] = []
    for module in pkgutil.iter_modules(__path__):
        routes: Sequence[Route] = getattr(import_module(f"{__name__}.{module.name}"), "ROUTES", ())
        found.extend(routes)
    return tuple(found)


DIALECT = Dialect(
    name="platform",
    title="Trunkline platform API",
    description="Author integrations, publish immutable versions of them, install them into workspaces and"
    " keep installs up to date.\n\nEvery request carries `Authorization: Bearer <key>`. Names are camelCase,"
    " times are UTC with milliseconds, ids carry a prefix that tells their kind. Lists are pages of 1 to 100"
    " objects, walked with the cursors in `pageInfo`.",
    authenticate=authenticate,
    claims=CLAIMS,
    render_error=render_error,
    error_type=ErrorBody,
    routes=_routes(),
    examples=EXAMPLES,
)
