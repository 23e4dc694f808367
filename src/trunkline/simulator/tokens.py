"""The token and revocation endpoints."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from trunkline.simulator.answers import NO_STORE, json_answer
from trunkline.simulator.clients import Client, Grant, claimed_client
from trunkline.simulator.incoming import FORM, read_form, simulator_of
from trunkline.simulator.issued import Granted
from trunkline.simulator.profiles import HEADER, Place, Profile, Profiles
from trunkline.simulator.refusals import OAuthRefusal
from trunkline.simulator.state import Simulator
from trunkline.simulator.statistics import Count
from trunkline.simulator.striking import struck_after, struck_before

PADDING = 2 * 1024 * 1024  # bytes of the profile `huge`
NOBODY = "unknown"  # counts for callers who are no client

Form = Mapping[str, str]


async def token(request: Request) -> Response:
    """Exchange a grant for tokens. Source: RFC 6749 section 3.2."""
    simulator = simulator_of(request)
    authorization = request.headers.get("authorization")
    try:
        form = await read_form(request)
    except OAuthRefusal as refusal:
        simulator.statistics.count(Count.TOKEN_CALLS, NOBODY, "unsupported", refusal.code)
        return _refused(refusal, frozenset())
    named = form.get("grant_type", "")
    label = named if named in _EXCHANGES else "unsupported"
    known = simulator.clients.get(claimed_client(authorization, form) or "")
    name = known.client_id if known else NOBODY
    profiles = _strike(request, Place.TOKEN, known)
    if (struck := await struck_before(simulator, profiles, name)) is not None:
        simulator.statistics.count(Count.TOKEN_CALLS, name, label, struck[0])
        return struck[1]
    try:
        client = simulator.clients.authenticate(authorization, form)
        answer = _granted(_exchanged(simulator, client, form, profiles), profiles)
        outcome = "issued"
    except OAuthRefusal as refusal:
        answer, outcome = _refused(refusal, profiles), refusal.code
    simulator.statistics.count(Count.TOKEN_CALLS, name, label, outcome)
    return await struck_after(simulator, profiles, name, answer)


async def revoke(request: Request) -> Response:
    """Make a token worthless. Source: RFC 7009 section 2."""
    simulator = simulator_of(request)
    authorization = request.headers.get("authorization")
    try:
        form = await read_form(request)
    except OAuthRefusal as refusal:
        simulator.statistics.count(Count.REVOCATIONS, NOBODY, refusal.code)
        return _refused(refusal, frozenset())
    known = simulator.clients.get(claimed_client(authorization, form) or "")
    name = known.client_id if known else NOBODY
    profiles = _strike(request, Place.REVOKE, known)
    if (struck := await struck_before(simulator, profiles, name)) is not None:
        simulator.statistics.count(Count.REVOCATIONS, name, struck[0])
        return struck[1]
    try:
        client = simulator.clients.authenticate(authorization, form)
        outcome = simulator.grants.revoke(client, _required(form, "token"))
        answer = Response(None, 200, NO_STORE)
    except OAuthRefusal as refusal:
        answer, outcome = _refused(refusal, profiles), refusal.code
    simulator.statistics.count(Count.REVOCATIONS, name, outcome)
    return await struck_after(simulator, profiles, name, answer)


def asked_scopes(client: Client, text: str | None) -> tuple[str, ...]:
    """The scopes to grant; all of the client's where none are asked for.

    Raises:
        OAuthRefusal: one of them is not the client's.
    """
    if text is None:
        return client.scopes
    asked = tuple(dict.fromkeys(text.split(" ")))
    if not set(asked) <= set(client.scopes):
        raise OAuthRefusal("invalid_scope", f"this client may ask for {' '.join(client.scopes)}")
    return asked


def granted_body(granted: Granted) -> dict[str, str | int]:
    """An answer with tokens. Source: RFC 6749 section 5.1."""
    body: dict[str, str | int] = {
        "access_token": granted.access.text,
        "token_type": "Bearer",
        "expires_in": granted.expires_in,
        "scope": " ".join(granted.access.scopes),
    }
    return body if granted.refresh_token is None else body | {"refresh_token": granted.refresh_token}


def _strike(request: Request, place: Place, client: Client | None) -> Profiles:
    return simulator_of(request).faults.strike(
        place,
        client.client_id if client else None,
        client.profiles if client else (),
        request.headers.get(HEADER),
    )


def _exchanged(simulator: Simulator, client: Client, form: Form, profiles: Profiles) -> Granted:
    named = _required(form, "grant_type")
    if named not in _EXCHANGES:
        raise OAuthRefusal("unsupported_grant_type", f"there are {', '.join(_EXCHANGES)}")
    if named not in client.grants:
        raise OAuthRefusal("unauthorized_client", f"this client may not use {named}")
    return _EXCHANGES[named](simulator, client, form, profiles)


def _from_code(simulator: Simulator, client: Client, form: Form, _: Profiles) -> Granted:
    code, verifier = _required(form, "code"), _required(form, "code_verifier")
    return simulator.grants.redeem_code(client, code, form.get("redirect_uri"), verifier)


def _from_refresh_token(simulator: Simulator, client: Client, form: Form, profiles: Profiles) -> Granted:
    scopes = form["scope"].split(" ") if "scope" in form else None
    rotate = Profile.DROPPED_REFRESH_TOKEN not in profiles
    return simulator.grants.refresh(client, _required(form, "refresh_token"), scopes, rotate=rotate)


def _to_client(simulator: Simulator, client: Client, form: Form, _: Profiles) -> Granted:
    if client.is_public:
        raise OAuthRefusal("unauthorized_client", "a public client has no token of its own")
    return simulator.grants.grant_to_client(client, asked_scopes(client, form.get("scope")))


_EXCHANGES: Mapping[str, Callable[[Simulator, Client, Form, Profiles], Granted]] = {
    Grant.CODE.value: _from_code,
    Grant.REFRESH.value: _from_refresh_token,
    Grant.CLIENT.value: _to_client,
}


def _required(form: Form, name: str) -> str:
    if name not in form:
        raise OAuthRefusal("invalid_request", f"{name} is missing")
    return form[name]


def _granted(granted: Granted, profiles: Profiles) -> Response:
    body = granted_body(granted)
    if Profile.NO_EXPIRES_IN in profiles:
        del body["expires_in"]
    elif Profile.EXPIRES_IN_TEXT in profiles:
        body["expires_in"] = str(granted.expires_in)
    if Profile.HUGE in profiles:
        body["padding"] = "x" * PADDING
    if Profile.FORM_ENCODED in profiles:
        return Response(urlencode(body), 200, NO_STORE, FORM)
    return json_answer(body, headers=NO_STORE)


def _refused(refusal: OAuthRefusal, profiles: Profiles) -> Response:
    status = 200 if Profile.REFUSED_AS_200 in profiles else refusal.status
    asking = {"www-authenticate": 'Basic realm="simulator"'} if status == 401 else {}
    body = {"error": refusal.code, "error_description": refusal.description}
    return json_answer(body, status, NO_STORE | asking)


ROUTES = [Route("/oauth/token", token, methods=["POST"]), Route("/oauth/revoke", revoke, methods=["POST"])]
