"""Tokens of integrators, and a place to try a credential.

Source: informer-gestal reference B2 and B3 (`POST /auth`, `GET /ping`).
"""

from __future__ import annotations

from typing import Final

from trunkline.core import access as core
from trunkline.dialects.gestal.auth import authenticate, basic
from trunkline.dialects.gestal.media import negotiate
from trunkline.dialects.gestal.wire_base import Wire
from trunkline.infra.db import Tx
from trunkline.kit.errors import ErrorKind, UnauthenticatedError
from trunkline.kit.secret import Secret
from trunkline.web import Call, Credentials, FlowCall, Route

TOKEN_LIFETIME_S: Final = 86_400  # source: reference B2, "valid 24 h"


class TokenWire(Wire, frozen=True, kw_only=True):
    """What to send as `Authorization: Bearer <token>` for the next 24 hours; to clients it is opaque."""

    token: str


async def open_session(call: FlowCall) -> TokenWire:
    """POST /auth."""
    negotiate(call.headers)  # a token that the client cannot be given must not be made
    given = basic(call.headers)
    if not given.password:
        raise UnauthenticatedError("the user name or the password is wrong")
    attempt = core.LoginAttempt(
        username=given.username, password=Secret(given.password), source=call.incoming.source
    )
    user_id = await call.services.logins.check(call.database, attempt)

    def issue(tx: Tx) -> str:
        issued = core.open_session(
            tx,
            user_id,
            pepper=call.services.pepper,
            lifetime_s=TOKEN_LIFETIME_S,
            dialect=None,
            request_id=call.request_id,
        )
        return issued.secret.reveal()

    return TokenWire(token=await call.database.write(issue))


def ping(call: Call) -> None:
    """GET /ping."""
    if "authorization" in call.headers:
        authenticate(call.tx, Credentials(call.headers), call.services)


_TAGS = ("Authentication",)

ROUTES = [
    Route(
        method="POST",
        path="/auth",
        handler=open_session,
        operation_id="authenticate",
        summary="Exchange an integrator's e-mail address and password (HTTP Basic) for a token.",
        description="The address is looked for in the instance's first organization; of another one, its handle"
        " stands in front: `acme/ada@acme.example`.",
        public=True,
        flow=True,
        returns=TokenWire,
        one_time_secret=True,
        errors=(ErrorKind.UNAUTHENTICATED,),
        tags=_TAGS,
    ),
    Route(
        method="GET",
        path="/ping",
        handler=ping,
        operation_id="ping",
        summary="Nothing, if the service is there and the credential, if one is sent, is good.",
        public=True,
        inline=True,
        status=204,
        errors=(ErrorKind.UNAUTHENTICATED,),
        tags=_TAGS,
    ),
]
