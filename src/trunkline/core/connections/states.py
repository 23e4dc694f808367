"""Half-finished authorizations: what was started, by whom, in which browser, and where its code may go.

The state is 256 random bits that only the browser holds; here stands its digest. It is good once and for ten
minutes, and it is taken away before anything is done with what came along with it.

Source: RFC 6749 section 10.12, RFC 7636, RFC 9700 sections 2.1 and 4.7.
"""

from __future__ import annotations

import hashlib
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

from msgspec import Struct, json

from trunkline.core.connections.clients import Client
from trunkline.core.connections.configuration import Configuration
from trunkline.core.connections.freshness import later
from trunkline.core.connections.queries import BY_ID, EXPIRED_STATES, STATE
from trunkline.core.connections.saving import Wanted
from trunkline.core.connections.sealed import STATE_VERIFIER
from trunkline.core.connections.tables import oauth_states
from trunkline.core.providers import FLOW_PARAMETERS
from trunkline.infra.db import Tx
from trunkline.infra.vault import Vault
from trunkline.infra.vault.store import DatabaseKeyStore
from trunkline.kit.secret import Secret
from trunkline.kit.strictjson import encode

STATE_BYTES = 32
STATE_LIFE_S = 600
OPENID = "openid"
UNOPENED = "unopened"  # the binding of what waits for its browser; no digest is spelled so


class State(Struct, frozen=True):
    """What was started, in the order of the statement's columns.

    Attributes:
        id: digest of the state.
        binding: digest of what the browser session is known by, or `UNOPENED`; None where it was started outside
            of one and is not to be tied to one.
        integration_id, provider: what is to be connected, one of them.
        configuration: fingerprint of the integration's endpoints and client.
        opener: origin of the page that began it.
        request: JSON of what the connection is to be.
    """

    id: str
    organization_id: str
    workspace_id: str
    integration_id: str | None
    provider: str | None
    user_id: str
    connection_id: str | None
    binding: str | None
    configuration: str
    redirect_uri: str
    return_to: str | None
    opener: str | None
    verifier: str
    nonce: str | None
    request: str
    expires_at: str

    @property
    def wanted(self) -> Wanted:
        """What the connection is to be."""
        return json.decode(self.request, type=Wanted)


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """What an authorization is started with.

    Attributes:
        binding: what the browser session is known by; empty outside of one.
        to_be_opened: it is to be tied to the browser that opens it.
    """

    organization_id: str
    user_id: str
    redirect_uri: str
    return_to: str | None
    opener: str | None
    binding: str = field(repr=False)
    to_be_opened: bool = False
    wanted: Wanted


@dataclass(frozen=True, slots=True)
class Begun:
    """A fresh authorization.

    Attributes:
        state: the state itself, which is kept nowhere here.
        url: the provider's page.
    """

    state: str = field(repr=False)
    url: str = field(repr=False)


def digest(text: str) -> str:
    """How a random value is kept that only has to be recognised."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def begin(tx: Tx, vault: Vault, configuration: Configuration, client: Client, beginning: Beginning) -> Begun:
    """Write down a fresh authorization.

    Raises:
        NotConnectableError: the integration has no authorization endpoint.
        VaultError: the vault's key cannot be used.
    """
    state, verifier = secrets.token_urlsafe(STATE_BYTES), secrets.token_urlsafe(48)
    scopes = configuration.scopes or client.scopes
    nonce = nonce_of(state) if OPENID in scopes else None
    asked_with = Secret(verifier) if configuration.pkce else None
    url = authorization_url(configuration, client, beginning.redirect_uri, state, asked_with, nonce)
    state_id = digest(state)
    wanted = beginning.wanted
    tx.insert(
        oauth_states,
        id=state_id,
        organization_id=beginning.organization_id,
        workspace_id=wanted.workspace_id,
        integration_id=configuration.source.integration_id,
        provider=configuration.source.provider,
        user_id=beginning.user_id,
        connection_id=wanted.connection_id,
        binding=_binding(beginning),
        configuration=configuration.fingerprint,
        redirect_uri=beginning.redirect_uri,
        return_to=beginning.return_to,
        opener=beginning.opener,
        verifier=vault.seal(
            DatabaseKeyStore(tx),
            beginning.organization_id,
            STATE_VERIFIER.place(state_id),
            Secret(verifier if configuration.pkce else ""),
        ),
        nonce=None if nonce is None else digest(nonce),
        request=encode(wanted),
        created_at=tx.now,
        expires_at=later(tx.now, STATE_LIFE_S),
    )
    return Begun(state, url)


def _binding(beginning: Beginning) -> str | None:
    if beginning.binding:
        return digest(beginning.binding)
    return UNOPENED if beginning.to_be_opened else None


def nonce_of(state: str) -> str:
    """OpenID's nonce of an authorization, which only who holds its state can tell.

    Source: OpenID Connect Core 15.5.2 (a digest of what the browser alone holds).
    """
    return digest(f"nonce {state}")


def authorization_url(
    configuration: Configuration,
    client: Client,
    redirect_uri: str,
    state: str,
    verifier: Secret | None,
    nonce: str | None,
) -> str:
    """The authorization endpoint with everything it is asked; without a verifier, there is no challenge.

    What the client's registration has said besides stands for what the provider's definition says under the same
    name, and never for what the platform says itself.

    Raises:
        NotConnectableError: the integration has no authorization endpoint.
    """
    endpoint = configuration.require("authorization_url")
    scopes = configuration.scopes or client.scopes
    said = {**configuration.authorize_params, **client.authorize_params}
    asked = {
        **{name: value for name, value in said.items() if name.lower() not in FLOW_PARAMETERS},
        "response_type": "code",
        "client_id": client.id,
        "redirect_uri": redirect_uri,
        "state": state,
    }
    if scopes:
        asked["scope"] = configuration.scope_separator.join(scopes)
    if verifier is not None:
        asked |= {"code_challenge": challenge_of(verifier.reveal()), "code_challenge_method": "S256"}
    if nonce is not None:
        asked["nonce"] = nonce
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(asked, quote_via=quote)}"


def challenge_of(verifier: str) -> str:
    """What a code verifier is known by beforehand."""
    return urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def is_known(tx: Tx, state: str) -> bool:
    """Whether such an authorization was started here, so that what was not costs no write."""
    return tx.one(State, STATE, id=digest(state)) is not None


def find(tx: Tx, state: str) -> State | None:
    """A started authorization; None where there is none or it has expired."""
    found = tx.one(State, STATE, id=digest(state))
    return found if found is not None and found.expires_at > tx.now else None


def burn(tx: Tx, state: str) -> State | None:
    """Take a started authorization away; None where there is none, it has expired, or somebody just took it.

    Whatever is found wrong with it afterwards, it is gone: the transaction must be committed.
    """
    found = tx.one(State, STATE, id=digest(state))
    if found is None or not take(tx, found):
        return None
    return found if found.expires_at > tx.now else None


def take(tx: Tx, state: State) -> bool:
    """Take one away that was found; False where somebody just did."""
    return tx.delete(oauth_states, BY_ID, id=state.id) == 1


def open_verifier(tx: Tx, vault: Vault, state: State) -> Secret | None:
    """PKCE's verifier of a started authorization; None for a provider that refuses it.

    Raises:
        VaultError: it does not open.
    """
    place = STATE_VERIFIER.place(state.id)
    verifier = vault.open(DatabaseKeyStore(tx), state.organization_id, place, state.verifier)
    return verifier if verifier.reveal() else None


def forget_expired_states(tx: Tx) -> int:
    """Remove authorizations that nobody finished; how many."""
    return tx.delete(oauth_states, EXPIRED_STATES, now=tx.now)
