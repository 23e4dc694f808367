"""Every scheme there is: given, tried, saved, sent."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from typing import Any

import pytest

from tests.core.connections.desk import ACCOUNT, CALLBACK, HEALTH, Desk, oauth2
from tests.core.connections.offering import define
from trunkline.core import connections
from trunkline.core.connections import (
    ConnectionPendingError,
    CredentialRefusedError,
    CredentialUntestedError,
    NeedsReauthError,
    NotConnectableError,
    RefreshUnavailableError,
    TokenRefusedError,
    WrongAccountError,
)
from trunkline.infra.http import UnreachableError
from trunkline.kit.errors import ForbiddenError, InvalidRequestError, NotFoundError
from trunkline.kit.secret import Secret

API_KEY, USER, PASSWORD, BEARER = "demo-api-key", "demo", "demo-password", "demo-bearer-token"
EXCHANGE = {
    "inputs": ["username", "password"],
    "body": {"username": "${credential.username}", "password": "${credential.password}"},
    "tokenPointer": "/token",
    "expiresInPointer": "/expiresIn",
    "headerName": "X-Session-Token",
    "headerPrefix": "",
}


def config(desk: Desk, **more: Any) -> dict[str, Any]:
    base = {"apiBaseUri": f"{desk.simulated.url}/crm", "account": ACCOUNT, "health": HEALTH, "mode": "shared"}
    return {name: value for name, value in {**base, **more}.items() if value is not None}


def exchanging(desk: Desk, **more: Any) -> dict[str, Any]:
    exchange = {**EXCHANGE, "url": f"{desk.simulated.url}/crm/sessions", **more}
    return config(desk, type="token_exchange", exchange=exchange)


def rows(desk: Desk) -> int:
    return int(desk.world.read(lambda tx: tx.value("SELECT count(*) FROM connections")))


SCHEMES: list[tuple[dict[str, Any], dict[str, str], list[tuple[str, str]], list[tuple[str, str]], str]] = [
    ({"type": "api_key"}, {"apiKey": API_KEY}, [("X-API-Key", API_KEY)], [], "…-key"),
    (
        {"type": "apiKey", "apiKeyLocation": "query", "apiKeyName": "api_key"},
        {"apiKey": API_KEY},
        [],
        [("api_key", API_KEY)],
        "…-key",
    ),
    (
        {"type": "api_key", "apiKeyName": "Authorization", "apiKeyPrefix": "Bearer "},
        {"apiKey": BEARER},
        [("Authorization", f"Bearer {BEARER}")],
        [],
        "…oken",
    ),
    ({"type": "bearer"}, {"token": BEARER}, [("Authorization", f"Bearer {BEARER}")], [], "…oken"),
    (
        {"type": "basic"},
        {"username": USER, "password": PASSWORD},
        [("Authorization", "Basic ZGVtbzpkZW1vLXBhc3N3b3Jk")],
        [],
        "",
    ),
    ({"type": "none", "health": None, "account": None}, {}, [], [], ""),
]


@pytest.mark.parametrize(("members", "given", "headers", "params", "hint"), SCHEMES)
def test_a_credential_is_tried_kept_and_sent_as_its_scheme_says(
    desk: Desk,
    members: dict[str, Any],
    given: dict[str, str],
    headers: list[tuple[str, str]],
    params: list[tuple[str, str]],
    hint: str,
) -> None:
    integration = desk.integration(config(desk, **members), secret=False)
    row = desk.connect(integration, credentials=given)
    assert (row.status, row.reason, row.refreshable, row.hint) == ("ok", None, False, hint)
    assert row.access_expires_at is None
    used = desk.use(row.id)
    assert list(used.headers) == headers
    assert list(used.params) == params
    assert used.base_url == f"{desk.simulated.url}/crm"
    assert [str(origin) for origin in used.origins] == [desk.simulated.url]
    assert desk.use(row.id, refused=1).generation == 1
    if given:
        assert row.account is not None
        assert b'"id":"user-ada"' in bytes(row.account)
    assert desk.happened(row.id) == ["created"]


@pytest.mark.parametrize(
    ("members", "given"),
    [
        ({"type": "api_key"}, {"apiKey": "wrong"}),
        ({"type": "bearer"}, {"token": "wrong"}),
        ({"type": "basic"}, {"username": USER, "password": "wrong"}),
        ({"type": "api_key", "health": None}, {"apiKey": "wrong"}),
    ],
)
def test_a_refused_credential_is_not_saved(
    desk: Desk, members: dict[str, Any], given: dict[str, str]
) -> None:
    integration = desk.integration(config(desk, **members), secret=False)
    with pytest.raises(CredentialRefusedError, match="Sim CRM refuses the credential with status 401"):
        desk.connect(integration, credentials=given)
    assert rows(desk) == 0


def test_a_credential_nobody_could_try_is_not_saved(desk: Desk) -> None:
    unreachable = config(desk, type="bearer", apiBaseUri="http://127.0.0.1:1/crm")
    with pytest.raises(CredentialUntestedError, match="could not be asked"):
        desk.connect(desk.integration(unreachable, secret=False), credentials={"token": BEARER})
    assert rows(desk) == 0


def test_a_credential_nobody_knows_how_to_try_is_saved(desk: Desk) -> None:
    untested = config(desk, type="bearer", health=None, account=None)
    row = desk.connect(desk.integration(untested, secret=False), credentials={"token": "anything"})
    assert (row.status, row.account) == ("ok", None)


BAD: list[tuple[dict[str, Any], Mapping[str, str], str]] = [
    ({"type": "api_key"}, {}, "credentials.apiKey"),
    ({"type": "api_key"}, {"apiKey": "a", "token": "b"}, "credentials.token"),
    ({"type": "api_key"}, {"apiKey": "a\r\nX-Evil: 1"}, "credentials.apiKey"),
    ({"type": "api_key"}, {"apiKey": ""}, "credentials.apiKey"),
    ({"type": "api_key"}, {"apiKey": "x" * 16_385}, "credentials.apiKey"),
    ({"type": "bearer"}, {"token": "ü"}, "credentials.token"),
    ({"type": "basic"}, {"username": "a"}, "credentials.password"),
    ({"type": "none"}, {"token": "a"}, "credentials.token"),
]


@pytest.mark.parametrize(("members", "given", "path"), BAD)
def test_what_is_no_credential_is_refused_by_name(
    desk: Desk, members: dict[str, Any], given: Mapping[str, str], path: str
) -> None:
    integration = desk.integration(config(desk, **members), secret=False)
    with pytest.raises(InvalidRequestError) as refused:
        desk.connect(integration, credentials=given)
    assert [problem.path for problem in refused.value.details] == [path]
    assert rows(desk) == 0


def test_an_integrations_own_key_serves_its_connections_and_changes_with_it(desk: Desk) -> None:
    integration = desk.integration(config(desk, type="api_key"), secret=False)
    desk.secrets(integration, api_key=Secret(API_KEY))
    row = desk.connect(integration)
    assert desk.use(row.id).headers == (("X-API-Key", API_KEY),)
    desk.secrets(integration, api_key=Secret("another"))
    assert desk.use(row.id).headers == (("X-API-Key", "another"),)


def test_client_credentials_are_renewed_like_any_other_token(desk: Desk) -> None:
    integration = desk.integration(oauth2(desk.simulated, desk.client, grant="client_credentials"))
    row = desk.connect(integration)
    assert (row.grant_type, row.refreshable, row.access_expires_at) == (
        "client_credentials",
        True,
        "2026-03-01T12:05:00.000000Z",
    )
    first = desk.token(row.id)
    desk.later(seconds=301)
    second = desk.token(row.id)
    assert first != second
    assert desk.works(second) == 200
    assert desk.client.token_calls("client_credentials") == {"issued": 2}


@pytest.mark.parametrize("profile", ["server-error-after", "cut"])
def test_a_lost_answer_to_client_credentials_is_just_asked_for_again(desk: Desk, profile: str) -> None:
    integration = desk.integration(oauth2(desk.simulated, desk.client, grant="client_credentials"))
    row = desk.connect(integration)
    desk.later(seconds=301)
    desk.client.faults(profile, on=["token"], times=1)
    with pytest.raises(RefreshUnavailableError):
        desk.token(row.id)
    assert desk.columns(row.id, "intent") is None
    desk.later(seconds=6)
    assert desk.works(desk.token(row.id)) == 200


def test_a_client_of_the_connections_own_is_the_owners_problem(desk: Desk) -> None:
    keyless = oauth2(desk.simulated, None, grant="client_credentials")
    integration = desk.integration(keyless, secret=False)
    with pytest.raises(NotConnectableError):
        desk.connect(integration)
    with pytest.raises(CredentialRefusedError, match="invalid_client"):
        desk.connect(integration, credentials={"clientId": desk.client.id, "clientSecret": "wrong"})
    own = {"clientId": desk.client.id, "clientSecret": desk.client.secret}
    row = desk.connect(integration, credentials=own)
    changed = {"clientSecret": "changed", "redirectUris": [CALLBACK]}
    desk.simulated.admin("PUT", f"/simulator/clients/{desk.client.id}", changed)
    desk.later(seconds=301)
    with pytest.raises(NeedsReauthError):
        desk.token(row.id)
    assert desk.status(row.id) == ("needs_reauth", "revoked")


def test_two_steps_as_data(desk: Desk) -> None:
    integration = desk.integration(exchanging(desk), secret=False)
    row = desk.connect(integration, credentials={"username": USER, "password": PASSWORD})
    assert row.access_expires_at == "2026-03-01T13:00:00.000000Z"
    ((name, first),) = desk.use(row.id).headers
    assert name == "X-Session-Token"
    desk.simulated.admin("POST", "/simulator/sessions/end")
    ((_, second),) = desk.use(row.id, refused=1).headers
    assert second != first
    desk.later(hours=1)
    ((_, third),) = desk.use(row.id).headers
    assert third != second


def test_a_life_that_nobody_would_believe_is_believed_for_five_years(desk: Desk) -> None:
    """As an earlier release may have saved it."""
    five_years = "2031-02-28T12:00:00.000000Z"
    exchange = exchanging(desk, expiresInPointer=None, expiresInS=10**17)
    row = desk.connect(
        desk.integration(exchange, secret=False), credentials={"username": USER, "password": PASSWORD}
    )
    assert row.access_expires_at == five_years
    desk.client.faults("no-expires-in", on=["token"])
    login = oauth2(desk.simulated, desk.client, tokenLifetimeS=10**17)
    assert desk.authorize(desk.integration(login)).access_expires_at == five_years


def test_two_steps_with_a_refused_password(desk: Desk) -> None:
    integration = desk.integration(exchanging(desk), secret=False)
    with pytest.raises(CredentialRefusedError):
        desk.connect(integration, credentials={"username": USER, "password": "wrong"})
    with pytest.raises(TokenRefusedError, match="there is no token at"):
        desk.connect(
            desk.integration(exchanging(desk, tokenPointer="/nowhere"), secret=False),
            credentials={"username": USER, "password": PASSWORD},
        )
    with pytest.raises(UnreachableError):
        desk.connect(
            desk.integration(exchanging(desk, url="http://127.0.0.1:1/"), secret=False),
            credentials={"username": USER, "password": PASSWORD},
        )
    assert rows(desk) == 0


def test_what_the_owner_brought_to_an_exchange_is_not_sent_with_requests(desk: Desk) -> None:
    row = desk.connect(
        desk.integration(exchanging(desk), secret=False), credentials={"username": USER, "password": PASSWORD}
    )
    used = desk.use(row.id)
    sent = repr((used.headers, used.params))
    assert PASSWORD not in sent
    assert PASSWORD not in b64decode("".join(value for _, value in used.headers) + "==", b"-_").decode(
        "latin-1"
    )


def test_a_grant_made_elsewhere_can_be_brought_along(desk: Desk) -> None:
    tokens = desk.client.connect()
    row = desk.connect(desk.integration(), credentials={"refreshToken": tokens["refresh_token"]})
    assert row.refreshable
    assert desk.works(desk.token(row.id)) == 200
    assert desk.refreshes() == {"issued": 1}
    with pytest.raises(CredentialRefusedError):
        desk.connect(desk.integration(), credentials={"refreshToken": "unknown"})


def test_a_grant_brought_along_is_not_lost_once_its_token_is_spent(desk: Desk) -> None:
    tokens = desk.client.connect()
    desk.client.faults("expired-as-403", "server-error", on=["api"])
    row = desk.connect(desk.integration(), credentials={"refreshToken": tokens["refresh_token"]})
    desk.client.faults()
    assert desk.works(desk.token(row.id)) == 200
    assert desk.families() == [None]


def test_a_connection_can_be_made_before_anybody_authorizes_it(desk: Desk) -> None:
    integration = desk.integration()
    row = desk.connect(integration, name="Sales", metadata={"team": "sales"})
    assert (row.status, row.name) == ("pending", "Sales")
    with pytest.raises(ConnectionPendingError, match="Sales"):
        desk.use(row.id)
    authorized = desk.authorize(integration, connection_id=row.id)
    assert (authorized.id, authorized.status, authorized.name) == (row.id, "ok", "Sales")
    assert bytes(authorized.metadata) == b'{"team":"sales"}'
    assert desk.happened(row.id) == ["created", "reconnected"]


def test_another_credential_keeps_the_connection_and_another_account_does_not(desk: Desk) -> None:
    integration = desk.integration(config(desk, type="api_key"), secret=False)
    row = desk.connect(integration, credentials={"apiKey": API_KEY})
    for secret, account in (("adas-second-key", "user-ada"), ("bens-key-is-his", "user-ben")):
        credential = {"kind": "api_key", "secret": secret, "account": account}
        desk.simulated.admin("POST", "/simulator/credentials", credential)
    again = desk.connect(integration, credentials={"apiKey": "adas-second-key"}, connection_id=row.id)
    assert (again.id, again.hint, again.generation) == (row.id, "…-key", 2)
    with pytest.raises(WrongAccountError, match="the account ada@"):
        desk.connect(integration, credentials={"apiKey": "bens-key-is-his"}, connection_id=row.id)
    assert desk.use(row.id).headers == (("X-API-Key", "adas-second-key"),)


def test_who_may_connect_and_who_may_use(desk: Desk) -> None:
    own = desk.integration(config(desk, type="bearer", mode="per_user"), secret=False)
    with pytest.raises(NotFoundError):
        desk.connect(own, "stranger", credentials={"token": BEARER})
    row = desk.connect(own, "viewer", credentials={"token": BEARER})
    assert row.user_id == desk.world.users["viewer"]
    assert desk.use(row.id, "viewer").headers == (("Authorization", f"Bearer {BEARER}"),)
    assert desk.use(row.id, None).generation == 1
    for user in ("editor", "other", "stranger", "plain"):
        with pytest.raises(NotFoundError):
            desk.use(row.id, user)
    for user in ("admin", "boss"):
        assert desk.get(row.id, user).id == row.id
        with pytest.raises(ForbiddenError, match="another user's own"):
            desk.use(row.id, user)
        with pytest.raises(ForbiddenError, match="another user's own"):
            desk.connect(own, user, credentials={"token": BEARER}, connection_id=row.id)
    with pytest.raises(ForbiddenError):
        desk.connect(own, "viewer", credentials={"token": BEARER}, mode="shared")


def test_provider_apps_and_definitions_complete_what_the_integration_leaves_out(desk: Desk) -> None:
    provider = define(desk)
    row = desk.authorize(desk.integration({"provider": provider, "mode": "shared"}, secret=False))
    assert (row.scheme, row.provider, row.status) == ("oauth2", provider, "ok")
    assert desk.works(desk.token(row.id)) == 200
    desk.later(seconds=301)
    assert desk.works(desk.token(row.id)) == 200


def test_what_the_owner_fills_into_a_providers_urls(desk: Desk) -> None:
    provider = define(desk, "/{area}", "area")
    integration = desk.integration({"provider": provider, "mode": "shared"}, secret=False)
    for given, path in (
        ({}, "parameters.area"),
        ({"area": "crm", "other": "x"}, "parameters.other"),
        ({"area": "crm/../admin"}, "substitutions.area"),
        ({"area": "crm@evil.example"}, "substitutions.area"),
    ):
        with pytest.raises(InvalidRequestError) as refused:
            desk.start(integration, parameters=given)
        assert [problem.path for problem in refused.value.details] == [path]
    row = desk.authorize(integration, parameters={"area": "crm"})
    assert bytes(row.parameters) == b'{"area":"crm"}'
    assert desk.use(row.id).base_url == f"{desk.simulated.url}/crm"
    again = desk.authorize(integration, connection_id=row.id)
    assert (again.id, bytes(again.parameters)) == (row.id, b'{"area":"crm"}')
    fixed = {"provider": provider, "mode": "shared", "substitutions": {"area": "crm"}}
    by_integration = desk.integration(fixed, secret=False)
    assert desk.use(desk.authorize(by_integration).id).base_url == f"{desk.simulated.url}/crm"
    with pytest.raises(InvalidRequestError, match="not asked for"):
        desk.start(by_integration, parameters={"area": "elsewhere"})


def test_a_provider_apps_secret_never_goes_to_another_server(desk: Desk) -> None:
    provider = define(desk)
    stolen = {"provider": provider, "mode": "shared", "tokenUri": "https://evil.example/token"}
    with pytest.raises(NotConnectableError, match="other endpoints than the provider's"):
        desk.start(desk.integration(stolen, secret=False))


def test_an_integrations_secret_never_goes_to_a_server_named_afterwards(desk: Desk) -> None:
    integration = desk.integration()
    desk.edit(integration, tokenUri="https://evil.example/token")
    with pytest.raises(NotConnectableError, match="given for other servers"):
        desk.start(integration)
    desk.secrets(integration, client_secret=Secret("another"))
    desk.start(integration)


def test_a_secret_given_before_there_is_a_server_is_bound_at_the_first_use(desk: Desk) -> None:
    integration = desk.integration({"type": "oauth2", "clientId": desk.client.id, "mode": "shared"})
    desk.edit(integration, **oauth2(desk.simulated, desk.client))
    desk.start(integration)
    desk.edit(integration, tokenUri="https://evil.example/token")
    with pytest.raises(NotConnectableError, match="given for other servers"):
        desk.start(integration)


def test_one_secret_is_not_bound_anew_by_giving_the_other(desk: Desk) -> None:
    integration = desk.integration()
    desk.edit(integration, tokenUri="https://evil.example/token")
    desk.secrets(integration, api_key=Secret("a key"))
    with pytest.raises(NotConnectableError, match="given for other servers"):
        desk.start(integration)


def test_an_integrations_secrets_are_shown_to_nobody(desk: Desk) -> None:
    integration = desk.integration()
    present = desk.secrets(integration)
    assert (present.client_secret, present.api_key) == (True, False)
    present = desk.secrets(integration, client_secret=None, api_key=Secret("a key"))
    assert (present.client_secret, present.api_key) == (False, True)
    with pytest.raises(ForbiddenError):
        desk.secrets(integration, "viewer", client_secret=Secret("x"))
    with pytest.raises(NotFoundError):
        desk.secrets(integration, "stranger", client_secret=Secret("x"))
    with pytest.raises(InvalidRequestError):
        desk.secrets(integration, client_secret=Secret(""))
    viewer = desk.actor("viewer")
    with pytest.raises(ForbiddenError):
        desk.world.read(lambda tx: connections.integration_secrets_of(tx, viewer, integration))
