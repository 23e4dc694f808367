"""How one connection authenticates: its integration's connecting half, completed from the provider it names.

A connection may be one of a provider itself, without an integration; then the provider says everything. At home, in the integration's own workspace, the draft counts; everywhere else, what is published. So a publisher
tries out a change on their own connections, and nobody else's change before it is published.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from msgspec import UNSET, json

from trunkline.core.connections.errors import NotConnectableError
from trunkline.core.connections.freshness import LIFE_MAX_S
from trunkline.core.integrations import (
    AccountProbe,
    ConnectConfig,
    HealthProbe,
    TokenExchange,
    read_connect,
)
from trunkline.core.providers import (
    CustomAuth,
    ProviderDefinition,
    StoredProvider,
    filled,
    stored_provider,
)
from trunkline.infra.db import Tx
from trunkline.infra.http import InvalidUrlError, Origin
from trunkline.kit.errors import InvalidRequestError
from trunkline.kit.strictjson import content_hash, encode

CODE = "authorization_code"
CLIENT = "client_credentials"
PASSWORD = "password"  # noqa: S105  # a grant
OWN_GRANTS = (CLIENT, PASSWORD)  # what was given once gets a token at any time


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What connections are made to, as far as they read it: an integration, or a provider itself.

    Attributes:
        integration_id: None where it is a provider.
        home_id: the workspace it is made in, whose provider apps it uses; of a provider, the one whose group the
            connection's workspace is, or that workspace itself.
        auth_config: its connecting half, as JSON; of a provider, as an integration would have it that leaves
            everything to the provider.
    """

    integration_id: str | None
    name: str
    organization_id: str
    home_id: str
    auth_config: str

    @property
    def called(self) -> str:
        """What sentences call it."""
        return f"the {'provider' if self.integration_id is None else 'integration'} {self.name}"

    @property
    def provider(self) -> str | None:
        """The provider where it is one; None where it is an integration."""
        return self.name if self.integration_id is None else None


@lru_cache(maxsize=512)
def provided(provider: str, *, organization_id: str, workspace_id: str, owner_id: str | None) -> Source:
    """A provider as connections in a workspace see it.

    Args:
        provider: name in the catalog.
        organization_id: of the workspace.
        workspace_id: where the connection is.
        owner_id: the project whose group the workspace is; None where it is none.
    """
    # Nobody logs in to a group, so nobody there has a connection of their own.
    config = {"provider": provider} if owner_id is None else {"mode": "shared", "provider": provider}
    return Source(
        integration_id=None,
        name=provider,
        organization_id=organization_id,
        home_id=owner_id or workspace_id,
        auth_config=encode(config),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """Everything that is not secret about how a connection authenticates.

    Attributes:
        scheme: how requests are authenticated.
        grant_type: of oauth2.
        provider: name in the catalog.
        base_url: where requests go, without a slash at its end; None where the integration does not say.
        provider_origins: where the provider itself has its token and revocation endpoints.
        issuer: the authorization server's own name; None where it is not known.
        custom: what the owner is asked for, and where it goes; of the custom scheme.
        lifetime_s: of tokens whose provider does not say; None where nobody does.
        api_origins: where requests may take the credential.
        origins: everybody who comes to see it or what leads to it: what an owner consents to.
    """

    source: Source
    scheme: str
    grant_type: str | None = None
    mode: str = "per_user"
    provider: str | None = None
    base_url: str | None = None
    authorization_url: str | None = None
    token_url: str | None = None
    revocation_url: str | None = None
    provider_origins: frozenset[Origin] = frozenset()
    issuer: str | None = None
    scopes: tuple[str, ...] = ()
    scope_separator: str = " "
    authorize_params: Mapping[str, str] = field(default_factory=dict)
    pkce: bool = True
    token_auth: str = "body"  # noqa: S105  # a place in a request
    client_id: str | None = None
    lifetime_s: int | None = None
    api_key_in: str = "header"
    api_key_name: str = "X-API-Key"
    api_key_prefix: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    custom: CustomAuth | None = None
    allowed_hosts: tuple[str, ...] = ()
    account: AccountProbe | None = None
    health: HealthProbe | None = None
    exchange: TokenExchange | None = None
    api_origins: frozenset[Origin] = frozenset()
    origins: tuple[str, ...] = ()

    @property
    def client_origins(self) -> frozenset[Origin]:
        """Who comes to see the client's secret."""
        return frozenset(Origin.of(url) for url in (self.token_url, self.revocation_url) if url is not None)

    @property
    def fingerprint(self) -> str:
        """Digest of where an authorization sends what it gets, and as whom."""
        return content_hash(
            [
                self.authorization_url,
                self.token_url,
                self.client_id,
                self.issuer,
                self.token_auth,
                self.origins,
            ]
        )

    def require(self, member: str) -> str:
        """A member that connecting cannot do without.

        Raises:
            NotConnectableError: the integration does not have it.
        """
        value: str | None = getattr(self, member)
        if value is None:
            raise NotConnectableError(f"{self.source.called} has no {member.replace('_', ' ')}")
        return value


def configuration_of(tx: Tx, source: Source, parameters: Mapping[str, str]) -> Configuration:
    """How connections of an integration authenticate, given what their owner filled in.

    Raises:
        NotConnectableError: the connecting half cannot be read or names an unknown provider, or a URL of it
            cannot be one.
        InvalidRequestError: a parameter is missing or malformed.
    """
    config, _ = _read(source)
    stored = _provider(tx, source, config)
    # Both rows are read every time; what is remembered is only what follows from texts that have not changed.
    return _alone(source) if stored is None else _provided(source, stored, frozenset(parameters.items()))


def parameters_for(tx: Tx, source: Source, given: Mapping[str, str]) -> Mapping[str, str]:
    """Those of the values an owner gives that the integration's provider has a place for.

    Raises:
        InvalidRequestError: a name that is no placeholder, or one the integration fills in itself.
        NotConnectableError: the connecting half cannot be read.
    """
    config, _ = _read(source)
    stored = _provider(tx, source, config)
    known = set() if stored is None else {one.name for one in stored.definition.substitutions}
    for name in given:
        if name not in known or name in config.substitutions:
            raise InvalidRequestError.at(f"parameters.{name[:100]}", f"is not asked for by {source.called}")
    return dict(given)


@lru_cache(maxsize=512)
def _parsed(auth_config: str) -> tuple[ConnectConfig, Mapping[str, Any]]:
    given: dict[str, Any] = json.decode(auth_config)
    return read_connect(given), given


@lru_cache(maxsize=512)
def _alone(source: Source) -> Configuration:
    """The configuration of an integration that leaves nothing to a provider."""
    return _bound(_completed(source, *_read(source), None))


@lru_cache(maxsize=512)
def _provided(
    source: Source, stored: StoredProvider, parameters: frozenset[tuple[str, str]]
) -> Configuration:
    """The configuration of an integration that leaves the rest to a provider."""
    config, given = _read(source)
    definition = stored.definition
    values = {**dict(parameters), **config.substitutions}
    for one in definition.substitutions:
        if one.default is None and one.name not in values:
            raise InvalidRequestError.at(f"parameters.{one.name}", "is required by the provider")
    return _bound(_completed(source, config, given, filled(definition, values)))


def _bound(configuration: Configuration) -> Configuration:
    """The configuration with whom it speaks to."""
    urls = [f"https://{host}" for host in configuration.allowed_hosts]
    if configuration.base_url is not None:
        urls.append(configuration.base_url)
    login = [configuration.authorization_url, configuration.token_url, configuration.revocation_url]
    if configuration.exchange is not None:
        login.append(configuration.exchange.url)
    try:
        api = frozenset(map(Origin.of, urls))
        others = {Origin.of(url) for url in login if url is not None}
    except InvalidUrlError as error:
        called = configuration.source.called
        raise NotConnectableError(f"{called} names a bad URL: {error.message}") from error
    return replace(configuration, api_origins=api, origins=tuple(sorted(map(str, api | others))))


def _read(source: Source) -> tuple[ConnectConfig, Mapping[str, Any]]:
    try:
        return _parsed(source.auth_config)
    except InvalidRequestError as error:
        raise NotConnectableError(f"{source.called} cannot be connected: {error.message}") from error


def _provider(tx: Tx, source: Source, config: ConnectConfig) -> StoredProvider | None:
    if config.provider is None:
        return None
    found = stored_provider(tx, source.organization_id, config.provider)
    if found is None:
        if source.provider is not None:
            raise NotConnectableError(f"{source.called} does not exist any more")
        raise NotConnectableError(f"{source.called} names a provider that does not exist")
    return found


def _completed(
    source: Source,
    config: ConnectConfig,
    given: Mapping[str, Any],
    definition: ProviderDefinition | None,
) -> Configuration:
    """The integration's own words first, then its provider's, then what goes without saying."""
    auth = None if definition is None else definition.auth
    says = {name for name, value in given.items() if value is not None}

    def chosen(member: str, own: Any, provided: Any) -> Any:
        return own if auth is None or member in says else provided

    scheme = chosen("type", config.type, auth and auth.scheme)
    scopes = tuple(filter(None, config.scope.split(config.scope_separator)))
    base_url = config.api_base_uri or (definition.base_url if definition is not None else None)
    lifetime = given.get("tokenLifetimeS")
    issuer = given.get("issuer")
    return Configuration(
        source=source,
        scheme=scheme,
        grant_type=chosen("grant", config.grant, auth and auth.grant) if scheme == "oauth2" else None,
        mode=config.mode,
        provider=config.provider,
        base_url=None if base_url is None else base_url.rstrip("/"),
        authorization_url=config.auth_uri or (auth.authorization_url if auth else None),
        token_url=config.token_uri or (auth.token_url if auth else None),
        revocation_url=config.revocation_uri or (auth.revocation_url if auth else None),
        provider_origins=_login_origins(definition),
        issuer=issuer if isinstance(issuer, str) else None,
        scopes=scopes or tuple(auth.default_scopes if auth else ()),
        scope_separator=chosen("scopeSeparator", config.scope_separator, auth and auth.scope_separator),
        authorize_params={**(auth.authorize_params if auth else {}), **config.authorize_params},
        pkce=auth.pkce if auth else True,
        token_auth=chosen(
            "basicTokenAuth", "basic" if config.basic_token_auth else "body", auth and auth.token_auth
        ),
        client_id=config.client_id,
        lifetime_s=min(lifetime, LIFE_MAX_S) if isinstance(lifetime, int) and lifetime > 0 else None,
        api_key_in=chosen("apiKeyLocation", config.api_key_location, auth and auth.api_key_in),
        api_key_name=chosen("apiKeyName", config.api_key_name, auth and auth.api_key_name),
        api_key_prefix=chosen("apiKeyPrefix", config.api_key_prefix, auth and auth.api_key_prefix),
        headers=config.headers,
        custom=None if auth is None or auth.custom is UNSET else auth.custom,
        allowed_hosts=tuple(config.allowed_hosts),
        account=config.account or _account(definition),
        health=config.health or _health(definition),
        exchange=config.exchange,
    )


def _login_origins(definition: ProviderDefinition | None) -> frozenset[Origin]:
    if definition is None:
        return frozenset()
    urls = (definition.auth.token_url, definition.auth.revocation_url)
    return frozenset(Origin.of(url) for url in urls if url is not None)


def _account(definition: ProviderDefinition | None) -> AccountProbe | None:
    found = None if definition is None else definition.account
    if found is None:
        return None
    return AccountProbe(path=found.path, method=found.method, id=found.id, email=found.email, name=found.name)


def _health(definition: ProviderDefinition | None) -> HealthProbe | None:
    found = None if definition is None else definition.health
    return None if found is None else HealthProbe(path=found.path, method=found.method)
