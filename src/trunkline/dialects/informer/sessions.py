"""Logging in and out.

The original's answer names a `wsToken` too, for its web socket. There is none here that one could be used at, so
it is left out.

Source: informer-gestal reference A1 (both login paths are documented).
"""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta

from trunkline.core import access as core
from trunkline.dialects.informer.auth import COOKIE
from trunkline.dialects.informer.locales import language_of, locale_of
from trunkline.dialects.informer.wire_base import AnyCall, Body, Wire
from trunkline.infra.db import Tx
from trunkline.kit.errors import ErrorKind
from trunkline.kit.secret import Secret
from trunkline.web import Call, FlowCall, Reply, Route

LOCAL: Final = "local"  # the domain of users with a password here; any other is an organization's handle


class LoginBody(Body, frozen=True, kw_only=True):
    """A user name or e-mail address, and the password."""

    username: Annotated[str, Meta(max_length=300)]
    password: Annotated[str, Meta(max_length=5_000, extra_json_schema={"format": "password"})]


class UserSummary(Wire, frozen=True, kw_only=True):
    """Who has logged in."""

    username: str
    display_name: str
    email: str


class LoggedIn(Wire, frozen=True, kw_only=True):
    """The session, which is also set as a cookie. `jwt` is the same key: to clients, a bearer token is opaque.

    `locale` is the user's field of this name, else the organization's setting, else `en-US`; `lang` is its language.
    """

    user: UserSummary
    sid: str
    jwt: str
    locale: str
    lang: str


async def log_in(call: FlowCall) -> Reply:
    """POST /api/auth/login."""
    return await _log_in(call, None)


async def log_in_to(call: FlowCall) -> Reply:
    """POST /api/login/{domain}."""
    domain = call.path["domain"]
    return await _log_in(call, None if domain == LOCAL else domain)


async def _log_in(call: FlowCall, organization: str | None) -> Reply:
    body: LoginBody = call.body
    attempt = core.LoginAttempt(
        username=body.username,
        password=Secret(body.password),
        source=call.incoming.source,
        organization=organization,
    )
    user_id = await call.services.logins.check(call.database, attempt)

    def open_session(tx: Tx) -> LoggedIn:
        issued = core.open_session(tx, user_id, pepper=call.services.pepper, request_id=call.request_id)
        user = core.get_user(tx, core.act_as(tx, user_id), user_id)
        key, locale = issued.secret.reveal(), locale_of(tx, user)
        summary = UserSummary(username=user.username, display_name=user.name, email=user.email)
        return LoggedIn(user=summary, sid=key, jwt=key, locale=locale, lang=language_of(locale))

    shown = await call.database.write(open_session)
    return Reply(body=shown, headers={"set-cookie": _cookie(call, shown.sid, core.SESSION_LIFETIME_S)})


def log_out(call: Call) -> Reply:
    """POST /api/auth/logout."""
    core.close_session(call.tx, call.actor)
    return Reply(headers={"set-cookie": _cookie(call, "", 0)})


def _cookie(call: AnyCall, value: str, age_s: int) -> str:
    secure = "; Secure" if call.services.public_url.startswith("https:") else ""
    return f"{COOKIE}={value}; Path=/; Max-Age={age_s}; HttpOnly; SameSite=Lax{secure}"


_TAGS = ("Sessions",)
_WRONG = (ErrorKind.UNAUTHENTICATED, ErrorKind.RATE_LIMITED)

ROUTES = [
    Route(
        method="POST",
        path="/api/auth/login",
        handler=log_in,
        operation_id="logIn",
        summary="Open a session with a password.",
        public=True,
        flow=True,
        body=LoginBody,
        returns=LoggedIn,
        media_type="application/json",
        one_time_secret=True,
        errors=_WRONG,
        tags=_TAGS,
    ),
    Route(
        method="POST",
        path="/api/login/{domain}",
        handler=log_in_to,
        operation_id="logInToDomain",
        summary="Open a session with a password, as a user of one organization.",
        public=True,
        flow=True,
        body=LoginBody,
        returns=LoggedIn,
        media_type="application/json",
        one_time_secret=True,
        errors=_WRONG,
        path_parameters={"domain": "`local`, or the handle of the organization that manages the user."},
        tags=_TAGS,
    ),
    Route(
        method="POST",
        path="/api/auth/logout",
        handler=log_out,
        operation_id="logOut",
        summary="End the session the request was made with; nothing ends where a token or a password was sent.",
        permission="keys:write",
        status=204,
        idempotent=False,
        tags=_TAGS,
    ),
]
