"""The authorization endpoint, the consent it asks for, and the server's metadata."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from trunkline.simulator.accounts import Account, find_account
from trunkline.simulator.answers import json_answer
from trunkline.simulator.clients import SCOPES, Client, Grant, Method
from trunkline.simulator.consent_page import consent_page, refusal_page
from trunkline.simulator.consents import AuthorizationRequest
from trunkline.simulator.incoming import issuer_of, read_form, simulator_of, unrepeated
from trunkline.simulator.issued import Consent
from trunkline.simulator.refusals import OAuthRefusal
from trunkline.simulator.state import Simulator
from trunkline.simulator.statistics import Count
from trunkline.simulator.tokens import NOBODY, asked_scopes

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)  # what SHA-256 comes to in base64url

Query = dict[str, str]


async def authorize(request: Request) -> Response:
    """Ask for consent, or give a code at once. Source: RFC 6749 section 4.1.1."""
    simulator = simulator_of(request)
    try:
        query = unrepeated(parse_qsl(request.url.query, keep_blank_values=True))
        client, redirect_uri = _where_to(simulator, query)
    except OAuthRefusal as refusal:
        # Nobody is sent to an address that the client has not registered.
        simulator.statistics.count(Count.AUTHORIZATIONS, NOBODY, refusal.code)
        return refusal_page("This request cannot be trusted", refusal.description)
    issuer, state = issuer_of(request), query.get("state")
    try:
        asked = _checked(client, redirect_uri, issuer, query)
    except OAuthRefusal as refusal:
        simulator.statistics.count(Count.AUTHORIZATIONS, client.client_id, refusal.code)
        return _back(redirect_uri, issuer, state, error=refusal.code, error_description=refusal.description)
    approves = client.auto_approve
    if simulator.options.auto_approve if approves is None else approves:
        return _allowed(simulator, asked, asked.hinted)
    return consent_page(simulator.consents.keep(asked), asked)


async def consent(request: Request) -> Response:
    """Take the answer of the consent page, once."""
    simulator = simulator_of(request)
    try:
        form = await read_form(request)
    except OAuthRefusal as refusal:
        return refusal_page("This form cannot be read", refusal.description)
    account = find_account(form.get("account"))
    asked = simulator.consents.take(form.get("request", ""))
    if asked is None or account is None:
        sentence = "The request was answered already, or too long ago. Start again where you came from."
        return refusal_page("Nothing to decide", sentence)
    if form.get("decision") == "allow":
        return _allowed(simulator, asked, account)
    simulator.statistics.count(Count.AUTHORIZATIONS, asked.client.client_id, "access_denied")
    denied = {"error": "access_denied", "error_description": "the owner said no"}
    return _back(asked.redirect_uri, asked.issuer, asked.state, **denied)


async def metadata(request: Request) -> Response:
    """What the authorization server can do. Source: RFC 8414 section 2, RFC 9207 section 3."""
    issuer = issuer_of(request)
    methods = [method.value for method in Method]
    return json_answer(
        {
            "issuer": issuer,
            "authorization_endpoint": f"{issuer}/oauth/authorize",
            "token_endpoint": f"{issuer}/oauth/token",
            "revocation_endpoint": f"{issuer}/oauth/revoke",
            "scopes_supported": list(SCOPES),
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": [grant.value for grant in Grant],
            "token_endpoint_auth_methods_supported": methods,
            "revocation_endpoint_auth_methods_supported": methods,
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
        }
    )


def _where_to(simulator: Simulator, query: Query) -> tuple[Client, str]:
    client = simulator.clients.get(query.get("client_id", ""))
    if client is None:
        raise OAuthRefusal("invalid_client", "The client is unknown.")
    redirect_uri = query.get("redirect_uri", "")
    if redirect_uri not in client.redirect_uris:
        raise OAuthRefusal(
            "invalid_redirect_uri",
            f"{redirect_uri or 'No redirect URI'} is not registered for {client.client_id}, character by"
            " character. Start the simulator with --redirect-uri, or register it by an admin call.",
        )
    return client, redirect_uri


def _checked(client: Client, redirect_uri: str, issuer: str, query: Query) -> AuthorizationRequest:
    if query.get("response_type") != "code":
        raise OAuthRefusal("unsupported_response_type", "response_type must be code")
    if Grant.CODE not in client.grants:
        raise OAuthRefusal("unauthorized_client", "this client may not ask for codes")
    # Left out, it means plain. Source: RFC 7636 section 4.3.
    if query.get("code_challenge_method", "plain") != "S256":
        raise OAuthRefusal("invalid_request", "code_challenge_method must be S256")
    challenge = query.get("code_challenge", "")
    if not _CHALLENGE.fullmatch(challenge):
        raise OAuthRefusal("invalid_request", "code_challenge must be a SHA-256 in base64url")
    hinted = find_account(query.get("login_hint"))
    if hinted is None:
        raise OAuthRefusal("invalid_request", "login_hint is no account of this simulator")
    return AuthorizationRequest(
        client=client,
        redirect_uri=redirect_uri,
        state=query.get("state"),
        challenge=challenge,
        scopes=asked_scopes(client, query.get("scope")),
        issuer=issuer,
        hinted=hinted,
    )


def _allowed(simulator: Simulator, asked: AuthorizationRequest, account: Account) -> Response:
    client_id = asked.client.client_id
    code = simulator.grants.issue_code(
        Consent(client_id, asked.redirect_uri, asked.challenge, asked.scopes, account)
    )
    simulator.statistics.count(Count.AUTHORIZATIONS, client_id, "approved")
    return _back(asked.redirect_uri, asked.issuer, asked.state, code=code)


def _back(redirect_uri: str, issuer: str, state: str | None, **answer: str) -> Response:
    parts = urlsplit(redirect_uri)
    told = answer | ({} if state is None else {"state": state}) | {"iss": issuer}
    query = "&".join(filter(None, (parts.query, urlencode(told))))
    headers = {"cache-control": "no-store", "referrer-policy": "no-referrer"}
    # 303: a browser that has just sent the consent form must not send it on.
    return RedirectResponse(urlunsplit(parts._replace(query=query)), 303, headers)


ROUTES = [
    Route("/oauth/authorize", authorize, methods=["GET"]),
    Route("/oauth/consent", consent, methods=["POST"]),
    Route("/.well-known/oauth-authorization-server", metadata, methods=["GET"]),
]
