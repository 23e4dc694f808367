"""An API compatible with Ampersand's documents: projects, their integrations, and customers' installations.

Every module of this package that defines `ROUTES` is served; nothing lists them. All paths begin with `/v1`, at
the origin's root as well as below the mount: the vendor's own client takes nothing else.

Source: seed 002; ampersand reference sections 0 and 1.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Sequence
from importlib import import_module
from typing import Final

from trunkline.dialects.ampersand.auth import API_KEY, authenticate
from trunkline.dialects.ampersand.errors import PROBLEM, ProblemBody, render_error
from trunkline.kit.errors import ErrorKind
from trunkline.web import Cors, Dialect, Route

CORS: Final = Cors(
    allowed=(
        "content-type",
        "x-api-key",
        "authorization",
        "x-amp-client",
        "x-amp-client-version",
        "x-amp-project-id",
        "idempotency-key",
    ),
    exposed=("x-request-id", "link", "x-next-cursor"),
)
EXAMPLES = {
    "id": "019748c9-a1b2-7f3e-8d4c-5b6a79881234",
    "projectId": "019748c9-a1b2-7f3e-8d4c-5b6a79885678",
    "orgId": "019748c9-a1b2-7f3e-8d4c-5b6a79889abc",
    "appName": "MailMonkey",
    "name": "mailmonkey-staging",
    "label": "Acme Inc",
    "groupRef": "org_12345",
    "consumerRef": "user_67890",
    "provider": "salesforce",
    **dict.fromkeys(("createTime", "updateTime"), "2026-11-22T10:00:00.000000Z"),
}


def _routes() -> tuple[Route, ...]:
    found: list[Route] = []
    for module in pkgutil.iter_modules(__path__):
        routes: Sequence[Route] = getattr(import_module(f"{__name__}.{module.name}"), "ROUTES", ())
        found.extend(routes)
    return tuple(found)


DIALECT = Dialect(
    name="ampersand",
    title="Ampersand-compatible API",
    description="Projects, the integrations they publish, and what their customers have installed and connected.\n\n"
    "Send a key as `X-Api-Key`, or as `Authorization: Bearer <key>`; pages of any origin may ask. A project is a"
    " workspace, named by its id or, in any case, by its name (the workspace's handle); an org is an organization, a"
    " revision is a version, an installation is an install: the same ones that the platform API shows.\n\n"
    "Ids are UUIDs; parsers take the spellings with a prefix, too. Times are UTC with six decimals. Members without"
    " a value are left out. Lists are bare arrays: up to a thousand items at once, and `Link` and `x-next-cursor` name"
    " what follows. A change is `{updateMask: […], <object>: {…}}`: only what the mask names is changed. Unknown"
    " parameters and members are ignored, and so is `Accept`. Errors are problems (RFC 9457).",
    authenticate=authenticate,
    render_error=render_error,
    error_type=ProblemBody,
    routes=_routes(),
    forbid_unknown=False,
    errors=(ErrorKind.INVALID,),
    cors=CORS,
    security=API_KEY,
    error_media_type=PROBLEM,
    examples=EXAMPLES,
)
