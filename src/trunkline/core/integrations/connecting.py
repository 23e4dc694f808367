"""The connecting half of an integration: how its connections are made and how requests go out with them.

One JSON column holds it, `authConfig` on the platform. The members below are read; any other stays as it was
written. A draft may be incomplete: what is there must have its shape, what is missing shows when connecting.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from trunkline.core.integrations.credentials import credentials_in
from trunkline.core.integrations.templates import (
    check_header_name,
    check_headers,
    check_template,
)
from trunkline.core.integrations.token_exchange import (
    MAX_URL,
    TOKEN_LIFE_MAX_S,
    TokenExchange,
    check_exchange,
    check_pointer,
    check_url,
)
from trunkline.infra.http import InvalidUrlError, parse_target
from trunkline.kit.errors import InvalidRequestError, Problem

AuthType = Literal["oauth2", "api_key", "basic", "bearer", "token_exchange", "custom", "none"]
AUTH_TYPES = ("oauth2", "api_key", "basic", "bearer", "token_exchange", "custom", "none")
MODES = ("per_user", "shared")
MAX_SHORT = 1_000  # characters of names, scopes and parameters
MAX_ITEMS = 100  # parameters, hosts, substitutions

# What an authorization request says by itself; a parameter of the integration must not say otherwise.
_FLOW_PARAMETERS = frozenset(
    {
        "client_id",
        "client_secret",
        "code_challenge",
        "code_challenge_method",
        "redirect_uri",
        "request",
        "request_uri",
        "response_mode",
        "response_type",
        "scope",
        "state",
    }
)
# Other names that published configurations use for the same things.
_ALSO = {"authHeaderName": "apiKeyName", "authValuePrefix": "apiKeyPrefix"}
_PATH = "authConfig"
_LEAK = (
    "looks like a credential; keep it as a connection's credential or the integration's own secret instead"
)


class AccountProbe(msgspec.Struct, frozen=True, rename="camel"):
    """Where the upstream tells whose account a connection is: a request and JSON pointers into its answer."""

    path: str
    method: Literal["GET", "POST"] = "GET"
    id: str | None = None
    email: str | None = None
    name: str | None = None


class HealthProbe(msgspec.Struct, frozen=True, rename="camel"):
    """A request that succeeds while a connection works; without `status`, any 2xx is success."""

    path: str
    method: Literal["GET", "POST", "HEAD"] = "GET"
    status: int | None = None


class ConnectConfig(msgspec.Struct, frozen=True, rename="camel"):
    """What the platform reads of an integration's connecting half.

    Attributes:
        type: how requests are authenticated; `custom` as the provider says.
        provider: name in the provider catalog, for what is not said here.
        mode: whether every user connects an account of their own or all share one.
        grant: of OAuth.
        scope: what to ask for, separated by `scope_separator`.
        authorize_params: further parameters of the authorization request.
        basic_token_auth: whether the token endpoint takes the client's credentials as Basic, not in the body.
        api_key_location, api_key_name, api_key_prefix: how an API key is sent.
        api_base_uri: where requests go; the credential never leaves its origin and those of `allowed_hosts`.
        headers: sent with every request; values may hold variables.
        allowed_hosts: further `host` or `host:port` the credential may be sent to, over https.
        exchange: of type token_exchange.
        substitutions: values for the placeholders of the provider's URLs.
    """

    type: AuthType = "none"
    provider: str | None = None
    mode: Literal["per_user", "shared"] = "per_user"
    grant: Literal["authorization_code", "client_credentials"] = "authorization_code"
    auth_uri: str | None = None
    token_uri: str | None = None
    revocation_uri: str | None = None
    scope: str = ""
    scope_separator: str = " "
    authorize_params: dict[str, str] = {}
    basic_token_auth: bool = False
    client_id: str | None = None
    api_key_location: Literal["header", "query"] = "header"
    api_key_name: str = "X-API-Key"
    api_key_prefix: str = ""
    api_base_uri: str | None = None
    headers: dict[str, str] = {}
    allowed_hosts: list[str] = []
    account: AccountProbe | None = None
    health: HealthProbe | None = None
    exchange: TokenExchange | None = None
    substitutions: dict[str, str] = {}


def read_connect(auth_config: Mapping[str, Any]) -> ConnectConfig:
    """Read the connecting half of an integration, draft or published.

    Null members count as absent. `type` and `mode` are read in any case and with or without their separator, so
    that `apikey`, `apiKey` and `api_key` are one, and `per-user` and `perUser`. A list of `scopes` stands for
    `scope`, `authHeaderName` and `authValuePrefix` for how an API key is sent.

    Raises:
        InvalidRequestError: a member of the wrong type, an unknown type or mode, what is no absolute URL, or
            headers that could not be sent.

    Source: seed 003, POST /api/integrations.
    """
    given = {name: value for name, value in auth_config.items() if value is not None}
    for other, name in _ALSO.items():
        if other in given:
            given.setdefault(name, given[other])
    given["type"] = _choice(given.get("type", "none"), AUTH_TYPES, "type")
    given["mode"] = _choice(given.get("mode", "per_user"), MODES, "mode")
    if "scope" not in given and _are_texts(given.get("scopes")):
        given["scope"] = str(given.get("scopeSeparator", " ")).join(given["scopes"])
    try:
        config = msgspec.convert(given, ConnectConfig)
    except msgspec.ValidationError as error:
        message, _, place = str(error).partition(" - at `$")
        raise InvalidRequestError.at(
            _PATH + place.removesuffix("`").replace("[...]", "[]"), message
        ) from error
    _check_texts(config)
    _check_urls(config)
    _check_sending(config)
    _check_probes(config)
    return config


def needs_auth(auth_config: Mapping[str, Any]) -> bool:
    """Whether an install must bring a connection."""
    return bool(_folded(auth_config.get("type") or "none") != "none")


def check_auth_config(auth_config: Mapping[str, Any]) -> ConnectConfig:
    """Check what is about to be saved: that it can be read and believed, and that no credential stands in it.

    Raises:
        InvalidRequestError: any of it does not hold.
    """
    config = read_connect(auth_config)
    _check_lifetimes(auth_config, config)
    problems = [Problem(path, _LEAK) for path in credentials_in(auth_config, _PATH)]
    if problems:
        raise InvalidRequestError(f"{problems[0].path}: {problems[0].message}", *problems)
    return config


def _check_lifetimes(auth_config: Mapping[str, Any], config: ConnectConfig) -> None:
    """Only where it is saved: what an earlier release has saved goes on working, and is believed so far."""
    stated = {
        "tokenLifetimeS": auth_config.get("tokenLifetimeS"),
        "exchange.expiresInS": None if config.exchange is None else config.exchange.expires_in_s,
    }
    for member, seconds in stated.items():
        if isinstance(seconds, int) and seconds > TOKEN_LIFE_MAX_S:
            raise _refused(member, f"must be at most {TOKEN_LIFE_MAX_S} seconds")


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _choice(value: Any, choices: tuple[str, ...], member: str) -> str:
    for choice in choices:
        if isinstance(value, str) and _folded(value) == _folded(choice):
            return choice
    raise InvalidRequestError.at(f"{_PATH}.{member}", f"must be one of {', '.join(choices)}")


def _folded(text: Any) -> str:
    return str(text).replace("_", "").replace("-", "").lower()


def _check_texts(config: ConnectConfig) -> None:
    for member in ("provider", "client_id", "scope", "scope_separator", "api_key_name", "api_key_prefix"):
        value = getattr(config, member)
        if value is not None and (len(value) > MAX_SHORT or not value.isprintable()):
            raise _refused(_camel(member), f"must be at most {MAX_SHORT} printable characters")
    for member in ("authorize_params", "substitutions"):
        values: Mapping[str, str] = getattr(config, member)
        texts = [*values, *values.values()]
        if len(values) > MAX_ITEMS or any(len(text) > MAX_SHORT for text in texts):
            raise _refused(_camel(member), f"must be at most {MAX_ITEMS} members of {MAX_SHORT} characters")
    for name in config.authorize_params:
        if name.lower() in _FLOW_PARAMETERS:
            raise _refused(f"authorizeParams.{name}", "is said by the authorization request itself")
    if len(config.scope_separator) != 1:
        raise _refused("scopeSeparator", "must be one character")


def _check_urls(config: ConnectConfig) -> None:
    for member in ("auth_uri", "token_uri", "revocation_uri", "api_base_uri"):
        value = getattr(config, member)
        if value is not None:
            check_url(value, f"{_PATH}.{_camel(member)}")
    if config.api_base_uri is not None and "?" in config.api_base_uri:
        raise _refused("apiBaseUri", "must have no query: requests add their own")
    if len(config.allowed_hosts) > MAX_ITEMS:
        raise _refused("allowedHosts", f"more than {MAX_ITEMS} items")
    for i, host in enumerate(config.allowed_hosts):
        _check_host(host, f"allowedHosts[{i}]")


def _check_host(host: str, member: str) -> None:
    try:
        alone = parse_target(f"https://{host}").url == f"https://{host.lower().removesuffix(':443')}/"
    except InvalidUrlError as error:
        raise _refused(member, error.message) from error
    if not alone:
        raise _refused(member, "must be a host or host:port and nothing else")


def _check_sending(config: ConnectConfig) -> None:
    check_headers(config.headers, f"{_PATH}.headers", may_authorize=config.type == "none")
    if config.api_key_location == "header":
        check_header_name(f"{_PATH}.apiKeyName", config.api_key_name)
    elif not config.api_key_name:
        raise _refused("apiKeyName", "must not be empty")
    check_template(f"{_PATH}.apiKeyPrefix", config.api_key_prefix, ())
    if config.type == "custom" and config.provider is None:
        raise _refused("provider", "is required: it says what a custom authentication is")
    if config.exchange is not None:
        check_exchange(config.exchange, f"{_PATH}.exchange")


def _check_probes(config: ConnectConfig) -> None:
    for member in ("account", "health"):
        probe = getattr(config, member)
        if probe is not None and not (probe.path.startswith("/") and len(probe.path) <= MAX_URL):
            raise _refused(f"{member}.path", "must begin with a slash: it is a path below apiBaseUri")
    if config.account is not None:
        for member in ("id", "email", "name"):
            check_pointer(getattr(config.account, member), f"{_PATH}.account.{member}")


def _refused(member: str, message: str) -> InvalidRequestError:
    return InvalidRequestError.at(f"{_PATH}.{member}", message)


def _camel(member: str) -> str:
    first, *rest = member.split("_")
    return first + "".join(part.capitalize() for part in rest)
