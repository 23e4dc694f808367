"""Who calls the API, by whichever credential it is told."""

from __future__ import annotations

from base64 import b64decode
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request

from trunkline.simulator.accounts import ORGANIZATION, Account
from trunkline.simulator.clients import Client
from trunkline.simulator.credentials import Holder, Kind
from trunkline.simulator.incoming import simulator_of
from trunkline.simulator.issued import AccessToken
from trunkline.simulator.state import Simulator

SESSION_HEADER = "x-session-token"
API_KEY_HEADER = "x-api-key"
API_KEY_PARAMETER = "api_key"
NOBODY = "anonymous"


@dataclass(frozen=True, slots=True)
class Caller:
    """Whom a request says it is from.

    Attributes:
        name: what it is counted as: the OAuth client's id, or the kind of credential.
        client: of an OAuth token.
        credential: what its quota is kept under.
        account: whose data is asked for; None for an OAuth client on its own behalf.
        is_good: the credential is known and has not ended.
    """

    name: str
    client: Client | None = None
    credential: str = ""
    account: Account | None = None
    scopes: tuple[str, ...] = ()
    is_good: bool = False

    def identity(self) -> dict[str, Any]:
        """What the API tells its caller about itself."""
        common = {"organization": ORGANIZATION, "scopes": list(self.scopes)}
        if self.account is not None:
            account = self.account
            named = {"id": account.id, "email": account.email, "displayName": account.display_name}
            return {**named, "kind": "user", **common}
        return {"id": self.name, "email": None, "displayName": self.name, "kind": "client", **common}


def caller_of(request: Request) -> Caller:
    """Who sends this request; where several credentials are sent, the first of header, key and session."""
    simulator = simulator_of(request)
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return _bearer(simulator, credentials.strip())
    if scheme.lower() == "basic":
        return _basic(simulator, credentials)
    key = request.headers.get(API_KEY_HEADER, request.query_params.get(API_KEY_PARAMETER))
    if key is not None:
        return _held(Kind.API_KEY, key, simulator.credentials.holder_of(Kind.API_KEY, key))
    session = request.headers.get(SESSION_HEADER)
    if session is not None:
        return _held("session", session, simulator.credentials.session(session))
    return Caller(NOBODY)


def _bearer(simulator: Simulator, text: str) -> Caller:
    access = simulator.grants.access(text)
    if access is not None:
        return _authorized(simulator, access)
    holder = simulator.credentials.holder_of(Kind.BEARER, text)
    if holder is not None:
        return _held(Kind.BEARER, text, holder)
    return _held("session", text, simulator.credentials.session(text))


def _authorized(simulator: Simulator, access: AccessToken) -> Caller:
    return Caller(
        name=access.client_id,
        client=simulator.clients.get(access.client_id),
        # A refresh must not buy a new quota.
        credential=access.family.id if access.family else f"client:{access.client_id}",
        account=access.account,
        scopes=access.scopes,
        is_good=simulator.grants.is_good(access),
    )


def _basic(simulator: Simulator, credentials: str) -> Caller:
    try:
        username, _, password = b64decode(credentials, validate=True).decode().partition(":")
    except ValueError:
        return Caller(Kind.BASIC)
    return _held(Kind.BASIC, username, simulator.credentials.holder_of(Kind.BASIC, password, username))


def _held(name: str, credential: str, holder: Holder | None) -> Caller:
    if holder is None:
        return Caller(name)
    return Caller(name, None, f"{name}:{credential}", holder.account, holder.scopes, is_good=True)
