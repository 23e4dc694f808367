"""As whom the platform speaks to an authorization server: the integration's own client, or its provider app.

A client's secret is bound to the servers it was given for, like a connection's credential: who may edit an
integration's endpoints may not make them read the secret that somebody else has put there.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from msgspec import json

from trunkline.core.connections.configuration import Configuration
from trunkline.core.connections.errors import NotConnectableError
from trunkline.core.connections.queries import CLIENT_SECRETS
from trunkline.core.connections.sealed import API_KEY, CLIENT_SECRET
from trunkline.core.providers import app_of
from trunkline.infra.db import Tx
from trunkline.infra.http import Origin
from trunkline.infra.vault import SealedColumn, Vault
from trunkline.infra.vault.store import DatabaseKeyStore
from trunkline.kit.secret import Secret

CLIENT_ID, GIVEN_SECRET = "clientId", "clientSecret"


@dataclass(frozen=True, slots=True)
class Client:
    """An OAuth client; a public one has no secret.

    Attributes:
        scopes: what its registration asks for, where the integration does not say.
        authorize_params: what its authorizations say besides; see `authorization_url`.
    """

    id: str
    secret: Secret | None = None
    scopes: tuple[str, ...] = ()
    authorize_params: Mapping[str, str] = field(default_factory=dict)


def client_of(
    tx: Tx, vault: Vault, configuration: Configuration, given: Mapping[str, Secret] | None = None
) -> Client:
    """The client of a connection: given with it, else the integration's, else the workspace's provider app.

    Raises:
        NotConnectableError: there is none, or its secret was given for other servers than are named now.
        VaultError: a stored secret does not open.
    """
    own = (given or {}).get(CLIENT_ID)
    if own is not None:
        return Client(own.reveal(), (given or {}).get(GIVEN_SECRET))
    source = configuration.source
    if configuration.client_id is not None:
        secret = _opened(tx, vault, configuration, CLIENT_SECRET, configuration.client_origins)
        return Client(configuration.client_id, secret)
    app = None
    if configuration.provider is not None:
        app = app_of(tx, vault, source.home_id, configuration.provider)
    if app is None:
        raise NotConnectableError(f"{source.called} has no client id, nor is there a provider app")
    if not configuration.client_origins <= configuration.provider_origins:
        raise NotConnectableError(
            f"{source.called} uses a provider app but names other endpoints than the provider's"
        )
    return Client(app.client_id, app.client_secret, tuple(app.scopes), app.authorize_params)


def api_key_of(tx: Tx, vault: Vault, configuration: Configuration) -> Secret | None:
    """The API key that the integration brings for all its connections, where it does; a provider brings none.

    Raises:
        NotConnectableError: it was given for other servers than are named now.
        VaultError: it does not open.
    """
    return _opened(tx, vault, configuration, API_KEY, configuration.api_origins)


def is_given_for(tx: Tx, integration_id: str | None, url: str) -> bool:
    """Whether the secret of an integration's client may be shown to one server, be it now or in a copy of it.

    It may where nothing is known to speak against it: the integration may be gone, and its secret with it.
    """
    found = tx.fetch(CLIENT_SECRETS, {"id": integration_id})
    return not found or _is_bound_to(found[0][4], CLIENT_SECRET, {Origin.of(url)})


def _is_bound_to(origins: str, column: SealedColumn, asking: AbstractSet[Origin]) -> bool:
    bound = json.decode(origins, type=dict[str, list[str]]).get(column.column)
    return bound is None or {str(one) for one in asking} <= set(bound)


def _opened(
    tx: Tx, vault: Vault, configuration: Configuration, column: SealedColumn, asking: frozenset[Origin]
) -> Secret | None:
    source = configuration.source
    if source.integration_id is None:
        return None
    found = tx.fetch(CLIENT_SECRETS, {"id": source.integration_id})
    if not found:
        return None
    organization_id, client_secret, api_key, generation, origins = found[0]
    sealed = client_secret if column is CLIENT_SECRET else api_key
    if sealed is None:
        return None
    if not _is_bound_to(origins, column, asking):
        raise NotConnectableError(
            f"the secret of {source.called} was given for other servers than it names now: give it again"
        )
    place = column.place(source.integration_id, generation)
    return vault.open(DatabaseKeyStore(tx), organization_id, place, sealed)
