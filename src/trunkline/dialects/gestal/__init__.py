"""An API compatible with Gestal's documents: integrators, installations of their integrations, access keys.

Every module of this package that defines `ROUTES` is served; nothing lists them.

Source: seed 004; informer-gestal reference part B (first generation, and the paths of the third beside it).
"""

from __future__ import annotations

import pkgutil
from collections.abc import Sequence
from importlib import import_module

from trunkline.dialects.gestal.auth import authenticate
from trunkline.dialects.gestal.errors import ErrorBody, render_error
from trunkline.dialects.gestal.media import JSON, LATEST, VENDOR, negotiate, negotiate_error
from trunkline.kit.errors import ErrorKind
from trunkline.web import Dialect, Route

_SAMPLE = "019748c9a1b27f3e8d4c5b6a79881234"
EXAMPLES = {
    "id": "019748c9-a1b2-7f3e-8d4c-5b6a79881234",
    "name": "Acme Plus",
    "url": "https://acme.example/products/acme-plus",
    "description": "Sends what happens on a site to the Acme Plus notification service.",
    "cloud_id": f"inst_{_SAMPLE}",
    "token": "ses_…",
    **dict.fromkeys(("created_at", "updated_at", "last_active_at"), "2026-11-22T10:00:00.000Z"),
}


def _routes() -> tuple[Route, ...]:
    found: list[Route] = []
    for module in pkgutil.iter_modules(__path__):
        routes: Sequence[Route] = getattr(import_module(f"{__name__}.{module.name}"), "ROUTES", ())
        found.extend(routes)
    return tuple(found)


DIALECT = Dialect(
    name="gestal",
    title="Gestal-compatible API",
    description="Integrations, where tenants have activated them, and what an installation sees of its site.\n\n"
    "*Integrators* exchange e-mail address and password for a token at `POST /auth` and send it as"
    " `Authorization: Bearer <token>`; any other key of theirs will do as well. An *installation* sends one of its"
    " access keys as the user name of HTTP Basic with an empty password, with every request; it may ask for"
    " `/integration` and `/ping` and for nothing else.\n\n"
    "Tenants are organizations, sites are workspaces, installations are installs: the same ones that the platform"
    " API shows. Integrations are published with every change. Lists take `page` and `per_page`. Times are UTC with"
    " milliseconds, ids carry a prefix that tells their kind. Answers are `application/json`, or"
    " `application/vnd.gestal+json` and `application/vnd.gestal.v1+json` where they are asked for; errors are"
    " `application/problem+json` where that is. Unknown parameters and members are ignored. The paths below"
    " `/integrator` are other spellings of those below `/integrations`.",
    authenticate=authenticate,
    render_error=render_error,
    error_type=ErrorBody,
    routes=_routes(),
    negotiate=negotiate,
    negotiate_error=negotiate_error,
    forbid_unknown=False,
    errors=(ErrorKind.INVALID, ErrorKind.NOT_ACCEPTABLE, ErrorKind.RATE_LIMITED),
    request_media_types=(JSON, VENDOR, LATEST),
    examples=EXAMPLES,
)
