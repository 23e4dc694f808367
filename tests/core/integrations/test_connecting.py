"""How the connecting half of an integration is read."""

from __future__ import annotations

from typing import Any

import pytest

from trunkline.core.integrations import ConnectConfig, needs_auth, read_connect
from trunkline.core.integrations.connecting import check_auth_config
from trunkline.kit.errors import InvalidRequestError

GOOGLE = {
    "type": "oauth2",
    "mode": "per-user",
    "scope": "https://www.googleapis.com/auth/drive.readonly",
    "authUri": "https://accounts.google.com/o/oauth2/v2/auth",
    "tokenUri": "https://oauth2.googleapis.com/token",
    "revocationUri": "https://oauth2.googleapis.com/revoke",
    "apiBaseUri": "https://www.googleapis.com/drive/v3",
    "clientId": "123456789-abcdefg.apps.googleusercontent.com",
    "authorizeParams": {"access_type": "offline"},
    "account": {"path": "/about", "id": "/user/permissionId", "email": "/user/emailAddress"},
    "unknown": {"kept": [1]},
}
LOGIN: dict[str, Any] = {
    "url": "https://api.example.com/login",
    "inputs": ["username", "password"],
    "body": {"username": "${credential.username}", "password": "${credential.password}"},
    "tokenPointer": "/data/token",
    "expiresInS": 3600,
}
EXCHANGE = {"type": "token_exchange", "exchange": LOGIN}


def refusal(config: dict[str, Any]) -> str:
    with pytest.raises(InvalidRequestError) as refused:
        check_auth_config(config)
    return refused.value.details[0].path


def test_nothing_given_is_no_authentication() -> None:
    config = read_connect({})
    assert config == ConnectConfig()
    assert (config.type, config.mode, config.api_key_name, config.api_key_location) == (
        "none",
        "per_user",
        "X-API-Key",
        "header",
    )
    assert not needs_auth({})


def test_reads_the_members_it_knows_and_passes_over_the_others() -> None:
    config = read_connect(GOOGLE)
    assert config.type == "oauth2"
    assert config.mode == "per_user"
    assert config.token_uri == "https://oauth2.googleapis.com/token"
    assert config.authorize_params == {"access_type": "offline"}
    assert config.account is not None
    assert (config.account.method, config.account.name) == ("GET", None)
    assert needs_auth(GOOGLE)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("apikey", "api_key"),
        ("apiKey", "api_key"),
        ("API_KEY", "api_key"),
        ("OAuth2", "oauth2"),
        ("Basic", "basic"),
        ("bearer", "bearer"),
        ("token-exchange", "token_exchange"),
        ("NONE", "none"),
    ],
)
def test_types_are_compared_in_any_case(written: str, read: str) -> None:
    more = {"exchange": LOGIN} if read == "token_exchange" else {}
    assert read_connect({"type": written, **more}).type == read
    assert needs_auth({"type": written}) is (read != "none")


def test_null_counts_as_absent() -> None:
    nothing = dict.fromkeys(("type", "mode", "scope", "headers", "apiKeyName", "account", "allowedHosts"))
    assert read_connect(nothing) == ConnectConfig()


def test_names_that_other_publishers_use_are_understood() -> None:
    config = read_connect(
        {
            "type": "api_key",
            "authHeaderName": "Authorization",
            "authValuePrefix": "Token ",
            "scopes": ["a", "b"],
        }
    )
    assert (config.api_key_name, config.api_key_prefix, config.scope) == ("Authorization", "Token ", "a b")
    assert read_connect({"scopes": ["a", "b"], "scope": "c"}).scope == "c"
    assert read_connect({"scopes": {"a": "asked freely"}}).scope == ""


def test_a_token_exchange_is_data() -> None:
    exchange = check_auth_config(EXCHANGE).exchange
    assert exchange is not None
    assert (exchange.method, exchange.body_format, exchange.header_name) == ("POST", "json", "Authorization")


@pytest.mark.parametrize(
    ("config", "path"),
    [
        ({"type": "oauth1"}, "authConfig.type"),
        ({"type": 5}, "authConfig.type"),
        ({"mode": "everyone"}, "authConfig.mode"),
        ({"grant": "password"}, "authConfig.grant"),
        ({"grant": "implicit"}, "authConfig.grant"),
        ({"authUri": "accounts.example.com"}, "authConfig.authUri"),
        ({"tokenUri": "javascript:alert(1)"}, "authConfig.tokenUri"),
        ({"tokenUri": "https://user:pw@example.com/token"}, "authConfig.tokenUri"),
        ({"revocationUri": "https://example.com/#x"}, "authConfig.revocationUri"),
        ({"apiBaseUri": "https://127.1/"}, "authConfig.apiBaseUri"),
        ({"apiBaseUri": "https://example.com/v1?key=1"}, "authConfig.apiBaseUri"),
        ({"apiBaseUri": "https://example.com/" + "x" * 2_000}, "authConfig.apiBaseUri"),
        ({"allowedHosts": ["https://example.com"]}, "authConfig.allowedHosts[0]"),
        ({"allowedHosts": ["ok.example.com", "example.com/path"]}, "authConfig.allowedHosts[1]"),
        ({"allowedHosts": ["evil.example@example.com"]}, "authConfig.allowedHosts[0]"),
        ({"allowedHosts": ["*.example.com"]}, "authConfig.allowedHosts[0]"),
        ({"headers": {"X": 5}}, "authConfig.headers[]"),
        ({"headers": {"Host": "x"}}, "authConfig.headers.Host"),
        ({"headers": {"X": "${env.HOME}"}}, "authConfig.headers.X"),
        ({"type": "bearer", "headers": {"Authorization": "x"}}, "authConfig.headers.Authorization"),
        ({"authorizeParams": {"State": "mine"}}, "authConfig.authorizeParams.State"),
        (
            {"authorizeParams": {"redirect_uri": "https://evil.example"}},
            "authConfig.authorizeParams.redirect_uri",
        ),
        ({"scopeSeparator": ""}, "authConfig.scopeSeparator"),
        ({"scope": "a\nb"}, "authConfig.scope"),
        ({"apiKeyName": "X Y"}, "authConfig.apiKeyName"),
        ({"apiKeyName": "Cookie"}, "authConfig.apiKeyName"),
        ({"apiKeyLocation": "query", "apiKeyName": ""}, "authConfig.apiKeyName"),
        ({"apiKeyLocation": "body"}, "authConfig.apiKeyLocation"),
        ({"apiKeyPrefix": "a\r\nb"}, "authConfig.apiKeyPrefix"),
        ({"apiKeyPrefix": "${user.email} "}, "authConfig.apiKeyPrefix"),
        ({"basicTokenAuth": "yes"}, "authConfig.basicTokenAuth"),
        ({"account": {"id": "/id"}}, "authConfig.account"),
        ({"account": {"path": "https://example.com/me"}}, "authConfig.account.path"),
        ({"account": {"path": "/me", "id": "id"}}, "authConfig.account.id"),
        ({"health": {"path": "ping"}}, "authConfig.health.path"),
        ({"exchange": {"url": "https://x.example"}}, "authConfig.exchange"),
        ({"exchange": LOGIN | {"url": "x"}}, "authConfig.exchange.url"),
        ({"exchange": LOGIN | {"inputs": []}}, "authConfig.exchange.inputs"),
        ({"exchange": LOGIN | {"body": {"a": "${user.email}"}}}, "authConfig.exchange.body.a"),
        (
            {"exchange": LOGIN | {"body": {"a": "${credential.pin}"}}},
            "authConfig.exchange.body.a",
        ),
        ({"exchange": LOGIN | {"headers": {"Host": "a"}}}, "authConfig.exchange.headers.Host"),
        ({"exchange": LOGIN | {"expiresInS": 0}}, "authConfig.exchange.expiresInS"),
        ({"exchange": LOGIN | {"expiresInS": 10**17}}, "authConfig.exchange.expiresInS"),
        ({"exchange": LOGIN | {"expiresInS": 157_680_001}}, "authConfig.exchange.expiresInS"),
        ({"tokenLifetimeS": 157_680_001}, "authConfig.tokenLifetimeS"),
        ({"exchange": LOGIN | {"tokenPointer": "token"}}, "authConfig.exchange.tokenPointer"),
        ({"clientSecret": "hunter2hunter2"}, "authConfig.clientSecret"),
        ({"apiKey": "k"}, "authConfig.apiKey"),
        ({"nested": [{"refresh_token": "r"}]}, "authConfig.nested[0].refresh_token"),
        ({"clientId": "ghp_" + "a" * 36}, "authConfig.clientId"),
        ({"headers": {"X-Api-Key": "0123456789abcdef"}}, "authConfig.headers.X-Api-Key"),
        ({"headers": {"Authorization": "Basic dXNlcjpwYXNz"}}, "authConfig.headers.Authorization"),
    ],
)
def test_refuses_what_cannot_be_connected_with_or_holds_a_credential(
    config: dict[str, Any], path: str
) -> None:
    assert refusal(config) == path


@pytest.mark.parametrize(
    "config",
    [
        GOOGLE,
        EXCHANGE,
        {"apiBaseUri": "http://127.0.0.1:9000/api"},
        {"allowedHosts": ["files.example.com", "example.com:8443", "[2001:db8::1]:444"]},
        {"headers": {"X-Atlassian-Token": "no-check", "X-User-Token": "${user.badge}"}},
        {"type": "none", "headers": {"Authorization": "Custom ${user.username}"}},
        {"clientSecret": ""},
        {"apiKeyLocation": "query", "apiKeyName": "key"},
    ],
)
def test_takes_what_real_integrations_say(config: dict[str, Any]) -> None:
    check_auth_config(config)
